"""What each verdict does to the item, by the kind of proposal it was given on."""

from datetime import timedelta
from typing import TYPE_CHECKING

from reviews.models import Queue, Review, Verdict
from reviews.queries.colleagues import people_for
from routing.actions import answering, asking, calls, moving, outcomes
from routing.actions.passes import Pass
from routing.actions.proposals import approval, no_route
from routing.domain.digests import digest
from routing.domain.facts import MISSING, Fact, Status, known, value_from_json
from routing.domain.roles import Actor
from routing.domain.states import Action, State
from routing.domain.templates import TemplateError
from routing.errors import Invalid
from routing.kinds import Opening
from routing.models import Decision, FactRevision, RouterLabel, Step, WaitKind
from routing.queries.desk import FALLBACK_QUEUE
from routing.transitions import REQUESTER_OWNER, Change

if TYPE_CHECKING:
    from reviews.actions.judging import Judgement

_CAN_BE_CORRECTED = frozenset({"route", "continue", "output", "calls", "facts"})
_WORDS = {"approve": "approved", "correct": "corrected", "reject": "declined", "complete": "completed"}


def apply(work: Pass, review: Review, verdict: Verdict, judgement: "Judgement", actor: Actor) -> None:
    """Leave in the pass what the verdict leads to; raises Invalid when it does not fit the proposal."""
    kind = str(review.proposal.get("kind", ""))
    _check_fits(kind, judgement)
    if judgement.kind == "ask":
        _ask(work, review, judgement)
        return
    if judgement.kind == "reject":
        _reject(work, review, kind, actor)
        return
    _judged(work, review, judgement.kind, actor)
    match kind:
        case "route":
            _route(work, review, judgement, actor)
        case "continue" if judgement.correction:
            _route(work, review, judgement, actor)
        case "output":
            _output(work, review, judgement, actor)
        case "calls":
            _calls(work, review, verdict, judgement, actor)
        case "facts":
            _facts(work, judgement, actor)
        case "retry":
            _retry(work, review, verdict)
        case "outcome":
            _went_through(work, review, verdict, actor)
        case "task":
            _complete(work, review, judgement, actor)
        case _:
            _go_on(work)


def _check_fits(kind: str, judgement: "Judgement") -> None:
    if kind == "task" and judgement.kind in {"approve", "correct", "reject"}:
        raise Invalid("A task is marked done, reassigned or sent back with a question.")
    if kind != "task" and judgement.kind == "complete":
        raise Invalid("Only a task can be marked done.")
    if judgement.kind == "correct" and kind not in _CAN_BE_CORRECTED:
        raise Invalid("There is nothing to correct here.")
    if judgement.kind == "approve" and judgement.correction and kind != "facts":
        raise Invalid("An approval changes nothing. Send a correction as one.", {"correction": "not with approve"})


def _person(actor: Actor) -> str:
    return f"person:{actor.user_id}"


def _go_on(work: Pass) -> None:
    work.change = Change(work.item, Action.DECIDE_REVIEW, State.INCOMING, decide_at=work.now)


def _judged(work: Pass, review: Review, kind: str, actor: Actor) -> None:
    slug = review.queue.slug
    work.learn_value(f"reviews.{slug}.verdict", _WORDS[kind], _person(actor))
    work.learn_value(f"reviews.{slug}", "decided", _person(actor))


def _route(work: Pass, review: Review, judgement: "Judgement", actor: Actor) -> None:
    chosen = judgement.correction if judgement.kind == "correct" else review.proposal
    type_slug, destination = str(chosen.get("type") or ""), str(chosen.get("destination") or "")
    if type_slug and type_slug not in work.desk.types:
        raise Invalid(f"There is no work type “{type_slug}”.", {"type": "unknown"})
    if destination and destination not in work.desk.places:
        raise Invalid(f"There is no destination “{destination}”.", {"destination": "unknown"})
    if not type_slug and not destination:
        raise Invalid("Choose where this should go.", {"destination": "choose one"})
    RouterLabel.objects.update_or_create(
        item=work.item, defaults={"label": type_slug or destination, "by_name": actor.name, "at": work.now}
    )
    if type_slug:
        outcomes.set_type(work, work.desk.types[type_slug], _person(actor))
    if not destination:
        _go_on(work)
        return
    moving.send_by_hand(work, destination)


def _output(work: Pass, review: Review, judgement: "Judgement", actor: Actor) -> None:
    fields = judgement.correction.get("fields") or {}
    offered = review.proposal.get("fields")
    if not isinstance(fields, dict) or not isinstance(offered, dict) or not set(fields) <= set(offered):
        raise Invalid("Only the fields of the draft can be corrected.", {"fields": "unknown field"})
    if judgement.kind == "correct" and not fields:
        raise Invalid("Nothing was changed. Approve it instead, or change the draft.", {"fields": "unchanged"})
    for name, text in fields.items():
        work.learn_value(f"steps.{review.proposal['agent']}.output.{name}", str(text), _person(actor))
    _go_on(work)


