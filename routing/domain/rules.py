"""Rules as data: conditions, outcomes, rules and rulebooks. Reading them from JSON is in ``rulefile``."""

from dataclasses import dataclass, field
from enum import StrEnum

from routing.domain.facts import Value


class Op(StrEnum):
    """Comparison operators; ``operators`` says which fit which kind of value."""

    IS = "is"
    IS_NOT = "is_not"
    ONE_OF = "one_of"
    CONTAINS = "contains"
    STARTS_WITH = "starts_with"
    MATCHES = "matches"
    OVER = "over"
    UNDER = "under"
    AT_LEAST = "at_least"
    AT_MOST = "at_most"
    BETWEEN = "between"
    BEFORE = "before"
    AFTER = "after"
    OLDER_THAN = "older_than"
    MISSING = "missing"
    KNOWN = "known"


Operand = Value | tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Test:
    """One comparison of a fact with a constant (``one_of`` and ``between`` hold a tuple; ``older_than`` minutes)."""

    __test__ = False  # pytest must not collect it

    fact: str
    op: Op
    value: Operand = None


@dataclass(frozen=True, slots=True)
class All:
    """True when every part is; an empty one is always true."""

    parts: tuple["Condition", ...] = ()


@dataclass(frozen=True, slots=True)
class AnyOf:
    """True when one part is."""

    parts: tuple["Condition", ...] = ()


@dataclass(frozen=True, slots=True)
class Not:
    """Turns true and false round, and nothing else."""

    part: "Condition"


Condition = Test | All | AnyOf | Not

SUGGESTED = "router.destination"  # as a Go's destination: wherever the router suggests
BY_RULE = "rule"  # as a Go's approved_by: this rule itself approves the write


@dataclass(frozen=True, slots=True)
class Go:
    """Send to destinations (several only when all are writes, run in order).

    ``approved_by`` is the slug of the queue that approves a write, or ``BY_RULE``. ``params`` are text templates
    that the destinations read as ``with.<name>``.
    """

    to: tuple[str, ...]
    approved_by: str = ""
    params: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Escalate:
    """Ask the people of a queue. ``about`` names an agent whose output is the proposal, or is empty."""

    queue: str
    reason: str
    about: str = ""


@dataclass(frozen=True, slots=True)
class Ask:
    """Ask the requester for these inputs (names without the ``input.`` prefix)."""

    inputs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Wait:
    """Wait this many minutes, then decide again."""

    minutes: int


@dataclass(frozen=True, slots=True)
class Finish:
    """The work is done."""


@dataclass(frozen=True, slots=True)
class Stop:
    """Close the item without doing the work."""

    reason: str


Outcome = Go | Escalate | Ask | Wait | Finish | Stop


@dataclass(frozen=True, slots=True)
class Changes:
    """What a rule sets besides its outcome; ``type`` may be ``router.type`` for the suggested one."""

    type: str = ""
    priority: str = ""
    tags: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.type or self.priority or self.tags)


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: when the condition is true, do ``then`` (None: only the changes) because ``because``."""

    id: str
    when: Condition
    then: Outcome | None = None
    changes: Changes = Changes()
    name: str = ""
    because: str = ""
    enabled: bool = True

    def approver(self, destination: str) -> str:
        """Return the queue that approves a write to this destination by this rule; empty when it makes none there."""
        then = self.then
        if isinstance(then, Go) and {destination, SUGGESTED} & set(then.to) and then.approved_by != BY_RULE:
            return then.approved_by
        return ""


@dataclass(frozen=True, slots=True)
class Rulebook:
    """An ordered list of rules with the queue that gets what no rule decides."""

    rules: tuple[Rule, ...]
    fallback_queue: str
    label: str = field(default="", compare=False)

    def approvers(self, destination: str) -> list[str]:
        """Return the queues that rules of it have approve a write to this destination, in their order."""
        named = [rule.approver(destination) for rule in self.rules if rule.enabled]
        return [slug for slug in dict.fromkeys(named) if slug]
