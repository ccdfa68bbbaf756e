"""What people are asked: the question, and the proposal exactly as it will be used."""

from routing.actions.calls import Call, model_texts
from routing.actions.passes import Pass
from routing.domain import engine, reach
from routing.domain.causes import cause_words
from routing.domain.facts import Status, lookup
from routing.kinds import Opening, people
from routing.models import Decision, Step
from routing.queries.desk import FALLBACK_QUEUE

APPROVED_BY = "approved_by"  # in the detail of a decision to write: the queue that was asked


def approvers(work: Pass, slug: str) -> list[str]:
    """Return the queues of which one approves a write to this destination that a person sends.

    Those that rules name which hold for the item or may come to; else all that rules of its type name, else those that
    rules of other types name and where somebody may decide on it, and where no rule writes there Triage.
    """
    desk, book, catalogue = work.desk, work.book.rules, work.desk.catalogue(work.item.work_type_id)
    facts = engine.seen_facts(work.known.facts, book, catalogue, work.now)
    named = reach.approvers(slug, facts, book, catalogue) or book.approvers(slug)
    if named:
        return named
    others = dict.fromkeys(queue for one in desk.books.values() for queue in one.rules.approvers(slug))
    places = {queue: desk.places[queue].row for queue in others if queue in desk.places}
    return [queue for queue, row in places.items() if people().eligible(row, work.item)] or [FALLBACK_QUEUE]


def no_route() -> dict[str, object]:
    """Return the proposal that suggests nothing: a person says where it goes."""
    return {"kind": "route", "type": "", "destination": ""}


def fallback_queue(work: Pass) -> str:
    """Return the queue that gets what no rule of the item's rulebook decides."""
    return work.book.rules.fallback_queue or FALLBACK_QUEUE


def approval(
    work: Pass, calls: list[Call], params: tuple[tuple[str, str], ...], queue: str, reason: str, noted: Decision | None
) -> Opening:
    """Return the review that approves these rendered requests; the texts a model wrote can be corrected in it."""
    names = set[str]()
    for call in calls:
        names |= set(model_texts(work.desk.places[str(call["destination"])], params, work.known.by_model))
    drafts = {name: str(lookup(work.known.facts, name).value or "") for name in sorted(names)}
    what = " and ".join(str(call["name"]) for call in calls)
    return Opening(
        item=work.item,
        queue=queue,
        kind="escalation",
        cause="approval",
        question=f"Approve {what}?",
        reason=reason,
        proposal={"kind": "calls", "calls": calls, "drafts": drafts, "params": [list(pair) for pair in params]},
        rule_id=noted.rule_id if noted else "",
        decision=noted,
    )


def escalation(
    work: Pass, *, queue: str, cause: str, question: str, noted: Decision, names: list[str], reason: str = ""
) -> Opening:
    """Return the review of something that could not be decided: fill in what lacks, or say where it goes."""
    fillable = [name for name in names if name.startswith("input.")]
    proposal: dict[str, object] = {"kind": "facts", "names": fillable} if fillable else suggestion(work)
    return Opening(
        item=work.item,
        queue=queue or fallback_queue(work),
        kind="escalation",
        cause=cause,
        question=question,
        reason=reason,
        proposal=proposal,
        rule_id=noted.rule_id,
        names=names,
        decision=noted,
    )


def suggestion(work: Pass) -> dict[str, object]:
    """Return the route that the router suggests, with how sure it is (0 to 1, as text)."""
    facts = work.known.facts
    suggested = {part: lookup(facts, f"router.{part}") for part in ("type", "destination", "confidence")}
    known_parts = {part: str(fact.value) for part, fact in suggested.items() if fact.status is Status.KNOWN}
    if work.item.work_type_id is not None:
        known_parts.pop("type", None)
    elif "type" in known_parts:
        # A label may name a type and a queue alike: the type's rules then say where it goes.
        known_parts.pop("destination", None)
    return no_route() | known_parts


def question_of(work: Pass, decision: engine.Decision) -> str:
    """Return in one sentence why a person is needed."""
    if decision.cause == engine.Cause.ESCALATED:
        return decision.reason or "A rule asks for a person here."
    if decision.cause == engine.Cause.NO_RULE:
        sure = lookup(work.known.facts, "router.confidence")
        if work.item.work_type_id is None and sure.status is Status.KNOWN:
            return f"The desk is only {float(str(sure.value)):.0%} sure where this belongs. Where should it go?"
        return "No rule decides where this goes. Where should it go?"
    causes = {cause_words(lookup(work.known.facts, name).cause) for name in decision.needs} - {""}
    because = f" ({'; '.join(sorted(causes))})" if causes else ""
    return f"{decision.reason.removesuffix('.')}{because}. How should it go on?"


def proposal_of(work: Pass, decision: engine.Decision) -> dict[str, object]:
    """Return what a rule's escalation proposes: an agent's output, or to carry on with the rules."""
    if decision.about:
        done = [s for s in work.past.steps if s.name == decision.about and s.status == Step.SUCCEEDED]
        if done:
            prefix = f"steps.{decision.about}.output."
            fields = {
                name.removeprefix(prefix): str(fact.value)
                for name, fact in sorted(work.known.facts.items())
                if name.startswith(prefix) and fact.status is Status.KNOWN
            }
            return {"kind": "output", "agent": decision.about, "step": done[-1].pk, "fields": fields}
    return {"kind": "continue"}


def next_words(work: Pass, following: engine.Decision) -> str:
    """Say what the rules would do next, for a person who may let them carry on."""
    names = " and ".join(work.desk.place_name(slug) for slug in following.to)
    match following.kind:
        case engine.Kind.GO:
            return f"send to {names}"
        case engine.Kind.NEED:
            catalogue = work.desk.catalogue(work.item.work_type_id)
            return f"find out {', '.join(sorted({catalogue.label(name) for name in following.needs}))}"
        case engine.Kind.REVIEW:
            return f"ask {work.desk.place_name(following.queue)}"
        case engine.Kind.WAIT:
            return "wait, then look again"
        case engine.Kind.FINISH:
            return "finish"
        case engine.Kind.STOP:
            return "close it, not done"
    return "go on with the rules"
