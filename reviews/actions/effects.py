"""What each verdict does to the item, by the kind of proposal it was given on."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from reviews.actions import sending
from reviews.actions.redoing import redo
from reviews.models import Queue, Review, Verdict
from reviews.queries.colleagues import takers_of
from reviews.queries.deadlines import deadlines
from routing import transitions
from routing.actions import answering, asking, moving, outcomes
from routing.actions.passes import Pass
from routing.actions.proposals import no_route
from routing.actions.reporting import suspects
from routing.domain.facts import MISSING, Fact, Status, known, value_from_json
from routing.domain.roles import Actor
from routing.domain.states import FINAL_STATES, Action, State
from routing.errors import Conflict, Invalid
from routing.kinds import Opening, people
from routing.models import FactRevision, RouterLabel, WaitKind
from routing.queries.desk import FALLBACK_QUEUE
from routing.transitions import REQUESTER_OWNER, Change, ReviewPoint

if TYPE_CHECKING:
    from reviews.actions.judging import Judgement

_CAN_BE_CORRECTED = frozenset({"route", "continue", "output", "calls", "facts"})
RETYPED = frozenset({"output", "calls", "facts", "retry"})
_MOST_RESULTS, _LONGEST_RESULT_NAME = 60, 60
_WORDS = {"approve": "approved", "correct": "corrected", "reject": "declined", "complete": "completed"}


def apply(work: Pass, review: Review, verdict: Verdict, judgement: "Judgement", actor: Actor) -> None:
    """Leave in the pass what the verdict leads to; raises Invalid when it does not fit the proposal."""
    kind = str(review.proposal.get("kind", ""))
    _check_fits(review, kind, judgement)
    if kind == "check":
        _blame(review, judgement)
        work.change = transitions.staying(work.item, Action.DECIDE_CHECK, {})
        return
    if judgement.kind == "ask":
        _ask(work, review, judgement)
        return
    if judgement.kind == "redo":
        redo(work, review, judgement.comment)
        return
    if judgement.kind == "reject":
        _reject(work, review, kind, actor)
        return
    if retypes(review, judgement):
        _retype(work, judgement, actor)
        return
    _judged(work, review, judgement.kind, actor)
    _carry_out(work, review, verdict, judgement, actor)


def _carry_out(work: Pass, review: Review, verdict: Verdict, judgement: "Judgement", actor: Actor) -> None:
    match review.proposal.get("kind"):
        case "route":
            _route(work, review, judgement, actor)
        case "continue" if judgement.correction:
            _route(work, review, judgement, actor)
        case "output":
            _output(work, review, judgement, actor)
        case "calls":
            corrected = _mapping(judgement, "drafts") if judgement.kind == "correct" else None
            sending.approve_calls(work, review, verdict, corrected=corrected, provider=_person(actor))
        case "facts":
            _facts(work, judgement, actor)
        case "retry":
            sending.try_again(work, review, verdict)
        case "outcome":
            sending.went_through(work, review, verdict, _person(actor))
        case "task":
            _complete(work, review, judgement, actor)
        case _:
            _go_on(work)


def _mapping(judgement: "Judgement", part: str) -> dict[str, object]:
    given = judgement.correction.get(part) or {}
    if not isinstance(given, dict):
        raise Invalid("A correction maps names to texts.", {part: "not an object"})
    return given


def _check_fits(review: Review, kind: str, judgement: "Judgement") -> None:
    if review.is_late and judgement.kind not in {"approve", "reject"}:
        raise Invalid(f"{review.item.code} has moved on. Only say whether it went through.")
    if judgement.reopen and (kind != "check" or judgement.kind != "reject" or review.item.state not in FINAL_STATES):
        raise Invalid(f"{review.item.code} cannot be reopened here.", {"reopen": "only what has ended and was wrong"})
    if kind == "check":
        if judgement.kind not in {"approve", "reject"}:
            raise Invalid("Only say whether it was right, or give it to somebody else.")
        if judgement.kind == "reject" and not judgement.comment.strip():
            raise Invalid("Say what was wrong, in a few words.", {"comment": "empty"})
    if kind == "task" and judgement.kind in {"approve", "correct", "reject"}:
        raise Invalid("A task is marked done, reassigned or sent back with a question.")
    if kind != "task" and judgement.kind == "complete":
        raise Invalid("Only a task can be marked done.")
    if judgement.kind == "correct" and kind not in _CAN_BE_CORRECTED and not retypes(review, judgement):
        raise Invalid("There is nothing to correct here.")
    if judgement.kind == "approve" and judgement.correction and kind != "facts":
        raise Invalid("An approval changes nothing. Send a correction as one.", {"correction": "not with approve"})


def _person(actor: Actor) -> str:
    return f"person:{actor.user_id}"


def _go_on(work: Pass) -> None:
    work.change = Change(work.item, Action.DECIDE_REVIEW, State.INCOMING, decide_at=work.now)


def _judged(work: Pass, review: Review, kind: str, actor: Actor) -> None:
    slug = review.queue.slug
    for name, word in ((f"reviews.{slug}.verdict", _WORDS[kind]), (f"reviews.{slug}", "decided")):
        work.learn_of_run(review.run, name, known(word), _person(actor))


def corrected_proposal(work: Pass, review: Review, judgement: "Judgement", provider: str) -> dict[str, object]:
    """Return what a first approval proposes to the second person, after its corrections; raises Invalid."""
    kind = str(review.proposal.get("kind", ""))
    _check_fits(review, kind, judgement)
    match kind:
        case "output":
            fields = _learn_fields(work, review, judgement, provider)
            return {**review.proposal, "fields": {**dict(review.proposal["fields"]), **fields}}
        case "calls":
            return sending.corrected_calls(work, review, _mapping(judgement, "drafts"), provider)
        case "route" | "continue":
            type_slug, destination = _chosen(work, judgement.correction)
            return {"kind": "route", "type": type_slug, "destination": destination}
    raise Invalid("There is nothing to correct here.")


def _blame(review: Review, judgement: "Judgement") -> None:
    """Note whose work a check found not right, where it did not ask about somebody's."""
    if not judgement.blames:
        return
    if (
        judgement.kind != "reject"
        or review.about
        or judgement.blames not in {s.name for s in suspects(review.item, review.run)}
    ):
        raise Invalid(f"{review.item.code} was not with “{judgement.blames}”.", {"blames": "unknown"})
    review.about = [judgement.blames]
    review.save(update_fields=["about"])


