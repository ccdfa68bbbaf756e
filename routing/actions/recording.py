"""Records what came of a step: its facts, what is due next, and the people to ask when it went wrong."""

import json
import logging
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import cast

from django.db import transaction
from django.db.models import F

from routing import nudges, transitions
from routing.actions import calls, deciding, finding, outcomes
from routing.actions.calling import READER_STEP, RETRY, Result
from routing.actions.passes import Pass
from routing.actions.proposals import APPROVED_BY, approvers, fallback_queue, no_route
from routing.crash_points import one_transaction
from routing.domain import engine
from routing.domain.facts import MISSING, Fact, Money, Status, Value, is_currency, known, lookup, value_from_json
from routing.domain.roles import DESK
from routing.domain.rules import BY_RULE
from routing.domain.sentences import ended
from routing.domain.states import Action, State
from routing.domain.templates import TemplateError
from routing.kinds import Opening
from routing.models import Destination, DestinationKind, FactRevision, Letter, Step, WorkItem
from routing.queries import desk as desk_queries
from routing.router.reading import checked
from routing.transitions import Change

logger = logging.getLogger(__name__)

FAILURES_UNTIL_FAILING = 5
PROBE_EVERY = timedelta(seconds=30)
MAX_FACTS_PER_STEP = 60
MAX_TEXT = 20_000
LONGEST_NAME = 150


def record(step_id: int, attempt: int, result: Result) -> None:
    """Store the result of a step's attempt and move the item on.

    A result of an attempt that is no longer the running one (its lease ran out) changes nothing but a write's
    record; one that belongs to an older run of the item is stored and moves nothing.
    """
    with one_transaction("recording.record"):
        item = transitions.lock_one(Step.objects.values_list("item_id", flat=True).get(pk=step_id))
        step = Step.objects.select_for_update(of=("self",)).select_related("destination").get(pk=step_id)
        if step.status != Step.RUNNING or step.attempts != attempt:
            logger.warning("step %s: the result of attempt %s came too late", step_id, attempt)
            return
        now = transitions.database_now()
        _count_failures(step, result, now)
        if result.status == RETRY and step.attempts < step.max_attempts:
            _again(step, result, now)
            return
        if result.status == RETRY:
            result.status = Step.FAILED
        _store(step, result, now)
        if step.status == Step.UNKNOWN and not _is_awaited(item, step):
            _ask_late(item, step, now)
        elif step.run == item.run:
            _move_on(item, step, result, now)


def _count_failures(step: Step, result: Result, now: datetime) -> None:
    place = step.destination
    if place is None or not result.counts_against:
        return
    rows = Destination.objects.filter(pk=place.pk)
    if result.status == Step.SUCCEEDED:
        if place.failures_in_a_row or place.status == Destination.FAILING:
            rows.update(failures_in_a_row=0)
            rows.filter(status=Destination.FAILING).update(status=Destination.ON, failing_since=None, probe_at=None)
        return
    rows.update(failures_in_a_row=F("failures_in_a_row") + 1)
    rows.filter(status=Destination.ON, failures_in_a_row__gte=FAILURES_UNTIL_FAILING).update(
        status=Destination.FAILING, failing_since=now, probe_at=now + PROBE_EVERY
    )


def _again(step: Step, result: Result, now: datetime) -> None:
    wait = max(min(2.0**step.attempts, 60.0), min(result.retry_after_seconds, 300.0))
    step.status, step.due_at, step.lease_until = Step.DUE, now + timedelta(seconds=wait), None
    step.cause, step.error = result.cause, result.error
    step.save(update_fields=["status", "due_at", "lease_until", "cause", "error"])


def _store(step: Step, result: Result, now: datetime) -> None:
    step.status, step.ended_at, step.lease_until, step.due_at = result.status, now, None, None
    step.output, step.response = (result.output or None), result.response
    step.cause, step.error = result.cause, result.error
    step.tokens_in, step.tokens_out, step.elapsed_ms = result.tokens_in, result.tokens_out, result.elapsed_ms
    if result.request is not None:
        step.request = result.request
    if step.started_at is not None and not step.elapsed_ms:
        step.elapsed_ms = int((now - step.started_at).total_seconds() * 1000)
    step.save()


def _move_on(item: WorkItem, step: Step, result: Result, now: datetime) -> None:
    work = deciding.begin([item], desk_queries.load(), now)[0]
    _learn(work, step, result)
    _keep_letter(step, now)
    group = list(Step.objects.filter(group=step.group, status=Step.DUE).order_by("ordinal")) if step.group else []
    if step.status == Step.UNKNOWN:
        cancel(group, now, "an earlier one has an unknown outcome")
        _ask(work, "unknown_outcome", _outcome_question(step), _outcome_proposal(step))
    elif step.status == Step.FAILED and step.acting:
        cancel(group, now, "an earlier one failed")
        _ask(
            work,
            "failed",
            f"{ended(f'{step.destination} did not work: {step.error}')} What should happen?",
            {"kind": "retry", "step": step.pk, "destination": step.name},
            step.approval_id,
        )
    elif group:
        group[0].due_at = now
        group[0].save(update_fields=["due_at"])
        transaction.on_commit(lambda: nudges.run_step(group[0].pk))
    elif not Step.objects.filter(item=item, run=item.run, status__in=[Step.DUE, Step.RUNNING]).exists():
        work.change = Change(item, Action.STEP_ENDED, State.INCOMING, decide_at=now, data={"step": step.pk})
    if work.change is None:
        _flush_facts(work)
    else:
        work.change.data |= {"step": step.pk}
        deciding.flush([work])


