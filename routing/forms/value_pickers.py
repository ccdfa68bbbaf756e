"""What a condition's value is picked from, and the hint beside it."""

from routing.domain.catalogue import TRUTHS, Catalogue
from routing.domain.checks import PRIORITIES
from routing.domain.inputs import Kind
from routing.domain.operators import Shape
from routing.domain.reading import CURRENCIES
from routing.domain.rules import Op
from routing.forms.condition_values import read_untyped

Choices = tuple[tuple[str, str], ...]


def choices_of(fact: str, catalogue: Catalogue) -> Choices:
    """Return all values that a fact may have, with their names; empty when any may come."""
    match fact:
        case "router.type" | "item.type":
            return tuple(catalogue.types.items())
        case "router.destination":
            return tuple((slug, catalogue.name_of(slug)) for slug in {**catalogue.ports, **catalogue.queues})
        case "item.priority":
            return _named(PRIORITIES)
    spec = catalogue.input_of(fact)
    if spec is not None:
        return _named(spec.choices) if spec.kind is Kind.CHOICE else ()
    declared = catalogue.declared_choices(fact)
    typed_alike = declared == TRUTHS or all(read_untyped(value) == value for value in declared)
    return _named(declared) if typed_alike else ()


def _named(values: tuple[str, ...]) -> Choices:
    return tuple((value, value) for value in values)


def currencies_of(fact: str, shape: Shape, catalogue: Catalogue, current: str) -> tuple[str, ...]:
    """Return the currencies that an amount may be in: its input's own, else those to choose from with ``current``."""
    if shape is not Shape.MONEY:
        return ()
    spec = catalogue.input_of(fact)
    if spec is not None and spec.currency:
        return (spec.currency,)
    return tuple(dict.fromkeys([*([current] if current else []), *CURRENCIES]))


def hint_of(fact: str, op: str, shape: Shape, takes: str) -> str:
    """Return how a value that is typed may look; empty where that is plain."""
    if takes == "nothing":
        return ""
    if op == Op.OLDER_THAN or shape is Shape.MINUTES:
        return "Such as 90 minutes, 2 hours or 3 days."
    if fact == "router.confidence":
        return "Such as 80 %."
    if op == Op.MATCHES:
        return "A regular expression (RE2), such as K-\\d+ for K- and a number."
    match shape:
        case Shape.DAY:
            return "A day, such as 2026-03-31."
        case Shape.ANY if fact:
            return (
                "A number, an amount such as 200 EUR, true or false are taken as such; put “12” in quotes for a text."
            )
    return "Several, parted by commas." if takes == "several" else ""
