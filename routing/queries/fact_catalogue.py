"""The catalogue of facts: names, kinds, who provides each, values seen lately, and the rules that read it."""

from collections import defaultdict
from dataclasses import dataclass

from routing.domain.catalogue import TRUTHS, Catalogue
from routing.domain.facts import Status, value_from_json
from routing.domain.inputs import Kind
from routing.domain.operators import Shape, is_answer, shape_of
from routing.domain.prepared import ready_book
from routing.domain.rules import Rulebook as Rules
from routing.domain.templates import as_text
from routing.models import FactRevision
from routing.queries.desk import Desk
from routing.queries.fact_names import fact_groups
from routing.queries.trials import asked_of

LOOKED_AT, MOST_VALUES, LONGEST_VALUE = 2_000, 5, 60
# Never shown as values: what may say who somebody is, or be a whole text.
_PRIVATE_KINDS = frozenset({Kind.EMAIL, Kind.LONG_TEXT, Kind.FILE, Kind.URL})
_PRIVATE_WORDS = frozenset(
    {"name", "email", "mail", "phone", "mobile", "address", "street", "birthday", "iban", "text"}
)
_SHAPES = {
    Shape.TEXT: "text",
    Shape.NUMBER: "number",
    Shape.MINUTES: "length of time",
    Shape.MONEY: "money",
    Shape.DAY: "day",
    Shape.LIST: "list of words",
    Shape.FILE: "file",
    Shape.ANY: "whatever it gives",
}


@dataclass(frozen=True, slots=True)
class FactLine:
    """One fact: name and label, kind and provider in words, values seen lately, numbers of the rules that read it."""

    name: str
    label: str
    kind: str
    provider: str
    seen: tuple[str, ...]
    rules: tuple[int, ...]


def fact_lines(
    desk: Desk, type_id: int | None, rules: Rules | None, words: str = ""
) -> list[tuple[str, list[FactLine]]]:
    """Return the facts that rules of a type may name, by origin; ``words`` keeps those that hold them."""
    catalogue = desk.catalogue(type_id)
    seen, readers = values_seen(type_id, catalogue), _readers(rules, catalogue)
    wanted, groups = words.casefold().strip(), []
    for group in fact_groups(desk, type_id):
        lines = [
            FactLine(
                fact.name,
                fact.label,
                kind_words(fact.name, catalogue),
                provider_words(fact.name, catalogue),
                seen.get(fact.name, ()),
                readers.get(fact.name, ()),
            )
            for fact in group.facts
            if wanted in f"{fact.label} {fact.name} {group.label}".casefold()
        ]
        if lines:
            groups.append((group.label, lines))
    return groups


def _readers(rules: Rules | None, catalogue: Catalogue) -> dict[str, tuple[int, ...]]:
    found: dict[str, list[int]] = defaultdict(list)
    if rules is not None:
        numbers = {id(rule): number for number, rule in enumerate(rules.rules, start=1)}
        for item in ready_book(rules, catalogue).rules:
            for name in item.reads:
                found[name].append(numbers[id(item.rule)])
    return {name: tuple(numbers) for name, numbers in found.items()}


def kind_words(name: str, catalogue: Catalogue) -> str:
    """Say what a fact's values look like."""
    spec = catalogue.input_of(name)
    if spec is not None and spec.fact == name:
        if spec.kind is Kind.CHOICE:
            return f"one of {', '.join(spec.choices)}"
        if spec.kind is Kind.MONEY and spec.currency:
            return f"money in {spec.currency}"
        return spec.kind.value.replace("_", " ")
    if is_answer(name):
        return "there, or not"
    choices = catalogue.declared_choices(name)
    if choices == TRUTHS:
        return "true or false"
    return f"one of {', '.join(choices)}" if choices else _SHAPES[shape_of(name, catalogue)]


def provider_words(name: str, catalogue: Catalogue) -> str:
    """Say who provides a fact."""
    space, _, rest = name.partition(".")
    place = catalogue.name_of(rest.partition(".")[0])
    match space:
        case "item":
            return "always there"
        case "now":
            return "the clock"
        case "steps":
            return f"{place}, once it has answered"
        case "reviews":
            return f"people of {place}, once they have decided"
    return asked_of(name, catalogue)


def values_seen(type_id: int | None, catalogue: Catalogue) -> dict[str, tuple[str, ...]]:
    """Return up to five short values of each fact that items of this type had lately, newest first, in one query.

    Looks at the newest facts of the whole desk, so that the work does not grow with it. Whole texts and what may say
    who somebody is are left out.
    """
    rows = FactRevision.objects.order_by("-pk").values_list("name", "status", "value", "item__work_type_id")
    found: dict[str, dict[str, None]] = defaultdict(dict)
    for name, status, value, of_type in rows[:LOOKED_AT]:
        if of_type != type_id or status != Status.KNOWN or name.startswith("item.") or len(found[name]) >= MOST_VALUES:
            continue
        read = value_from_json(value)
        text = str(read).lower() if isinstance(read, bool) else as_text(read)
        if text and len(text) <= LONGEST_VALUE and not _is_private(name, text, catalogue):
            found[name][text] = None
    return {name: tuple(values) for name, values in found.items()}


def _is_private(name: str, text: str, catalogue: Catalogue) -> bool:
    """Whether a value may say who somebody is, by its input's kind, else by the field's name or an address in it."""
    spec = catalogue.input_of(name)
    if spec is not None:
        return spec.kind in _PRIVATE_KINDS
    return "@" in text or not _PRIVATE_WORDS.isdisjoint(name.rpartition(".")[2].split("_"))
