"""What a board's address asks for: which requests, in which order."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode

from django.utils import timezone

ALL, MINE = "all", "mine"
ORDERS = ("due", "age", "priority")
NARROWING = ("type", "owner", "priority", "tag", "due", "trigger", "q")
OVERDUE, TODAY, WEEK, UNDATED = "overdue", "today", "week", "none"
DUES = ((OVERDUE, "Overdue"), (TODAY, "Due today"), (WEEK, "Due this week"), (UNDATED, "No due time"))
# What requests say brought them in (``WorkItem.trigger_kind``).
TRIGGERS = (("form", "A form"), ("email", "A mail"), ("api", "The API"), ("file", "An imported file"))
LONGEST_SEARCH = 200
MOST_WORDS = 8
_CODE = re.compile(r"d-?(\d{1,15})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Filters:
    """The filters of one board. An empty text means any; ``owner`` is ``kind:ref`` as on cards."""

    show: str = ALL
    type: str = ""
    owner: str = ""
    priority: str = ""
    tag: str = ""
    due: str = ""
    trigger: str = ""
    q: str = ""
    order: str = ORDERS[0]

    @property
    def active(self) -> bool:
        """Whether a filter besides ``show`` narrows the board."""
        return any(getattr(self, name) for name in NARROWING)

    @property
    def query(self) -> str:
        """The address' query that asks for the same; it names ``show`` and what else is not the default."""
        given = {name: getattr(self, name) for name in NARROWING if getattr(self, name)}
        order = {"order": self.order} if self.order != ORDERS[0] else {}
        return urlencode({"show": self.show} | given | order)

    def due_between(self, now: datetime) -> tuple[datetime | None, datetime | None]:
        """Return from when to before when it must be due, by the desk's clock; None where there is no such end."""
        midnight = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
        match self.due:
            case "overdue":
                return None, now
            case "today":
                return midnight, midnight + timedelta(days=1)
            case "week":
                monday = midnight - timedelta(days=midnight.weekday())
                return monday, monday + timedelta(weeks=1)
        return None, None

    @property
    def words(self) -> list[str]:
        """The words to look for, at most ``MOST_WORDS``."""
        return self.q.split()[:MOST_WORDS]

    @property
    def item_id(self) -> int | None:
        """The id of the item whose code was typed as the words, if it is one."""
        match = _CODE.fullmatch(self.q)
        return int(match[1]) if match else None


def read_filters(query: Mapping[str, str]) -> Filters:
    """Read an address' query; what makes no sense counts as not given.

    A query that filters or sorts without saying ``show`` means everything, one that does neither what needs the reader.
    Pages learn from ``Filters.query`` how their address was read.
    """

    def text(name: str) -> str:
        return query.get(name, "").replace("\x00", "").strip()[:LONGEST_SEARCH]

    return Filters(
        show=text("show") if text("show") in {ALL, MINE} else ALL if any(map(text, (*NARROWING, "order"))) else MINE,
        type=text("type"),
        owner=text("owner"),
        priority=text("priority") if text("priority") in {"0", "1", "2", "3"} else "",
        tag=text("tag"),
        due=text("due") if text("due") in dict(DUES) else "",
        trigger=text("trigger"),
        q=text("q"),
        order=text("order") if text("order") in ORDERS else ORDERS[0],
    )
