"""Conditions evaluated in Kleene's logic, with what they read, what they lack and why they came out so."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from routing.domain.comparisons import Comparison, comparison, moment_of, number_of, start_of
from routing.domain.facts import Fact, Facts, Status, Value, known, lookup
from routing.domain.kleene import (
    BLOCKED,
    FALSE,
    NOT_APPLICABLE,
    TRUE,
    UNKNOWN,
    Result,
    conjunction,
    disjunction,
    negation,
)
from routing.domain.rules import All, AnyOf, Condition, Not, Op, Operand, Test

Evaluator = Callable[[Facts], Result]

NOW = "now"
AGE = "item.age"  # minutes since item.created_at
CREATED = "item.created_at"
_KNOWN, _UNKNOWN, _UNAVAILABLE, _MISSING = Status.KNOWN, Status.UNKNOWN, Status.UNAVAILABLE, Status.MISSING


def evaluator(condition: Condition) -> Evaluator:
    """Compile a condition to a function of facts; do it once and keep it where it runs often.

    Comparisons with time read the facts ``now`` and ``item.age`` (see ``at_time``). Raises PatternError when a
    pattern cannot be read.
    """
    match condition:
        case Test():
            return _test(condition)
        case Not():
            part = evaluator(condition.part)
            return lambda facts: negation(part(facts))
        case All():
            return _all(condition.parts)
        case AnyOf():
            return _any(tuple(evaluator(part) for part in condition.parts))


_KEPT = 4096
_compiled: dict[int, tuple[Condition, Evaluator]] = {}


def kept_evaluator(condition: Condition) -> Evaluator:
    """Return the compiled condition, compiled once as long as the same object is passed."""
    entry = _compiled.get(id(condition))
    if entry is None:  # an entry holds its condition, so that the id cannot become another's
        if len(_compiled) >= _KEPT:
            _compiled.clear()
        entry = _compiled[id(condition)] = (condition, evaluator(condition))
    return entry[1]


def evaluate(condition: Condition, facts: Facts) -> Result:
    """Return what the condition comes to on these facts (``at_time`` adds the ones that tell time)."""
    return kept_evaluator(condition)(facts)


_ASKS_MORE_THAN_THE_VALUE = frozenset({Op.MISSING, Op.KNOWN, Op.OLDER_THAN})


def _all(conditions: tuple[Condition, ...]) -> Evaluator:
    parts = tuple(evaluator(part) for part in conditions)
    if len(parts) == 1:
        return parts[0]
    pairs = [
        (part.fact, comparison(part.op, part.value))
        for part in conditions
        if isinstance(part, Test) and part.op not in _ASKS_MORE_THAN_THE_VALUE
    ]
    if len(pairs) == len(parts):
        return _all_values(tuple(pairs), parts)

    def run(facts: Facts) -> Result:
        for part in parts:
            result = part(facts)
            if result is FALSE:
                return FALSE
            if result is not TRUE:
                return conjunction(part(facts) for part in parts)
        return TRUE

    return run


def _all_values(pairs: tuple[tuple[str, Comparison], ...], parts: tuple[Evaluator, ...]) -> Evaluator:
    """Do what ``_all`` does for comparisons with constants: most rules, and a call less for each comparison."""

    def run(facts: Facts) -> Result:
        for name, compare in pairs:
            fact = facts.get(name)
            if fact is None or fact.status is not _KNOWN:
                return conjunction(part(facts) for part in parts)
            result = compare(fact.value)
            if result is FALSE:
                return FALSE
            if result is not TRUE:
                return conjunction(part(facts) for part in parts)
        return TRUE

    return run


def _any(parts: tuple[Evaluator, ...]) -> Evaluator:
    if len(parts) == 1:
        return parts[0]

    def run(facts: Facts) -> Result:
        for part in parts:
            result = part(facts)
            if result is TRUE:
                return TRUE
            if result is not FALSE:
                return disjunction(part(facts) for part in parts)
        return FALSE

    return run


def _unheld(status: Status) -> Result:
    """Return what any comparison comes to on a fact that holds no value."""
    return UNKNOWN if status is _UNKNOWN else BLOCKED if status is _UNAVAILABLE else NOT_APPLICABLE


def _test(test: Test) -> Evaluator:
    name = test.fact
    if test.op is Op.MISSING or test.op is Op.KNOWN:
        wants_known = test.op is Op.KNOWN

        def presence(facts: Facts) -> Result:
            status = lookup(facts, name).status
            if status is _UNKNOWN:
                return UNKNOWN
            return TRUE if (status is _KNOWN) is wants_known else FALSE

        return presence

    if test.op is Op.OLDER_THAN:
        minutes = number_of(test.value)

        def aged(facts: Facts) -> Result:
            fact = lookup(facts, name)
            return _older(fact.value, minutes, facts) if fact.status is _KNOWN else _unheld(fact.status)

        return aged

    compare = comparison(test.op, test.value)

    def run(facts: Facts) -> Result:
        fact = facts.get(name)
        if fact is None:
            fact = lookup(facts, name)
        if fact.status is _KNOWN:
            return compare(fact.value)
        return _unheld(fact.status)

    return run


def _older(value: Value, minutes: int | Decimal | None, facts: Facts) -> Result:
    """Compare an age in minutes, or the time since a moment, with minutes; equal counts as older."""
    now = facts.get(NOW)
    age = number_of(value)
    if age is None and now is not None and isinstance(now.value, datetime):
        moment = moment_of(value)
        age = None if moment is None else _minutes(now.value - start_of(moment, now.value.tzinfo))
    if age is None or minutes is None:
        return NOT_APPLICABLE
    return TRUE if age >= minutes else FALSE


def _minutes(span: timedelta) -> Decimal:
    microseconds = (span.days * 86_400 + span.seconds) * 1_000_000 + span.microseconds
    return Decimal(microseconds) / 60_000_000


def at_time(facts: Facts, now: datetime) -> dict[str, Fact]:
    """Return the facts with ``now`` and, when ``item.created_at`` is known, ``item.age`` in minutes.

    Both keep position 0: the passing of time alone makes no rule fire a second time.
    """
    timed = dict(facts)
    timed[NOW] = known(now)
    created = facts.get(CREATED)
    if created is not None and isinstance(created.value, datetime):
        timed[AGE] = known(_minutes(now - created.value))
    return timed


def tests(condition: Condition) -> Iterator[Test]:
    """Yield each comparison of a condition, in reading order."""
    match condition:
        case Test():
            yield condition
        case Not():
            yield from tests(condition.part)
        case All() | AnyOf():
            for part in condition.parts:
                yield from tests(part)


def reads(condition: Condition) -> frozenset[str]:
    """Return the names of all facts that the condition compares."""
    return frozenset(test.fact for test in tests(condition))


def provided(name: str) -> str:
    """Return the name under which a fact is provided: ``input.refund.amount`` comes with ``input.refund``."""
    if name.startswith("input."):
        return ".".join(name.split(".")[:2])
    return name


def lacking(condition: Condition, facts: Facts) -> tuple[str, ...]:
    """Return the unknown facts that make the condition unknown, in reading order; none when it isn't unknown."""
    return _responsible(condition, facts, UNKNOWN)


