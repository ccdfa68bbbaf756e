"""The smallest change of facts that would have decided otherwise."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from heapq import heappop, heappush

from routing.domain.answers import Followed, follow
from routing.domain.catalogue import Catalogue
from routing.domain.comparisons import number_of
from routing.domain.conditions import AGE, CREATED, NOW, tests
from routing.domain.facts import MISSING, Fact, Facts, Money, Status, Value, known, lookup
from routing.domain.prepared import ready_book
from routing.domain.rules import Op, Rulebook, Test

MOST_TRIED, LEAST_TRIED = 3_000, 200  # of one change, and of two
MOST_WORK = 600_000  # rules asked for them
MOST_LOOKED_AT = 30_000
OTHER_TEXT = "something else"
_TIMED = frozenset({NOW, CREATED, AGE})
_CENT, _DAY = Decimal("0.01"), timedelta(days=1)
_WITHOUT_VALUE = frozenset({Op.KNOWN, Op.MISSING, Op.MATCHES, Op.OLDER_THAN})


@dataclass(frozen=True, slots=True)
class FactChange:
    """One fact that would have to be otherwise."""

    name: str
    before: Fact
    after: Fact


@dataclass(frozen=True, slots=True)
class Nearest:
    """The fewest changes that lead elsewhere, and what the rules come to then.

    Without changes, no change of one or two facts that was tried does; ``complete`` is False when values were left out:
    too many pairs, texts that patterns ask for, and what time alone changes.
    """

    changes: tuple[FactChange, ...] = ()
    followed: Followed | None = None
    complete: bool = True


_Cost = tuple[int, Decimal]  # by kind of change first, then by distance
_Ask = Callable[[Facts], Followed]


def nearest(
    facts: Facts,
    book: Rulebook,
    catalogue: Catalogue,
    *,
    fired: Mapping[str, int],
    escalated: Mapping[str, int],
    now: datetime,
) -> Nearest:
    """Return the smallest change of one or two facts that gives another answer; takes what ``decide`` takes.

    Each fact that rules, destinations and inputs read, and that time alone does not change, is tried with the values at
    and beside the constants it is compared with, with its choices, and as missing. Of several changes of one fact the
    nearest value of the same kind is taken, then any other value, then none at all.
    """

    def ask(given: Facts) -> Followed:
        return follow(given, book, catalogue, fired=fired, escalated=escalated, now=now)

    before = ask(facts).answer
    values = _values(facts, book, catalogue)
    singles = [(name, fact) for name, candidates in values.items() for fact in candidates]
    singles.sort(key=lambda one: _cost(one[0], one[1], facts))
    most = min(MOST_TRIED, max(LEAST_TRIED, MOST_WORK // max(1, len(book.rules))))
    found = _first_otherwise(facts, [(one,) for one in singles[:most]], ask, before)
    if found is not None:
        return found
    costs = [_cost(name, fact, facts) for name, fact in singles]
    pairs = [(singles[first], singles[second]) for first, second in _cheapest_pairs(singles, costs, most)]
    found = _first_otherwise(facts, pairs, ask, before)
    all_pairs = (len(singles) ** 2 - sum(len(states) ** 2 for states in values.values())) // 2
    all_tried = len(singles) <= most and all_pairs <= len(pairs)
    return found or Nearest(complete=all_tried and not _leaves_out(book, catalogue))


def _cheapest_pairs(singles: Sequence[tuple[str, Fact]], costs: Sequence[_Cost], most: int) -> list[tuple[int, int]]:
    """Return the cheapest pairs of changes of two facts, at most so many; the changes are sorted by their cost.

    Pairs are taken from a heap in which each first change waits with its next partner, so that the work does not grow
    with all pairs; it ends early where most pairs are two values of one fact.
    """
    found: list[tuple[int, int]] = []
    waiting = [(_sum(costs[0], costs[1]), 0, 1)] if len(singles) > 1 else []
    for _ in range(MOST_LOOKED_AT):
        if not waiting or len(found) == most:
            break
        _, first, second = heappop(waiting)
        if singles[first][0] != singles[second][0]:
            found.append((first, second))
        if second + 1 < len(singles):
            heappush(waiting, (_sum(costs[first], costs[second + 1]), first, second + 1))
            if second == first + 1:
                heappush(waiting, (_sum(costs[second], costs[second + 1]), second, second + 1))
    return found


def _sum(one: _Cost, other: _Cost) -> _Cost:
    return one[0] + other[0], one[1] + other[1]


def _leaves_out(book: Rulebook, catalogue: Catalogue) -> bool:
    """Whether rules compare what is not tried with every kind of value."""
    return any(
        test.fact in _TIMED or test.op is Op.MATCHES or test.op is Op.OLDER_THAN for test in _tests(book, catalogue)
    )


def _tests(book: Rulebook, catalogue: Catalogue) -> Iterator[Test]:
    """Yield the comparisons of the rules, and those that say which inputs apply."""
    for item in ready_book(book, catalogue).rules:
        yield from tests(item.rule.when)
    for spec in catalogue.inputs:
        if spec.applies_when is not None:
            yield from tests(spec.applies_when)


_Changes = tuple[tuple[str, Fact], ...]


def _first_otherwise(facts: Facts, many: Iterable[_Changes], ask: _Ask, before: object) -> Nearest | None:
    for changes in many:
        found = ask({**facts, **dict(changes)})
        if found.answer is not None and found.answer != before:
            return Nearest(tuple(FactChange(name, lookup(facts, name), fact) for name, fact in changes), found)
    return None


def _cost(name: str, fact: Fact, facts: Facts) -> _Cost:
    """Return how far a value is from the present one."""
    present = lookup(facts, name)
    if fact.status is not Status.KNOWN:
        return 2, Decimal(0)
    gap = _gap(present.value, fact.value) if present.status is Status.KNOWN else None
    return (1, Decimal(0)) if gap is None else (0, gap)


def _gap(one: Value, other: Value) -> Decimal | None:
    """Return the distance of two values of a kind that has one, as a share of the larger; None for others."""
    if isinstance(one, Money) and isinstance(other, Money) and one.currency == other.currency:
        one, other = one.amount, other.amount
    if isinstance(one, date) and isinstance(other, date):
        one, other = one.toordinal(), other.toordinal()
    first, second = number_of(one), number_of(other)
    if first is None or second is None:
        return None
    return abs(Decimal(first) - Decimal(second)) / max(abs(Decimal(first)), abs(Decimal(second)), _CENT)


def _values(facts: Facts, book: Rulebook, catalogue: Catalogue) -> dict[str, list[Fact]]:
    """Return, by the facts that are read, the states to try in the place of the present one."""
    found: dict[str, dict[Fact, None]] = {}
    for test in _tests(book, catalogue):
        if test.fact not in _TIMED:
            states = found.setdefault(test.fact, {})
            states.update((known(value), None) for value in _beside(test, lookup(facts, test.fact).value))
    for item in ready_book(book, catalogue).rules:
        for name in item.target.needs if item.target else ():
            found.setdefault(name, {})
    found |= {spec.fact: {} for spec in catalogue.inputs if spec.required and spec.fact not in found}
    for name, states in found.items():
        spec = catalogue.input_of(name)
        if spec is not None and spec.choices:
            states.update((known(choice), None) for choice in spec.choices)
        elif any(isinstance(state.value, str) for state in states) or not states:
            states[known(OTHER_TEXT)] = None
        if not states:
            states[known(True)] = None
        states[MISSING] = None
    present = {name: lookup(facts, name) for name in found}
    return {
        name: [s for s in states if (s.status, s.value) != (present[name].status, present[name].value)]
        for name, states in found.items()
    }


def _beside(test: Test, present: Value) -> Iterator[Value]:
    """Yield the values at and just beside the constants of a comparison."""
    if test.op in _WITHOUT_VALUE:
        return
    for constant in test.value if isinstance(test.value, tuple) else (test.value,):
        match constant:
            case bool():
                yield constant
                yield not constant
            case str() if test.op is Op.CONTAINS and isinstance(present, tuple):
                yield tuple(sorted({*present, constant}))
                yield tuple(part for part in present if part.casefold() != constant.strip().casefold())
            case str() if test.op is Op.CONTAINS and isinstance(present, str):
                yield f"{present} {constant}"
            case str() if test.op is Op.STARTS_WITH and isinstance(present, str):
                yield f"{constant} {present}"
            case int() | Decimal():
                step = 1 if isinstance(constant, int) and not isinstance(present, Decimal) else _CENT
                yield from (constant, constant - step, constant + step)
            case Money(amount=amount, currency=currency):
                yield from (Money(amount + step, currency) for step in (Decimal(0), -_CENT, _CENT))
            case datetime() | date():
                yield from (constant, constant - _DAY, constant + _DAY)
            case None:
                return
            case _:
                yield constant
