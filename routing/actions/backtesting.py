"""Back-tests: an admin starts one, and a worker follows the draft over stored decisions chunk by chunk."""

import time
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Q

from routing import nudges, transitions
from routing.actions.configuring import check_admin
from routing.actions.publishing import locked_version
from routing.crash_points import one_transaction
from routing.domain import rulefile, tally
from routing.domain.answers import text_reader
from routing.domain.replay import Replayed, replay
from routing.domain.roles import Actor
from routing.domain.tally import Tally
from routing.errors import Conflict, Invalid
from routing.kinds import people
from routing.models import Backtest, RulebookVersion
from routing.queries import desk as desk_queries
from routing.queries.desk import setup_digest
from routing.queries.history import Story, Window, stories, window_of

MOST = 100_000
LEASE = timedelta(seconds=60)
TURN_SECONDS = 15.0  # of one task; then the next message goes on, so that other work has its turn
MAX_ATTEMPTS = 3
ACTIVE = (Backtest.QUEUED, Backtest.RUNNING)


def start_backtest(
    *, actor: Actor, version_id: int, most: int | None = None, since: datetime | None = None
) -> Backtest:
    """Start following a draft over the last ``most`` decisions of its rulebook, or those since a moment.

    At most the newest ``MOST`` are followed. Raises Invalid for no window or one that is too large, Conflict when it is
    not a draft any more or one runs already.
    """
    check_admin(actor)
    if (most is None) == (since is None) or (most is not None and not 1 <= most <= MOST):
        raise Invalid(f"Choose the last 1 to {MOST:,} decisions, or a day.", {"most": "out of range"})
    with one_transaction("backtesting.start_backtest"):
        draft = locked_version(version_id)
        book = draft.rulebook
        if draft.status != RulebookVersion.DRAFT:
            raise Conflict(f"Version {draft.number} is not a draft any more.")
        if Backtest.objects.filter(rulebook=book, status__in=ACTIVE).exists():
            raise Conflict("A back-test of this rulebook runs already. Wait for it, or cancel it.")
        now = transitions.database_now()
        row = Backtest.objects.create(
            rulebook=book,
            version=draft,
            revision=draft.revision,
            content=draft.content,
            setup=setup_digest(desk_queries.load(), book.work_type_id),
            most=most,
            since=since,
            due_at=now,
            created_by_id=actor.user_id,
            created_at=now,
        )
        transaction.on_commit(lambda: nudges.run_backtest(row.pk))
        return row


def cancel_backtest(*, actor: Actor, backtest_id: int) -> None:
    """End a back-test that has not ended; the worker stops before its next chunk."""
    check_admin(actor)
    Backtest.objects.filter(pk=backtest_id, status__in=ACTIVE).update(
        status=Backtest.CANCELLED, due_at=None, lease_until=None, ended_at=transitions.database_now()
    )


def run_backtest(backtest_id: int) -> None:
    """Do some seconds of a back-test that is due and that nobody else works on; a message goes on with the rest.

    What a lost worker had not stored is done again. It fails for good when it does not get on after some attempts.
    """
    now = transitions.database_now()
    free = Q(lease_until=None) | Q(lease_until__lt=now)
    mine = Backtest.objects.filter(free, pk=backtest_id, due_at__lte=now, status__in=ACTIVE)
    if not mine.update(status=Backtest.RUNNING, lease_until=now + LEASE, attempts=F("attempts") + 1):
        return
    row = Backtest.objects.select_related("rulebook").get(pk=backtest_id)
    if row.attempts > MAX_ATTEMPTS:
        _end(row, Backtest.FAILED, error="It stopped again and again at the same place. Try a smaller one.")
        return
    until = time.monotonic() + TURN_SECONDS
    while time.monotonic() < until:
        if not _chunk(row):
            return
    Backtest.objects.filter(pk=row.pk, status=Backtest.RUNNING).update(lease_until=None)
    nudges.run_backtest(row.pk)


def _chunk(row: Backtest) -> bool:
    """Follow the draft over the next items and store the count; returns whether there may be more."""
    desk, book = desk_queries.load(), row.rulebook
    counts: Tally = row.tally or tally.empty_tally()
    if "first_id" not in counts:
        window, row.total = window_of(book.pk, most=row.most or MOST, since=row.since)
        counts |= {"first_id": window.first_id, "last_id": window.last_id}
    window = Window(book.pk, counts["first_id"], counts["last_id"])
    found, cursor = stories(window, desk, row.cursor)
    if not found:
        row.tally = counts
        _end(row, Backtest.DONE)
        return False
    draft, live = rulefile.read(row.content), desk.book(book.work_type_id)
    catalogue = desk.catalogue(book.work_type_id)
    results: list[tuple[Story, list[Replayed]]] = []
    for story in found:
        item = story.item
        read = text_reader(catalogue.inputs, f"{item.title}\n{item.text}", item.created_at.date())
        replayed = replay(story.decisions, draft, live.rules if live.version_id else None, catalogue, read)
        results.append((story, [one for one in replayed if one.past.id >= window.first_id]))
    ids = [one.past.id for _, many in results for one in many]
    wishes = {
        key: (judged.place_right is True, judged.place)
        for key, judged in people().judged(ids).items()
        if judged.place or judged.place_right is not None
    }
    for story, many in results:
        tally.add(counts, many, wishes, story.item.pk)
    row.tally, row.cursor, row.attempts = counts, cursor, 0
    row.seen += sum(len(story.decisions) - story.before for story, _ in results)
    row.lease_until = transitions.database_now() + LEASE
    stored = Backtest.objects.filter(pk=row.pk, status=Backtest.RUNNING).update(
        tally=row.tally, cursor=row.cursor, seen=row.seen, total=row.total, attempts=0, lease_until=row.lease_until
    )
    return bool(stored)  # not when somebody cancelled it meanwhile


def _end(row: Backtest, status: str, *, error: str = "") -> None:
    Backtest.objects.filter(pk=row.pk, status=Backtest.RUNNING).update(
        status=status,
        tally=row.tally,
        total=row.total,
        error=error,
        due_at=None,
        lease_until=None,
        ended_at=transitions.database_now(),
    )
