"""The order of a column and where its next page begins; ``board_place.js`` sorts by the same keys."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from django.db.models import F, Q, QuerySet

from dispatchdesk.board.cards import Card
from routing.domain.states import FINAL_STATES, State
from routing.errors import Invalid
from routing.models import WorkItem

RECENT = "recent"


@dataclass(frozen=True, slots=True)
class Cursor:
    """The last card shown: its section of the column, what it was sorted by, and its id."""

    section: int
    key: str
    item_id: int

    def __str__(self) -> str:
        return f"{self.section}~{self.key}~{self.item_id}"


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a column that comes as a whole before the next one: each is read along an index."""

    number: int
    which: Q


def order_of(state: State, order: str) -> str:
    """Return how a column is sorted; finished work shows the newest first, whatever the board's order is."""
    return RECENT if state in FINAL_STATES else order


def sections(state: State, order: str, mine: Q | None) -> list[Section]:
    """Return a column's sections: what needs the viewer first (``mine``, if any), work without a due time last."""
    dues = [Q(due_at__isnull=False), Q(due_at__isnull=True)] if order_of(state, order) == "due" else [Q()]
    owners = [Q()] if mine is None else [mine, ~mine]
    return [Section(number, owner & due) for number, (owner, due) in enumerate((o, d) for o in owners for d in dues)]


def sort(items: QuerySet[WorkItem], order: str) -> QuerySet[WorkItem]:
    """Sort the items of one section."""
    if order == RECENT:
        return items.order_by("-updated_at", "-id")
    if order == "age":
        return items.order_by("created_at", "id")
    if order == "priority":
        return items.order_by("-priority", F("due_at").asc(nulls_last=True), "id")
    return items.order_by(F("due_at").asc(nulls_last=True), "id")


def after(items: QuerySet[WorkItem], order: str, cursor: Cursor) -> QuerySet[WorkItem]:
    """Leave out what comes before the cursor in its section. Raises Invalid for a cursor of another order."""
    last = cursor.item_id
    if order == "priority":
        priority, _, due_text = cursor.key.partition("@")
        if not priority.isdecimal():
            raise _unreadable()
        later = Q(due_at__isnull=True)
        if due_text:
            due = _moment(due_text)
            later |= Q(due_at__gt=due) | Q(due_at=due, id__gt=last)
        else:
            later &= Q(id__gt=last)
        return items.filter(Q(priority__lt=int(priority)) | Q(priority=int(priority)) & later)
    if order == RECENT:
        when = _moment(cursor.key)
        return items.filter(updated_at__lte=when).exclude(updated_at=when, id__gte=last)
    if order == "age":
        when = _moment(cursor.key)
        return items.filter(created_at__gte=when).exclude(created_at=when, id__lte=last)
    if not cursor.key:
        return items.filter(id__gt=last)
    when = _moment(cursor.key)
    return items.filter(due_at__gte=when).exclude(due_at=when, id__lte=last)


def cursor_after(card: Card, order: str, section: int) -> Cursor:
    """Return the cursor of the page that begins after this card."""
    due = card.due_or_was_due_at.isoformat() if card.due_or_was_due_at else ""
    keys = {
        RECENT: card.updated_at.isoformat(),
        "age": card.created_at.isoformat(),
        "priority": f"{card.priority}@{due}",
        "due": due,
    }
    return Cursor(section, keys[order], card.item_id)


def read_cursor(text: str) -> Cursor:
    """Read a cursor from an address; raises Invalid when it is none."""
    section, _, rest = text.partition("~")
    key, _, item_id = rest.rpartition("~")
    if not (section.isdecimal() and item_id.isdecimal() and len(text) < 100):
        raise _unreadable()
    return Cursor(int(section), key, int(item_id))


def in_order(found: Iterable[tuple[int, Card]], order: str) -> list[tuple[int, Card]]:
    """Sort (section, card) pairs of one column."""
    return sorted(found, key=lambda pair: (pair[0], *_keys(pair[1], order)))


def _keys(card: Card, order: str) -> tuple[float, ...]:
    due = float("inf") if card.by is None else card.by
    if order == RECENT:
        return (-(card.changed or 0), -card.item_id)
    if order == "age":
        return (card.since or 0, card.item_id)
    if order == "priority":
        return (-card.priority, due, card.item_id)
    return (due, card.item_id)


def _moment(text: str) -> datetime:
    try:
        when = datetime.fromisoformat(text)
        if when.tzinfo is None:
            raise _unreadable()
        return when.astimezone(UTC)  # PostgreSQL knows no zones as far off as Python does
    except (ValueError, OverflowError) as error:
        raise _unreadable() from error


def _unreadable() -> Invalid:
    return Invalid("This page of the board cannot be read any more.", {"cursor": "Open the board again."})
