"""The practice destinations follow the port of the practice servers."""

from pathlib import Path

import pytest
from pytest_django import Settings

from dispatchdesk.practice.addresses import point_at
from dispatchdesk.practice.servers.place import keep_port, port_in_use
from routing.models import Destination
from routing.queries import desk as desk_queries


@pytest.fixture
def data(settings: Settings, tmp_path: Path, live_desk: None, servers: int) -> Path:
    """A data directory that knows where the servers of the loaded desk answer."""
    settings.DESK_DATA = tmp_path
    keep_port(tmp_path, servers)
    return tmp_path


def addresses() -> dict[str, str]:
    places = desk_queries.places()
    return {slug: str(place.config["url"]) for slug, place in places.items() if place.config.get("url")}


def test_another_port_makes_new_versions_of_what_is_asked_over_http(data: Path, servers: int) -> None:
    before = addresses()
    assert point_at(4321) == len(before) == 6
    assert addresses() == {slug: url.replace(f":{servers}/", ":4321/") for slug, url in before.items()}
    numbers = {row.slug: row.versions.count() for row in Destination.objects.all()}
    assert {slug for slug, number in numbers.items() if number == 2} == set(before)
    assert port_in_use(data) == 4321


def test_the_same_port_changes_nothing(data: Path, servers: int) -> None:
    assert point_at(servers) == 0
    assert not Destination.objects.filter(versions__number=2).exists()


def test_a_destination_that_was_pointed_elsewhere_stays_there(data: Path) -> None:
    version = Destination.objects.get(slug="refund").versions.get()
    version.config["url"] = "https://shop.example/refunds"
    version.save()
    point_at(4321)
    assert addresses()["refund"] == "https://shop.example/refunds"
