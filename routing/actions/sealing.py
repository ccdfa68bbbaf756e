"""Makes checkpoints of the ledger: what it holds at one moment, counted, hashed and signed.

A chain alone cannot show that its end was cut off or that an item was removed with all its events, nor that somebody
who has the key wrote everything anew. A checkpoint does, and one that was kept elsewhere does whatever became of the
database. It covers the events up to a number, which still names them after the database was dumped and restored;
transaction ids begin anew there.
"""

import logging
from collections.abc import Iterator
from datetime import timedelta

from django.db import OperationalError, connection, transaction

from routing import seals
from routing.crash_points import one_transaction
from routing.domain.sealing import PAGE_ITEMS, Checkpoint, Heads, Page, fingerprint
from routing.models import Event, LedgerCheckpoint, LedgerPage
from routing.transitions import database_now

logger = logging.getLogger(__name__)

EVERY = timedelta(days=1)
LOCK_MS = 2000  # above PostgreSQL's deadlock_timeout, after which an autovacuum gives way
_FETCHED = 8  # pages of 44 kB

_PAGES = f"""
    SELECT id / {PAGE_ITEMS}, string_agg(int8send(id) || int4send(version) || chain_head, ''::bytea ORDER BY id)
    FROM routing_workitem GROUP BY 1 ORDER BY 1
"""  # noqa: S608 - a number


def seal() -> tuple[Checkpoint, str]:
    """Make a checkpoint of all that is committed, store it, and return it with its signature.

    Work goes on meanwhile, but for the instant that pins the snapshot. Raises OperationalError when a transaction
    keeps that from happening for two seconds.
    """
    with one_transaction("sealing.seal", durable=True):
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            cursor.execute(f"SET LOCAL lock_timeout = {LOCK_MS}")
            cursor.execute("LOCK TABLE routing_ledgercheckpoint IN SHARE ROW EXCLUSIVE MODE")
        last_event = _cut()
        heads = _seal_pages()
        before = LedgerCheckpoint.objects.last()
        now = database_now()
        checkpoint = Checkpoint(
            number=before.number + 1 if before else 1,
            at=now.isoformat(),
            items=heads.items,
            events=heads.events,
            last_event=last_event,
            heads=heads.hexdigest(),
            previous=fingerprint(checkpoint_of(before), before.signature) if before else "",
        )
        signature = seals.sign(checkpoint.text())
        LedgerCheckpoint.objects.create(
            number=checkpoint.number,
            at=now,
            items=checkpoint.items,
            events=checkpoint.events,
            last_event=checkpoint.last_event,
            heads=checkpoint.heads,
            previous=checkpoint.previous,
            signature=signature,
        )
    return checkpoint, signature


def checkpoint_of(row: LedgerCheckpoint) -> Checkpoint:
    """Return what a stored checkpoint says."""
    return Checkpoint(
        number=row.number,
        at=row.at.isoformat(),
        items=row.items,
        events=row.events,
        last_event=row.last_event,
        heads=row.heads,
        previous=row.previous,
    )


def seal_when_due() -> None:
    """Make the day's checkpoint unless there is one; a ledger without events has nothing to seal.

    When it cannot be made now, the next call tries again.
    """
    newest = LedgerCheckpoint.objects.last()
    if not Event.objects.exists() or (newest is not None and newest.at > database_now() - EVERY):
        return
    try:
        checkpoint, _ = seal()
    except OperationalError as error:
        logger.warning("no checkpoint of the ledger yet, trying again soon: %s", type(error.__cause__).__name__)
    except Exception:
        logger.exception("no checkpoint of the ledger could be made")
    else:
        logger.info("checkpoint %s of the ledger: %s events", checkpoint.number, checkpoint.events)


def _cut() -> int:
    """Pin the transaction's snapshot at an instant when nobody writes to the ledger; return its last event's id.

    So every event up to that id is in the snapshot, and every later one gets a higher id. Rolling the savepoint back
    gives the lock away again, while the snapshot stays.
    """
    instant = transaction.savepoint()
    with connection.cursor() as cursor:
        cursor.execute("LOCK TABLE routing_event IN SHARE MODE")
        cursor.execute("SELECT coalesce(max(id), 0) FROM routing_event")
        last_event: int = cursor.fetchone()[0]
    transaction.savepoint_rollback(instant)
    return last_event


def _seal_pages() -> Heads:
    """Hash every page of items, and keep those that differ from what the checkpoint before saw."""
    kept = {number: bytes(digest) for number, digest in LedgerPage.objects.values_list("number", "digest")}
    heads = Heads()
    for page, packed in _pages():
        heads.add(page)
        if kept.pop(page.number, None) != page.digest:
            LedgerPage.objects.update_or_create(number=page.number, defaults={"digest": page.digest, "leaves": packed})
    LedgerPage.objects.filter(number__in=kept).delete()
    return heads


def _pages() -> Iterator[tuple[Page, bytes]]:
    with connection.chunked_cursor() as cursor:
        cursor.execute(_PAGES)
        while rows := cursor.fetchmany(_FETCHED):
            for number, packed in rows:
                yield Page.of(number, bytes(packed)), bytes(packed)
