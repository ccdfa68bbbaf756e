"""Keeps the practice destinations pointed at the practice servers.

Their addresses hold a port, and the port follows the desk's, which may be another at the next start. So a start that
finds another port makes a new version of each practice destination that is asked over HTTP: what is sent stays
readable as it is stored, and an approval given for the old address is void rather than sent elsewhere.
"""

from django.conf import settings

from dispatchdesk.practice.servers.place import HOST, keep_port, port_in_use
from routing.actions import configuring
from routing.domain.roles import DESK
from routing.models import Destination
from routing.queries import desk as desk_queries


def point_at(port: int) -> int:
    """Let the practice destinations be asked at this port; returns how many had to change."""
    before = port_in_use(settings.DESK_DATA)
    moved = 0
    if before and before != port:
        old, new = f"http://{HOST}:{before}/", f"http://{HOST}:{port}/"
        for slug, place in desk_queries.places().items():
            url = str(place.config.get("url", ""))
            if place.row.practice and url.startswith(old):
                _save(place.row, {**place.config, "url": new + url.removeprefix(old)}, slug)
                moved += 1
    keep_port(settings.DESK_DATA, port)
    return moved


def _save(row: Destination, config: dict[str, object], slug: str) -> None:
    configuring.save_destination(
        actor=DESK, slug=slug, name=row.name, kind=row.kind, config=config, description=row.description
    )
