"""Facts: the named values that rules read, each known, missing, unknown or unavailable."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from enum import StrEnum


class Status(StrEnum):
    """What is known about a fact.

    MISSING: asked, and there is none. UNKNOWN: nobody asked yet. UNAVAILABLE: asked, and could not be had.
    """

    KNOWN = "known"
    MISSING = "missing"
    UNKNOWN = "unknown"
    UNAVAILABLE = "unavailable"


@dataclass(frozen=True, slots=True)
class Money:
    """An amount with its ISO 4217 currency code."""

    amount: Decimal
    currency: str

    def __str__(self) -> str:
        return f"{self.amount} {self.currency}"


_LARGEST_EXPONENT = 40

_Scalar = str | bool | int | Decimal | Money | date | datetime | tuple[str, ...]
Value = _Scalar | None


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact as rules see it; ``seq`` is the position of its newest change in the item's facts (0: never stored)."""

    status: Status
    value: Value = None
    seq: int = 0
    cause: str = ""


UNKNOWN = Fact(Status.UNKNOWN)
MISSING = Fact(Status.MISSING)

Facts = Mapping[str, Fact]

# Nobody provides these: what has not happened is missing.
HISTORY_NAMESPACES = frozenset({"steps", "reviews"})
# The item's own facts are always there, so one that is not stored is missing too; nobody could be asked for it.
_NEVER_ASKED = HISTORY_NAMESPACES | {"item"}


def known(value: Value, seq: int = 0) -> Fact:
    """Return a known fact holding the value."""
    return Fact(Status.KNOWN, value, seq)


def lookup(facts: Facts, name: str) -> Fact:
    """Return the fact of this name, falling back to its nearest stored parent.

    A source that answered stores ``source.orders``; a field it did not give is then missing, and all fields are
    unavailable when the source was. Money answers ``.amount`` and ``.currency``. A name in a history namespace
    (``steps``, ``reviews``) or of the item itself with nothing stored is missing; any other is unknown.
    """
    fact = facts.get(name)
    if fact is not None:
        return fact
    parent_name, dot, leaf = name.rpartition(".")
    if not dot:
        return MISSING if name in _NEVER_ASKED else UNKNOWN
    parent = lookup(facts, parent_name)
    if parent.status is Status.KNOWN:
        if isinstance(parent.value, Money) and leaf in {"amount", "currency"}:
            return Fact(Status.KNOWN, getattr(parent.value, leaf), parent.seq)
        return Fact(Status.MISSING, None, parent.seq)
    return parent


def value_to_json(value: Value) -> object:
    """Return the JSON form that ``value_from_json`` reads back to an equal value."""
    match value:
        case Money():
            return {"amount": str(value.amount), "currency": value.currency}
        case Decimal():
            return {"number": str(value)}
        case datetime():
            return {"datetime": value.isoformat()}
        case date():
            return {"date": value.isoformat()}
        case tuple():
            return list(value)
        case _:
            return value


def _finite(text: str) -> Decimal:
    """Read a number that can be compared and written out: finite, and below 10^40 in size."""
    try:
        number = Decimal(text)
    except InvalidOperation as error:
        raise ValueError("a number cannot be read") from error
    if not number.is_finite() or abs(number.adjusted()) > _LARGEST_EXPONENT:
        raise ValueError("a number must be finite and of a sensible size")
    return number


def value_from_json(data: object) -> Value:
    """Read a stored value; raises ValueError when it has no known shape. For what people give see ``given_value``."""
    match data:
        case None | bool() | int() | str():
            return data
        case float():
            return _finite(str(data))
        case list():
            return tuple(str(part) for part in data)
        case {"amount": amount, "currency": currency}:
            return Money(_finite(str(amount)), str(currency))
        case {"number": number}:
            return _finite(str(number))
        case {"datetime": moment}:
            return datetime.fromisoformat(str(moment))
        case {"date": day}:
            return date.fromisoformat(str(day))
    raise ValueError(f"a fact value cannot be read from {type(data).__name__}")


def given_value(data: object) -> Value:
    """Read a value that somebody gave in the stored form; raises ValueError when it cannot be kept, saying why."""
    value = value_from_json(data)
    texts = value if isinstance(value, tuple) else (value,)
    if any(isinstance(text, str) and not is_storable(text) for text in texts):
        raise ValueError("the text holds characters that cannot be kept")
    if isinstance(value, Money) and not is_currency(value.currency):
        raise ValueError("a currency is a code of three capitals, such as EUR")
    return value


def is_storable(text: str) -> bool:
    """Whether a database can keep the text: no NUL, no half of a surrogate pair."""
    return "\x00" not in text and not any("\ud800" <= char <= "\udfff" for char in text)


def is_currency(text: str) -> bool:
    """Whether it is a code as ISO 4217 has them."""
    return len(text) == 3 and text.isascii() and text.isalpha() and text.isupper()
