"""Staff move an item by hand: to a destination, a queue or another state."""

from routing import transitions
from routing.actions import deciding, outcomes
from routing.actions.calls import render_call
from routing.actions.passes import Pass
from routing.actions.proposals import approval
from routing.crash_points import one_transaction
from routing.domain.catalogue import PortKind
from routing.domain.roles import Actor
from routing.domain.states import FINAL_STATES, OPEN_STATES, Action, State, refusal
from routing.domain.templates import TemplateError
from routing.errors import Conflict, Invalid, NotAllowed
from routing.kinds import people
from routing.models import OwnerKind, Question, RouterLabel, Step, WaitKind, WorkItem
from routing.queries import desk as desk_queries
from routing.queries.desk import FALLBACK_QUEUE
from routing.transitions import Change, Owner, ReviewPoint

_STATE_MOVES = {
    State.INCOMING: Action.REQUEUE,
    State.WAITING: Action.HOLD,
    State.DONE: Action.CLOSE_DONE,
    State.STOPPED: Action.STOP,
}


def move(*, actor: Actor, item_id: int, to: str, version: int | None = None, reason: str = "") -> WorkItem:
    """Move an item to ``destination:SLUG``, ``queue:SLUG`` or ``state:incoming|waiting|done|stopped``.

    What was under way ends: open reviews and questions are withdrawn, steps that did not run are cancelled, and the
    result of one that runs moves nothing. Raises Conflict when ``version`` is not the item's, Invalid for a target
    that does not exist, NotAllowed when the role may not make this move. While nobody knows whether an effect went
    through, an item can only be closed (Conflict); that stays asked.
    """
    kind, _, name = to.partition(":")
    with one_transaction("moving.move"):
        item = transitions.lock_one(item_id, version=version)
        work = deciding.begin([item], desk_queries.load(), transitions.database_now())[0]
        if kind in {"destination", "queue"}:
            action = Action.SEND_TO
        elif kind == "state" and name in {state.value for state in _STATE_MOVES}:
            target = State(name)
            action = Action.REOPEN if target is State.INCOMING and item.state in FINAL_STATES else _STATE_MOVES[target]
        else:
            raise Invalid(f"“{to}” is no place to move to.", {"to": "use destination:SLUG, queue:SLUG or state:NAME"})
        refused = refusal(State(item.state), action, actor.role)
        if refused:
            raise NotAllowed(f"{item.code}: {refused}.")
        end_what_runs(work, f"{actor.name} moved it")
        asked = [one for one in people().asked(actor, item) if not one.afterwards]
        if asked and (action is Action.SEND_TO or State(name) not in FINAL_STATES):
            raise Conflict(f"{item.code}: first somebody must say what became of what was sent. {asked[0].question}")
        item.run += 1
        item.question_rounds = 0
        if action is Action.SEND_TO:
            place = work.desk.places.get(name)
            if place is None or (kind == "queue") != (place.port.kind == PortKind.QUEUE):
                raise Invalid(f"There is no {kind} “{name}”.", {"to": "unknown"})
            if item.work_type_id is None:
                _keep_label(work, name, actor)
            send_by_hand(work, name)
        else:
            work.change = _state_change(work, action, State(name), actor)
        if work.change is None:
            raise Invalid("This move leads nowhere.")
        work.change.action = action
        work.change.renew_moves = True
        if work.change.review is None:
            work.change.review = ReviewPoint()
        work.change.data |= {"reason_given": bool(reason), "to": to}
        deciding.flush([work], actor)
        if reason:
            item.notes.create(by_id=actor.user_id, by_name=actor.name, text=reason, at=work.now)
        return item


def _state_change(work: Pass, action: Action, target: State, actor: Actor) -> Change:
    no_review = ReviewPoint()
    if target is State.WAITING:
        owner = Owner(OwnerKind.PERSON, str(actor.user_id), actor.name)
        return Change(work.item, action, target, owner=owner, wait_kind=WaitKind.HOLD, review=no_review)
    decide_at = work.now if target is State.INCOMING else None
    return Change(work.item, action, target, review=no_review, decide_at=decide_at)


def _keep_label(work: Pass, label: str, actor: Actor) -> None:
    RouterLabel.objects.update_or_create(
        item=work.item, defaults={"label": label, "by_name": actor.name, "at": work.now}
    )


def end_what_runs(work: Pass, why: str) -> None:
    """Withdraw the open review and question of a locked item and cancel its steps that did not run.

    One that runs is none of the next run's: its place is free for another acting step.
    """
    item, now = work.item, work.now
    people().close([item], why, now)
    Question.objects.filter(item=item, status=Question.OPEN).update(status=Question.WITHDRAWN, closed_at=now)
    Step.objects.filter(item=item, status=Step.DUE).update(
        status=Step.CANCELLED, due_at=None, ended_at=now, error="the item was moved"
    )
    Step.objects.filter(item=item, status=Step.RUNNING).update(acting=False)


def send_by_hand(work: Pass, slug: str) -> None:
    """Send a locked item to a destination that a person chose; a write is proposed to Triage first.

    Raises Invalid when it is a data source, or when a write needs facts that are not known.
    """
    place = work.desk.places[slug]
    if place.port.kind == PortKind.SOURCE:
        raise Invalid(f"{place.row.name} is a data source: rules ask it, work is not sent there.", {"to": "a source"})
    noted = work.note("go", detail={"to": [slug]})
    if place.port.kind == PortKind.QUEUE:
        outcomes.open_task(work, slug, "", noted)
    elif place.port.writes:
        try:
            rendered = [render_call(place, work.known.facts)]
        except TemplateError as error:
            raise Invalid(f"{place.row.name} cannot be used yet: {error}.", {"to": str(error)}) from error
        work.openings.append(approval(work, rendered, (), FALLBACK_QUEUE, "", noted))
        work.change = Change(work.item, Action.ESCALATE, State.IN_REVIEW)
    else:
        outcomes.send_to(work, place, (), noted)


def places_to_move(item: WorkItem, actor: Actor) -> list[tuple[str, str]]:
    """Return (target, label) of every move this actor may make with the item, for a menu."""
    state, offered = State(item.state), []
    for target, action in _STATE_MOVES.items():
        real = Action.REOPEN if target is State.INCOMING and state in FINAL_STATES else action
        if not refusal(state, real, actor.role) and target != state:
            offered.append((f"state:{target.value}", _MOVE_WORDS[real]))
    if state in OPEN_STATES and not refusal(state, Action.SEND_TO, actor.role):
        for slug, place in sorted(desk_queries.load().places.items()):
            if place.port.kind == PortKind.SOURCE:
                continue
            kind = "queue" if place.port.kind == PortKind.QUEUE else "destination"
            offered.append((f"{kind}:{slug}", f"Send to {place.row.name}"))
    return offered


_MOVE_WORDS = {
    Action.REQUEUE: "Decide again",
    Action.REOPEN: "Reopen",
    Action.HOLD: "Hold",
    Action.CLOSE_DONE: "Close as done",
    Action.STOP: "Close, not done",
}
