"""The law: which action may move an item from which state to which, and who may do it."""

from dataclasses import dataclass
from enum import StrEnum

from routing.domain.roles import Role


class State(StrEnum):
    """Where an item stands; the board's columns are these."""

    INCOMING = "incoming"
    WORKING = "working"
    WAITING = "waiting"
    IN_REVIEW = "in_review"
    DONE = "done"
    STOPPED = "stopped"


STATE_LABELS = {
    State.INCOMING: "Incoming",
    State.WORKING: "Working",
    State.WAITING: "Waiting",
    State.IN_REVIEW: "In review",
    State.DONE: "Done",
    State.STOPPED: "Closed, not done",
}

UNDO_SECONDS = 60
"""How long somebody can undo their own move by hand."""

OPEN_STATES = frozenset({State.INCOMING, State.WORKING, State.WAITING, State.IN_REVIEW})
FINAL_STATES = frozenset({State.DONE, State.STOPPED})


class Action(StrEnum):
    """What can happen to an item."""

    # by the desk
    SEND = "send"
    ASK = "ask"
    WAIT = "wait"
    ESCALATE = "escalate"
    FINISH = "finish"
    STOP_BY_RULE = "stop_by_rule"
    STEP_ENDED = "step_ended"
    ESCALATE_STEP = "escalate_step"
    ASK_OUTCOME = "ask_outcome"
    WAKE = "wake"
    QUESTION_EXPIRED = "question_expired"
    # by requesters and staff
    ANSWER = "answer"
    ADD_INPUT = "add_input"
    DECIDE_REVIEW = "decide_review"
    HAND_ON = "hand_on"
    DECIDE_OUTCOME = "decide_outcome"
    UNDO = "undo"
    SEND_TO = "send_to"
    REQUEUE = "requeue"
    HOLD = "hold"
    STOP = "stop"
    CLOSE_DONE = "close_done"
    REOPEN = "reopen"
    ASSIGN = "assign"
    TAKE = "take"
    SPAM = "spam"
    DUPLICATE = "duplicate"
    UNDO_MOVE = "undo_move"
    ASK_CHECK = "ask_check"
    DECIDE_CHECK = "decide_check"
    ERASE = "erase"


@dataclass(frozen=True, slots=True)
class Move:
    """One row of the table: the states it may end in and the roles that may make it."""

    targets: frozenset[State]
    roles: frozenset[Role]


_SYSTEM = frozenset({Role.SYSTEM})
_TRIAGE = frozenset({Role.OPERATOR, Role.ADMIN})
_STAFF = frozenset({Role.OPERATOR, Role.REVIEWER, Role.ADMIN})
_ANSWERERS = frozenset({Role.REQUESTER, Role.OPERATOR, Role.REVIEWER, Role.ADMIN, Role.SYSTEM})


def _row(targets: set[State], roles: frozenset[Role]) -> Move:
    return Move(frozenset(targets), roles)


TABLE: dict[tuple[State, Action], Move] = {}


def _allow(sources: set[State] | frozenset[State], action: Action, targets: set[State], roles: frozenset[Role]) -> None:
    for source in sources:
        TABLE[source, action] = _row(targets, roles)


_INCOMING, _WORKING, _WAITING = State.INCOMING, State.WORKING, State.WAITING
_REVIEW, _DONE, _STOPPED = State.IN_REVIEW, State.DONE, State.STOPPED

_allow({_INCOMING}, Action.SEND, {_WORKING}, _SYSTEM)
_allow({_INCOMING}, Action.ASK, {_WAITING}, _SYSTEM)
_allow({_INCOMING}, Action.WAIT, {_WAITING}, _SYSTEM)
_allow({_INCOMING}, Action.ESCALATE, {_REVIEW}, _SYSTEM)
_allow({_INCOMING}, Action.FINISH, {_DONE}, _SYSTEM)
_allow({_INCOMING}, Action.STOP_BY_RULE, {_STOPPED}, _SYSTEM)
_allow({_WORKING}, Action.STEP_ENDED, {_INCOMING}, _SYSTEM)
_allow({_WORKING}, Action.ESCALATE_STEP, {_REVIEW}, _SYSTEM)
_allow({_WAITING}, Action.WAKE, {_INCOMING}, _SYSTEM)
_allow({_WAITING}, Action.QUESTION_EXPIRED, {_INCOMING}, _SYSTEM)