def _is_awaited(item: WorkItem, step: Step) -> bool:
    return item.state == State.WORKING and item.run == step.run


def _ask_late(item: WorkItem, step: Step, now: datetime) -> None:
    """Ask what became of a write whose item is elsewhere by now; the item stays there."""
    work = deciding.begin([item], desk_queries.load(), now)[0]
    fact = Fact(Status.UNAVAILABLE, cause=step.cause)
    work.learn_of_run(step.run, f"steps.{step.name}", fact, f"tool:{step.name}")
    opening = _opening(work, "unknown_outcome", _outcome_question(step), _outcome_proposal(step))
    opening.run, opening.decision = step.run, step.decision
    work.openings.append(opening)
    work.change = transitions.staying(item, Action.ASK_OUTCOME, {"step": step.pk})
    deciding.flush([work])


def _keep_letter(step: Step, now: datetime) -> None:
    """Keep what a mail tool sent with the item's other letters."""
    request = step.request or {}
    if step.status != Step.SUCCEEDED or request.get("via") != "mail":
        return
    Letter.objects.create(
        item=step.item,
        kind="reply",
        to=str(request["to"]),
        subject=str(request["subject"])[:250],
        body=str(request["text"]),
        status=Letter.SENT,
        attempts=step.attempts,
        created_at=now,
        sent_at=now,
    )


def _flush_facts(work: Pass) -> None:
    FactRevision.objects.bulk_create(work.revisions)
    transitions.store([work.item])


def _outcome_question(step: Step) -> str:
    return f"Did {step.destination} go through? No answer came back."


def _outcome_proposal(step: Step) -> dict[str, object]:
    return {"kind": "outcome", "step": step.pk, "destination": step.name}


def _ask(
    work: Pass,
    cause: str,
    question: str,
    proposal: dict[str, object],
    approval_id: int | None = None,
    asked: str = "",
) -> None:
    opening = _opening(work, cause, question, proposal)
    opening.approval_id = approval_id
    opening.decision = work.note("review", cause=cause, detail={APPROVED_BY: asked} if asked else None)
    work.openings.append(opening)
    work.change = Change(work.item, Action.ESCALATE_STEP, State.IN_REVIEW)


def _opening(work: Pass, cause: str, question: str, proposal: dict[str, object]) -> Opening:
    return Opening(
        item=work.item,
        queue=fallback_queue(work),
        kind="escalation",
        cause=cause,
        question=question[:300],
        proposal=proposal,
    )


def _learn(work: Pass, step: Step, result: Result) -> None:
    if step.kind == finding.ROUTER_STEP:
        _learn_route(work, step, result)
    elif step.kind == READER_STEP:
        _learn_reading(work, step, result)
    elif step.kind == DestinationKind.SOURCE:
        _learn_fields(
            work, step.name, step, result, f"source:{step.name.removeprefix('source.')}", prefix=f"{step.name}."
        )
    else:
        name = f"steps.{step.name}"
        kind = "agent" if step.kind == DestinationKind.AGENT else "tool"
        _learn_fields(work, name, step, result, f"{kind}:{step.name}", prefix=f"{name}.output.")


def _learn_route(work: Pass, step: Step, result: Result) -> None:
    if step.status != Step.SUCCEEDED:
        work.learn("router", Fact(Status.UNAVAILABLE, cause=result.cause), "model:router")
        return
    confidence = Decimal(str(result.output["confidence"]))
    finding.learn_suggestion(
        work, str(result.output["label"]), confidence, str(result.output["reason"]), "model:router"
    )


def _learn_reading(work: Pass, step: Step, result: Result) -> None:
    """Record what the model read; a value whose words bear it out is the requester's own."""
    name = finding.read_fact(work)
    if step.status != Step.SUCCEEDED:
        work.learn(name, Fact(Status.UNAVAILABLE, cause=result.cause), "model:reader")
        return
    work.learn_value(name, "read", "model:reader")
    specs = work.desk.catalogue(work.item.work_type_id).inputs
    values = cast("list[dict[str, str]]", result.output["values"])
    for reading in checked(values, f"{work.item.title}\n{work.item.text}", specs, work.now.date()):
        fact = f"input.{reading.name}"
        if lookup(work.known.facts, fact).status is Status.UNKNOWN:
            work.learn(fact, known(reading.value), "text", quote=reading.quote, doubtful=reading.doubtful)


