"""Turns what the rules answered into what happens next: steps, questions, reviews, waits and ends."""

import uuid
from collections.abc import Sequence
from datetime import timedelta

from routing.actions import asking, finding, sampling
from routing.actions.calls import Call, model_texts, render_call, with_params
from routing.actions.passes import Pass
from routing.actions.proposals import (
    APPROVED_BY,
    approval,
    escalation,
    fallback_queue,
    next_words,
    proposal_of,
    question_of,
)
from routing.domain import engine
from routing.domain.catalogue import PortKind
from routing.domain.facts import Status, known, lookup
from routing.domain.reach import review_point
from routing.domain.rules import BY_RULE, SUGGESTED
from routing.domain.states import Action, State
from routing.domain.templates import TemplateError
from routing.kinds import Opening
from routing.models import Decision, DestinationKind, OwnerKind, Priority, Step, WaitKind, WorkType
from routing.queries.desk import Place
from routing.transitions import Change, Owner, ReviewPoint

PASS_LIMIT = 60


class TooManyMoves(Exception):
    """A pass does not come to an end."""


def settle(work: Pass) -> None:
    """Apply rules to one locked item until its next owner is known; the outcome is left in the pass."""
    for _ in range(PASS_LIMIT):
        if work.item.moves_left == 0:
            _stop_circling(work)
            return
        work.forget_outdated_sources()
        decision = decide(work)
        match decision.kind:
            case engine.Kind.CHANGE:
                _spend(work)
                _fire(work, decision)
                continue
            case engine.Kind.NEED:
                if _need(work, decision):
                    continue
            case engine.Kind.GO:
                _spend(work)
                _go(work, decision)
            case engine.Kind.REVIEW:
                _spend(work)
                _review(work, decision)
            case engine.Kind.WAIT:
                _spend(work)
                _wait(work, decision)
            case engine.Kind.FINISH:
                _end(work, decision, Action.FINISH, State.DONE)
                sampling.draw(work)
            case engine.Kind.STOP:
                _end(work, decision, Action.STOP_BY_RULE, State.STOPPED)
        _look_ahead(work, decision)
        return
    raise TooManyMoves(f"{work.item.code}: the rules came to no end in one pass")


def decide(work: Pass) -> engine.Decision:
    """Ask the rules of the item's type what comes next."""
    catalogue = work.desk.catalogue(work.item.work_type_id)
    return engine.decide(
        work.known.facts,
        work.book.rules,
        catalogue,
        fired=work.of_this_book(work.past.fired),
        escalated=work.of_this_book(work.past.escalated),
        now=work.now,
    )


def _spend(work: Pass) -> None:
    work.item.moves_left -= 1


def set_type(work: Pass, work_type: WorkType, provider: str) -> None:
    """Give the item this type: its rulebook decides from now on, and its service level sets the due time."""
    work.item.work_type = work_type
    work.item.due_at = work.item.created_at + timedelta(minutes=work_type.service_level_minutes)
    work.learn_value("item.type", work_type.slug, provider)


def _changes(work: Pass, decision: engine.Decision) -> dict[str, object]:
    """Apply what the rule sets, when it fires; returns it in slugs."""
    if not decision.fires:
        return {}
    item, changes = work.item, decision.changes
    done: dict[str, object] = {}
    work_type = work.desk.types.get(changes.type)
    if work_type is not None and work_type.pk != item.work_type_id:
        set_type(work, work_type, "rule")
        done["type"] = work_type.slug
    if changes.priority:
        item.priority = Priority[changes.priority.upper()]
        work.learn_value("item.priority", changes.priority.lower(), "rule")
        done["priority"] = changes.priority
    if changes.tags:
        item.tags = sorted({*item.tags, *changes.tags})
        work.learn("item.tags", known(tuple(item.tags)), "rule")
        done["tags"] = list(changes.tags)
    return done


def _fire(
    work: Pass, decision: engine.Decision, detail: dict[str, object] | None = None, *, cause: str = ""
) -> Decision:
    """Make the changes of a decision and note it, by the rulebook of the type that the item had until now.

    Noted after them, so that what a rule sets itself does not make it fire again.
    """
    book, changes = work.book, _changes(work, decision)
    kind, full = decision.kind.value, {**(detail or {}), **changes}
    return work.note(kind, rule_id=decision.rule_id, cause=cause, detail=full, fires=decision.fires, book=book)


def _need(work: Pass, decision: engine.Decision) -> bool:
    """Provide what is lacking; returns whether to decide again at once."""
    learned, steps, left = finding.find(work, decision.needs)
    if learned:
        return True
    if steps:
        work.note("need", rule_id=decision.rule_id, detail={"facts": sorted(decision.needs)}, fires=False)
        run_steps(work, steps, acting=False)
        return False
    wanted = [name for name in decision.form if lookup(work.known.facts, name).status is Status.UNKNOWN]
    more, more_steps, _ = finding.find(work, wanted)
    if more:
        return True
    if more_steps:
        run_steps(work, more_steps, acting=False)
        return False
    asking.ask(work, decision, left, wanted)
    return False