def _calls(work: Pass, review: Review, verdict: Verdict, judgement: "Judgement", actor: Actor) -> None:
    drafts = judgement.correction.get("drafts") or {}
    if not isinstance(drafts, dict) or not set(drafts) <= set(review.proposal.get("drafts") or {}):
        raise Invalid("Only the drafts shown can be corrected.", {"drafts": "unknown draft"})
    if judgement.kind == "correct" and not drafts:
        raise Invalid("Nothing was changed. Approve it instead, or change the draft.", {"drafts": "unchanged"})
    for name, text in drafts.items():
        work.learn_value(name, str(text), _person(actor))
    slugs, params = slugs_and_params(review)
    _send(work, review, verdict, rendered_calls(work, slugs, params), params, review.decision)


def _send(
    work: Pass,
    review: Review,
    verdict: Verdict,
    requests: list[calls.Call],
    params: tuple[tuple[str, str], ...],
    decision: Decision | None,
) -> None:
    """Let these requests leave after the undo time; the verdict is bound to exactly them."""
    gone = [str(call["name"]) for call in requests if str(call["destination"]) not in work.desk.places]
    if gone:
        raise Invalid(f"{gone[0]} is no longer there, so this cannot be sent.")
    hold = review.queue.hold_seconds
    verdict.approved_digest = digest([call["digest"] for call in requests])
    verdict.hold_until = work.now + timedelta(seconds=hold)
    steps = outcomes.write_steps(work, requests, params, decision, approval_id=verdict.pk, hold_seconds=hold)
    outcomes.run_steps(work, steps, acting=True)


def slugs_and_params(review: Review) -> tuple[list[str], tuple[tuple[str, str], ...]]:
    """Return the destinations of a review's proposed requests in order, and the rule's texts for them."""
    slugs = [str(call["destination"]) for call in review.proposal["calls"]]
    return slugs, tuple((str(name), str(text)) for name, text in review.proposal.get("params") or [])


def rendered_calls(work: Pass, slugs: list[str], params: tuple[tuple[str, str], ...]) -> list[calls.Call]:
    """Return the requests as the facts are now; raises Invalid when one cannot be made any more."""
    try:
        facts = calls.with_params(work.known.facts, params)
        return [calls.render_call(work.desk.places[slug], facts) for slug in slugs]
    except (TemplateError, KeyError) as error:
        raise Invalid(f"The request can no longer be made: {error}.") from error


def changed_proposal(work: Pass, review: Review) -> dict[str, object] | None:
    """Return the proposed requests as they would be now, when they are no longer what the review shows; else None.

    Raises Invalid when one can no longer be made.
    """
    if review.proposal.get("kind") != "calls":
        return None
    slugs, params = slugs_and_params(review)
    rendered = rendered_calls(work, slugs, params)
    if [call["digest"] for call in rendered] == [call["digest"] for call in review.proposal["calls"]]:
        return None
    return approval(work, rendered, params, review.queue.slug, review.reason, review.decision).proposal


def _facts(work: Pass, judgement: "Judgement", actor: Actor) -> None:
    given = judgement.correction.get("inputs") or {}
    if not isinstance(given, dict) or not given:
        raise Invalid("Fill in what is missing.", {"inputs": "empty"})
    answering.learn_inputs(work, given, _person(actor))
    _go_on(work)


def _retry(work: Pass, review: Review, verdict: Verdict) -> None:
    step = Step.objects.select_related("destination", "decision").get(pk=review.proposal["step"])
    if not step.writes:
        place = work.desk.places.get(step.name)
        if place is None:
            raise Invalid(f"{step.destination} is no longer there.")
        outcomes.send_to(work, place, _params_of(step), review.decision)
        return
    requests = [_request_of(one) for one in (step, *cancelled_after(step))]
    _send(work, review, verdict, requests, _params_of(step), step.decision)


def _went_through(work: Pass, review: Review, verdict: Verdict, actor: Actor) -> None:
    """A write without an answer did happen: what was approved to follow it is sent, or the rules go on."""
    step = Step.objects.select_related("decision").get(pk=review.proposal["step"])
    work.learn_value(f"steps.{step.name}", "succeeded", _person(actor))
    rest = cancelled_after(step)
    if rest:
        _send(work, review, verdict, [_request_of(one) for one in rest], _params_of(step), step.decision)
    else:
        _go_on(work)


