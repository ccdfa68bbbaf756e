"""What the command palette finds: requests by code or words, and the pages of the desk by name."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.urls import reverse

from dispatchdesk.board.filters import Filters
from dispatchdesk.board.queries import board_items
from routing.domain.roles import Actor, Role
from routing.models import DestinationKind
from routing.queries.desk import Desk
from routing.queries.rulebooks import FIRST_LOOK

MOST_ITEMS = 8
MOST_PAGES = 6

_PAGES = (
    ("Board: everything", "board", "show=all"),
    ("Board: needs me", "board", "show=mine"),
    ("Reviews", "reviews:home", ""),
    ("New request", "routing:new_item", ""),
    ("Rulebooks", "routing:rulebooks", ""),
    ("Insights", "insights:home", ""),
    ("Notices", "notices:list", ""),
    ("What I am told", "notices:settings", ""),
    ("Views of the board", "saved_views", ""),
    ("Settings", "routing:settings", ""),
    ("Work types", "routing:work_types", ""),
    ("Destinations", "routing:destinations", ""),
    ("Queues", "queues:list", ""),
    ("Working hours", "queues:calendars", ""),
    ("Change my password", "people:own_password", ""),
    ("How I sign in", "people:own_sign_in", ""),
)


@dataclass(frozen=True, slots=True)
class Found:
    """A place to go to: its name, what it is in a few words, and its address."""

    name: str
    what: str
    url: str


def found_items(actor: Actor, filters: Filters) -> list[Found]:
    """Return the requests whose code was typed, or in which every word begins some word, the newest first."""
    if not filters.words:
        return []
    rows = board_items(actor, filters, frozenset()).select_related("work_type").order_by("-pk")[:MOST_ITEMS]
    return [Found(f"{item.code} {item.title}", item.state_label, item.get_absolute_url()) for item in rows]


def found_pages(actor: Actor, words: list[str], desk: Desk) -> list[Found]:
    """Return the pages whose name holds every word, in the order of the desk's own list."""
    wanted = [word.casefold() for word in words]
    fitting = (page for page in _pages(actor, desk) if all(word in page.name.casefold() for word in wanted))
    return [page for page, _ in zip(fitting, range(MOST_PAGES), strict=False)]


def _pages(actor: Actor, desk: Desk) -> Iterator[Found]:
    for name, view, query in _PAGES:
        yield Found(name, "Page", reverse(view) + (f"?{query}" if query else ""))
    if actor.role is Role.ADMIN:
        yield Found("People", "Page", reverse("people:list"))
    yield Found("First look", "Rulebook", reverse("routing:rulebook", args=[FIRST_LOOK]))
    for slug, row in sorted(desk.types.items()):
        if row.active and actor.may_see_type(row.pk):
            yield Found(row.name, "Rulebook", reverse("routing:rulebook", args=[slug]))
    for slug, place in sorted(desk.places.items()):
        if place.row.kind == DestinationKind.QUEUE:
            yield Found(place.row.name, "Reviews of the queue", f"{reverse('reviews:home')}?queue={slug}")
        else:
            kind = DestinationKind(place.row.kind).label
            yield Found(place.row.name, kind, reverse("routing:destination", args=[slug]))
