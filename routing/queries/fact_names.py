"""The names of the facts that rules and templates may use, grouped for people to choose from."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.utils.text import capfirst

from routing.domain.catalogue import ITEM_FACTS, Catalogue
from routing.domain.inputs import Kind
from routing.models import DestinationKind, TableRow
from routing.queries.desk import Desk, Place


@dataclass(frozen=True, slots=True)
class FactChoice:
    """One fact: its name in rules and what people call it."""

    name: str
    label: str


@dataclass(frozen=True, slots=True)
class FactGroup:
    """Facts of one origin, such as a data source."""

    label: str
    facts: tuple[FactChoice, ...]


_ITEM = ("title", "text", "channel", "priority", "tags", "requester_name", "requester_email", "age", "created_at")
_ROUTER = ("type", "destination", "confidence")


def fact_groups(desk: Desk, type_id: int | None) -> list[FactGroup]:
    """Return the facts that rules of this type (None: First look) may name, in groups that are never empty."""
    catalogue = desk.catalogue(type_id)
    groups = [
        FactGroup("What this type asks for", tuple(_inputs(catalogue))),
        FactGroup(
            "The request", _labelled(catalogue, [f"item.{name}" for name in _ITEM if f"item.{name}" in ITEM_FACTS])
        ),
        FactGroup("The router's suggestion", _labelled(catalogue, [f"router.{name}" for name in _ROUTER])),
    ]
    for kind, words in (
        (DestinationKind.SOURCE, "Data source"),
        (DestinationKind.AGENT, "AI agent"),
        (DestinationKind.TOOL, "Tool"),
    ):
        for slug, place in desk.places.items():
            if place.row.kind == kind:
                groups.append(FactGroup(f"{words}: {place.row.name}", tuple(_of_place(slug, place))))
    decided = [f"reviews.{slug}.verdict" for slug in catalogue.queues]
    groups.append(FactGroup("What people decided", _labelled(catalogue, decided)))
    groups.append(FactGroup("Time", _labelled(catalogue, ["now"])))
    return [group for group in groups if group.facts]


def _labelled(catalogue: Catalogue, names: list[str]) -> tuple[FactChoice, ...]:
    return tuple(FactChoice(name, capfirst(catalogue.label(name))) for name in names)


def _inputs(catalogue: Catalogue) -> Iterator[FactChoice]:
    for spec in catalogue.inputs:
        yield FactChoice(spec.fact, spec.label)
        if spec.kind is Kind.MONEY and not spec.currency:
            yield FactChoice(f"{spec.fact}.amount", f"{spec.label}: the number alone")


def _of_place(slug: str, place: Place) -> Iterator[FactChoice]:
    space = "source" if place.row.kind == DestinationKind.SOURCE else "steps"
    prefix = f"{space}.{slug}" if space == "source" else f"{space}.{slug}.output"
    whole = "whether it found anything" if space == "source" else "whether it has answered"
    yield FactChoice(f"{space}.{slug}", f"{place.row.name}: {whole}")
    for field in outputs(place):
        yield FactChoice(f"{prefix}.{field}", f"{place.row.name}: {field.replace('_', ' ')}")


def outputs(place: Place) -> list[str]:
    """Return the fields a destination is known to give: by its schema, its mapping, or its table's columns."""
    if place.port.outputs:
        return list(place.port.outputs)
    fields = place.config.get("fields")
    if isinstance(fields, dict) and fields:
        return list(fields)
    match place.config.get("via"):
        case "table":
            row = TableRow.objects.filter(version_id=place.version_id).first()
            return list(row.data) if row else []
        case "text":
            return ["text"]
    return []