def check_type(work: Pass, judgement: "Judgement", actor: Actor) -> None:
    """Raise Invalid when a correction gives the item a type that is out of use or not for this person to see."""
    row = work.desk.types.get(str(judgement.correction.get("type") or ""))
    if row is not None and not (row.active and actor.may_see_type(row.pk)):
        raise Invalid(f"There is no work type “{row.slug}”.", {"type": "unknown"})


def _chosen(work: Pass, chosen: Mapping[str, object]) -> tuple[str, str]:
    """Return the type and the destination that were chosen, one of them empty; raises Invalid."""
    type_slug, destination = str(chosen.get("type") or ""), str(chosen.get("destination") or "")
    if type_slug and type_slug not in work.desk.types:
        raise Invalid(f"There is no work type “{type_slug}”.", {"type": "unknown"})
    if destination and destination not in work.desk.places:
        raise Invalid(f"There is no destination “{destination}”.", {"destination": "unknown"})
    if not type_slug and not destination:
        raise Invalid("Choose where this should go.", {"destination": "choose one"})
    return type_slug, destination


def retypes(review: Review, judgement: "Judgement") -> bool:
    """Return whether a correction says that the item is of another type, so that what is proposed is not used."""
    is_fix = judgement.kind == "correct" and "type" in judgement.correction
    return is_fix and review.proposal.get("kind") in RETYPED


def _retype(work: Pass, judgement: "Judgement", actor: Actor) -> None:
    """Give the item another type and begin a new run: its inputs stay, what was done does not count."""
    type_slug, _ = _chosen(work, judgement.correction)
    if len(judgement.correction) > 1:
        raise Invalid("Change the type alone: what is proposed is not used then.", {"correction": "type alone"})
    if work.item.work_type is not None and type_slug == work.item.work_type.slug:
        raise Invalid(f"{work.item.code} is of this type already.", {"type": "unchanged"})
    # As for a move by hand: its new rules would send again what may have gone through.
    if people().unsettled([work.item]):
        raise Conflict(f"{work.item.code}: first somebody must say what became of what was sent.")
    work.begin_run()
    _label(work, type_slug, actor)
    outcomes.set_type(work, work.desk.types[type_slug], _person(actor))
    _go_on(work)


