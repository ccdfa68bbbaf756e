"""One command takes all of the practice desk away, and nothing that people made themselves."""

import pytest
from django.core.management import call_command
from pytest_django import Settings

from dispatchdesk.accounts.models import User
from dispatchdesk.practice import accounts, removing
from dispatchdesk.practice.models import PracticeDesk, PracticeItem
from dispatchdesk.practice.servers.place import keep_port, port_in_use
from reviews.models import Queue, Review
from routing.actions import configuring, publishing, sealing
from routing.domain.roles import DESK, Role
from routing.domain.states import State
from routing.models import (
    Destination,
    Event,
    RouterModel,
    Rulebook,
    RulebookVersion,
    Step,
    WorkItem,
    WorkType,
)
from tests.desks import TestDesk, fresh
from tests.ledger.tampering import faults as ledger_faults
from tests.practice.conftest import move_on, practice_actor


@pytest.mark.usefixtures("whole_desk")
def test_nothing_of_it_is_left(settings: Settings) -> None:
    move_on()
    keep_port(settings.DESK_DATA, 4321)
    assert removing.remove() == []
    for model in (WorkItem, Event, Step, Review, Destination, Queue, WorkType, Rulebook, RouterModel, User):
        assert model.objects.count() == 0, model
    assert (PracticeDesk.objects.count(), PracticeItem.objects.count()) == (0, 0)
    assert port_in_use(settings.DESK_DATA) == 0
    assert not accounts.is_practice_desk()


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("live_desk")
def test_own_requests_stay_and_the_open_ones_wait_in_triage() -> None:
    desk, me = TestDesk(), practice_actor(Role.OPERATOR)
    done = desk.send("Where is my delivery K-10234?", actor=me, requester_email="me@example.com")
    open_one = desk.send("I want a refund for order K-10238", actor=me, requester_email="me@example.com")
    move_on()
    assert fresh(done).state == State.DONE
    assert Review.objects.get(item=open_one, status=Review.OPEN).queue.slug == "support"

    sealing.seal()

    kept = removing.remove()

    assert ledger_faults() == []
    sealing.seal()
    assert ledger_faults() == []
    assert "The type Support stays, out of use, since requests of your own have it." in kept
    assert sorted(WorkItem.objects.values_list("pk", flat=True)) == [done.pk, open_one.pk]
    assert fresh(done).state == State.DONE
    assert fresh(open_one).state == State.IN_REVIEW
    assert Review.objects.get(item=open_one, status=Review.OPEN).queue.slug == "triage"
    assert [place.slug for place in Destination.objects.filter(archived=False)] == ["triage"]
    assert not Destination.objects.filter(practice=True).exists()
    assert not WorkType.objects.filter(active=True).exists()
    assert not RulebookVersion.objects.filter(status=RulebookVersion.PUBLISHED).exists()
    assert [user.username for user in User.objects.all()] == ["olivia"]
    assert not User.objects.filter(is_active=True).exists()


@pytest.mark.usefixtures("live_desk")
def test_an_own_type_keeps_the_queue_its_rules_name() -> None:
    own = WorkType.objects.create(slug="own", name="Own")
    book = Rulebook.objects.create(work_type=own)
    rule = {"id": "all", "then": {"do": "go", "to": ["finance"]}, "because": "they know"}
    draft = publishing.save_draft(
        actor=DESK, rulebook_id=book.pk, content={"rules": [rule], "fallback_queue": "triage"}
    )
    publishing.publish(actor=DESK, version_id=draft.pk, note="Mine", reason="a test")
    configuring.save_destination(
        actor=DESK, slug="mine", name="Mine", kind="source", config={"via": "text", "text": ""}
    )
    removing.remove()
    assert sorted(Destination.objects.values_list("slug", flat=True)) == ["finance", "mine", "triage"]
    # The practice people are gone from it, and that is all that is wrong.
    faults = publishing.draft_faults(RulebookVersion.objects.get(status=RulebookVersion.PUBLISHED))
    assert faults
    assert all("nobody can decide" in fault.detail for fault in faults)


@pytest.mark.django_db
def test_a_desk_without_practice_parts_is_left_alone() -> None:
    TestDesk().queue("triage")
    call_command("practice", "remove")
    assert Destination.objects.count() == 1
