"""The desk as the deciders see it: published rulebooks, destinations and inputs, read once a batch."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from django.conf import settings
from django.db import connection
from django.db.models import OuterRef, Subquery

from routing.domain import rulefile, templates
from routing.domain.catalogue import TRUTHS, Catalogue, Port, PortKind
from routing.domain.digests import digest
from routing.domain.inputs import InputSpec, Kind
from routing.domain.rules import Rulebook as Rules
from routing.models import (
    Destination,
    DestinationKind,
    DestinationVersion,
    InputField,
    RulebookVersion,
    WorkType,
)
from routing.rows import read


@dataclass(frozen=True, slots=True)
class Book:
    """A published rulebook with the version it is."""

    rulebook_id: int | None
    version_id: int | None
    number: int
    rules: Rules
    title: str


@dataclass(frozen=True, slots=True)
class Place:
    """A destination with its newest version."""

    row: Destination
    version_id: int
    config: Mapping[str, object]
    port: Port


@dataclass(frozen=True, slots=True)
class Desk:
    """Everything a decision reads besides the item's own facts."""

    books: Mapping[int | None, Book]
    catalogues: Mapping[int | None, Catalogue]
    places: Mapping[str, Place]
    types: Mapping[str, WorkType]

    def book(self, type_id: int | None) -> Book:
        """Return the rulebook that decides items of this type (None: First look)."""
        return self.books.get(type_id) or _EMPTY

    def catalogue(self, type_id: int | None) -> Catalogue:
        """Return what rules of this type may name."""
        return self.catalogues.get(type_id) or self.catalogues[None]

    def place_name(self, slug: str) -> str:
        """Return a destination's name, or its slug when it is gone."""
        place = self.places.get(slug)
        return place.row.name if place else slug


FALLBACK_QUEUE = "triage"
_EMPTY = Book(None, None, 0, Rules(rules=(), fallback_queue=FALLBACK_QUEUE), "No rules yet")


@lru_cache(maxsize=256)
def published_rules(version_id: int) -> Rules:
    """Return the rules of a version that is published or retired, and so never changes again."""
    return rulefile.read(RulebookVersion.objects.values_list("content", flat=True).get(pk=version_id))


def input_spec(row: InputField) -> InputSpec:
    """Return the pure form of a declared input."""
    return InputSpec(
        name=row.name,
        label=row.label,
        kind=Kind(row.kind),
        hint=row.hint,
        required=row.required,
        applies_when=rulefile.read_condition(row.applies_when) if row.applies_when else None,
        choices=tuple(row.choices),
        currency=row.currency,
        pattern=row.pattern,
        provider=",".join(
            ["text", *(["source"] if row.source_fact else []), *(["requester"] if row.ask_requester else [])]
        ),
        source=row.source_fact,
    )


def _strings(config: Mapping[str, object]) -> list[object]:
    return [config.get(key) for key in ("url", "headers", "body", "prompt", "key", "to", "subject", "text")]


def port_of(destination: Destination, config: Mapping[str, object]) -> Port:
    """Return what the engine needs to know about a destination with this configuration."""
    named: set[str] = set()
    if not (destination.kind == DestinationKind.SOURCE and config.get("via") == "text"):
        for part in _strings(config):
            named |= templates.required_names(part)
    schema = config.get("schema")
    properties = schema.get("properties", {}) if isinstance(schema, dict) else {}
    return Port(
        slug=destination.slug,
        name=destination.name,
        kind=PortKind(destination.kind),
        writes=destination.kind == DestinationKind.TOOL and config.get("effect") == "write",
        needs=frozenset(name for name in named if not name.startswith("with.")),
        rule_may_approve=bool(config.get("rule_may_approve")),
        rule_may_approve_model_text=bool(config.get("rule_may_approve_model_text")),
        outputs=tuple(properties),
        choices={name: choices for name, part in properties.items() if (choices := _choices(part))},
    )


