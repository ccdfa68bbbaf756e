"""Which decisions a back-test is run over: the last so many, or those since a day."""

from dataclasses import dataclass, field
from datetime import date, datetime, time

from django.http import QueryDict
from django.utils import timezone

from routing.actions.backtesting import MOST
from routing.forms.numbers import whole_number

PRESETS = (100, 1_000, 10_000, 100_000)


@dataclass
class BacktestForm:
    """What was typed; ``window`` reads it."""

    by: str = "most"
    most: str = "1000"
    since: str = ""
    errors: dict[str, str] = field(default_factory=dict)

    def window(self) -> tuple[int | None, datetime | None]:
        """Return (most, since), one of them None; what cannot be read stands in ``errors``."""
        if self.by == "most":
            most = whole_number(self.most)
            if most is None or not 1 <= most <= MOST:
                self.errors["most"] = f"Give a whole number from 1 to {MOST:,}."
            return most, None
        try:
            day = date.fromisoformat(self.since.strip())
        except ValueError:
            self.errors["since"] = "Give a day, such as 2026-03-31."
            return None, None
        if day > timezone.localdate():
            self.errors["since"] = "That day is yet to come. Give one from which something was decided."
            return None, None
        return None, datetime.combine(day, time.min, tzinfo=timezone.get_current_timezone())


def posted_window(data: QueryDict) -> BacktestForm:
    """Read a submitted form."""
    by = "since" if data.get("by") == "since" else "most"
    return BacktestForm(by, data.get("most", "").strip(), data.get("since", "").strip())
