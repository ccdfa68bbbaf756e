"""Destinations as the set-up pages show them: by kind, with what is wrong, their versions and their secret's host."""

from collections.abc import Iterator
from dataclasses import dataclass

from routing.domain.catalogue import Catalogue
from routing.domain.facts import value_from_json
from routing.domain.templates import as_text
from routing.kinds import people
from routing.models import Credential, Destination, DestinationKind, DestinationVersion, TableRow
from routing.queries.desk import Desk, Place


@dataclass(frozen=True, slots=True)
class PlaceLine:
    """One destination of the list: what it does in a few words, and what is wrong with it."""

    row: Destination
    words: str
    problems: tuple[str, ...]


def place_groups(desk: Desk) -> list[tuple[str, list[PlaceLine]]]:
    """Return the destinations in use by kind, in the order in which work meets them."""
    plurals = (
        (DestinationKind.SOURCE, "Data sources"),
        (DestinationKind.AGENT, "AI agents"),
        (DestinationKind.TOOL, "Tools"),
        (DestinationKind.QUEUE, "Queues"),
    )
    places = sorted(desk.places.values(), key=lambda place: place.row.name.lower())
    return [
        (words, [PlaceLine(p.row, words_of(p), tuple(problems(p, desk))) for p in places if p.row.kind == kind])
        for kind, words in plurals
    ]


def words_of(place: Place) -> str:
    """Say in a few words what a destination does."""
    config = place.config
    if place.row.kind == DestinationKind.QUEUE:
        return people().describe(place.row)
    if place.row.kind == DestinationKind.AGENT:
        return f"Asks {config.get('model') or 'the model of the desk'}"
    match config.get("via"):
        case "mail":
            return f"Sends a mail to {config.get('to')}"
        case "table":
            return f"A table, found by {config.get('key_column')}"
        case "text":
            return "A text"
    call = f"{config.get('method', 'GET')} {config.get('url')}"
    if place.row.kind == DestinationKind.SOURCE:
        return call
    return f"{call}, {'changes something' if place.port.writes else 'only reads'}"


def problems(place: Place, desk: Desk) -> Iterator[str]:
    """Yield what is wrong with a destination as it stands, in the admin's words."""
    if place.row.kind == DestinationKind.QUEUE:
        yield from people().problems(place.row)
        return
    catalogues = [desk.catalogue(row.pk) for row in desk.types.values()]
    for name in sorted(place.port.needs):
        if not _is_given(name, desk, catalogues):
            yield f"Nothing gives “{name}”: no work type asks for it, and no destination has it."


def _is_given(name: str, desk: Desk, catalogues: list[Catalogue]) -> bool:
    space, _, rest = name.partition(".")
    match space:
        case "input":
            return any(catalogue.input_of(name) for catalogue in catalogues)
        case "source" | "steps":
            return rest.partition(".")[0] in desk.places
    return True


def find_place(desk: Desk, slug: str) -> Place | None:
    """Return a destination in use that is no queue."""
    place = desk.places.get(slug)
    return place if place is not None and place.row.kind != DestinationKind.QUEUE else None


def versions_of(place: Place) -> list[DestinationVersion]:
    """Return every version of a destination, newest first."""
    return list(place.row.versions.select_related("created_by"))


def credential_of(place: Place) -> Credential | None:
    """Return the stored secret that a destination sends, without reading it."""
    given = place.config.get("credential")
    return Credential.objects.defer("secret").filter(pk=int(str(given))).first() if given else None


def table_of(place: Place, most: int = 5) -> tuple[int, list[str], list[list[str]]]:
    """Return how many rows an uploaded table has, its columns, and its first rows in words."""
    rows = TableRow.objects.filter(version_id=place.version_id).order_by("pk")
    first = list(rows.values_list("data", flat=True)[:most])
    columns = list(dict.fromkeys(name for row in first for name in row))
    return rows.count(), columns, [[as_text(value_from_json(row.get(column))) for column in columns] for row in first]
