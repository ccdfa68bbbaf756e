"""The only code that assigns an item's state: locks, checks legality and permission, updates, appends events."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction

from routing import nudges
from routing.crash_points import one_transaction
from routing.domain.roles import Actor
from routing.domain.states import FINAL_STATES, Action, State, refusal
from routing.errors import Conflict, NotAllowed, NotVisible
from routing.events import Line, link
from routing.models import Event, OwnerKind, WaitKind, WorkItem, WorkType
from routing.rows import columns, insert, insert_values, new_ids, pair_of, read


@dataclass(frozen=True, slots=True)
class Owner:
    """Who must act now; ``ref`` identifies them among their kind (a slug or a user id)."""

    kind: OwnerKind
    ref: str = ""
    name: str = ""


DESK_OWNER = Owner(OwnerKind.DESK, "", "Dispatch Desk")
REQUESTER_OWNER = Owner(OwnerKind.REQUESTER, "", "Requester")
NOBODY = Owner(OwnerKind.NOBODY, "", "Nobody")


@dataclass(frozen=True, slots=True)
class ReviewPoint:
    """Where a person decides: the open review (with its id), a queue still ahead, or a sentence that says none."""

    label: str = ""
    queue: str = ""
    review_id: int | None = None


@dataclass(slots=True)
class Change:
    """One move of one locked item.

    ``review`` None keeps the review point. ``wake_at`` belongs to waiting. ``owner_since`` is when the owner became it,
    when that is not now. ``closed_as`` and ``duplicate_of`` belong to closing: see WorkItem.
    """

    item: WorkItem
    action: Action
    to: State
    owner: Owner | None = None
    review: ReviewPoint | None = None
    wait_kind: WaitKind | str = ""
    wake_at: datetime | None = None
    decide_at: datetime | None = None
    renew_moves: bool = False
    owner_since: datetime | None = None
    closed_as: str = ""
    duplicate_of: int | None = None
    data: dict[str, object] = field(default_factory=dict)


def database_now() -> datetime:
    """Return the database's clock, which leases and due times follow."""
    [[moment]] = read("SELECT clock_timestamp()", {})
    return moment  # type: ignore[no-any-return]


_LOCK = f"""
    SELECT {columns(WorkItem, "w")}, {columns(WorkType, "t")}
    FROM routing_workitem w LEFT JOIN routing_worktype t ON t.id = w.work_type_id
    WHERE w.id = ANY({{ids}}) ORDER BY w.id FOR UPDATE OF w
"""  # noqa: S608 - Django's names


def lock(ids: Iterable[int]) -> list[WorkItem]:
    """Lock these items, lowest id first, inside the caller's transaction; missing ones are left out."""
    return lock_found("%(ids)s::bigint[]", {"ids": list(ids)})


def lock_found(ids: str, values: Mapping[str, object]) -> list[WorkItem]:
    """Lock items as ``lock`` does; their ids are an array in SQL, which takes ``values`` by name."""
    items = []
    for cells in read(_LOCK.format(ids=ids), values):
        item, work_type = pair_of(WorkItem, WorkType, cells)
        item.locked_type_id = item.work_type_id
        # After a wait for the lock what was joined is from before it. Another type is read when it is needed; what was
        # edited of the same one meanwhile counts from the next time on.
        if work_type.pk is not None and work_type.pk == item.work_type_id:
            item.work_type = work_type
        items.append(item)
    return items


def lock_one(item_id: int, *, version: int | None = None) -> WorkItem:
    """Lock one item.

    Raises NotVisible when there is none, and Conflict when ``version`` is given and the item has moved on.
    """
    rows = lock([item_id])
    if not rows:
        raise NotVisible("There is no such item.")
    item = rows[0]
    if version is not None and item.version != version:
        raise Conflict(f"{item.code} has changed since you saw it (version {version}, now {item.version}).")
    return item


def create(items: Sequence[WorkItem], actor: Actor, now: datetime) -> None:
    """Insert new items, each with its first event, and nudge the deciders after commit."""
    for item, number in zip(items, new_ids(WorkItem, len(items)), strict=True):
        item.pk, item.version = number, 1
    # The events first, since each item holds its event's hash; the foreign key is looked at on commit.
    events = link((Line(item, "received", "", None, {"channel": item.channel}) for item in items), actor, now)
    insert_values(Event, events)
    insert(items)
    transaction.on_commit(nudges.decide)


def apply(changes: Sequence[Change], actor: Actor, now: datetime) -> None:
    """Make the moves, each once, in one batch.

    Every item is locked by the caller. Raises NotAllowed when the table of states refuses one; nothing is stored
    then. After commit the live feed is woken, and the deciders are nudged when an item is due.
    """
    lines = []
    for change in changes:
        item = change.item
        reason = refusal(State(item.state), change.action, actor.role, change.to)
        if item.erased_at is not None and change.action is not Action.ERASE:
            reason = "its personal data was erased, so that there is nothing left to work on"
        if reason:
            raise NotAllowed(f"{item.code}: {reason}.")
        lines.append(_move(change, now))
    _write([change.item for change in changes], link(lines, actor, now))
    if any(change.decide_at is not None for change in changes):
        transaction.on_commit(nudges.decide)


