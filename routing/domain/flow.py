"""A rulebook as a flow: who gets what after what."""

from collections.abc import Iterator
from dataclasses import dataclass

from routing.domain.catalogue import Catalogue
from routing.domain.conditions import provided, reads
from routing.domain.rules import (
    BY_RULE,
    SUGGESTED,
    All,
    AnyOf,
    Ask,
    Condition,
    Escalate,
    Finish,
    Go,
    Not,
    Op,
    Rule,
    Rulebook,
    Stop,
    Test,
    Wait,
)
from routing.domain.sentences import duration

ARRIVES = "arrives"
_KINDS = {"agent": "AI agent", "tool": "Tool", "source": "Data source", "queue": "People"}
_FOUND_OUT = ("input.", "source.", "router.")


@dataclass(frozen=True, slots=True)
class Place:
    """Where work is: ``kind`` says in words what it is, ``shape`` is one of start, step, people, pause and end."""

    key: str
    label: str
    kind: str
    shape: str


@dataclass(frozen=True, slots=True)
class Way:
    """What one rule does: from the places that must have had the work, to others in order.

    ``number`` is the rule's, from 1, and 0 for what no rule decides. ``finds_out`` holds labels of facts that are asked
    for first, ``approved_by`` the name of those who approve a write.
    """

    number: int
    rule_id: str
    name: str
    starts: tuple[str, ...]
    to: tuple[str, ...]
    finds_out: tuple[str, ...] = ()
    approved_by: str = ""


@dataclass(frozen=True, slots=True)
class Flow:
    """The places by key, in the order in which the rules name them, and the way of each rule."""

    places: dict[str, Place]
    ways: tuple[Way, ...]


def flow(book: Rulebook, catalogue: Catalogue) -> Flow:
    """Return the flow of the rules that are switched on, and of what no rule decides."""
    places = {ARRIVES: Place(ARRIVES, "Arrives", "Start", "start")}
    ways = []
    for number, rule in enumerate(book.rules, start=1):
        if not rule.enabled:
            continue
        ahead = _targets(rule, catalogue)
        before = [_port(slug, catalogue) for slug in sorted(_happened(rule.when, negated=False))]
        for place in (*before, *ahead):
            places.setdefault(place.key, place)
        read = dict.fromkeys(provided(name) for name in sorted(reads(rule.when)) if name.startswith(_FOUND_OUT))
        approver = rule.then.approved_by if isinstance(rule.then, Go) else ""
        ways.append(
            Way(
                number=number,
                rule_id=rule.id,
                name=rule.name or f"Rule {number}",
                starts=tuple(place.key for place in before) or (ARRIVES,),
                to=tuple(place.key for place in ahead),
                finds_out=tuple(dict.fromkeys(catalogue.label(name) for name in read)),
                approved_by="" if approver in {"", BY_RULE} else catalogue.name_of(approver),
            )
        )
    rest = _port(book.fallback_queue, catalogue)
    places.setdefault(rest.key, rest)
    ways.append(Way(0, "", "No rule decides", (ARRIVES,), (rest.key,)))
    return Flow(places, tuple(ways))


def _port(slug: str, catalogue: Catalogue) -> Place:
    port = catalogue.port(slug)
    kind = port.kind.value if port else ""
    return Place(f"at:{slug}", catalogue.name_of(slug), _KINDS.get(kind, "Not there"), _shape(kind))


def _shape(kind: str) -> str:
    return "people" if kind == "queue" else "step"


def _targets(rule: Rule, catalogue: Catalogue) -> tuple[Place, ...]:
    match rule.then:
        case Go(to=to) if to == (SUGGESTED,):
            return (Place("suggested", "Wherever the router suggests", "By the router", "step"),)
        case Go(to=to):
            return tuple(_port(slug, catalogue) for slug in to)
        case Escalate(queue=queue):
            return (_port(queue, catalogue),)
        case Ask():
            return (Place("requester", "The requester", "Answers questions", "people"),)
        case Wait(minutes=minutes):
            return (Place(f"wait:{rule.id}", f"Wait {duration(minutes)}", "Time", "pause"),)
        case Finish():
            return (Place("done", "Done", "End", "end"),)
        case Stop():
            return (Place("stopped", "Closed, not done", "End", "end"),)
    if rule.changes.type == "router.type":
        return (Place("type:", "Rules of the suggested type", "Other rules", "end"),)
    if rule.changes.type:
        name = catalogue.types.get(rule.changes.type, rule.changes.type)
        return (Place(f"type:{rule.changes.type}", f"Rules of {name}", "Other rules", "end"),)
    return (Place("goes-on", "The rules after it decide", "Goes on", "pause"),)


def _happened(condition: Condition, *, negated: bool) -> frozenset[str]:
    """Return the slugs of which one or all must have had the work when the condition holds (or, negated, does not)."""
    match condition:
        case Test(fact=fact, op=op):
            space, _, rest = fact.partition(".")
            absent = op is (Op.KNOWN if negated else Op.MISSING)
            return frozenset() if absent or space not in {"steps", "reviews"} else frozenset({rest.partition(".")[0]})
        case Not(part=part):
            return _happened(part, negated=not negated)
    parts = [_happened(part, negated=negated) for part in _parts(condition)]
    every = isinstance(condition, All) is not negated
    if not every and not all(parts):
        return frozenset()  # one of the others is enough
    return frozenset[str]().union(*parts)


def _parts(condition: Condition) -> Iterator[Condition]:
    if isinstance(condition, All | AnyOf):
        yield from condition.parts