def _did_not_go_through(work: Pass, review: Review, actor: Actor) -> None:
    """A write without an answer did not happen: the same people may send it again."""
    step = Step.objects.select_related("destination").get(pk=review.proposal["step"])
    work.learn(f"steps.{step.name}", Fact(Status.UNAVAILABLE, cause="not_applied"), _person(actor))
    work.openings.append(
        Opening(
            item=work.item,
            queue=review.queue.slug,
            kind="escalation",
            cause="failed",
            question=f"{step.destination} did not go through. Should it be sent again?"[:300],
            proposal={"kind": "retry", "step": step.pk, "destination": step.name},
            decision=review.decision,
        )
    )
    work.change = Change(work.item, Action.DECIDE_REVIEW, State.IN_REVIEW)


def cancelled_after(step: Step) -> list[Step]:
    """Return the requests of the same approval that were not sent since this one did not succeed, in order."""
    if step.group is None:
        return []
    later = Step.objects.filter(group=step.group, ordinal__gt=step.ordinal, status=Step.CANCELLED)
    return list(later.order_by("ordinal"))


def _params_of(step: Step) -> tuple[tuple[str, str], ...]:
    return tuple(dict((step.request or {}).get("with") or {}).items())


def _request_of(step: Step) -> calls.Call:
    return {name: part for name, part in (step.request or {}).items() if name != "with"}


def _complete(work: Pass, review: Review, judgement: "Judgement", actor: Actor) -> None:
    for name, value in judgement.result.items():
        try:
            work.learn(f"reviews.{review.queue.slug}.result.{name}", known(value_from_json(value)), _person(actor))
        except ValueError as error:
            raise Invalid(f"The result “{name}” cannot be kept: {error}.", {"result": "unreadable"}) from error
    _go_on(work)


def _reject(work: Pass, review: Review, kind: str, actor: Actor) -> None:
    _judged(work, review, "reject", actor)
    if kind == "outcome":
        _did_not_go_through(work, review, actor)
        return
    if kind in {"route", "continue", "facts"}:
        if kind == "route" and review.queue.slug == FALLBACK_QUEUE:
            raise Invalid("There is nothing to decline here: choose where it should go, or close it.")
        for name in review.names:
            work.learn(name, MISSING, _person(actor))
        work.openings.append(
            Opening(
                item=work.item,
                queue=FALLBACK_QUEUE,
                kind="escalation",
                cause="declined",
                question=f"{review.queue} declined to go on as proposed. Where should it go?",
                proposal=no_route(),
                decision=review.decision,
            )
        )
        work.change = Change(work.item, Action.DECIDE_REVIEW, State.IN_REVIEW)
        return
    _go_on(work)


def _ask(work: Pass, review: Review, judgement: "Judgement") -> None:
    if not work.item.requester_email:
        raise Invalid("There is no requester to ask: the request came without an e-mail address.")
    specs = {spec.name for spec in work.desk.catalogue(work.item.work_type_id).inputs}
    unknown = set(judgement.inputs) - specs
    if unknown:
        raise Invalid(f"{work.item.type_name} has no input “{min(unknown)}”.", {"inputs": "unknown"})
    if not judgement.inputs and not judgement.comment:
        raise Invalid("Write what you want to know, or choose what to ask for.", {"comment": "empty"})
    question, letter = asking.new_question(work.item, list(judgement.inputs), judgement.comment, work.now)
    work.questions.append(question)
    work.letters.append(letter)
    if review.decision is not None:
        review.decision.fires = False
        review.decision.save(update_fields=["fires"])
    work.change = Change(
        work.item, Action.DECIDE_REVIEW, State.WAITING, owner=REQUESTER_OWNER, wait_kind=WaitKind.REQUESTER
    )


def point_elsewhere(review: Review, to: str) -> None:
    """Give the review to a queue or a person; raises Invalid when there is no such queue or they cannot decide it."""
    kind, _, name = to.partition(":")
    if kind == "queue":
        queue = Queue.objects.select_related("destination").filter(destination__slug=name).first()
        if queue is None or queue.destination.archived:
            raise Invalid(f"There is no queue “{name}”.", {"to": "unknown queue"})
        review.queue, review.assignee = queue, None
        return
    person = people_for(review).filter(username=name).first() if kind == "person" else None
    if person is None:
        raise Invalid("Choose a queue, or a person who may see this request.", {"to": "unknown"})
    review.assignee = person
    review.passed_on.filter(user=person).delete()


def take_back(work: Pass, verdict: Verdict) -> None:
    """Make the facts what they were before a verdict that is undone."""
    mine = FactRevision.objects.filter(item=work.item, at=verdict.at, provider=f"person:{verdict.by_id}")
    for row in mine.order_by("seq"):
        earlier = FactRevision.objects.filter(item=work.item, name=row.name, seq__lt=row.seq, doubtful=False)
        before = earlier.filter(run=row.run).order_by("seq").last()
        if before is None:
            work.learn(row.name, MISSING, row.provider)
            continue
        status = Status(before.status)
        value = value_from_json(before.value) if status is Status.KNOWN else None
        work.learn(row.name, Fact(status, value, cause=before.cause), before.provider, quote=before.quote)
