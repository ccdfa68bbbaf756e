"""Known values that stand for all a fact can hold: each constant it is compared with, and what lies between."""

import itertools
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from routing.domain.catalogue import Catalogue
from routing.domain.checks import PRIORITIES
from routing.domain.comparisons import folded, moment_of, number_of
from routing.domain.conditions import AGE
from routing.domain.facts import Money, Value
from routing.domain.inputs import Kind
from routing.domain.operators import Shape, shape_of
from routing.domain.rules import Op, Test

PATTERNS = frozenset({Op.CONTAINS, Op.STARTS_WITH, Op.MATCHES})
_DEFAULT_DAY = date(2026, 1, 1)
_OTHER_CURRENCIES = ("EUR", "USD", "GBP", "CHF", "JPY")
_DAY, _INSTANT = timedelta(days=1), timedelta(microseconds=1)


def constants(tests: Iterable[Test]) -> tuple[Value, ...]:
    """Return what the comparisons compare with, patterns left out."""
    found: list[Value] = []
    for test in tests:
        if test.op not in PATTERNS:
            found.extend(test.value if isinstance(test.value, tuple) else (test.value,))
    return tuple(found)


def known_values(name: str, tests: tuple[Test, ...], catalogue: Catalogue) -> Iterator[Value]:
    """Yield values of the fact such that whatever it can hold compares like one of them, patterns aside."""
    spec = catalogue.input_of(name)
    given = constants(tests)
    if spec is not None and spec.kind is Kind.CHOICE and spec.choices:
        yield from spec.choices
        return
    if name == "item.priority":
        yield from PRIORITIES
        return
    if name in {"router.confidence", AGE}:
        yield from (number for number in numbers(given) if number >= 0 and (name == AGE or number <= 1))
        return
    if shape_of(name, catalogue) is Shape.DAY:
        # An input holds days; what the desk notes are moments.
        yield from (day for day in days(given) if isinstance(day, datetime) is (spec is None))
        return
    yield from _of_shape(shape_of(name, catalogue), given, tests, spec.currency if spec else "")


def _of_shape(shape: Shape, given: tuple[Value, ...], tests: tuple[Test, ...], currency: str) -> Iterator[Value]:
    if shape in {Shape.TEXT, Shape.ANY}:
        yield from texts(given)
    if shape in {Shape.NUMBER, Shape.MINUTES, Shape.ANY}:
        yield from numbers(given)
    if shape in {Shape.MONEY, Shape.ANY}:
        yield from amounts(given, tests, currency)
    if shape in {Shape.LIST, Shape.ANY}:
        yield ()
    if shape is Shape.FILE:
        yield "file"
    if shape is Shape.ANY:
        yield from (False, True)
        timed = any(moment_of(value) is not None for value in given) or any(test.op is Op.OLDER_THAN for test in tests)
        for day in days(given):
            yield day
            if timed:
                yield day.isoformat()


def texts(given: tuple[Value, ...]) -> Iterator[str]:
    """Yield each text, and another."""
    mentioned = {folded(value): value.strip() for value in given if isinstance(value, str)}
    yield other_text(mentioned)
    yield from mentioned.values()


def other_text(mentioned: Iterable[str]) -> str:
    """Return a text that is none of these."""
    taken = set(mentioned)
    words = "anything else"
    while words in taken:
        words += " still"
    return words


def numbers(given: tuple[Value, ...]) -> Iterator[Decimal]:
    """Yield each number, one between each two neighbours and one beyond each end."""
    points = sorted({Decimal(number) for value in given if (number := number_of(value)) is not None})
    if not points:
        yield Decimal(1)
        return
    yield points[0] - 1
    if points[0] > 0:
        yield points[0] / 2
    for low, high in itertools.pairwise(points):
        yield low
        middle = (low + high) / 2
        yield middle.to_integral_value() if low < middle.to_integral_value() < high else middle
    yield points[-1]
    yield points[-1] + 1


def amounts(given: tuple[Value, ...], tests: tuple[Test, ...], currency: str) -> Iterator[Money]:
    """Yield amounts of each currency named, and of another; of the one only that the input takes."""
    named = [value.currency for value in given if isinstance(value, Money)]
    parts = [test.value for test in tests if test.fact.endswith(".currency")]
    for part in parts:
        options = part if isinstance(part, tuple) else (part,)
        named.extend(text.strip().upper() for text in options if isinstance(text, str))
    other = next((code for code in _OTHER_CURRENCIES if code not in named), "XXX")
    currencies = [currency] if currency else list(dict.fromkeys([*named, other]))
    limits = tuple(value for value in given if number_of(value) is not None)
    for code in currencies:
        own = tuple(value.amount for value in given if isinstance(value, Money) and value.currency == code)
        for number in numbers((*own, *limits)):
            yield Money(number, code)


def days(given: tuple[Value, ...]) -> Iterator[date]:
    """Yield the days at, before and after each that is named, and the moments around each moment."""
    points = {day for value in given if (day := moment_of(value)) is not None}
    named = {point.date() if isinstance(point, datetime) else point for point in points} or {_DEFAULT_DAY}
    around = {_moved(day, step) for day in named for step in (-_DAY, timedelta(), _DAY)}
    for day in sorted(around):
        yield day
        yield datetime.combine(day, time(12), tzinfo=UTC)
    for point in sorted(point for point in points if isinstance(point, datetime)):
        yield from (_moved(point, -_INSTANT), point, _moved(point, _INSTANT))


def _moved(day: date, step: timedelta) -> date:
    try:
        return day + step
    except OverflowError:
        return day


def mixes_days_and_moments(given: tuple[Value, ...]) -> bool:
    """Whether both days and moments are compared with, so that the time zone of a value decides."""
    points = [day for value in given if (day := moment_of(value)) is not None]
    return len({isinstance(point, datetime) for point in points}) > 1
