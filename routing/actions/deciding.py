"""Decides what is due: claims items, runs the rules over their facts, and writes the outcomes in bulk."""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import DatabaseError, transaction

from routing import nudges, transitions
from routing.actions.outcomes import settle
from routing.actions.passes import Pass
from routing.actions.proposals import no_route
from routing.crash_points import one_transaction
from routing.domain.roles import DESK, Actor
from routing.domain.states import FINAL_STATES, Action, State
from routing.kinds import Opened, Opening, people
from routing.models import Letter, OwnerKind, Question, Step, WorkItem
from routing.queries import desk as desk_queries
from routing.queries.desk import FALLBACK_QUEUE, Desk
from routing.queries.facts import Knowledge, knowledge
from routing.queries.past import past_readers
from routing.rows import add_all, insert
from routing.transitions import Change, Owner, ReviewPoint

logger = logging.getLogger(__name__)

BATCH_SIZE = 50
LEASE = timedelta(seconds=60)
MAX_ATTEMPTS = 3
OUTAGE_PAUSE = timedelta(seconds=5)


def decide_due(*, batch_size: int = BATCH_SIZE) -> int:
    """Decide every item that is due, batch by batch, until a scan is empty; returns how many were decided."""
    decided = 0
    while ids := transitions.claim_due(batch_size, lease=LEASE):
        decided += decide_claimed(ids)
    return decided


def decide_claimed(ids: Sequence[int]) -> int:
    """Decide these claimed items in one transaction; returns how many.

    When the batch fails as a whole, each item becomes due again at once and will be decided alone; one that fails
    again and again goes to a person. What only the database can be to blame for is no attempt: it is tried again later.
    """
    try:
        with one_transaction("deciding.decide_claimed"):
            return _decide(ids)
    except Exception as error:
        logger.exception("deciding %d items failed", len(ids))
        _give_back(ids, is_their_fault=not _is_outage(error))
        return 0


# A full disk, too many connections, a database that starts or ends: SQLSTATEs that no request can be to blame for.
_OUTAGES = frozenset({"53100", "53300", "57P03"})


def _is_outage(error: Exception) -> bool:
    return getattr(error.__cause__, "sqlstate", None) in _OUTAGES


def _give_back(ids: Sequence[int], *, is_their_fault: bool) -> None:
    with one_transaction("deciding.give_back"):
        now = transitions.database_now()
        for item in transitions.lock(ids):
            if item.state != State.INCOMING or item.decide_due_at is None:
                continue
            if not is_their_fault:
                item.decide_attempts = max(0, item.decide_attempts - 1)
                item.decide_lease_until = now + OUTAGE_PAUSE
                transitions.store([item])
            elif item.decide_attempts >= MAX_ATTEMPTS:
                work = Pass(item=item, desk=desk_queries.load(), now=now, known=Knowledge())
                _to_person_after_error(work)
                flush([work])
            else:
                item.decide_lease_until = None
                transitions.store([item])


def _decide(ids: Sequence[int]) -> int:
    items = transitions.lock(ids)
    desk, now = desk_queries.load_at()
    items = [item for item in items if item.state == State.INCOMING and item.decide_due_at is not None]
    passes = begin(items, desk, now)
    for work in passes:
        _settle_safely(work)
    flush(passes)
    return len(passes)


def _settle_safely(work: Pass) -> None:
    """Settle one item; a fault in it harms no other item of the batch.

    One whose attempts all ended with their worker is not tried again: it goes to a person at once.
    """
    if work.item.decide_attempts > MAX_ATTEMPTS:
        _to_person_after_error(work)
        return
    item, work_type, before = work.item, work.item.work_type, dict(work.item.__dict__)
    try:
        settle(work)
    except DatabaseError:  # the transaction is over, for all items of the batch
        raise
    except Exception:
        logger.exception("deciding item %s failed", item.pk)
        item.work_type = work_type  # kept by Django outside the item's own attributes
        item.__dict__.update(before)
        written = (work.revisions, work.decisions, work.steps, work.openings, work.checks, work.questions, work.letters)
        for pending in written:
            pending.clear()
        _to_person_after_error(work)


