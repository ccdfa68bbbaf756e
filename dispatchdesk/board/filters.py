"""What a board's address asks for: which requests, in which order."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

ALL, MINE = "all", "mine"
ORDERS = ("due", "age", "priority")
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
    q: str = ""
    order: str = ORDERS[0]

    @property
    def active(self) -> bool:
        """Whether a filter besides ``show`` narrows the board."""
        return bool(self.type or self.owner or self.priority or self.q)

    @property
    def query(self) -> str:
        """The address' query that asks for the same, without what is the default."""
        default = Filters()
        names = ("show", "type", "owner", "priority", "q", "order")
        given = {name: getattr(self, name) for name in names if getattr(self, name) != getattr(default, name)}
        return urlencode(given)

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
    """Read an address' query; what makes no sense counts as not given."""

    def text(name: str) -> str:
        return query.get(name, "").replace("\x00", "").strip()[:LONGEST_SEARCH]

    return Filters(
        show=MINE if text("show") == MINE else ALL,
        type=text("type"),
        owner=text("owner"),
        priority=text("priority") if text("priority") in {"0", "1", "2", "3"} else "",
        q=text("q"),
        order=text("order") if text("order") in ORDERS else ORDERS[0],
    )