def _label(work: Pass, label: str, actor: Actor) -> None:
    RouterLabel.objects.update_or_create(
        item=work.item, defaults={"label": label, "by_name": actor.name, "at": work.now}
    )


def _route(work: Pass, review: Review, judgement: "Judgement", actor: Actor) -> None:
    chosen = judgement.correction if judgement.kind == "correct" else review.proposal
    type_slug, destination = _chosen(work, chosen)
    _label(work, type_slug or destination, actor)
    if type_slug:
        outcomes.set_type(work, work.desk.types[type_slug], _person(actor))
    if not destination:
        _go_on(work)
        return
    moving.send_by_hand(work, destination, actor, judgement.comment)


def _output(work: Pass, review: Review, judgement: "Judgement", actor: Actor) -> None:
    _learn_fields(work, review, judgement, _person(actor))
    _go_on(work)


def _learn_fields(work: Pass, review: Review, judgement: "Judgement", provider: str) -> dict[str, str]:
    fields, offered = _mapping(judgement, "fields"), review.proposal.get("fields")
    if not isinstance(offered, dict) or not set(fields) <= set(offered):
        raise Invalid("Only the fields of the draft can be corrected.", {"fields": "unknown field"})
    if judgement.kind == "correct" and not fields:
        raise Invalid("Nothing was changed. Approve it instead, or change the draft.", {"fields": "unchanged"})
    for name, text in fields.items():
        work.learn_value(f"steps.{review.proposal['agent']}.output.{name}", str(text), provider)
    return {name: str(text) for name, text in fields.items()}


def _facts(work: Pass, judgement: "Judgement", actor: Actor) -> None:
    given = _mapping(judgement, "inputs")
    if not given:
        raise Invalid("Fill in what is missing.", {"inputs": "empty"})
    answering.learn_inputs(work, given, _person(actor))
    _go_on(work)


def _complete(work: Pass, review: Review, judgement: "Judgement", actor: Actor) -> None:
    if len(judgement.result) > _MOST_RESULTS or any(len(name) > _LONGEST_RESULT_NAME for name in judgement.result):
        raise Invalid(
            f"A result has at most {_MOST_RESULTS} parts with names of at most {_LONGEST_RESULT_NAME} characters.",
            {"result": "too much"},
        )
    for name, value in judgement.result.items():
        try:
            work.learn(f"reviews.{review.queue.slug}.result.{name}", known(value_from_json(value)), _person(actor))
        except ValueError as error:
            raise Invalid(f"The result “{name}” cannot be kept: {error}.", {"result": "unreadable"}) from error
    _go_on(work)


def _reject(work: Pass, review: Review, kind: str, actor: Actor) -> None:
    _judged(work, review, "reject", actor)
    if kind == "outcome":
        sending.did_not_go_through(work, review, _person(actor))
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
        work.item,
        Action.DECIDE_REVIEW,
        State.WAITING,
        owner=REQUESTER_OWNER,
        review=ReviewPoint(f"{review.queue} decides", review.queue.slug),
        wait_kind=WaitKind.REQUESTER,
    )


def point_elsewhere(review: Review, to: str) -> None:
    """Give the review to a queue or a person; raises Invalid when there is no such queue or they cannot decide it."""
    kind, _, name = to.partition(":")
    if kind == "queue":
        queue = Queue.objects.select_related("destination", "calendar").filter(destination__slug=name).first()
        if queue is None or queue.destination.archived:
            raise Invalid(f"There is no queue “{name}”.", {"to": "unknown queue"})
        review.take_to(queue)
        review.assignee = None
        review.overflow_at = deadlines(queue, review.item.priority, transitions.database_now()).overflow_at
        return
    person = takers_of(review).filter(username=name).first() if kind == "person" else None
    if person is None:
        raise Invalid("Choose a queue, or a person who may see this request.", {"to": "unknown"})
    review.assignee, review.overflow_at = person, None
    review.passed_on.filter(user=person).delete()


def take_back(work: Pass, verdict: Verdict) -> None:
    """Make the facts what they were before a verdict that is undone."""
    sending.forget_outcome(verdict)
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