def _choices(schema: object) -> tuple[str, ...]:
    """Return all values that a JSON Schema allows, as typed; empty when they are not listed."""
    if not isinstance(schema, dict):
        return ()
    if schema.get("type") == "boolean":
        return TRUTHS
    listed = schema.get("enum")
    if isinstance(listed, list) and all(isinstance(value, str) for value in listed):
        return tuple(listed)
    return ()


def places() -> dict[str, Place]:
    """Return every destination in use with its newest version, by slug, in one query."""
    newest = DestinationVersion.objects.filter(destination=OuterRef("destination")).order_by("-number").values("pk")[:1]
    rows = DestinationVersion.objects.filter(pk=Subquery(newest), destination__archived=False)
    found = {}
    for version in rows.select_related("destination"):
        destination = version.destination
        port = port_of(destination, version.config)
        found[destination.slug] = Place(destination, version.pk, version.config, port)
    return found


_FINGERPRINT = """
SELECT clock_timestamp(),
       (SELECT max(id) FROM routing_destinationversion),
       (SELECT string_agg(id || ':' || xmin, ',' ORDER BY id) FROM routing_destination),
       (SELECT string_agg(id || ':' || xmin, ',' ORDER BY id) FROM routing_worktype),
       (SELECT string_agg(id || ':' || xmin, ',' ORDER BY id) FROM routing_inputfield),
       (SELECT string_agg(id || ':' || xmin, ',' ORDER BY id) FROM routing_rulebookversion WHERE status = 'published')
"""

_kept: dict[tuple[object, ...], Desk] = {}


def load() -> Desk:
    """Return the whole set-up; read again only when a row of it changed, so that compiled rules are kept."""
    return load_at()[0]


def load_at() -> tuple[Desk, datetime]:
    """Return the whole set-up as ``load`` does, and the database's clock when it was looked at."""
    [(now, *rows)] = read(_FINGERPRINT, {})
    fingerprint = (connection.settings_dict["NAME"], *rows)
    desk = _kept.get(fingerprint)
    if desk is None:
        desk = _read()
        _kept.clear()
        _kept[fingerprint] = desk
    return desk, now


def _read() -> Desk:
    known = places()
    types = {row.slug: row for row in WorkType.objects.all()}
    inputs: dict[int, list[InputSpec]] = {}
    for row in InputField.objects.order_by("position", "id"):
        inputs.setdefault(row.work_type_id, []).append(input_spec(row))
    ports = {slug: place.port for slug, place in known.items()}
    queues = {slug: port.name for slug, port in ports.items() if port.kind == PortKind.QUEUE}
    type_ids: list[int | None] = [None, *(row.pk for row in types.values())]
    catalogues = {
        type_id: Catalogue(
            inputs=tuple(inputs.get(type_id, ())) if type_id is not None else (),
            ports=ports,
            queues=queues,
            types={slug: row.name for slug, row in types.items()},
        )
        for type_id in type_ids
    }
    books = {}
    versions = RulebookVersion.objects.filter(status=RulebookVersion.PUBLISHED).defer("content")
    for version in versions.select_related("rulebook__work_type"):
        title = f"{version.rulebook} v{version.number}"
        books[version.rulebook.work_type_id] = Book(
            version.rulebook_id, version.pk, version.number, published_rules(version.pk), title
        )
    return Desk(books=books, catalogues=catalogues, places=known, types=types)


def setup_digest(desk: Desk, type_id: int | None) -> str:
    """Return what changes when the live rules of a type, its inputs or any destination do."""
    places = sorted((slug, place.version_id) for slug, place in desk.places.items())
    return digest([desk.book(type_id).version_id, places, repr(desk.catalogue(type_id).inputs), sorted(desk.types)])


def uses_model_router() -> bool:
    """Return whether requests are routed by the model instead of the learned router."""
    return bool(settings.ROUTER == "model")
