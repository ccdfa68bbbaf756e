"""Where a move by hand leads: how it is written, and which action of the table of states it is."""

from dataclasses import dataclass
from enum import StrEnum

from routing.domain.roles import Role
from routing.domain.states import FINAL_STATES, OPEN_STATES, STATE_LABELS, Action, State, refusal


class GoalKind(StrEnum):
    """The kinds of goals, as they are written before the colon."""

    DESTINATION = "destination"
    QUEUE = "queue"
    STATE = "state"
    PERSON = "person"
    ME = "me"
    SPAM = "spam"
    DUPLICATE = "duplicate"


@dataclass(frozen=True, slots=True)
class Goal:
    """A goal as it is written: ``kind:name``, or the kind alone for ``me`` (I'll do it) and ``spam``.

    The name is a slug, one of the states incoming, waiting, done and stopped, a username, or the code of an item.
    """

    kind: GoalKind
    name: str = ""

    def __str__(self) -> str:
        return f"{self.kind}:{self.name}" if self.name else self.kind.value


_STATE_MOVES = {
    State.INCOMING: Action.REQUEUE,
    State.WAITING: Action.HOLD,
    State.DONE: Action.CLOSE_DONE,
    State.STOPPED: Action.STOP,
}
_ACTIONS = {
    GoalKind.DESTINATION: Action.SEND_TO,
    GoalKind.QUEUE: Action.SEND_TO,
    GoalKind.PERSON: Action.ASSIGN,
    GoalKind.ME: Action.TAKE,
    GoalKind.SPAM: Action.SPAM,
    GoalKind.DUPLICATE: Action.DUPLICATE,
}
_NAMELESS = frozenset({GoalKind.ME, GoalKind.SPAM})
STATE_GOALS = tuple(Goal(GoalKind.STATE, state.value) for state in _STATE_MOVES)


def read_goal(text: str) -> Goal | None:
    """Return the goal that is written so; None when it is none."""
    kind, _, name = text.partition(":")
    if kind not in set(GoalKind):
        return None
    goal = Goal(GoalKind(kind), name.strip())
    if (goal.kind in _NAMELESS) == bool(goal.name):
        return None
    if goal.kind is GoalKind.STATE and name not in {state.value for state in _STATE_MOVES}:
        return None
    return goal


def action_of(goal: Goal, state: State) -> Action:
    """Return the action that leads an item in this state to the goal."""
    if goal.kind is not GoalKind.STATE:
        return _ACTIONS[goal.kind]
    target = State(goal.name)
    return Action.REOPEN if target is State.INCOMING and state in FINAL_STATES else _STATE_MOVES[target]


def states_for(goal: Goal, role: Role) -> list[State]:
    """Return the states from which this role may move an item to the goal, in the table's order."""
    return [state for state in State if goal.name != state.value and not refusal(state, action_of(goal, state), role)]


@dataclass(frozen=True, slots=True)
class Drop:
    """What dropping a card on a column does.

    ``goal`` is empty where the person is asked to choose a place. ``states`` are those of the cards that the column
    takes; ``does`` says what happens to them, ``why_not`` why it takes no others, in the words of its reader.
    """

    column: State
    goal: str
    states: tuple[State, ...]
    does: str
    why_not: str


_DOES = {
    State.INCOMING: "Drop to have the rules decide",
    State.WORKING: "Drop to choose an AI agent or a tool",
    State.WAITING: "Drop to hold",
    State.IN_REVIEW: "Drop to choose a queue or a person",
    State.DONE: "Drop to close as done",
    State.STOPPED: "Drop to close, not done",
}
_PLACES = {State.WORKING: Goal(GoalKind.DESTINATION, "any"), State.IN_REVIEW: Goal(GoalKind.QUEUE, "any")}


def drops(role: Role) -> list[Drop]:
    """Return what dropping cards on each column does for this role."""
    found = []
    for column in State:
        goal = _PLACES.get(column) or Goal(GoalKind.STATE, column.value)
        states = tuple(state for state in states_for(goal, role) if state is not column)
        why_not = (
            "Closed requests are reopened first: drop them on Incoming"
            if OPEN_STATES.intersection(states)
            else f"Only the rules, operators and admins bring requests to {STATE_LABELS[column]}"
        )
        found.append(Drop(column, "" if column in _PLACES else str(goal), states, _DOES[column], why_not))
    return found