def blocking(condition: Condition, facts: Facts) -> tuple[str, ...]:
    """Return the unavailable facts that make the condition blocked, in reading order; none when it isn't."""
    return _responsible(condition, facts, BLOCKED)


def _responsible(condition: Condition, facts: Facts, wanted: Result) -> tuple[str, ...]:
    result, names = _with_names(condition, facts, wanted)
    return tuple(dict.fromkeys(names)) if result is wanted else ()


def _with_names(condition: Condition, facts: Facts, wanted: Result) -> tuple[Result, list[str]]:
    """Return the result and, when it is the wanted one, the facts of the comparisons that made it so."""
    match condition:
        case Test():
            result = evaluate(condition, facts)
            return result, [provided(condition.fact)] if result is wanted else []
        case Not():
            result, names = _with_names(condition.part, facts, wanted)
            return negation(result), names
        case All() | AnyOf():
            parts = [_with_names(part, facts, wanted) for part in condition.parts]
            combine = conjunction if isinstance(condition, All) else disjunction
            result = combine(result for result, _ in parts)
            return result, [name for _, names in parts for name in names] if result is wanted else []


@dataclass(frozen=True, slots=True)
class Line:
    """One comparison of a trace: where it stands in the condition, what it expected, what it met, what came out."""

    path: str
    fact: str
    op: Op
    expected: Operand
    actual: Fact
    result: Result


def trace(condition: Condition, facts: Facts, path: str = "") -> tuple[Line, ...]:
    """Return a line for each comparison, in reading order; ``path`` is its JSON pointer inside the condition."""
    match condition:
        case Test():
            actual = lookup(facts, condition.fact)
            result = evaluate(condition, facts)
            return (Line(path, condition.fact, condition.op, condition.value, actual, result),)
        case Not():
            return trace(condition.part, facts, f"{path}/not")
        case All() | AnyOf():
            word = "all" if isinstance(condition, All) else "any"
            return tuple(
                line
                for index, part in enumerate(condition.parts)
                for line in trace(part, facts, f"{path}/{word}/{index}")
            )


def reads_time(condition: Condition) -> bool:
    """Whether the passing of time alone can change what the condition comes to."""
    return any(_is_timed(test) for test in tests(condition))


def _is_timed(test: Test) -> bool:
    return test.fact in {NOW, AGE} or test.op is Op.OLDER_THAN


def _as_rule(result: Result) -> Result:
    return FALSE if result is NOT_APPLICABLE else result


def next_change(condition: Condition, facts: Facts, now: datetime) -> datetime | None:
    """Return the earliest moment after now at which time alone changes what the condition comes to, if any.

    False and does-not-apply count as one: a rule is passed over either way.
    """
    run = evaluator(condition)
    present = _as_rule(run(at_time(facts, now)))
    moments = {moment for test in tests(condition) if _is_timed(test) for moment in _turns(test, facts, now)}
    for moment in sorted(moments):
        if moment > now and _as_rule(run(at_time(facts, moment))) is not present:
            return moment
    return None


_INSTANT = timedelta(microseconds=1)


def _turns(test: Test, facts: Facts, now: datetime) -> Iterator[datetime]:
    """Yield every moment at which a comparison with time may turn."""
    operands = test.value if isinstance(test.value, tuple) else (test.value,)
    if test.fact == NOW:
        for operand in operands:
            day = moment_of(operand)
            if isinstance(day, datetime):
                yield day
                yield day + _INSTANT
            elif isinstance(day, date):
                yield start_of(day, now.tzinfo)
                yield start_of(day + timedelta(days=1), now.tzinfo)
        return
    fact = lookup(facts, CREATED if test.fact == AGE else test.fact)
    began = moment_of(fact.value) if fact.status is _KNOWN else None
    if began is None:
        return
    for operand in operands:
        minutes = number_of(operand)
        if minutes is not None:
            turn = start_of(began, now.tzinfo) + timedelta(microseconds=int(minutes * 60_000_000))
            yield turn
            yield turn + _INSTANT
