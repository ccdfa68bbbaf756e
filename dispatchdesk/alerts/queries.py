"""What is wrong with the desk as a whole, for the strip on top of every page."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import connection

from dispatchdesk.health import SILENCE_LIMIT
from routing.models import Destination

MOST_PLACES = 3
PATIENCE = SILENCE_LIMIT * 2  # so that a restart raises no alarm
_GIVEN_UP = timedelta(days=30)  # nobody runs what has been silent for longer

_ALERTS = """
    SELECT 'writes', '', '' FROM routing_deskswitches WHERE writes_paused
    UNION ALL SELECT status, slug, name FROM routing_destination WHERE NOT archived AND status <> 'on'
    UNION ALL SELECT 'silent', name, '' FROM dispatchdesk_moment
    WHERE name IN ('worker', 'sweeper') AND statement_timestamp() - at BETWEEN %(from)s AND %(to)s"""


@dataclass(frozen=True, slots=True)
class Place:
    """A destination whose work waits: it fails (``status`` failing), or somebody paused it (paused)."""

    slug: str
    name: str
    status: str


@dataclass(frozen=True, slots=True)
class Alerts:
    """What holds work up.

    ``places`` are the first destinations that do, the failing ones before the paused; ``more_places`` counts the
    others. ``is_silent``: a worker or the sweeper has not answered for a minute.
    """

    writes_paused: bool = False
    places: tuple[Place, ...] = ()
    more_places: int = 0
    is_silent: bool = False


def alerts() -> Alerts:
    """Return what holds work up, in one query of three small tables."""
    given: dict[str, Any] = {"from": PATIENCE, "to": _GIVEN_UP}
    with connection.cursor() as cursor:
        cursor.execute(_ALERTS, given)
        found = cursor.fetchall()
    off = [Place(slug, name, what) for what, slug, name in found if what in {Destination.FAILING, Destination.PAUSED}]
    off.sort(key=lambda place: (place.status != Destination.FAILING, place.name.casefold()))
    return Alerts(
        writes_paused=any(what == "writes" for what, *_ in found),
        places=tuple(off[:MOST_PLACES]),
        more_places=max(0, len(off) - MOST_PLACES),
        is_silent=any(what == "silent" for what, *_ in found),
    )