def run_steps(work: Pass, steps: list[Step], *, acting: bool) -> None:
    for step in steps:
        step.acting = acting
    work.steps.extend(steps)
    first = steps[0]
    name = first.destination.name if first.destination else f"AI {first.name}"
    work.change = Change(
        work.item,
        Action.SEND,
        State.WORKING,
        owner=Owner(OwnerKind.STEP, first.destination.slug if first.destination else first.name, name),
        data={"to": [step.name for step in steps]},
    )


def _go(work: Pass, decision: engine.Decision) -> None:
    facts = work.known.facts
    slugs = [str(lookup(facts, SUGGESTED).value) if slug == SUGGESTED else slug for slug in decision.to]
    chosen = [work.desk.places[slug] for slug in slugs]
    if chosen[0].port.kind == PortKind.QUEUE:
        open_task(work, chosen[0].row.slug, decision.reason, _fire(work, decision, {"to": slugs}))
    elif any(place.port.writes for place in chosen):
        _write(work, decision, chosen)
    else:
        send_to(work, chosen[0], decision.params, _fire(work, decision, {"to": slugs}))


def open_task(work: Pass, queue: str, reason: str, noted: Decision | None, assignee_id: int | None = None) -> None:
    """Give the item to the people of a queue as assigned work."""
    _open(
        work,
        Opening(
            item=work.item,
            queue=queue,
            kind="assigned",
            cause="assigned",
            question=f"Please take care of this: {work.item.title}",
            reason=reason,
            proposal={"kind": "task"},
            rule_id=noted.rule_id if noted else "",
            decision=noted,
            assignee_id=assignee_id,
        ),
    )


def send_to(work: Pass, place: Place, params: tuple[tuple[str, str], ...], noted: Decision | None) -> None:
    """Hand the item to an agent, a reading tool or a source."""
    step = Step(
        item=work.item,
        run=work.item.run,
        decision=noted,
        name=place.row.slug,
        kind=place.row.kind,
        destination=place.row,
        version_id=place.version_id,
        request={"with": dict(params)} if params else None,
        due_at=work.now,
        created_at=work.now,
    )
    run_steps(work, [step], acting=True)


def send_back(work: Pass, done: Sequence[tuple[Place, Step]], note: str) -> None:
    """Have agents write anew, one after the other: each is shown what its step wrote, and what a person wants changed.

    ``done`` are the agents with their last steps.
    """
    group = uuid.uuid4()
    steps = [
        Step(
            item=work.item,
            run=work.item.run,
            decision=before.decision,
            name=place.row.slug,
            kind=place.row.kind,
            destination=place.row,
            version_id=place.version_id,
            request={"with": (before.request or {}).get("with") or {}, "redo": {"wrote": before.output, "note": note}},
            due_at=work.now if ordinal == 0 else None,
            group=group,
            ordinal=ordinal,
            created_at=work.now,
        )
        for ordinal, (place, before) in enumerate(done)
    ]
    run_steps(work, steps, acting=True)


def _write(work: Pass, decision: engine.Decision, chosen: list[Place]) -> None:
    """Propose writes to the queue that approves them, or make them at once when the rule itself may approve."""
    detail: dict[str, object] = {"to": [place.row.slug for place in chosen], **_changes(work, decision)}
    try:
        facts = with_params(work.known.facts, decision.params)
        calls = [render_call(place, facts) for place in chosen]
    except TemplateError as error:
        noted = work.note("review", rule_id=decision.rule_id, cause="unavailable", detail=detail, fires=False)
        question = f"{chosen[0].row.name} cannot be used: {error}. How should it go on?"
        _open(work, escalation(work, queue="", cause="unavailable", question=question, noted=noted, names=[error.fact]))
        return
    by_rule = decision.approved_by == BY_RULE
    if by_rule and _rule_may_approve(work, decision, chosen):
        detail["digests"] = [call["digest"] for call in calls]
        noted = work.note("go", rule_id=decision.rule_id, detail=detail)
        steps = write_steps(work, calls, decision.params, noted, approval_id=None, hold_seconds=0)
        run_steps(work, steps, acting=True)
        return
    queue = fallback_queue(work) if by_rule else decision.approved_by
    noted = work.note("go", rule_id=decision.rule_id, detail=detail | {APPROVED_BY: queue})
    _open(work, approval(work, calls, decision.params, queue, decision.reason, noted))


def _rule_may_approve(work: Pass, decision: engine.Decision, chosen: list[Place]) -> bool:
    return all(
        place.port.rule_may_approve
        and (place.port.rule_may_approve_model_text or not model_texts(place, decision.params, work.known.by_model))
        for place in chosen
    )


