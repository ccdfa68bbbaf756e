"""Reads what was committed since a position, and says it once for all viewers."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import psycopg

from dispatchdesk.board.cards import COLUMNS, DRAWN_CARDS_KEPT, Card, card_html, read_card
from dispatchdesk.feed.position import Position
from routing.domain.roles import Actor

Connection = psycopg.AsyncConnection[tuple[Any, ...]]

# More than this is no change to a board any more: viewers fetch it anew.
MOST_EVENTS = 2000
MOST_ITEMS = 200
# So few are drawn sooner than a thread is found for them.
FEW_CARDS = 3

_JOINED = {"work_type__slug": "t.slug", "work_type__name": "t.name"}
_CARD = ", ".join(_JOINED.get(name, f"w.{name}") for name in COLUMNS)
# Not visible in the old snapshot are exactly the transactions that ran then and those that began later; named like this
# both are found by the index, however long some other transaction has been running. A row of a restored database may
# carry an id this one has not reached: it is older than the restore, so nobody waits for it. Told something were those
# who have a notice of such a transaction that is over by now.
_SINCE = f"""
    WITH present AS MATERIALIZED (SELECT pg_current_snapshot() AS snapshot), told AS MATERIALIZED (
        SELECT ARRAY(SELECT DISTINCT user_id FROM (
            SELECT user_id FROM reviews_notice
            WHERE (xid >= %(next)s::xid8 OR xid = ANY(%(running)s::xid8[]))
              AND NOT pg_visible_in_snapshot(xid, %(snapshot)s::pg_snapshot)
              AND pg_visible_in_snapshot(xid, present.snapshot)
            LIMIT %(limit)s
        ) notices) AS people FROM present
    )
    SELECT present.snapshot::text, told.people, e.item_id, e.state_from, e.old_type_id, e.new_type_id, {_CARD}
    FROM present CROSS JOIN told LEFT JOIN LATERAL (
        SELECT item_id, state_from, old_type_id, new_type_id FROM routing_event
        WHERE (xid >= %(next)s::xid8 OR xid = ANY(%(running)s::xid8[]))
          AND NOT pg_visible_in_snapshot(xid, %(snapshot)s::pg_snapshot)
          AND xid < pg_snapshot_xmax(present.snapshot)
        LIMIT %(limit)s
    ) e ON true LEFT JOIN routing_workitem w ON w.id = e.item_id LEFT JOIN routing_worktype t ON t.id = w.work_type_id
"""  # noqa: S608 - put together from the constants above


@dataclass(frozen=True, slots=True)
class Change:
    """What became of one item, encoded: the card for those who see it, or its removal for those who saw it."""

    item_id: int
    version: int
    type_id: int | None
    earlier_types: frozenset[int | None]
    card: str
    removal: str

    def for_viewer(self, actor: Actor) -> str | None:
        """Return what to send this viewer; None when neither the item nor what it was concerns them."""
        if actor.may_see_type(self.type_id):
            return self.card
        return self.removal if any(map(actor.may_see_type, self.earlier_types)) else None


@dataclass(frozen=True, slots=True)
class Batch:
    """The changes up to a position; None when they are too many and what is shown must be fetched anew.

    ``told`` are the ids of the people who were told something meanwhile.
    """

    position: Position
    changes: list[Change] | None
    told: frozenset[int] = frozenset()


async def changes_since(connection: Connection, position: Position) -> Batch:
    """Return the items that changed since the position as they are now, each once.

    The connection commits by itself; the position is of the database it is connected to.
    """
    given = {
        "next": position.next_xid,
        "running": position.running_xids,
        "snapshot": position.snapshot,
        "limit": MOST_EVENTS + 1,
    }
    rows = await (await connection.execute(_SINCE, given)).fetchall()
    reached, told = Position(position.cluster, rows[0][0]), frozenset(rows[0][1])
    if rows[0][2] is None:
        return Batch(reached, [], told)
    earlier: dict[int, set[int | None]] = {}
    cards: dict[int, Sequence[object]] = {}
    for _, _, item_id, state_from, old_type, new_type, *card in rows:
        # An item that arrives was nowhere before, which is not the same as having had no type.
        earlier.setdefault(item_id, set()).update({new_type} if state_from == "" else {old_type, new_type})
        if card[0] is not None:
            cards[item_id] = card
    if len(rows) > MOST_EVENTS or len(earlier) > MOST_ITEMS:
        return Batch(reached, None)
    found = list(cards.values())
    if len(found) <= FEW_CARDS:
        return Batch(reached, _encode(found, earlier), told)
    return Batch(reached, await asyncio.to_thread(_encode, found, earlier), told)


def _encode(rows: Sequence[Sequence[object]], earlier: dict[int, set[int | None]]) -> list[Change]:
    """Draw the cards; in a thread if they are many, as this takes about a millisecond for three."""
    return [encode(read_card(row), frozenset(earlier[row[0]])) for row in rows]  # type: ignore[index]


def encode(card: Card, earlier_types: frozenset[int | None]) -> Change:
    """Say a change as JSON."""
    told = {"code": card.code, "version": card.version}
    return Change(
        item_id=card.item_id,
        version=card.version,
        type_id=card.type_id,
        earlier_types=earlier_types,
        card=_encoded_card(card),
        removal=json.dumps({**told, "remove": True}),
    )


@lru_cache(maxsize=DRAWN_CARDS_KEPT)
def _encoded_card(card: Card) -> str:
    return json.dumps({"code": card.code, "version": card.version, "html": card_html(card)}, ensure_ascii=False)