def _move(change: Change, now: datetime) -> Line:
    item = change.item
    before, old_type = item.state, item.locked_type_id
    item.locked_type_id = item.work_type_id
    if before != change.to.value:
        item.closed_as, item.duplicate_of = change.closed_as, change.duplicate_of
    item.state = change.to.value
    item.version += 1
    item.updated_at = now
    item.wait_kind = change.wait_kind
    item.wake_at = change.wake_at
    item.decide_due_at = change.decide_at
    item.decide_lease_until = None
    item.decide_attempts = 0
    if change.renew_moves:
        item.moves_left = item.work_type.move_limit if item.work_type else 30
    owner = change.owner or (NOBODY if change.to in FINAL_STATES else DESK_OWNER)
    if (item.owner_kind, item.owner_ref) != (owner.kind.value, owner.ref):
        item.owner_kind, item.owner_ref, item.owner_since = owner.kind.value, owner.ref, change.owner_since or now
    item.owner_name = owner.name
    if change.review is not None:
        item.review_queue = change.review.queue
        item.review_id = change.review.review_id
        item.review_label = change.review.label[:200]
    return Line(item, change.action.value, before, old_type, change.data)


_COLUMNS = {
    "work_type_id": "bigint",
    "priority": "smallint",
    "tags": "text[]",
    "updated_at": "timestamptz",
    "due_at": "timestamptz",
    "state": "text",
    "owner_kind": "text",
    "owner_ref": "text",
    "owner_name": "text",
    "owner_since": "timestamptz",
    "review_queue": "text",
    "review_id": "bigint",
    "review_label": "text",
    "wait_kind": "text",
    "wake_at": "timestamptz",
    "closed_as": "text",
    "duplicate_of": "bigint",
    "run": "integer",
    "newest_run": "integer",
    "version": "integer",
    "fact_seq": "integer",
    "moves_left": "smallint",
    "question_rounds": "smallint",
    "decide_due_at": "timestamptz",
    "decide_lease_until": "timestamptz",
    "decide_attempts": "smallint",
    "chain_head": "bytea",
}


_EVENT_COLUMNS = {
    "item_id": "bigint",
    "seq": "integer",
    "kind": "text",
    "actor_role": "text",
    "actor_id": "bigint",
    "state_from": "text",
    "state_to": "text",
    "old_type_id": "bigint",
    "new_type_id": "bigint",
    "data": "jsonb",
    "at": "timestamptz",
    "hash": "bytea",
}


def _as_json(value: object) -> object:
    """Return a value as it is said in JSON."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, (bytes, memoryview)):
        return "\\x" + bytes(value).hex()
    return value


def _column_list(names: dict[str, str]) -> str:
    return ", ".join(f"{name} {kind}" for name, kind in names.items())


_STORE = f"""
    UPDATE routing_workitem w SET {", ".join(f"{name} = d.{name}" for name in _COLUMNS)}
    FROM jsonb_to_recordset(%(items)s::jsonb) AS d(id bigint, {_column_list(_COLUMNS)}) WHERE w.id = d.id RETURNING 1
"""  # noqa: S608 - names come from the tables above
_WRITE = f"""
    WITH stored AS ({_STORE}) INSERT INTO routing_event ({", ".join(_EVENT_COLUMNS)})
    SELECT {", ".join(_EVENT_COLUMNS)} FROM jsonb_to_recordset(%(events)s::jsonb) AS e({_column_list(_EVENT_COLUMNS)})
    RETURNING 1
"""  # noqa: S608 - as above


def _items_as_json(items: Sequence[WorkItem]) -> str:
    return json.dumps([{"id": one.pk} | {name: _as_json(getattr(one, name)) for name in _COLUMNS} for one in items])


def store(items: Sequence[WorkItem]) -> None:
    """Write the moving columns of locked items in one statement, however many they are."""
    read(_STORE, {"items": _items_as_json(items)})


def _write(items: Sequence[WorkItem], events: Sequence[dict[str, Any]]) -> None:
    """Store locked items and append their events, in one statement."""
    said = [{name: _as_json(value) for name, value in event.items()} for event in events]
    read(_WRITE, {"items": _items_as_json(items), "events": json.dumps(said)})


def claim_due(limit: int, *, lease: timedelta) -> list[int]:
    """Claim up to ``limit`` items due for a decision, counting the attempt first, and return their ids.

    Commits on its own: an item that kills its worker has been counted. An item on a later attempt is claimed alone
    when it is the oldest, so that none waits behind it and it waits behind none.
    """
    with one_transaction("transitions.claim_due"), connection.cursor() as cursor:
        cursor.execute(
            """
            WITH due AS (
                SELECT id, decide_attempts, decide_due_at FROM routing_workitem
                WHERE decide_due_at <= clock_timestamp()
                  AND (decide_lease_until IS NULL OR decide_lease_until < clock_timestamp())
                ORDER BY decide_due_at LIMIT %s FOR UPDATE SKIP LOCKED
            ), oldest AS (
                SELECT id, decide_attempts FROM due ORDER BY decide_due_at, id LIMIT 1
            ), chosen AS (
                SELECT id FROM oldest WHERE decide_attempts > 0
                UNION ALL
                SELECT id FROM due WHERE decide_attempts = 0 AND (SELECT decide_attempts FROM oldest) = 0
            )
            UPDATE routing_workitem w
            SET decide_attempts = w.decide_attempts + 1, decide_lease_until = clock_timestamp() + %s::interval
            FROM chosen WHERE w.id = chosen.id RETURNING w.id
            """,
            [limit, str(lease)],
        )
        return [row[0] for row in cursor.fetchall()]


def present_owner(item: WorkItem) -> Owner:
    """Return the item's owner as it stands."""
    return Owner(OwnerKind(item.owner_kind), item.owner_ref, item.owner_name)


def staying(item: WorkItem, action: Action, data: dict[str, object]) -> Change:
    """Return a change that is noted in the ledger and leaves the item's state, owner and times as they are."""
    return Change(
        item,
        action,
        State(item.state),
        owner=present_owner(item),
        wait_kind=item.wait_kind,
        wake_at=item.wake_at,
        decide_at=item.decide_due_at,
        data=data,
    )
