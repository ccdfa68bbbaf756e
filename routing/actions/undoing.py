"""Undoes a move by hand: everything that it ended goes on where it was, under the run it had."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.dateparse import parse_datetime

from routing import nudges, transitions
from routing.crash_points import one_transaction
from routing.domain.roles import Actor
from routing.domain.states import STATE_LABELS, UNDO_SECONDS, Action, State, refusal
from routing.errors import Conflict, NotAllowed
from routing.kinds import people
from routing.models import HandMove, OwnerKind, Question, RouterLabel, Step, WorkItem
from routing.transitions import Change, Owner, ReviewPoint

Before = dict[str, Any]

UNDO_TIME = timedelta(seconds=UNDO_SECONDS)
_COLUMNS = (
    "state",
    "owner_kind",
    "owner_ref",
    "owner_name",
    "review_queue",
    "review_id",
    "review_label",
    "wait_kind",
    "closed_as",
    "duplicate_of",
    "run",
    "moves_left",
    "question_rounds",
)
_TIMES = ("owner_since", "wake_at")


def standing(item: WorkItem) -> Before:
    """Return how a locked item stands, as JSON data, before it is moved."""
    question = Question.objects.filter(item=item, status=Question.OPEN).first()
    label = RouterLabel.objects.filter(item=item).first()
    return {
        "item": {name: getattr(item, name) for name in _COLUMNS}
        | {name: _text(getattr(item, name)) for name in _TIMES},
        "question": question and [question.pk, _text(question.remind_at)],
        "reviews": people().standing(item),
        "steps": [
            {
                "id": step.pk,
                "status": step.status,
                "acting": step.acting,
                "attempts": step.attempts,
                "due_at": _text(step.due_at),
                "error": step.error,
            }
            for step in item.steps.filter(run=item.run, status__in=[Step.DUE, Step.RUNNING])
        ],
        "label": label and [label.label, label.by_name, _text(label.at)],
    }


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _moment(text: str | None) -> datetime | None:
    return parse_datetime(text) if text else None


def remember(item: WorkItem, before: Before, actor: Actor, now: datetime) -> None:
    """Keep what undoing the move that a locked item has just made needs; that of an earlier move is forgotten."""
    given = {"version": item.version, "by_id": actor.user_id, "at": now, "before": before}
    HandMove.objects.update_or_create(item=item, defaults=given)


def undo(*, actor: Actor, item_id: int, version: int) -> WorkItem:
    """Put an item back where it was before the actor's own move by hand, which left it at ``version``.

    What the move withdrew or cancelled is open and due again; what the move began is withdrawn. Raises Conflict when
    something has happened since that cannot be taken back, or ``UNDO_SECONDS`` have passed, NotAllowed when somebody
    else made the move.
    """
    with one_transaction("undoing.undo"):
        item = transitions.lock_one(item_id)
        move = HandMove.objects.filter(item=item).first()
        now = transitions.database_now()
        if move is None or not item.version == move.version == version:
            raise Conflict(f"{item.code} has moved on since; it stays {STATE_LABELS[State(item.state)].lower()}.")
        if move.by_id != actor.user_id:
            raise NotAllowed(f"{item.code}: only who moved it can undo that.")
        if now > move.at + UNDO_TIME:
            raise Conflict(f"{item.code}: it is too late to undo this. Move it again instead.")
        before = move.before
        state = State(before["item"]["state"])
        refused = refusal(State(item.state), Action.UNDO_MOVE, actor.role, state)
        if refused:
            raise NotAllowed(f"{item.code}: {refused}.")
        _check_original(item, before["item"]["duplicate_of"])
        _cancel_begun(item, before, now)
        people().put_back(item, before["reviews"], actor, now)
        if before["item"]["run"] != item.run:
            _restore_steps(item, before["steps"])
        _restore_question(item, before["question"], now)
        _restore_label(item, before["label"])
        transitions.apply([_change(item, state, before["item"], now)], actor, now)
        move.delete()
        return item


def _check_original(item: WorkItem, original_id: int | None) -> None:
    """Raise Conflict when the item was a duplicate of one that is closed as such itself by now, perhaps of this one."""
    if WorkItem.objects.filter(pk=original_id or 0).exclude(closed_as="").exists():
        raise Conflict(f"{item.code}: the request it was a duplicate of is no longer one that goes on.")


def _change(item: WorkItem, state: State, was: Mapping[str, Any], now: datetime) -> Change:
    moved_to = item.state
    item.newest_run = max(item.newest_run, item.run)
    item.run, item.moves_left, item.question_rounds = was["run"], was["moves_left"], was["question_rounds"]
    return Change(
        item,
        Action.UNDO_MOVE,
        state,
        owner=Owner(OwnerKind(was["owner_kind"]), was["owner_ref"], was["owner_name"]),
        owner_since=_moment(was["owner_since"]),
        review=ReviewPoint(was["review_label"], was["review_queue"], was["review_id"]),
        wait_kind=was["wait_kind"],
        wake_at=_moment(was["wake_at"]),
        decide_at=now if state is State.INCOMING else None,
        closed_as=was["closed_as"],
        duplicate_of=was["duplicate_of"],
        data={"undone": moved_to},
    )


def _cancel_begun(item: WorkItem, before: Before, now: datetime) -> None:
    """Cancel the steps that the move made; the result of one that only reads moves nothing any more."""
    kept = [step["id"] for step in before["steps"]]
    live = Step.objects.select_for_update().filter(item=item, run=item.run, status__in=[Step.DUE, Step.RUNNING])
    for step in live.exclude(pk__in=kept):
        if step.status == Step.DUE:
            step.status, step.due_at, step.ended_at, step.error = Step.CANCELLED, None, now, "the move was undone"
        elif step.writes:
            raise Conflict(f"{item.code}: {step.name} is being sent already, so this cannot be undone.")
        step.acting = False
        step.save(update_fields=["status", "due_at", "ended_at", "error", "acting"])


def _restore_steps(item: WorkItem, steps: list[dict[str, Any]]) -> None:
    rows = Step.objects.select_for_update().in_bulk([step["id"] for step in steps])
    for was in steps:
        step = rows[was["id"]]
        if was["status"] == Step.RUNNING:
            if (step.status, step.attempts) != (Step.RUNNING, was["attempts"]):
                raise Conflict(f"{item.code}: {step.name} has ended meanwhile, so this cannot be undone.")
        elif step.status != Step.CANCELLED:
            raise Conflict(f"{item.code}: {step.name} has gone on meanwhile, so this cannot be undone.")
        else:
            step.status, step.due_at, step.ended_at = Step.DUE, _moment(was["due_at"]), None
            step.error = was["error"]
        step.acting = was["acting"]
        step.save(update_fields=["status", "due_at", "ended_at", "error", "acting"])
        if step.due_at is not None:
            transaction.on_commit(lambda step_id=step.pk: nudges.run_step(step_id))  # type: ignore[misc]


def _restore_question(item: WorkItem, was: list[Any] | None, now: datetime) -> None:
    Question.objects.filter(item=item, status=Question.OPEN).update(status=Question.WITHDRAWN, closed_at=now)
    if was is not None:
        rows = Question.objects.filter(pk=was[0])
        rows.update(status=Question.OPEN, closed_at=None, remind_at=_moment(was[1]))


def _restore_label(item: WorkItem, was: list[str] | None) -> None:
    if was is None:
        RouterLabel.objects.filter(item=item).delete()
    else:
        RouterLabel.objects.filter(item=item).update(label=was[0], by_name=was[1], at=_moment(was[2]))
