"""The values that conditions compare with, as people type them and as rules hold them."""

import re
from collections.abc import Iterable
from decimal import Decimal

from routing.domain.catalogue import Catalogue
from routing.domain.comparisons import moment_of, number_of
from routing.domain.conditions import AGE
from routing.domain.facts import Value
from routing.domain.inputs import InputError, InputSpec, Kind, parse_value
from routing.domain.operators import Shape, shape_of
from routing.domain.patterns import PatternError, compiled
from routing.domain.reading import read_number
from routing.domain.rules import Op, Operand, Test
from routing.domain.sentences import duration
from routing.domain.templates import as_text

_CONFIDENCE = "router.confidence"
_TEXTUAL = frozenset({Op.CONTAINS, Op.STARTS_WITH, Op.MATCHES})
_DURATION = re.compile(r"(\d+(?:[.,]\d+)?)\s*(m|min|mins|minutes?|h|hours?|d|days?|w|weeks?)?", re.IGNORECASE)
_UNIT_MINUTES = {"m": 1, "h": 60, "d": 1440, "w": 10_080}
_MONEY = re.compile(r"-?\d[\d., ]*\s?[A-Za-z]{3}")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_QUOTES = {'"': '"', "“": "”", "'": "'"}
_TRUTHS = {"true": True, "false": False}
_PARTS = re.compile(r'\s*("(?:[^"]|"")*"(?=\s*(?:[,\n]|$))|[^,\n]+)')
_CURRENCY_LAST = re.compile(r"(.*\d)\s?([A-Z]{3})")


class CannotRead(ValueError):
    """A value cannot be used; the message says what to give instead."""


def read_minutes(text: str) -> int | Decimal:
    """Read a length of time such as “90 minutes”, “2 h” or “3 days” (a bare number is minutes); raises CannotRead."""
    match = _DURATION.fullmatch(text.strip())
    if match is None:
        raise CannotRead("Give a length of time, such as 90 minutes, 2 hours or 3 days.")
    minutes = Decimal(match.group(1).replace(",", ".")) * _UNIT_MINUTES[(match.group(2) or "m")[0].lower()]
    return int(minutes) if minutes == minutes.to_integral_value() else minutes


def read_operand(fact: str, op: Op, value: str, upper: str, catalogue: Catalogue) -> Operand:
    """Read what a comparison of this fact takes; raises CannotRead."""
    match op:
        case Op.MISSING | Op.KNOWN:
            return None
        case Op.BETWEEN:
            return _scalar(fact, op, value, catalogue), _scalar(fact, op, upper, catalogue)
        case Op.ONE_OF:
            quoted = shape_of(fact, catalogue) is Shape.ANY  # there, quotes say that it is a text
            parts = split_list(value, quoted=quoted)
            if not parts:
                raise CannotRead("Give at least one value.")
            return tuple(_scalar(fact, op, part, catalogue) for part in parts)
    return _scalar(fact, op, value, catalogue)


def split_list(text: str, *, quoted: bool = False) -> list[str]:
    """Return the values of a list as typed: parted by commas or lines, those in double quotes whole.

    The quotes are taken off, unless ``quoted``.
    """
    parts = [part.strip() for part in _PARTS.findall(text)]
    return [part if quoted else _unquoted(part) for part in parts if part]


def _unquoted(part: str) -> str:
    return part[1:-1].replace('""', '"') if len(part) > 1 and part[0] == part[-1] == '"' else part


def join_list(parts: Iterable[str]) -> str:
    """Return values as one types them, so that ``split_list`` returns them again."""
    return ", ".join(f'"{part.replace(chr(34), chr(34) * 2)}"' if _needs_quotes(part) else part for part in parts)


def _needs_quotes(part: str) -> bool:
    return "," in part or "\n" in part or part.startswith('"')


def split_money(text: str) -> tuple[str, str]:
    """Return an amount as typed and the currency code at its end; "" for what is not there."""
    found = _CURRENCY_LAST.fullmatch(text.strip())
    return (found[1], found[2]) if found else (text, "")