def _to_person_after_error(work: Pass) -> None:
    work.openings.append(
        Opening(
            item=work.item,
            queue=work.book.rules.fallback_queue or FALLBACK_QUEUE,
            kind="escalation",
            cause="error",
            question="The rules could not be applied to this. Where should it go?",
            proposal=no_route(),
        )
    )
    work.note("review", cause="error")
    work.change = Change(work.item, Action.ESCALATE, State.IN_REVIEW, data={"cause": "error"})


def begin(items: Sequence[WorkItem], desk: Desk, now: datetime) -> list[Pass]:
    """Load what deciding these locked items needs, but for their past, which is read when it is first asked for.

    The number of queries does not depend on how many items they are.
    """
    ages = {slug: int(str(place.config.get("max_age_minutes") or 0)) for slug, place in desk.places.items()}
    known, pasts = knowledge(items, now, max_ages=ages), past_readers(items)
    return [Pass(item=item, desk=desk, now=now, known=known[item.pk], read_past=pasts[item.pk]) for item in items]


def flush(passes: Sequence[Pass], actor: Actor = DESK) -> None:
    """Store what these passes decided, in a number of statements that does not depend on how many they are."""
    insert([row for work in passes for row in work.revisions])
    add_all([row for work in passes for row in work.decisions])
    steps = [row for work in passes for row in work.steps]
    Step.objects.bulk_create(steps)
    _withdraw_questions(passes)
    Question.objects.bulk_create([row for work in passes for row in work.questions])
    letters = [row for work in passes for row in work.letters]
    Letter.objects.bulk_create(letters)
    _open_reviews(passes)
    _open_checks(passes)
    for work in passes:
        if work.change is not None and work.decisions:
            work.change.data["decision"] = work.decisions[-1].pk
    changes = [work.change for work in passes if work.change is not None]
    _point_to_outcomes(changes)
    if changes:
        transitions.apply(changes, actor, passes[0].now)
    for step in steps:
        if step.due_at is not None:
            transaction.on_commit(lambda step_id=step.pk: nudges.run_step(step_id))  # type: ignore[misc]
    if letters:
        transaction.on_commit(nudges.send_letters)


def _open_reviews(passes: Sequence[Pass]) -> None:
    """Open the reviews that items now wait for, and point the items to them."""
    openings = [(work, opening) for work in passes for opening in work.openings]
    opened = people().open([opening for _, opening in openings], passes[0].now) if openings else []
    for (work, opening), review in zip(openings, opened, strict=True):
        change = work.change
        if change is None:
            continue
        change.data |= {"review": review.review_id, "cause": opening.cause}
        if opening.assignee_id is not None and change.owner is not None:  # a task that a person was given
            change.review = ReviewPoint(f"{change.owner.name} decides", review.queue, review.review_id)
        elif change.action is not Action.ASK_OUTCOME:
            change.owner = Owner(OwnerKind.QUEUE, review.queue, review.queue_name)
            change.review = _point(review)
        elif change.to is not State.IN_REVIEW:
            change.review = ReviewPoint()


def _open_checks(passes: Sequence[Pass]) -> None:
    """Open the reviews that ask afterwards, which change nothing about their items."""
    checks = [(work, opening) for work in passes for opening in work.checks]
    opened = people().open([opening for _, opening in checks], passes[0].now) if checks else []
    for (work, _), review in zip(checks, opened, strict=True):
        if work.change is not None:
            work.change.data["check"] = review.review_id


def _point(review: Opened) -> ReviewPoint:
    return ReviewPoint(f"{review.queue_name} decides", review.queue, review.review_id)


def _point_to_outcomes(changes: Sequence[Change]) -> None:
    """Where nothing else is asked, let the review point show that nobody knows yet what became of an effect."""
    free = [change for change in changes if change.review is not None and change.review.review_id is None]
    unsettled = people().unsettled([change.item for change in free]) if free else {}
    for change in free:
        if change.item.pk in unsettled:
            change.review = _point(unsettled[change.item.pk])


def _withdraw_questions(passes: Sequence[Pass]) -> None:
    """Close the open question of each item that has ended or is asked something else now."""
    ids = [work.item.pk for work in passes if work.questions or (work.change and work.change.to in FINAL_STATES)]
    if ids:
        rows = Question.objects.filter(item_id__in=ids, status=Question.OPEN)
        rows.update(status=Question.WITHDRAWN, closed_at=passes[0].now, remind_at=None)
