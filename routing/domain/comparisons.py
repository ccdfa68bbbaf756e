"""Comparisons of one known value with a constant.

Text is compared without regard to case and surrounding blanks (``matches`` alone takes the text as it is). A number
is compared with numbers, money with money of the same currency, a day or moment with days and moments; text in ISO
8601 form counts as a day or moment, since JSON has none. Whatever is of another kind *does not apply*: neither the
comparison nor its negation holds.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, tzinfo
from decimal import Decimal
from operator import ge, gt, le, lt
from typing import Any

from routing.domain.facts import Money, Value
from routing.domain.kleene import FALSE, NOT_APPLICABLE, TRUE, Result
from routing.domain.patterns import compiled
from routing.domain.rules import Op, Operand

Comparison = Callable[[Value], Result]
_NUMBERS = (int, Decimal)


def folded(text: str) -> str:
    """Return the form in which texts are compared."""
    return text.strip().casefold()


def number_of(value: object) -> int | Decimal | None:
    """Return the value when it is a number (truth values are not), else None."""
    if isinstance(value, _NUMBERS) and not isinstance(value, bool):
        return value
    return None


def moment_of(value: object) -> date | None:
    """Return the day or moment that a value stands for, ISO 8601 text included, else None.

    A moment without a time zone is taken as UTC.
    """
    if isinstance(value, str):
        try:
            text = value.strip()
            value = date.fromisoformat(text) if len(text) == 10 else datetime.fromisoformat(text)
        except ValueError:
            return None
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    return value if isinstance(value, date) else None


def start_of(day: date, zone: tzinfo | None) -> datetime:
    """Return the moment itself, or the first moment of a day in this zone (none: UTC)."""
    return day if isinstance(day, datetime) else datetime.combine(day, time.min, tzinfo=zone or UTC)


def _dates(one: date, other: date) -> tuple[date, date]:
    """Bring two to a common form: moments when both are, else days."""
    if isinstance(one, datetime) and isinstance(other, datetime):
        return one, other
    return (
        one.date() if isinstance(one, datetime) else one,
        other.date() if isinstance(other, datetime) else other,
    )


def _pair(value: Value, constant: Value) -> tuple[Any, Any] | None:
    """Return both in a form that can be ordered, or None when they are of different kinds."""
    if isinstance(constant, Money):
        if isinstance(value, Money) and value.currency == constant.currency:
            return value.amount, constant.amount
        return None
    wanted = number_of(constant)
    if wanted is not None:
        given = number_of(value)
        return None if given is None else (given, wanted)
    day = moment_of(constant)
    if day is not None:
        other = moment_of(value)
        return None if other is None else _dates(other, day)
    return None


def equality(value: Value, constant: Value) -> Result:
    """Compare for equality; values of different kinds do not apply."""
    if isinstance(constant, bool):
        return NOT_APPLICABLE if not isinstance(value, bool) else TRUE if value is constant else FALSE
    if isinstance(constant, str):
        if isinstance(value, str):
            return TRUE if folded(value) == folded(constant) else FALSE
        if not isinstance(value, date):
            return NOT_APPLICABLE
    if isinstance(constant, tuple):
        if not isinstance(value, tuple):
            return NOT_APPLICABLE
        return TRUE if [folded(part) for part in value] == [folded(part) for part in constant] else FALSE
    pair = _pair(value, constant)
    return NOT_APPLICABLE if pair is None else TRUE if pair[0] == pair[1] else FALSE


def _never(_value: Value) -> Result:
    return NOT_APPLICABLE


def _is(operand: Operand) -> Comparison:
    if isinstance(operand, str):
        wanted = folded(operand)

        def same_text(value: Value) -> Result:
            if value.__class__ is str:
                return TRUE if folded(value) == wanted else FALSE
            return equality(value, operand)

        return same_text
    return lambda value: equality(value, operand)  # type: ignore[arg-type]


def _is_not(operand: Operand) -> Comparison:
    same = _is(operand)

    def different(value: Value) -> Result:
        result = same(value)
        return FALSE if result is TRUE else TRUE if result is FALSE else result

    return different


def _one_of(operand: Operand) -> Comparison:
    """True for one equal constant; does not apply when no constant is of the value's kind."""
    constants = operand if isinstance(operand, tuple) else (operand,)
    texts = frozenset(folded(part) for part in constants if isinstance(part, str))
    others = tuple(part for part in constants if not isinstance(part, str))

    def listed(value: Value) -> Result:
        if isinstance(value, str) and texts:
            return TRUE if folded(value) in texts else FALSE
        results = [equality(value, part) for part in others]
        return TRUE if TRUE in results else FALSE if FALSE in results else NOT_APPLICABLE

    return listed