def _scalar(fact: str, op: Op, raw: str, catalogue: Catalogue) -> Value:
    text = raw.strip()
    if not text:
        raise CannotRead("Give a value to compare with.")
    if op in _TEXTUAL:
        return _checked_pattern(text) if op is Op.MATCHES else text
    shape = shape_of(fact, catalogue)
    if op is Op.OLDER_THAN or shape is Shape.MINUTES:
        return read_minutes(text)
    if fact == _CONFIDENCE:
        return _share(text)
    if op in {Op.BEFORE, Op.AFTER}:
        return _day(text)
    spec = catalogue.input_of(fact)
    match shape:
        case Shape.ANY:
            return read_untyped(text)
        case Shape.MONEY if spec is not None:
            return _parsed(spec, text)
        case Shape.NUMBER:
            return _number(text)
        case Shape.DAY:
            return _day(text)
        case _ if spec is not None and spec.kind is Kind.CHOICE:
            return _parsed(spec, text)
    return text


def _checked_pattern(text: str) -> str:
    try:
        compiled(text)
    except PatternError as error:
        raise CannotRead(f"This pattern cannot be read: {error}.") from error
    return text


def _parsed(spec: InputSpec, text: str) -> Value:
    try:
        return parse_value(spec, text)
    except InputError as error:
        raise CannotRead(str(error)) from error


def _number(text: str) -> int | Decimal:
    number = read_number(text)
    if number is None:
        raise CannotRead("Give a number, such as 12 or 12.5.")
    return int(number) if number == number.to_integral_value() else number


def _share(text: str) -> int | Decimal:
    number = _number(text.rstrip("% "))
    share = Decimal(number) / 100 if text.endswith("%") or number > 1 else number
    if not 0 <= share <= 1:
        raise CannotRead("Give a share from 0 % to 100 %.")
    return share


def _day(text: str) -> Value:
    moment = moment_of(text)
    if moment is not None:
        return moment
    return _parsed(InputSpec(name="day", label="The day", kind=Kind.DATE), text)


def read_untyped(text: str) -> Value:
    """Read a value nobody declared: a number, an amount, true or false; else a text, quotes around it taken off."""
    if len(text) > 1 and _QUOTES.get(text[0]) == text[-1]:
        return text[1:-1].replace('""', '"')
    if text in _TRUTHS:
        return _TRUTHS[text]
    if _NUMBER.fullmatch(text):
        return _number(text)
    if _MONEY.fullmatch(text):
        return _parsed(InputSpec(name="amount", label="The amount", kind=Kind.MONEY), text)
    return text


def written(test: Test, catalogue: Catalogue) -> tuple[str, str]:
    """Return a comparison's value as it is typed, and the upper one of *between*."""
    values = test.value if isinstance(test.value, tuple) else (test.value,)
    words = [_written(value, test, catalogue) for value in values]
    if test.op is Op.BETWEEN and len(words) == 2:
        return words[0], words[1]
    quoted = test.op is Op.ONE_OF and shape_of(test.fact, catalogue) is not Shape.ANY
    return join_list(words) if quoted else ", ".join(words), ""


def _written(value: Value, test: Test, catalogue: Catalogue) -> str:
    number = number_of(value)
    if number is not None and (test.op is Op.OLDER_THAN or test.fact == AGE):
        return duration(number)
    if number is not None and test.fact == _CONFIDENCE:
        return f"{(Decimal(number) * 100).normalize():f} %"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str) and test.op not in _TEXTUAL and shape_of(test.fact, catalogue) is Shape.ANY:
        is_plain = _MONEY.fullmatch(value) is None and read_untyped(value) == value
        is_plain = is_plain and not (test.op is Op.ONE_OF and _needs_quotes(value))
        return value if is_plain else f'"{value.replace(chr(34), chr(34) * 2)}"'
    return as_text(value)
