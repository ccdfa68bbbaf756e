"""The sweeper: each second it looks for what is owed, so that nothing depends on a message arriving."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

from django.db import InterfaceError, OperationalError
from django.db.models import Q

from routing import nudges, transitions
from routing.actions import asking, deciding, letters, recording, running
from routing.actions.calling import RETRY, Result
from routing.crash_points import one_transaction
from routing.domain.roles import DESK
from routing.domain.states import Action, State
from routing.kinds import people
from routing.models import Backtest, Letter, Question, Step, WaitKind, WorkItem
from routing.queries import desk as desk_queries
from routing.transitions import Change

logger = logging.getLogger(__name__)

BATCH = 200
PATIENCE = timedelta(seconds=2)


def sweep() -> None:
    """Look once: wake what waits, close questions that ran out, take back steps whose worker died, nudge workers.

    Raises only when the database cannot be reached; any other fault is logged and keeps nothing else from its turn.
    """
    for look in (_wake, _close_questions, _remind, _take_back_steps, _people, _decide_what_is_due, _nudge):
        _guarded(look, look.__name__)


def _guarded(look: Callable[[], object], what: str) -> None:
    try:
        look()
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        logger.exception("sweeping failed: %s", what)


def _nudge() -> None:
    now = transitions.database_now()
    if running.due_steps(1):
        nudges.run_due_steps()
    if letters.due_letters(now).exists():
        nudges.send_letters()
    free = Q(lease_until=None) | Q(lease_until__lt=now)
    for backtest_id in Backtest.objects.filter(free, due_at__lte=now).values_list("pk", flat=True):
        nudges.run_backtest(backtest_id)


def _decide_what_is_due() -> None:
    now = transitions.database_now()
    if WorkItem.objects.filter(decide_due_at__lte=now).exists():
        nudges.decide()
        _decide_what_workers_leave(now)


def _decide_what_workers_leave(now: datetime) -> None:
    """Decide one batch here when workers have not come to it: busy with slow steps, or out of reach."""
    overdue = WorkItem.objects.filter(decide_due_at__lte=now - PATIENCE, decide_lease_until__isnull=True)
    if overdue.exists():
        deciding.decide_claimed(transitions.claim_due(deciding.BATCH_SIZE, lease=deciding.LEASE))


def _wake() -> None:
    """Decide waiting items whose time has come; a timer does nothing unless its exact wait is still there."""
    with one_transaction("sweeping.wake"):
        now = transitions.database_now()
        ids = list(WorkItem.objects.filter(wake_at__lte=now, state=State.WAITING).values_list("pk", flat=True)[:BATCH])
        items = [
            item
            for item in transitions.lock(ids)
            if item.state == State.WAITING and item.wake_at is not None and item.wake_at <= now
        ]
        changes = [Change(item, Action.WAKE, State.INCOMING, decide_at=now) for item in items]
        if changes:
            transitions.apply(changes, DESK, now)


def _close_questions() -> None:
    now = transitions.database_now()
    due = Question.objects.filter(status=Question.OPEN, due_at__lte=now).values_list("pk", "item_id")[:BATCH]
    for question_id, item_id in list(due):
        _guarded(partial(_close_question, question_id, item_id, now), f"question {question_id}")


def _close_question(question_id: int, item_id: int, now: datetime) -> None:
    with one_transaction("sweeping.close_question"):
        item = transitions.lock_one(item_id)
        question = Question.objects.select_for_update().get(pk=question_id)
        if question.status != Question.OPEN:
            return
        question.status, question.closed_at = Question.EXPIRED, now
        question.save(update_fields=["status", "closed_at"])
        if item.state != State.WAITING or item.wait_kind != WaitKind.REQUESTER:
            return
        work = deciding.begin([item], desk_queries.load(), now)[0]
        item.question_rounds = asking.MAX_ROUNDS
        work.change = Change(item, Action.QUESTION_EXPIRED, State.INCOMING, decide_at=now)
        deciding.flush([work])


def _remind() -> None:
    """Send the one reminder of each open question that its item still waits for."""
    now = transitions.database_now()
    with one_transaction("sweeping.remind"):
        rows = Question.objects.select_for_update(skip_locked=True, of=("self",)).select_related("item")
        reminders = []
        waiting = rows.filter(item__state=State.WAITING, item__wait_kind=WaitKind.REQUESTER)
        for question in waiting.filter(status=Question.OPEN, remind_at__lte=now)[:BATCH]:
            question.remind_at = None
            question.save(update_fields=["remind_at"])
            body = asking.question_body(question.item, question.note)
            reminders.append(asking.letter(question.item, "reminder", now, body))
        Letter.objects.bulk_create(reminders)


def _people() -> None:
    people().sweep(transitions.database_now())


def _take_back_steps() -> None:
    """End the attempts of workers that died: a write may have been sent, anything else may run again."""
    now = transitions.database_now()
    lost = Step.objects.filter(status=Step.RUNNING, lease_until__lte=now - timedelta(seconds=1))
    for step in list(lost[:BATCH]):
        if step.writes:
            result = Result(Step.UNKNOWN, cause="lost", error="the worker was lost while sending", counts_against=False)
        else:
            result = Result(RETRY, cause="lost", error="the worker was lost", counts_against=False)
        _guarded(partial(recording.record, step.pk, step.attempts, result), f"step {step.pk}")
