"""Staff move an item by hand: to a destination, a queue or another state."""

from dataclasses import dataclass

from routing import transitions
from routing.actions import deciding, outcomes, undoing
from routing.actions.calls import render_call
from routing.actions.passes import Pass
from routing.actions.proposals import APPROVED_BY, approval, approvers
from routing.crash_points import one_transaction
from routing.domain.catalogue import PortKind
from routing.domain.goals import Goal, GoalKind, action_of, read_goal
from routing.domain.roles import Actor
from routing.domain.states import FINAL_STATES, Action, State, refusal
from routing.domain.templates import TemplateError
from routing.errors import Conflict, Invalid, NotAllowed, NotVisible
from routing.kinds import people
from routing.models import OwnerKind, Question, RouterLabel, Step, WaitKind, WorkItem
from routing.queries import desk as desk_queries
from routing.queries.items import find_item
from routing.transitions import Change, Owner, ReviewPoint


@dataclass(slots=True)
class _Move:
    """One move by hand while it is made."""

    work: Pass
    goal: Goal
    action: Action
    actor: Actor
    duplicate_of: WorkItem | None = None
    reason: str = ""

    @property
    def item(self) -> WorkItem:
        """The locked item."""
        return self.work.item


def move(*, actor: Actor, item_id: int, to: str, version: int | None = None, reason: str = "") -> WorkItem:
    """Move an item by hand; ``to`` is written as ``routing.domain.goals`` reads it.

    To a destination, a queue or a state: what was under way ends, so open reviews and questions are withdrawn, steps
    that did not run are cancelled, and the result of one that runs moves nothing. To a person (or ``me``, who takes it
    at once): the open review is given to them; what is on hold becomes theirs; else what was under way ends and they
    get a task. ``spam`` and ``duplicate:CODE`` close it. ``undoing.undo`` undoes it for some seconds.

    Raises Conflict when ``version`` is not the item's, Invalid for a goal that does not exist or that the actor may not
    see, NotAllowed when the role may not make this move. While nobody knows whether an effect went through, an item can
    only be closed or given to a person to say so (Conflict); that stays asked.
    """
    goal = read_goal(to)
    if goal is None:
        if to == f"{GoalKind.DUPLICATE}:":
            raise Invalid("Write the code of the other request, such as D-1042.", {"code": "empty"})
        raise Invalid(f"“{to}” is no place to move to.", {"to": "use destination:SLUG, queue:SLUG or state:NAME"})
    other = _other(actor, goal)
    with one_transaction("moving.move"):
        if other is not None:
            transitions.lock([item_id, other.pk])
            other.refresh_from_db()
        item = transitions.lock_one(item_id, version=version)
        work = deciding.begin([item], *desk_queries.load_at())[0]
        moved = _Move(work, goal, action_of(goal, State(item.state)), actor, other, reason)
        refused = refusal(State(item.state), moved.action, actor.role)
        if refused:
            raise NotAllowed(f"{item.code}: {refused}.")
        before = undoing.standing(item)
        change = work.change = _change(moved)
        change.action = moved.action
        change.renew_moves = True
        if change.review is None:
            change.review = ReviewPoint()
        change.data |= {"reason_given": bool(reason)} | _told(moved, change)
        deciding.flush([work], actor)
        if goal.kind in _PEOPLE:
            people().tell_given(item, actor, work.now)
        if goal.kind is GoalKind.ME and item.review_id is not None:
            people().take(actor, item.review_id)
        undoing.remember(item, before, actor, work.now)
        if reason:
            item.notes.create(by_id=actor.user_id, by_name=actor.name, text=reason, at=work.now)
        return item


_PEOPLE = frozenset({GoalKind.PERSON, GoalKind.ME})


def _told(move: _Move, change: Change) -> dict[str, object]:
    """Return the goal as the ledger keeps it: a person and another item by their ids."""
    if move.goal.kind in _PEOPLE and change.owner is not None:
        return {"to": f"person:{change.owner.ref}"}
    if move.duplicate_of is not None:
        return {"to": move.goal.kind.value, "duplicate_of": move.duplicate_of.pk}
    return {"to": str(move.goal)}


def _change(move: _Move) -> Change:
    match move.goal.kind:
        case GoalKind.PERSON | GoalKind.ME:
            return _given(move)
        case GoalKind.STATE | GoalKind.SPAM | GoalKind.DUPLICATE:
            return _moved_to_state(move)
    return _sent(move)


def _begin_anew(move: _Move, target: State) -> None:
    """End what is under way and begin a new run; raises Conflict while an effect is unsettled and it stays open."""
    end_what_runs(move.work, f"{move.actor.name} moved it")
    asked = [one for one in people().asked(move.actor, move.item) if not one.afterwards]
    if asked and target not in FINAL_STATES:
        raise Conflict(f"{move.item.code}: first somebody must say what became of what was sent. {asked[0].question}")
    move.work.begin_run()


