"""An item that breaks or kills what decides it harms no other, and ends with a person."""

from datetime import timedelta

import pytest
from django.db.models import F

from reviews.models import Review
from routing import transitions
from routing.actions import deciding
from routing.models import WorkItem
from tests.desks import TestDesk, decide, fresh

pytestmark = pytest.mark.django_db(transaction=True)

LEASE = timedelta(seconds=60)


@pytest.fixture
def desk() -> TestDesk:
    made = TestDesk()
    made.queue("triage", staff_role="operator")
    made.work_type("support")
    made.rules("support", {"when": {"all": []}, "then": {"do": "finish"}})
    return made


def die_while_deciding(item: WorkItem) -> None:
    """Claim what is due as a worker does that is then killed; its lease runs out."""
    assert item.pk in transitions.claim_due(50, lease=LEASE)
    WorkItem.objects.filter(decide_due_at__isnull=False).update(decide_lease_until=F("decide_lease_until") - LEASE * 2)


def test_an_item_that_kills_its_worker_goes_to_a_person_after_three_attempts(desk: TestDesk) -> None:
    item = desk.send("poison", type="support")
    for _ in range(deciding.MAX_ATTEMPTS):
        die_while_deciding(item)
    decide()
    assert (fresh(item).state, Review.objects.get(item=item).cause) == ("in_review", "error")


def test_an_item_on_a_later_attempt_is_claimed_alone_and_not_left_behind(desk: TestDesk) -> None:
    first = desk.send("poison", type="support")
    die_while_deciding(first)
    others = [desk.send(f"fine {number}", type="support") for number in range(3)]
    assert transitions.claim_due(50, lease=LEASE) == [first.pk]
    assert sorted(transitions.claim_due(50, lease=LEASE)) == [item.pk for item in others]


def test_a_desk_without_any_queue_gets_triage_when_a_person_is_needed() -> None:
    item = TestDesk().send("anything")
    decide()
    assert (fresh(item).state, fresh(item).owner_ref) == ("in_review", "triage")