def _contains(operand: Operand) -> Comparison:
    if not isinstance(operand, str):
        return _never
    wanted = folded(operand)

    def contained(value: Value) -> Result:
        if isinstance(value, str):
            return TRUE if wanted in value.casefold() else FALSE
        if isinstance(value, tuple):
            return TRUE if any(folded(part) == wanted for part in value) else FALSE
        return NOT_APPLICABLE

    return contained


def _starts_with(operand: Operand) -> Comparison:
    if not isinstance(operand, str):
        return _never
    wanted = folded(operand)

    def started(value: Value) -> Result:
        if not isinstance(value, str):
            return NOT_APPLICABLE
        return TRUE if folded(value).startswith(wanted) else FALSE

    return started


def _matches(operand: Operand) -> Comparison:
    if not isinstance(operand, str):
        return _never
    search = compiled(operand).search

    def matching(value: Value) -> Result:
        if not isinstance(value, str):
            return NOT_APPLICABLE
        return TRUE if search(value) is not None else FALSE

    return matching


# One for each order, since most rules compare numbers and calling another function would double their time.
_WITH_NUMBER: dict[Callable[[Any, Any], bool], Callable[[Any], Comparison]] = {
    gt: lambda limit: (
        lambda value: (TRUE if value > limit else FALSE) if value.__class__ in _NUMBERS else NOT_APPLICABLE
    ),
    lt: lambda limit: (
        lambda value: (TRUE if value < limit else FALSE) if value.__class__ in _NUMBERS else NOT_APPLICABLE
    ),
    ge: lambda limit: (
        lambda value: (TRUE if value >= limit else FALSE) if value.__class__ in _NUMBERS else NOT_APPLICABLE
    ),
    le: lambda limit: (
        lambda value: (TRUE if value <= limit else FALSE) if value.__class__ in _NUMBERS else NOT_APPLICABLE
    ),
}


def _ordered(holds: Callable[[Any, Any], bool]) -> Callable[[Operand], Comparison]:
    def build(operand: Operand) -> Comparison:
        limit = number_of(operand)
        if limit is not None:
            return _WITH_NUMBER[holds](limit)

        def compare(value: Value) -> Result:
            pair = None if isinstance(operand, tuple) else _pair(value, operand)
            return NOT_APPLICABLE if pair is None else TRUE if holds(*pair) else FALSE

        return compare

    return build


def _between(operand: Operand) -> Comparison:
    """Both ends included."""
    if not isinstance(operand, tuple) or len(operand) != 2:
        return _never
    lowest, highest = _ordered(ge)(operand[0]), _ordered(le)(operand[1])

    def within(value: Value) -> Result:
        low, high = lowest(value), highest(value)
        if NOT_APPLICABLE in (low, high):
            return NOT_APPLICABLE
        return TRUE if low is TRUE and high is TRUE else FALSE

    return within


_BUILDERS: dict[Op, Callable[[Operand], Comparison]] = {
    Op.IS: _is,
    Op.IS_NOT: _is_not,
    Op.ONE_OF: _one_of,
    Op.CONTAINS: _contains,
    Op.STARTS_WITH: _starts_with,
    Op.MATCHES: _matches,
    Op.OVER: _ordered(gt),
    Op.UNDER: _ordered(lt),
    Op.AT_LEAST: _ordered(ge),
    Op.AT_MOST: _ordered(le),
    Op.BETWEEN: _between,
    Op.BEFORE: _ordered(lt),
    Op.AFTER: _ordered(gt),
}


def comparison(op: Op, operand: Operand) -> Comparison:
    """Return the function that compares a known value with the operand.

    Raises PatternError for an unreadable pattern and KeyError for the operators that need more than the value
    (``missing``, ``known``, ``older_than``).
    """
    return _BUILDERS[op](operand)
