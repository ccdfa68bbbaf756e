"""The rules' logic once more, as plainly as the design says it, for the engine to be held against.

Facts have flat names here, inputs all apply or depend on facts that always do, and time stands still.
"""

import operator
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from routing.domain.catalogue import Catalogue, PortKind
from routing.domain.facts import Fact, Facts, Money, Status, known
from routing.domain.rules import (
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

ORDER = {Op.OVER: operator.gt, Op.UNDER: operator.lt, Op.AT_LEAST: operator.ge, Op.AT_MOST: operator.le}
ORDER |= {Op.BEFORE: operator.lt, Op.AFTER: operator.gt}


def fact_of(name: str, facts: Facts) -> Fact:
    """Return a fact; what nobody told is missing in the history and unknown elsewhere."""
    history = name.startswith(("steps.", "reviews.", "item."))
    return facts.get(name, Fact(Status.MISSING if history else Status.UNKNOWN))


def same_kind(one: object, other: object) -> bool:
    """Whether two values can be compared at all."""
    if isinstance(one, bool) or isinstance(other, bool):
        return isinstance(one, bool) and isinstance(other, bool)
    if isinstance(one, Money) and isinstance(other, Money):
        return one.currency == other.currency
    kinds: tuple[type | tuple[type, ...], ...] = (str, (int, Decimal), date)
    return any(isinstance(one, kind) and isinstance(other, kind) for kind in kinds)


def plain(value: object) -> Any:
    """Return the form in which values of one kind compare."""
    return value.strip().casefold() if isinstance(value, str) else value.amount if isinstance(value, Money) else value


def holds(op: Op, value: object, wanted: object) -> bool | None:
    """Return whether a comparison holds; None when it does not apply."""
    if op is Op.ONE_OF and isinstance(wanted, tuple):
        results = [holds(Op.IS, value, part) for part in wanted]
        return True if True in results else False if False in results else None
    if op is Op.BETWEEN and isinstance(wanted, tuple):
        ends = holds(Op.AT_LEAST, value, wanted[0]), holds(Op.AT_MOST, value, wanted[1])
        return None if None in ends else all(ends)
    if not same_kind(value, wanted):
        return None
    one, other = plain(value), plain(wanted)
    if op in {Op.IS, Op.IS_NOT}:
        return (one == other) is (op is Op.IS)
    if isinstance(one, str) and isinstance(other, str):
        return other in one if op is Op.CONTAINS else one.startswith(other) if op is Op.STARTS_WITH else None
    return ORDER[op](one, other) if op in ORDER and not isinstance(one, bool) else None


def evaluate(condition: Condition, facts: Facts) -> str:
    """Return true, false, unknown, blocked or not_applicable."""
    if isinstance(condition, Not):
        result = evaluate(condition.part, facts)
        return {"true": "false", "false": "true"}.get(result, result)
    if isinstance(condition, All | AnyOf):
        results = {evaluate(part, facts) for part in condition.parts}
        first, last = ("false", "true") if isinstance(condition, All) else ("true", "false")
        return next((word for word in (first, "unknown", "blocked", "not_applicable") if word in results), last)
    fact = fact_of(condition.fact, facts)
    if fact.status is Status.UNKNOWN:
        return "unknown"
    if condition.op in {Op.KNOWN, Op.MISSING}:
        return str((fact.status is Status.KNOWN) is (condition.op is Op.KNOWN)).lower()
    if fact.status is not Status.KNOWN:
        return "blocked" if fact.status is Status.UNAVAILABLE else "not_applicable"
    answer = holds(condition.op, fact.value, condition.value)
    return "not_applicable" if answer is None else str(answer).lower()


def tests(condition: Condition) -> Iterator[Test]:
    """Yield every comparison."""
    if isinstance(condition, Test):
        yield condition
    for part in (condition.part,) if isinstance(condition, Not) else getattr(condition, "parts", ()):
        yield from tests(part)


def because_of(condition: Condition, facts: Facts, result: str) -> set[str]:
    """Return the facts that make the condition come to this result (unknown or blocked)."""
    if evaluate(condition, facts) != result:
        return set()
    if isinstance(condition, Test):
        return {condition.fact}
    parts = (condition.part,) if isinstance(condition, Not) else condition.parts
    return set[str]().union(*(because_of(part, facts, result) for part in parts))


def applicable(facts: Facts, catalogue: Catalogue) -> dict[str, Fact]:
    """Return the facts with inputs missing where they do not apply."""
    seen = dict(facts)
    for spec in catalogue.inputs:
        fact = fact_of(spec.fact, facts)
        if spec.applies_when is not None and fact.status is not Status.KNOWN:
            seq = max(fact.seq, *(fact_of(test.fact, facts).seq for test in tests(spec.applies_when)))
            out = evaluate(spec.applies_when, facts) in {"false", "not_applicable"}
            seen[spec.fact] = Fact(Status.MISSING if out else fact.status, None, seq)
    return seen


Answer = tuple[str, str, frozenset[str], str]  # kind, rule, the facts it names, cause or destination


def decide(
    facts: Facts, book: Rulebook, catalogue: Catalogue, fired: Mapping[str, int], escalated: Mapping[str, int]
) -> Answer:
    """Return what the first rule that may not be skipped answers."""
    seen = applicable(facts, catalogue)
    kind, rule_id, names, detail = next(_answers(seen, book, catalogue, fired), ("review", "", set(), "no_rule"))
    if kind == "review" and escalated.get(rule_id, 0) >= 3:
        detail = "circles"
    return kind, rule_id, frozenset(names), detail


def _answers(
    facts: Facts, book: Rulebook, catalogue: Catalogue, fired: Mapping[str, int]
) -> Iterator[tuple[str, str, set[str], str]]:
    for rule in book.rules:
        reads = {test.fact for test in tests(rule.when)}
        if not rule.enabled or (rule.id in fired and all(fact_of(n, facts).seq <= fired[rule.id] for n in reads)):
            continue
        result = evaluate(rule.when, facts)
        if result == "unknown":
            yield "need", rule.id, because_of(rule.when, facts, "unknown"), ""
        elif result == "blocked":
            yield "review", rule.id, because_of(rule.when, facts, "blocked"), "unavailable"
        elif result == "true":
            yield from _outcome(rule, facts, catalogue)


def _outcome(rule: Rule, facts: Facts, catalogue: Catalogue) -> Iterator[tuple[str, str, set[str], str]]:
    match rule.then:
        case None:
            yield "change", rule.id, set(), ""
        case Escalate():
            yield "review", rule.id, set(), "escalated"
        case Wait():
            yield "wait", rule.id, set(), ""
        case Finish():
            yield "finish", rule.id, set(), ""
        case Stop():
            yield "stop", rule.id, set(), ""
        case Ask(inputs=inputs):
            unknown = {f"input.{n}" for n in inputs if fact_of(f"input.{n}", facts).status is Status.UNKNOWN}
            if unknown:
                yield "need", rule.id, unknown, ""
        case Go(to=to):
            yield _go(rule.id, to[0], facts, catalogue)


def _go(rule_id: str, slug: str, facts: Facts, catalogue: Catalogue) -> tuple[str, str, set[str], str]:
    port = catalogue.port(slug)
    assert port is not None
    if port.kind is PortKind.QUEUE:
        return "go", rule_id, set(), slug
    lacks, absent = set[str](), set[str]()
    wanted = set(port.needs)
    for spec in catalogue.inputs:
        applies = "true" if spec.applies_when is None else evaluate(spec.applies_when, facts)
        if not spec.required or fact_of(spec.fact, facts).status is Status.KNOWN:
            continue
        if applies == "true":
            wanted.add(spec.fact)
        elif spec.applies_when is not None:
            lacks |= because_of(spec.applies_when, facts, "unknown")
            absent |= because_of(spec.applies_when, facts, "blocked")
    lacks |= {name for name in wanted if fact_of(name, facts).status is Status.UNKNOWN}
    absent |= {n for n in wanted if fact_of(n, facts).status in {Status.MISSING, Status.UNAVAILABLE}}
    if absent:
        missing = any(fact_of(name, facts).status is Status.MISSING for name in absent)
        return "review", rule_id, absent, "missing" if missing else "unavailable"
    return ("need", rule_id, lacks, "") if lacks else ("go", rule_id, set(), slug)


def learned(facts: Facts, values: Mapping[str, object]) -> dict[str, Fact]:
    """Return the facts with these values known."""
    return {**facts, **{name: known(value) for name, value in values.items()}}  # type: ignore[arg-type]
