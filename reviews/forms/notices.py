"""How one wants to be told, as a form."""

from typing import Any

from django import forms

from reviews.domain.notices import Kind, Way
from reviews.forms.calendars import zones
from reviews.models import NoticeWishes
from reviews.models.notices import WAYS

_ANSWERABLE = "What I hold or was given; else, in queues that I lead, or where nobody leads, what I could take."
_LABELS = {
    Kind.REASSIGNED: ("A review is given to me", ""),
    Kind.DUE_SOON: ("A review is due soon", _ANSWERABLE),
    Kind.OVERDUE: ("A review is overdue", _ANSWERABLE),
    Kind.OVERRULED: ("My fix was overruled", "Somebody declined or changed what I had written or chosen."),
}


class WishesForm(forms.Form):
    """A way for each kind, and when the daily mail goes out."""

    def __init__(self, *args: Any, **options: Any) -> None:
        options.setdefault("label_suffix", "")
        super().__init__(*args, **options)
        for kind, (label, hint) in _LABELS.items():
            self.fields[kind.value] = forms.ChoiceField(label=label, choices=WAYS, help_text=hint)
        hours = [(str(hour), f"{hour}:00") for hour in range(24)]
        self.fields["digest_hour"] = forms.ChoiceField(label="Daily mail at", choices=hours)
        self.fields["zone"] = forms.ChoiceField(label="Time zone", choices=[(name, name) for name in zones()])

    def wishes(self) -> dict[str, Any]:
        """Return what the form says, as ``save_wishes`` takes it."""
        given = self.cleaned_data
        return {
            "ways": {kind: Way(given[kind.value]) for kind in Kind},
            "digest_hour": int(given["digest_hour"]),
            "zone": given["zone"],
        }


def initial_of(wishes: NoticeWishes) -> dict[str, object]:
    """Return what the form shows of stored wishes."""
    ways = {kind.value: wishes.way(kind).value for kind in Kind}
    return {**ways, "digest_hour": str(wishes.digest_hour), "zone": wishes.zone}