_allow({_WAITING}, Action.ANSWER, {_INCOMING}, _ANSWERERS)
_allow({_INCOMING}, Action.ADD_INPUT, {_INCOMING}, _STAFF)
_allow({_WORKING}, Action.ADD_INPUT, {_WORKING}, _STAFF)
_allow({_WAITING}, Action.ADD_INPUT, {_INCOMING}, _STAFF)
_allow({_REVIEW}, Action.ADD_INPUT, {_REVIEW}, _STAFF)
_allow({_REVIEW}, Action.DECIDE_REVIEW, {_INCOMING, _WORKING, _WAITING, _REVIEW, _DONE, _STOPPED}, _STAFF)
_allow({_REVIEW}, Action.HAND_ON, {_REVIEW}, _SYSTEM)
_allow({_WORKING}, Action.UNDO, {_REVIEW}, _STAFF)
# Whether an effect went through, or was right, is asked wherever its item is by then; the answer moves nothing.
for _state in State:
    _allow({_state}, Action.ASK_OUTCOME, {_state}, _SYSTEM)
    _allow({_state}, Action.DECIDE_OUTCOME, {_state}, _STAFF)
    _allow({_state}, Action.DECIDE_CHECK, {_state}, _STAFF)

_allow(OPEN_STATES, Action.SEND_TO, {_WORKING, _REVIEW}, _TRIAGE)
_allow(OPEN_STATES, Action.REQUEUE, {_INCOMING}, _TRIAGE)
_allow(OPEN_STATES, Action.HOLD, {_WAITING}, _TRIAGE)
_allow(OPEN_STATES, Action.STOP, {_STOPPED}, _TRIAGE)
_allow(OPEN_STATES, Action.CLOSE_DONE, {_DONE}, _TRIAGE)
_allow(OPEN_STATES, Action.SPAM, {_STOPPED}, _TRIAGE)
_allow(OPEN_STATES, Action.DUPLICATE, {_STOPPED}, _TRIAGE)
# What is open about an item goes to one person; what is on hold stays so and becomes theirs.
_allow({_INCOMING, _WORKING, _REVIEW}, Action.ASSIGN, {_REVIEW}, _TRIAGE)
_allow({_WAITING}, Action.ASSIGN, {_REVIEW, _WAITING}, _TRIAGE)
_allow({_INCOMING, _WORKING, _WAITING}, Action.TAKE, {_REVIEW}, _TRIAGE)
_allow({_REVIEW}, Action.TAKE, {_REVIEW}, _STAFF)
# One's own move by hand, soon after, while nothing else has happened to the item (routing.actions.undoing).
for _state in State:
    _allow({_state}, Action.UNDO_MOVE, set(State), _STAFF)
_allow(FINAL_STATES, Action.REOPEN, {_INCOMING}, _STAFF)
for _state in FINAL_STATES:
    _allow({_state}, Action.ASK_CHECK, {_state}, _STAFF | {Role.REQUESTER})
    _allow({_state}, Action.ERASE, {_state}, frozenset({Role.ADMIN}))


def refusal(state: State, action: Action, role: Role, target: State | None = None) -> str:
    """Return why this role may not make this move, in the user's words; empty when it may."""
    move = TABLE.get((state, action))
    label = STATE_LABELS[state].lower()
    verb = action.value.replace("_", " ")
    if move is None:
        return f"an item that is {label} cannot take the action “{verb}”"
    if role not in move.roles:
        return f"the role {role.value} may not {verb} an item that is {label}"
    if target is not None and target not in move.targets:
        return f"“{verb}” cannot move an item from {label} to {STATE_LABELS[target].lower()}"
    return ""


def available_actions(state: State, role: Role) -> list[Action]:
    """Return the actions this role may take on an item in this state, in the table's order."""
    return [action for (source, action), move in TABLE.items() if source == state and role in move.roles]
