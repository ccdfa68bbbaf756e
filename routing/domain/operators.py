"""Which comparisons fit which facts, and the words people read for them."""

from datetime import date
from enum import StrEnum

from routing.domain.catalogue import TRUTHS, Catalogue
from routing.domain.comparisons import number_of
from routing.domain.conditions import AGE, CREATED, NOW
from routing.domain.facts import Money, Value
from routing.domain.inputs import Kind
from routing.domain.rules import Op, Test


class Shape(StrEnum):
    """What a fact's values look like to a comparison; ANY when nobody declared it."""

    TEXT = "text"
    NUMBER = "number"
    MINUTES = "minutes"
    MONEY = "money"
    DAY = "day"
    LIST = "list"
    FILE = "file"
    ANY = "any"


_PRESENCE = (Op.MISSING, Op.KNOWN)
_ORDER = (Op.OVER, Op.UNDER, Op.AT_LEAST, Op.AT_MOST, Op.BETWEEN)
_TEXT = (Op.IS, Op.IS_NOT, Op.ONE_OF, Op.CONTAINS, Op.STARTS_WITH, Op.MATCHES)

FITTING: dict[Shape, tuple[Op, ...]] = {
    Shape.TEXT: (*_TEXT, *_PRESENCE),
    Shape.NUMBER: (Op.IS, Op.IS_NOT, Op.ONE_OF, *_ORDER, *_PRESENCE),
    Shape.MINUTES: (*_ORDER, Op.OLDER_THAN),
    Shape.MONEY: (Op.IS, Op.IS_NOT, *_ORDER, *_PRESENCE),
    Shape.DAY: (Op.IS, Op.IS_NOT, Op.BEFORE, Op.AFTER, Op.BETWEEN, Op.OLDER_THAN, *_PRESENCE),
    Shape.LIST: (Op.CONTAINS, *_PRESENCE),
    Shape.FILE: _PRESENCE,
    Shape.ANY: tuple(Op),
}

_ONE_OF_FEW = (Op.IS, Op.IS_NOT, Op.ONE_OF, *_PRESENCE)
_TRUTH = (Op.IS, Op.IS_NOT, *_PRESENCE)

WORDS: dict[Op, str] = {
    Op.IS: "is",
    Op.IS_NOT: "is not",
    Op.ONE_OF: "is one of",
    Op.CONTAINS: "contains",
    Op.STARTS_WITH: "starts with",
    Op.MATCHES: "matches",
    Op.OVER: "is over",
    Op.UNDER: "is under",
    Op.AT_LEAST: "is at least",
    Op.AT_MOST: "is at most",
    Op.BETWEEN: "is between",
    Op.BEFORE: "is before",
    Op.AFTER: "is after",
    Op.OLDER_THAN: "is older than",
    Op.MISSING: "is missing",
    Op.KNOWN: "is known",
}

_BY_KIND: dict[Kind, Shape] = {
    Kind.TEXT: Shape.TEXT,
    Kind.LONG_TEXT: Shape.TEXT,
    Kind.NUMBER: Shape.NUMBER,
    Kind.MONEY: Shape.MONEY,
    Kind.CHOICE: Shape.TEXT,
    Kind.DATE: Shape.DAY,
    Kind.EMAIL: Shape.TEXT,
    Kind.URL: Shape.TEXT,
    Kind.FILE: Shape.FILE,
}
_BY_NAME: dict[str, Shape] = {
    NOW: Shape.DAY,
    AGE: Shape.MINUTES,
    CREATED: Shape.DAY,
    "item.tags": Shape.LIST,
    "router.confidence": Shape.NUMBER,
}


def shape_of(fact: str, catalogue: Catalogue) -> Shape:
    """Return what the values of this fact look like."""
    if fact in _BY_NAME:
        return _BY_NAME[fact]
    spec = catalogue.input_of(fact)
    if spec is None:
        return Shape.TEXT if fact.startswith(("item.", "router.")) else Shape.ANY
    if spec.kind is Kind.MONEY and fact != spec.fact:
        return Shape.NUMBER if fact.endswith(".amount") else Shape.TEXT
    return _BY_KIND[spec.kind]


def is_answer(fact: str) -> bool:
    """Return whether a fact only says that a destination has answered: ``source.orders``, ``steps.reply``."""
    space, _, rest = fact.partition(".")
    return space in {"source", "steps"} and "." not in rest


def offered(fact: str, catalogue: Catalogue) -> tuple[Op, ...]:
    """Return the comparisons that make sense for a fact; rules may hold others of ``FITTING``."""
    if is_answer(fact):
        return (Op.KNOWN, Op.MISSING)
    spec = catalogue.input_of(fact)
    few = spec.choices if spec is not None and spec.kind is Kind.CHOICE else catalogue.declared_choices(fact)
    if few:
        return _TRUTH if few == TRUTHS else _ONE_OF_FEW
    return FITTING[shape_of(fact, catalogue)]


def misfit(test: Test, catalogue: Catalogue) -> str:
    """Return why a comparison can never hold for this fact, in the user's words; empty when it can."""
    shape = shape_of(test.fact, catalogue)
    label = catalogue.label(test.fact)
    if test.op not in FITTING[shape]:
        return f"“{WORDS[test.op]}” does not fit {label}."
    if test.op in _PRESENCE or shape is Shape.ANY:
        return ""
    values = test.value if isinstance(test.value, tuple) else (test.value,)
    for value in values:
        detail = _wrong_value(value, Shape.NUMBER if test.op is Op.OLDER_THAN else shape)
        if detail:
            return f"{label} is compared with {detail}."
    spec = catalogue.input_of(test.fact)
    if spec is None:
        return ""
    if shape is Shape.MONEY and spec.currency:
        others = {value.currency for value in values if isinstance(value, Money)} - {spec.currency}
        if others:
            return f"{label} is in {spec.currency}, and is compared with {' and '.join(sorted(others))}."
    if spec.kind is Kind.CHOICE and test.op in {Op.IS, Op.IS_NOT, Op.ONE_OF}:
        choices = {choice.strip().casefold() for choice in spec.choices}
        for value in values:
            if str(value).strip().casefold() not in choices:
                return f"“{value}” is none of the choices of {label}."
    return ""


def _wrong_value(value: Value, shape: Shape) -> str:
    """Return what the value would have to be instead; empty when it is."""
    match shape:
        case Shape.TEXT | Shape.LIST:
            return "" if isinstance(value, str) else "something that is no text"
        case Shape.NUMBER | Shape.MINUTES:
            return "" if number_of(value) is not None else "something that is no number"
        case Shape.MONEY:
            return "" if isinstance(value, Money) else "an amount without a currency"
        case Shape.DAY:
            return "" if isinstance(value, date) else "something that is no day"
        case _:
            return ""
