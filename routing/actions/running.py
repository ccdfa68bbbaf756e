"""Runs one step that leaves the process: claim and commit, call, then lock, re-check the run and record."""

import logging
import random
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.models import F, Q

from routing import transitions
from routing.actions import calling, recording
from routing.crash_points import one_transaction, outgoing
from routing.models import DeskSwitches, Destination, Step

logger = logging.getLogger(__name__)

LEASE_BEYOND_DEADLINE = timedelta(seconds=30)
DEFAULT_DEADLINE_SECONDS = 60
NEXT_ONES = 20
TURN_SECONDS = 1.0  # as often as the sweeper calls, so that its calls do not pile up while there is much to do


@dataclass(slots=True)
class Claimed:
    """A step that this worker may run now."""

    step: Step
    config: dict[str, object] = field(default_factory=dict)


def run_step(step_id: int) -> bool:
    """Run one due step; returns whether it was ours to run. Safe to call twice: only one caller gets the claim."""
    claimed = _claim(step_id)
    if claimed is None:
        return False
    try:
        with outgoing(f"running.{claimed.step.kind}"):
            result = calling.call(claimed.step, claimed.config)
    except Exception as error:
        logger.exception("step %s broke", step_id)
        result = calling.broken(claimed.step, error)
    recording.record(claimed.step.pk, claimed.step.attempts, result)
    return True


def runnable(now: datetime) -> Q:
    """Return the filter for steps that may run: due, and nothing they need is paused or failing."""
    open_place = (
        Q(destination__isnull=True)
        | Q(destination__status=Destination.ON)
        | Q(destination__status=Destination.FAILING, destination__probe_at__lte=now)
    )
    condition = Q(status=Step.DUE, due_at__lte=now) & open_place
    if DeskSwitches.objects.filter(writes_paused=True).exists():
        condition &= Q(writes=False)
    return condition


def _claim(step_id: int) -> Claimed | None:
    with one_transaction("running.claim"):
        now = transitions.database_now()
        item_id = Step.objects.filter(pk=step_id, status=Step.DUE).values_list("item_id", flat=True).first()
        if item_id is None:
            return None
        item = transitions.lock_one(item_id)
        rows = Step.objects.select_for_update(skip_locked=True, of=("self",)).filter(runnable(now), pk=step_id)
        step = rows.select_related("destination", "version", "decision").first()
        if step is None:
            return None
        if step.run != item.run:
            recording.cancel([step], now, "the item was moved meanwhile")
            return None
        if step.writes and not recording.still_approved(item, step, now):
            return None
        config = _config(step)
        deadline = timedelta(seconds=int(str(config.get("timeout_seconds") or DEFAULT_DEADLINE_SECONDS)))
        step.status = Step.RUNNING
        step.due_at = None
        step.attempts += 1
        step.started_at = now
        step.lease_until = now + deadline + LEASE_BEYOND_DEADLINE
        step.save(update_fields=["status", "due_at", "attempts", "started_at", "lease_until"])
        if step.destination is not None and step.destination.status == Destination.FAILING:
            Destination.objects.filter(pk=step.destination.pk).update(probe_at=now + timedelta(seconds=30))
        return Claimed(step, config)


def _config(step: Step) -> dict[str, object]:
    return dict(step.version.config) if step.version is not None else {}


def due_steps(limit: int = 200) -> list[int]:
    """Return the ids of steps that may run now, oldest first."""
    rows = Step.objects.filter(runnable(transitions.database_now())).order_by(F("due_at"))
    return list(rows.values_list("pk", flat=True)[:limit])


def run_due_steps(*, seconds: float = TURN_SECONDS) -> int:
    """Run what is due, the oldest first, until nothing is or the time is over; returns how many steps were run.

    The sweeper sends one message about all of them. With one for each, workers that are busy would find ever more
    messages about every step, and in the end do nothing but read those.
    """
    until, ran = time.monotonic() + seconds, 0
    while ids := due_steps(NEXT_ONES):
        ran_before = ran
        for step_id in random.sample(ids, len(ids)):  # others are at the same ones
            ran += run_step(step_id)
            if time.monotonic() > until:
                return ran
        if ran == ran_before:
            break
    return ran