def _sent(move: _Move) -> Change:
    work, name = move.work, move.goal.name
    _begin_anew(move, State.WORKING)
    place = work.desk.places.get(name)
    if place is None or (move.goal.kind is GoalKind.QUEUE) != (place.port.kind == PortKind.QUEUE):
        raise Invalid(f"There is no {move.goal.kind} “{name}”.", {"to": "unknown"})
    if work.item.work_type_id is None:
        _keep_label(work, name, move.actor)
    send_by_hand(work, name, move.actor, move.reason)
    if work.change is None:
        raise Invalid("This move leads nowhere.")
    return work.change


def _given(move: _Move) -> Change:
    item, work, actor = move.item, move.work, move.actor
    is_me = move.goal.kind is GoalKind.ME
    person = people().person(item, user_id=actor.person_id) if is_me else people().person(item, username=move.goal.name)
    owner = Owner(OwnerKind.PERSON, str(person.id), person.name)
    if move.action is Action.ASSIGN and item.wait_kind == WaitKind.HOLD:
        return Change(item, move.action, State.WAITING, owner=owner, wait_kind=WaitKind.HOLD)
    given = people().give(item, person, actor, work.now)
    if given is not None:
        point = ReviewPoint(f"{person.name} decides", given.queue, given.review_id)
        return Change(item, move.action, State.IN_REVIEW, owner=owner, review=point, data={"review": given.review_id})
    _begin_anew(move, State.IN_REVIEW)
    queue = people().queue_for(person)
    outcomes.open_task(work, queue, "", work.note("go", detail={"to": [queue]}), person.id)
    return Change(item, move.action, State.IN_REVIEW, owner=owner)


def _moved_to_state(move: _Move) -> Change:
    item, other = move.item, move.duplicate_of
    target = State(move.goal.name) if move.goal.kind is GoalKind.STATE else State.STOPPED
    if other is not None:
        _check_original(item, other)
    _begin_anew(move, target)
    change = _state_change(move.work, move.action, target, move.actor)
    if move.goal.kind is not GoalKind.STATE:
        change.closed_as, change.duplicate_of = move.goal.kind.value, other.pk if other is not None else None
    return change


def _other(actor: Actor, goal: Goal) -> WorkItem | None:
    """Return the item that a duplicate is one of; what the actor may not see is refused as what does not exist."""
    if goal.kind is not GoalKind.DUPLICATE:
        return None
    try:
        return find_item(actor, goal.name)
    except NotVisible as error:
        raise Invalid(str(error), {"to": "unknown request"}) from error


def _check_original(item: WorkItem, other: WorkItem) -> None:
    """Raise Invalid unless the item can be a duplicate of the other: so no links lead round in circles."""
    if other.pk == item.pk:
        raise Invalid(f"{item.code} cannot be a duplicate of itself.", {"to": "the same request"})
    if other.closed_as:
        what = "a duplicate itself" if other.duplicate_of is not None else "closed as spam"
        raise Invalid(f"{other.code} is {what}. Name the request that goes on.", {"to": "not one that goes on"})


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


def send_by_hand(work: Pass, slug: str, actor: Actor, reason: str = "") -> None:
    """Send a locked item to a destination that a person chose.

    A write is first proposed to the people whom the rules have approve it, so that nobody gets around them by hand.
    Raises Invalid when it is a data source, or when a write needs facts that are not known.
    """
    place = work.desk.places[slug]
    if place.port.kind == PortKind.SOURCE:
        raise Invalid(f"{place.row.name} is a data source: rules ask it, work is not sent there.", {"to": "a source"})
    queue = people().strictest(approvers(work, slug)) if place.port.writes else ""
    noted = work.note("go", detail={"to": [slug]} | ({APPROVED_BY: queue} if queue else {}))
    if place.port.kind == PortKind.QUEUE:
        outcomes.open_task(work, slug, "", noted)
    elif place.port.writes:
        try:
            rendered = [render_call(place, work.known.facts)]
        except TemplateError as error:
            raise Invalid(f"{place.row.name} cannot be used yet: {error}.", {"to": str(error)}) from error
        work.openings.append(approval(work, rendered, (), queue, _by_hand(actor, reason), noted))
        work.change = Change(work.item, Action.ESCALATE, State.IN_REVIEW)
    else:
        outcomes.send_to(work, place, (), noted)


def _by_hand(actor: Actor, reason: str) -> str:
    said = f" They write: {reason.strip()}" if reason.strip() else ""
    return f"{actor.name} sent this here by hand, not a rule.{said}"
