"""A rulebook made ready to decide fast: conditions compiled once, rules found by the value of one fact."""

from collections import Counter
from dataclasses import dataclass, field, replace

from routing.domain.catalogue import Catalogue, Port, PortKind
from routing.domain.comparisons import folded
from routing.domain.conditions import Evaluator, evaluator, reads, reads_time
from routing.domain.decision import Cause, Decision, Kind
from routing.domain.facts import Facts, Status
from routing.domain.inputs import ConditionalInput, conditional_inputs
from routing.domain.rules import (
    BY_RULE,
    SUGGESTED,
    All,
    Condition,
    Escalate,
    Finish,
    Go,
    Op,
    Rule,
    Rulebook,
    Stop,
    Test,
    Wait,
)
from routing.domain.templates import required_names

_KEPT = 256
_SMALLEST_INDEXED = 4


@dataclass(slots=True)
class Target:
    """Where a Go leads, and the facts that its destinations need before work may go there."""

    ports: tuple[Port, ...]
    refusal: str
    needs: tuple[str, ...]
    only_people: bool


@dataclass(slots=True, eq=False)
class ReadyRule:
    """A rule with its compiled condition and what it answers when it fires.

    ``target`` is None when it sends nowhere or where the router suggests.
    """

    rule: Rule
    evaluate: Evaluator
    reads: frozenset[str]
    timed: bool
    target: Target | None
    decision: Decision


@dataclass(slots=True, eq=False)
class ReadyBook:
    """The enabled rules in order, ready for one rulebook and catalogue."""

    book: Rulebook
    catalogue: Catalogue
    rules: tuple[ReadyRule, ...]
    timed: bool
    conditional: tuple[ConditionalInput, ...]
    required: tuple[tuple[str, ConditionalInput | None], ...]
    undecided: Decision
    index_fact: str = ""
    by_value: dict[str, tuple[ReadyRule, ...]] = field(default_factory=dict)
    others: tuple[ReadyRule, ...] = ()

    def candidates(self, facts: Facts) -> tuple[ReadyRule, ...]:
        """Return the rules that can be other than false, in order: all but those that ask the index fact for
        another text than the one it holds."""
        if self.index_fact:
            fact = facts.get(self.index_fact)
            if fact is not None and fact.status is Status.KNOWN and fact.value.__class__ is str:
                return self.by_value.get(folded(fact.value), self.others)
        return self.rules


_ready: dict[tuple[int, int], ReadyBook] = {}


def ready_book(book: Rulebook, catalogue: Catalogue) -> ReadyBook:
    """Return the rulebook made ready, made once for each pair of objects.

    Keep and pass the same objects: equal but new ones are made ready again.
    """
    key = (id(book), id(catalogue))
    ready = _ready.get(key)
    if ready is None:  # an entry holds both objects, so their ids cannot be taken by others
        ready = _make(book, catalogue)
        if len(_ready) >= _KEPT:
            _ready.clear()
        _ready[key] = ready
    return ready


def _make(book: Rulebook, catalogue: Catalogue) -> ReadyBook:
    rules = tuple(_ready_rule(rule, catalogue) for rule in book.rules if rule.enabled)
    conditional = conditional_inputs(catalogue.inputs)
    by_name = {item.spec.name: item for item in conditional}
    ready = ReadyBook(
        book=book,
        catalogue=catalogue,
        rules=rules,
        timed=any(rule.timed for rule in rules),
        conditional=conditional,
        required=tuple((spec.fact, by_name.get(spec.name)) for spec in catalogue.inputs if spec.required),
        undecided=Decision(Kind.REVIEW, queue=book.fallback_queue, reason="No rule decides.", cause=Cause.NO_RULE),
    )
    _index(ready)
    return ready


def _ready_rule(rule: Rule, catalogue: Catalogue) -> ReadyRule:
    names = reads(rule.when)
    target = None
    if isinstance(rule.then, Go):
        if rule.then.to == (SUGGESTED,):
            names |= {SUGGESTED}
        else:
            target = target_of(rule.then, rule.then.to, catalogue)
    return ReadyRule(rule, evaluator(rule.when), names, reads_time(rule.when), target, _firing(rule))