def _learn_fields(work: Pass, name: str, step: Step, result: Result, provider: str, *, prefix: str) -> None:
    if step.status != Step.SUCCEEDED:
        work.learn(name, Fact(Status.UNAVAILABLE, cause=result.cause), provider)
        return
    if result.missing:
        work.learn(name, MISSING, provider)
        return
    named = [(f"{prefix}{path}", value) for path, value in flatten(result.output)]
    for fact, value in [pair for pair in named if len(pair[0]) <= LONGEST_NAME][:MAX_FACTS_PER_STEP]:
        work.learn(fact, known(value) if value is not None else MISSING, provider)
    work.learn(name, known("succeeded"), provider)


def flatten(data: dict[str, object], prefix: str = "") -> Iterable[tuple[str, Value]]:
    """Yield (dotted name, value) for what an answer holds; objects are entered, lists stay lists of texts.

    What is no text in a list is written as JSON. What claims to be an amount and is none is an object like others,
    and a number beyond all sense is a text.
    """
    for key, value in data.items():
        path = f"{prefix}{key}"
        match value:
            case dict():
                money = _money(value)
                yield from [(path, money)] if money else flatten(value, f"{path}.")
            case list():
                yield (
                    path,
                    tuple(part if isinstance(part, str) else json.dumps(part, ensure_ascii=False) for part in value),
                )
            case float():
                yield path, _sensible(value) or str(value)
            case None | bool() | int():
                yield path, value
            case _:
                yield path, str(value)[:MAX_TEXT].replace("\x00", "")


def _sensible(data: object) -> Value:
    """Return the value of a number or amount in JSON that can be stored, read again and compared; None without one."""
    try:
        return value_from_json(data)
    except ValueError:
        return None


def _money(data: Mapping[str, object]) -> Money | None:
    currency = data.get("currency")
    if not isinstance(currency, str) or not is_currency(currency) or isinstance(data.get("amount"), bool):
        return None
    value = _sensible({"amount": data.get("amount"), "currency": currency})
    return value if isinstance(value, Money) else None


def cancel(steps: Iterable[Step], now: datetime, why: str) -> None:
    """End steps that did not run."""
    for step in steps:
        step.status, step.due_at, step.lease_until, step.ended_at, step.error = Step.CANCELLED, None, None, now, why
        step.save(update_fields=["status", "due_at", "lease_until", "ended_at", "error"])


def still_approved(item: WorkItem, step: Step, now: datetime) -> bool:
    """Just before a write is sent: render it again and ask the live rules, which can only add a stop.

    When either says no, or the rules have others approve it by now, the steps of this approval are cancelled and a
    person or the rules look again. The item and the step are locked by the caller. A later attempt sends the same bytes
    and is not asked again.
    """
    if step.attempts:
        return True
    work = deciding.begin([item], desk_queries.load(), now)[0]
    group = list(Step.objects.filter(group=step.group, status=Step.DUE).order_by("ordinal"))
    if step.decision is not None:  # what the rule that sends this says now, so as if it had not fired yet
        work.past.fired.pop((work.book.rulebook_id, step.decision.rule_id), None)
    answer = outcomes.decide(work)
    asked = str(step.decision.detail.get(APPROVED_BY, "")) if step.decision is not None else ""
    stopped = answer.kind is engine.Kind.STOP or (answer.kind is engine.Kind.REVIEW and answer.cause == "escalated")
    if stopped or (asked and _asks_others(work, step, answer, asked)):
        why = "the rules stopped it" if stopped else "the rules asked others to approve it"
        cancel(group, now, f"{why} before it was sent")
        transitions.apply(
            [Change(item, Action.STEP_ENDED, State.INCOMING, decide_at=now, data={"step": step.pk})], DESK, now
        )
        return False
    params = tuple(dict((step.request or {}).get("with") or {}).items())
    if _digest_now(work, step, params) == step.digest:
        return True
    cancel(group, now, "what would be sent is no longer what was approved")
    slugs = [one.name for one in group]
    question = f"What was approved for {', '.join(slugs)} has changed since. Approve it as it is now?"
    try:
        facts = calls.with_params(work.known.facts, params)
        rendered = [calls.render_call(work.desk.places[slug], facts) for slug in slugs]
        proposal: dict[str, object] = {
            "kind": "calls",
            "calls": rendered,
            "drafts": {},
            "params": [list(p) for p in params],
        }
    except (TemplateError, KeyError):
        proposal = no_route()
    _ask(work, "changed", question, proposal, step.approval_id, asked)
    deciding.flush([work])
    return False


def _asks_others(work: Pass, step: Step, answer: engine.Decision, asked: str) -> bool:
    """Whether by what is known now others than the queue that was asked must approve a write."""
    if answer.kind is engine.Kind.GO and step.name in answer.to:
        return answer.approved_by not in {asked, BY_RULE}
    by_hand = step.decision is not None and not step.decision.rule_id
    return by_hand and asked not in approvers(work, step.name)


def _digest_now(work: Pass, step: Step, params: tuple[tuple[str, str], ...]) -> str:
    place = work.desk.places.get(step.name)
    if place is None:
        return ""
    try:
        return str(calls.render_call(place, calls.with_params(work.known.facts, params))["digest"])
    except TemplateError:
        return ""
