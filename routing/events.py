"""The ledger's events: chained for locked items, whose store writes them, and told to the live feed after commit."""

import hashlib
import hmac
import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.db import connection, transaction

from routing.domain.roles import Actor
from routing.models import Event, LedgerCheckpoint, LedgerPage, WorkItem
from routing.rows import read

FEED_CHANNEL = "desk_feed"


@dataclass(slots=True)
class Line:
    """One event to append for a locked item whose ``version`` it will carry."""

    item: WorkItem
    kind: str
    state_from: str
    old_type_id: int | None
    data: dict[str, object] = field(default_factory=dict)


@lru_cache(maxsize=4)
def _chain_key(secret: str) -> bytes:
    return hmac.new(secret.encode(), b"dispatchdesk ledger", hashlib.sha256).digest()


# Once: json.dumps would make an encoder for each event.
_encode = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode


def chain_hash(previous: bytes, body: Mapping[str, object], secret: str = "") -> bytes:
    """Return the keyed SHA-256 that links an event's canonical JSON to the hash before it.

    ``secret`` is the SECRET_KEY of the time when it was written, if that is not the present one.
    """
    return hmac.digest(_chain_key(secret or settings.SECRET_KEY), previous + _encode(body).encode(), "sha256")


def event_body(event: Mapping[str, Any]) -> dict[str, object]:
    """Return what the hash of an event covers; the event by its attributes, as ``vars`` has them."""
    return {
        "item": event["item_id"],
        "seq": event["seq"],
        "kind": event["kind"],
        "role": event["actor_role"],
        "actor": event["actor_id"],
        "from": event["state_from"],
        "to": event["state_to"],
        "old_type": event["old_type_id"],
        "new_type": event["new_type_id"],
        "data": event["data"],
        "at": event["at"].isoformat(),
    }


def link(lines: Iterable[Line], actor: Actor, now: datetime) -> list[dict[str, Any]]:
    """Make one event per line, by its attributes, and move each item's chain head; the feed is woken after commit.

    The items are locked by the caller, who stores them with their events; their ``version`` already counts those.
    """
    events = []
    for line in lines:
        item = line.item
        event: dict[str, Any] = {
            "item_id": item.pk,
            "seq": item.version,
            "kind": line.kind,
            "actor_role": actor.role.value,
            "actor_id": actor.user_id,
            "state_from": line.state_from,
            "state_to": item.state,
            "old_type_id": line.old_type_id,
            "new_type_id": item.work_type_id,
            "data": line.data,
            "at": now,
        }
        item.chain_head = event["hash"] = chain_hash(bytes(item.chain_head), event_body(event))
        events.append(event)
    transaction.on_commit(wake_feed)
    return events


def remove(item_ids: Collection[int]) -> None:
    """Take all events of locked items out of the ledger, and the checkpoints that counted them.

    Only for items that never were anybody's: those of the practice desk. The next checkpoint begins a new series.
    """
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL dispatchdesk.may_remove_events = 'on'")
        Event.objects.filter(item_id__in=item_ids).delete()
        cursor.execute("SET LOCAL dispatchdesk.may_remove_events = 'off'")
    LedgerCheckpoint.objects.all().delete()
    LedgerPage.objects.all().delete()


def wake_feed() -> None:
    """Tell the web processes that something was committed; only a hint, their slow poll is the backstop."""
    read("SELECT pg_notify(%(channel)s, '')", {"channel": FEED_CHANNEL})