def _firing(rule: Rule) -> Decision:
    """Return what the rule answers once nothing stands in its way; what the router suggests is filled in later."""
    plain = Decision(Kind.CHANGE, rule.id, changes=rule.changes, reason=rule.because, fires=True)
    match rule.then:
        case Go(to=to, approved_by=approver, params=params):
            return replace(plain, kind=Kind.GO, to=to, approved_by=approver, params=params)
        case Escalate(queue=queue, reason=reason, about=about):
            return replace(plain, kind=Kind.REVIEW, queue=queue, reason=reason, about=about, cause=Cause.ESCALATED)
        case Wait(minutes=minutes):
            return replace(plain, kind=Kind.WAIT, wait_minutes=minutes)
        case Finish():
            return replace(plain, kind=Kind.FINISH)
        case Stop(reason=reason):
            return replace(plain, kind=Kind.STOP, reason=reason)
        case _:
            return plain


def target_of(go: Go, slugs: tuple[str, ...], catalogue: Catalogue) -> Target:
    """Return where a Go leads; ``refusal`` says in the user's words why work may not go there, or is empty."""
    found = [(slug, catalogue.port(slug)) for slug in slugs]
    ports = tuple(port for _, port in found if port is not None)
    needs: set[str] = set()
    for port in ports:
        if port.kind is not PortKind.QUEUE:
            needs |= port.needs
    for _, template in go.params:
        needs |= required_names(template)
    return Target(
        ports=ports,
        refusal=_refusal(go, found),
        needs=tuple(sorted(name for name in needs if not name.startswith("with."))),
        only_people=bool(ports) and all(port.kind is PortKind.QUEUE for port in ports),
    )


def _refusal(go: Go, found: list[tuple[str, Port | None]]) -> str:
    """Backstop of what is checked at publishing: nothing is written without an approver the destination permits."""
    if not found:
        return "the rule names no destination"
    for slug, port in found:
        if port is None:
            return f"there is no destination “{slug}”"
        if len(found) > 1 and not port.writes:
            return f"only writes can follow one another, and {port.name} is none"
        if port.writes and not go.approved_by:
            return f"{port.name} changes something outside, and the rule names nobody who approves it"
        if port.writes and go.approved_by == BY_RULE and not port.rule_may_approve:
            return f"{port.name} does not permit a rule to approve what it changes"
    return ""


def _guards(condition: Condition) -> dict[str, frozenset[str]]:
    """Return, by fact, the texts outside which a condition is false whatever else holds."""
    if isinstance(condition, All):
        guards: dict[str, frozenset[str]] = {}
        for part in condition.parts:
            for name, texts in _guards(part).items():
                guards.setdefault(name, texts)
        return guards
    if isinstance(condition, Test) and condition.op is Op.IS and isinstance(condition.value, str):
        return {condition.fact: frozenset({folded(condition.value)})}
    if isinstance(condition, Test) and condition.op is Op.ONE_OF and isinstance(condition.value, tuple):
        texts = frozenset(folded(part) for part in condition.value if isinstance(part, str))
        return {condition.fact: texts} if texts else {}
    return {}


def _index(ready: ReadyBook) -> None:
    """Sort the rules by the fact that most of them ask for a text; the order within a list stays theirs."""
    guards = [_guards(item.rule.when) for item in ready.rules]
    counts = Counter(name for guard in guards for name in guard)
    if len(ready.rules) < _SMALLEST_INDEXED or not counts:
        return
    name, _ = counts.most_common(1)[0]
    values = {text for guard in guards for text in guard.get(name, ())}
    pairs = list(zip(ready.rules, guards, strict=True))
    ready.index_fact = name
    ready.others = tuple(rule for rule, guard in pairs if name not in guard)
    ready.by_value = {
        value: tuple(rule for rule, guard in pairs if name not in guard or value in guard[name]) for value in values
    }
