"""One move by hand of many items, and its undoing: each item by itself, with a result of its own."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from routing.actions import moving, undoing
from routing.domain.roles import Actor
from routing.domain.states import FINAL_STATES, State
from routing.errors import Conflict, Invalid, NotAllowed, NotVisible, RoutingError
from routing.models import WorkItem
from routing.queries.items import find_item

MOST_ITEMS = 200

Seen = tuple[str, int]
"""The code of an item and the version of it that somebody saw."""


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one item: whether it moved, in words, and how it stands now (None: it is not visible).

    ``label`` says in words where it is, ``review_id`` the review it waits for. ``may_undo``: undoing it has a chance,
    which it has not once the rules are at work.
    """

    code: str
    moved: bool
    words: str
    version: int | None = None
    state: str | None = None
    label: str = ""
    review_id: int | None = None
    may_undo: bool = False


def move_many(*, actor: Actor, items: Sequence[Seen], to: str, reason: str = "") -> list[Result]:
    """Move each of these items as ``moving.move`` does, in a transaction of its own; returns the results in order.

    Raises Invalid for none, or more than ``MOST_ITEMS``.
    """

    def one(item: WorkItem, version: int) -> WorkItem:
        return moving.move(actor=actor, item_id=item.pk, to=to, version=version, reason=reason)

    return _each(actor, items, one)


def undo_many(*, actor: Actor, items: Sequence[Seen]) -> list[Result]:
    """Undo the actor's own move of each of these items, which left it at the version given; see ``undoing.undo``."""

    def one(item: WorkItem, version: int) -> WorkItem:
        return undoing.undo(actor=actor, item_id=item.pk, version=version)

    return [replace(result, may_undo=False) for result in _each(actor, items, one)]


def _each(actor: Actor, items: Sequence[Seen], one: Callable[[WorkItem, int], WorkItem]) -> list[Result]:
    if not 0 < len(items) <= MOST_ITEMS:
        raise Invalid(f"Choose between 1 and {MOST_ITEMS} requests.", {"chosen": "none, or too many"})
    results = []
    for code, version in items:
        try:
            found = find_item(actor, code)
        except NotVisible as error:
            results.append(Result(code, moved=False, words=str(error)))
            continue
        results.append(_moved(found, version, one))
    return results


def _moved(item: WorkItem, version: int, one: Callable[[WorkItem, int], WorkItem]) -> Result:
    try:
        moved = one(item, version)
    except (Conflict, Invalid, NotAllowed, NotVisible) as error:
        item.refresh_from_db()
        words = _words(error, item)
        if isinstance(error, Conflict) and item.version != version:
            words = f"{item.code}: it has changed since you saw it, and is now {_stands(item)}."
        return Result(item.code, moved=False, words=words, version=item.version, state=item.state)
    return Result(
        moved.code,
        moved=True,
        words=f"{moved.code} is now {_stands(moved)}.",
        version=moved.version,
        state=moved.state,
        label=_label(moved),
        review_id=moved.review_id,
        may_undo=moved.state != State.INCOMING,
    )


_CLOSED_AS = {"spam": "closed as spam", "duplicate": "closed as a duplicate"}


def _label(item: WorkItem) -> str:
    return _CLOSED_AS.get(item.closed_as) or item.state_label.lower()


def _stands(item: WorkItem) -> str:
    return _label(item) if item.state in FINAL_STATES else f"{_label(item)}, next owner {item.owner_name}"


def _words(error: RoutingError, item: WorkItem) -> str:
    text = str(error)
    return text if item.code in text else f"{item.code}: {text}"
