"""The finitely many states of a fact that its comparisons tell apart, found by the engine's own comparisons."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from routing.domain.analysis.values import PATTERNS, constants, known_values, mixes_days_and_moments
from routing.domain.catalogue import Catalogue
from routing.domain.comparisons import moment_of, number_of
from routing.domain.conditions import AGE, CREATED, NOW, evaluator
from routing.domain.facts import HISTORY_NAMESPACES, Fact, Status, Value, known
from routing.domain.inputs import Kind
from routing.domain.kleene import TRUE, Result
from routing.domain.operators import Shape, shape_of
from routing.domain.rules import Op, Test

MOMENT = datetime(2026, 1, 15, 12, tzinfo=UTC)  # what counts as now unless rules compare it
_ALWAYS_KNOWN = frozenset({NOW, AGE, CREATED, "item.code", "item.priority", "item.tags"})


@dataclass(slots=True)
class Cell:
    """One state of a fact: a fact that stands for it, and what each comparison comes to (None: a pattern decides)."""

    fact: Fact
    results: tuple[Result | None, ...]


@dataclass(slots=True)
class Variable:
    """A fact as it is provided, the comparisons that read it or a part of it, and its cells."""

    name: str
    tests: tuple[Test, ...]
    cells: list[Cell] = field(default_factory=list)


def statuses(name: str) -> tuple[Status, ...]:
    """Return the states without a value that a fact can be in."""
    if name in _ALWAYS_KNOWN:
        return ()
    space = name.partition(".")[0]
    if space in HISTORY_NAMESPACES or space == "item":
        return (Status.MISSING,)
    return (Status.MISSING, Status.UNKNOWN, Status.UNAVAILABLE)


def variable(name: str, tests: tuple[Test, ...], catalogue: Catalogue) -> Variable:
    """Return the fact with its cells, those that no comparison tells apart taken together."""
    found = Variable(name, tests)
    runs = [evaluator(test) for test in tests]
    closed = _is_closed(name, catalogue)
    seen: set[tuple[object, ...]] = set()
    for fact in _facts(name, tests, catalogue):
        facts = {NOW: known(MOMENT), name: fact}
        results = tuple(
            None if not closed and _is_free(test, fact.value, tests) else run(facts)
            for test, run in zip(tests, runs, strict=True)
        )
        mark = (fact.status, *results)
        if mark not in seen:
            seen.add(mark)
            found.cells.append(Cell(fact, results))
    return found


def _facts(name: str, tests: tuple[Test, ...], catalogue: Catalogue) -> Iterator[Fact]:
    for status in statuses(name):
        yield Fact(status, None, 0 if status is Status.UNKNOWN else 1)
    # The solver tends to the last: facts that hold a value say more to people than missing ones.
    for value in known_values(name, tests, catalogue):
        yield known(value, 1)


def _is_closed(name: str, catalogue: Catalogue) -> bool:
    spec = catalogue.input_of(name)
    return name == "item.priority" or (spec is not None and spec.kind is Kind.CHOICE and bool(spec.choices))


def _is_free(test: Test, value: Value, tests: tuple[Test, ...]) -> bool:
    """Whether values of this cell differ in this comparison: patterns on other texts, ages of moments."""
    if test.op is Op.OLDER_THAN:
        return number_of(value) is None and moment_of(value) is not None
    if test.op not in PATTERNS:
        return False
    if isinstance(value, tuple):
        return test.op is Op.CONTAINS
    if not isinstance(value, str):
        return False
    if test.op is Op.MATCHES:
        return True
    equal = (Test(test.fact, Op.IS, constant) for constant in constants(tests) if isinstance(constant, str))
    return not any(evaluator(same)({same.fact: known(value)}) is TRUE for same in equal)


def is_inexact(name: str, tests: tuple[Test, ...], catalogue: Catalogue) -> bool:
    """Whether cells may hold values that compare differently, so that nothing is proved of this fact."""
    given = constants(tests)
    patterns = any(test.op in PATTERNS for test in tests)
    shape = shape_of(name, catalogue)
    if mixes_days_and_moments(given):
        return True
    if shape is Shape.ANY and patterns and any(moment_of(value) is not None for value in given):
        return True
    lists = any(isinstance(part, tuple) for test in tests if isinstance(test.value, tuple) for part in test.value)
    return lists or (shape is Shape.MONEY and patterns)
