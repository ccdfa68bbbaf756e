"""What holds the whole desk up is said on top of every page, with its one action."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now
from django.test import Client

from dispatchdesk.alerts.queries import MOST_PLACES, alerts
from dispatchdesk.models import Moment, mark
from routing.actions import configuring
from routing.domain.roles import Role
from routing.models import Destination
from tests.desks import TestDesk

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk() -> TestDesk:
    made = TestDesk()
    made.queue("triage", staff_role="operator")
    for slug in ("refund", "reply"):
        made.destination(slug, "agent", system="", prompt="{{ item.text }}", schema=None)
    return made


def strip(desk: TestDesk, who: str, role: Role) -> str:
    if who not in desk.people:
        desk.person(who, role)
    client = Client()
    client.force_login(desk.people[who])
    return client.get("/alerts/").content.decode()


def test_nothing_is_said_while_all_is_well(desk: TestDesk) -> None:
    mark(Moment.WORKER)
    mark(Moment.SWEEPER)
    assert "strip-" not in strip(desk, "olga", Role.OPERATOR)


@pytest.mark.parametrize("part", [Moment.WORKER, Moment.SWEEPER])
def test_a_part_that_does_not_answer_is_told_after_a_minute(desk: TestDesk, part: str) -> None:
    Moment.objects.create(name=part, at=Now() - timedelta(seconds=50))
    assert not alerts().is_silent
    Moment.objects.filter(name=part).update(at=Now() - timedelta(seconds=70))
    assert "Nothing is being worked on" in strip(desk, "olga", Role.OPERATOR)


def test_failing_destinations_come_before_paused_ones_and_the_rest_is_counted(desk: TestDesk) -> None:
    for number in range(MOST_PLACES):
        desk.destination(f"more-{number}", "agent", system="", prompt="x", schema=None)
    Destination.objects.exclude(kind="queue").update(status=Destination.PAUSED)
    Destination.objects.filter(slug="reply").update(status=Destination.FAILING)

    found = alerts()

    assert [(place.slug, place.status) for place in found.places] == [
        ("reply", "failing"),
        ("more-0", "paused"),
        ("more-1", "paused"),
    ]
    assert found.more_places == 2
    assert "2 more are failing or paused" in strip(desk, "olga", Role.OPERATOR)


def test_who_may_lets_it_go_on_from_the_strip(desk: TestDesk) -> None:
    olga = desk.person("olga", Role.OPERATOR)
    configuring.set_destination_status(actor=olga, slug="refund", paused=True)
    configuring.pause_writes(actor=olga, paused=True)

    assert strip(desk, "olga", Role.OPERATOR).count(">Let it go on<") == 2
    assert "Let it go on" not in strip(desk, "rita", Role.REVIEWER)
    client = Client()
    client.force_login(desk.people["olga"])
    client.post("/settings/destinations/refund/status/", {"paused": "no"})
    assert alerts().places == ()


def test_what_is_out_of_use_holds_nothing_up(desk: TestDesk) -> None:
    Destination.objects.filter(slug="refund").update(status=Destination.FAILING, archived=True)
    assert alerts().places == ()
