"""Where items may be moved by hand, for menus and dialogs."""

from collections.abc import Collection
from dataclasses import dataclass

from routing.domain.catalogue import PortKind
from routing.domain.goals import STATE_GOALS, Goal, GoalKind, action_of, states_for
from routing.domain.roles import Actor, Role
from routing.domain.states import FINAL_STATES, OPEN_STATES, Action, State
from routing.kinds import people
from routing.models import WorkItem
from routing.queries import desk as desk_queries

WORDS = {
    Action.REQUEUE: "Decide again",
    Action.REOPEN: "Reopen",
    Action.HOLD: "Hold",
    Action.CLOSE_DONE: "Close as done",
    Action.STOP: "Close, not done",
    Action.TAKE: "I'll do it",
    Action.SPAM: "Spam",
}


@dataclass(frozen=True, slots=True)
class Places:
    """A group of goals that can be chosen: its slug and name, and the goals as (value, label)."""

    slug: str
    label: str
    choices: list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Act:
    """One thing that can be done to items by hand: its key and words, and from which states this role may do it.

    ``to`` is the goal; where it is empty a place is chosen first, of the groups that ``only`` names.
    """

    key: str
    label: str
    to: str
    only: str
    states: tuple[State, ...]
    icon: str


MOVE_KEY = "m"
ME, SPAM = Goal(GoalKind.ME), Goal(GoalKind.SPAM)


def places_to_move(actor: Actor, states: Collection[State], item: WorkItem | None = None) -> list[Places]:
    """Return where this actor may move at least one item of these states to.

    With ``item``, the people are those who can be given just that one. The group ``duplicate`` asks for a code.
    """

    def offered(goal: Goal) -> bool:
        return not set(states).isdisjoint(states_for(goal, actor.role))

    def named(kind: GoalKind, rows: list[tuple[str, str]]) -> list[tuple[str, str]]:
        return [(f"{kind}:{name}", label) for name, label in rows] if offered(Goal(kind, "any")) else []

    here = [(str(goal), goal_words(goal, states)) for goal in (*STATE_GOALS, SPAM) if offered(goal)]
    queues, others = _destinations()
    persons = [(str(ME), WORDS[Action.TAKE])] if offered(ME) else []
    if offered(Goal(GoalKind.PERSON, "any")):
        persons += [(f"{GoalKind.PERSON}:{one.username}", one.name) for one in people().takers(item)]
    groups = [
        Places("here", "Here", here),
        Places("person", "A person", persons),
        Places("queue", "A queue", named(GoalKind.QUEUE, queues)),
        Places("destination", "AI agents and tools", named(GoalKind.DESTINATION, others)),
        Places("duplicate", "Another request", named(GoalKind.DUPLICATE, [("", "Duplicate of")])),
    ]
    return [group for group in groups if group.choices]


def acts_of(role: Role) -> list[Act]:
    """Return what this role may do to items by hand, in the order of menus."""
    open_states, final_states = sorted(OPEN_STATES), sorted(FINAL_STATES)
    queue, person, duplicate = (Goal(kind, "any") for kind in (GoalKind.QUEUE, GoalKind.PERSON, GoalKind.DUPLICATE))
    incoming, hold, done, stopped = STATE_GOALS
    rows = [
        (MOVE_KEY, "Move to…", "", "", (*STATE_GOALS, queue) if states_for(queue, role) else (), list(State), "move"),
        ("s", "Send to…", "", "send", (queue,), list(State), "open"),
        ("a", "Assign…", "", "person", (person,), list(State), "person"),
        ("i", WORDS[Action.TAKE], str(ME), "", (ME,), list(State), "check"),
        ("b", WORDS[Action.HOLD], str(hold), "", (hold,), list(State), "state-waiting"),
        ("t", WORDS[Action.REQUEUE], str(incoming), "", (incoming,), open_states, "rules"),
        ("r", WORDS[Action.REOPEN], str(incoming), "", (incoming,), final_states, "undo"),
        ("e", WORDS[Action.CLOSE_DONE], str(done), "", (done,), list(State), "state-done"),
        ("#", WORDS[Action.STOP], str(stopped), "", (stopped,), list(State), "state-stopped"),
        ("u", "Duplicate of…", "", "duplicate", (duplicate,), list(State), "link"),
        ("!", WORDS[Action.SPAM], str(SPAM), "", (SPAM,), list(State), "warn"),
    ]
    found = []
    for key, label, to, only, goals, among, icon in rows:
        states = {state for goal in goals for state in states_for(goal, role)}.intersection(among)
        if states:
            found.append(Act(key, label, to, only, tuple(state for state in State if state in states), icon))
    return found


def goal_words(goal: Goal, states: Collection[State]) -> str:
    """Return what leading items of these states to a state or to spam is called."""
    first = next(state for state in State if state in states and goal.name != state.value)
    return WORDS[action_of(goal, first)]


def _destinations() -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    queues: list[tuple[str, str]] = []
    others: list[tuple[str, str]] = []
    for slug, place in sorted(desk_queries.load().places.items(), key=lambda pair: pair[1].row.name.casefold()):
        label = f"{place.row.name}, once it is approved" if place.port.writes else place.row.name
        if place.port.kind != PortKind.SOURCE:
            (queues if place.port.kind == PortKind.QUEUE else others).append((slug, label))
    return queues, others