def write_steps(
    work: Pass,
    calls: list[Call],
    params: tuple[tuple[str, str], ...],
    noted: Decision | None,
    *,
    approval_id: int | None,
    hold_seconds: int,
) -> list[Step]:
    """Return the steps that send these requests in order; only the first is due, after the undo time."""
    group = uuid.uuid4()
    return [
        Step(
            item=work.item,
            run=work.item.run,
            decision=noted,
            name=str(call["destination"]),
            kind=DestinationKind.TOOL,
            destination=work.desk.places[str(call["destination"])].row,
            version_id=int(str(call["version_id"])),
            writes=True,
            acting=True,
            due_at=work.now + timedelta(seconds=hold_seconds) if ordinal == 0 else None,
            group=group,
            ordinal=ordinal,
            approval_id=approval_id,
            digest=str(call["digest"]),
            request={**call, "with": dict(params)} if params else call,
            created_at=work.now,
        )
        for ordinal, call in enumerate(calls)
    ]


def _person_finished(work: Pass) -> bool:
    """Whether the newest thing people did with the item was to complete it as a task."""
    verdicts = [
        fact
        for name, fact in work.known.facts.items()
        if name.startswith("reviews.") and name.endswith(".verdict") and fact.status is Status.KNOWN
    ]
    return bool(verdicts) and max(verdicts, key=lambda fact: fact.seq).value == "completed"


def _review(work: Pass, decision: engine.Decision) -> None:
    if decision.cause == "no_rule" and _person_finished(work):
        _end(work, decision, Action.FINISH, State.DONE)
        return
    detail: dict[str, object] = {"queue": decision.queue, "facts": sorted(decision.needs)}
    noted = _fire(work, decision, detail, cause=decision.cause or "")
    question = question_of(work, decision)[:300]
    if decision.cause != engine.Cause.ESCALATED:
        names = sorted(decision.needs)
        cause = str(decision.cause)
        _open(work, escalation(work, queue=decision.queue, cause=cause, question=question, noted=noted, names=names))
        return
    proposal = proposal_of(work, decision)
    if proposal["kind"] == "continue":
        proposal["next"] = next_words(work, decide(work))
    _open(
        work,
        Opening(
            item=work.item,
            queue=decision.queue,
            kind="escalation",
            cause="escalated",
            question=question,
            reason=decision.reason,
            proposal=proposal,
            rule_id=decision.rule_id,
            decision=noted,
        ),
    )


def _open(work: Pass, opening: Opening) -> None:
    work.openings.append(opening)
    work.change = Change(work.item, Action.ESCALATE, State.IN_REVIEW)


def _stop_circling(work: Pass) -> None:
    noted = work.note("review", cause="limit")
    question = "This has been moved so often without an end that a person should look. Where should it go?"
    _open(work, escalation(work, queue="", cause="limit", question=question, noted=noted, names=[]))


def _wait(work: Pass, decision: engine.Decision) -> None:
    _fire(work, decision, {"minutes": decision.wait_minutes})
    until = work.now + timedelta(minutes=decision.wait_minutes)
    work.change = Change(
        work.item,
        Action.WAIT,
        State.WAITING,
        owner=Owner(OwnerKind.CLOCK, "", "The clock"),
        wait_kind=WaitKind.TIME,
        wake_at=until,
    )


def _end(work: Pass, decision: engine.Decision, action: Action, state: State) -> None:
    _fire(work, decision, {"reason_given": bool(decision.reason)})
    work.change = Change(work.item, action, state, review=ReviewPoint("", "", None))


def _look_ahead(work: Pass, decision: engine.Decision) -> None:
    """Say where a person will decide, when none is asked now, and wake again when a time rule may turn."""
    change = work.change
    if change is None:
        return
    if change.to is State.WAITING and decision.recheck_at and change.wait_kind:
        change.wake_at = min(change.wake_at, decision.recheck_at) if change.wake_at else decision.recheck_at
    if change.review is None and change.to in {State.WORKING, State.WAITING}:
        change.review = _next_review(work)


def look_ahead(work: Pass) -> ReviewPoint:
    """Return where a person will decide on an item that waits for no decision of theirs now, as it stands."""
    if work.item.state in {State.WORKING, State.WAITING}:
        return _next_review(work)
    return ReviewPoint()


def _next_review(work: Pass) -> ReviewPoint:
    catalogue = work.desk.catalogue(work.item.work_type_id)
    book = work.book.rules
    facts = engine.seen_facts(work.known.facts, book, catalogue, work.now)
    ahead = review_point(facts, book, catalogue, fired=work.of_this_book(work.past.fired))
    label = f"{work.desk.place_name(ahead.queue)} decides" if ahead.queue else f"None: {ahead.reason}"
    return ReviewPoint(label, ahead.queue)
