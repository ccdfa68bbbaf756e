"""An item that breaks or kills what decides it harms no other, and ends with a person."""

from contextlib import suppress
from datetime import timedelta

import pytest
from django.db import InterfaceError, OperationalError, connection
from django.db.models import F

from reviews.models import Review
from routing import transitions
from routing.actions import deciding
from routing.models import Question, WorkItem
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


def test_what_cannot_be_read_goes_to_a_person_and_the_others_of_its_batch_are_decided(desk: TestDesk) -> None:
    broken, fine = desk.send("broken", type="support"), desk.send("fine", type="support")
    broken.facts.create(
        seq=50, run=1, name="input.day", status="known", value={"date": "?"}, provider="person:1", at=broken.created_at
    )
    for _ in range(deciding.MAX_ATTEMPTS):
        decide()
    assert (fresh(broken).state, Review.objects.get(item=broken).cause) == ("in_review", "error")
    assert fresh(fine).state == "done"


def test_rules_that_raise_send_their_item_to_a_person_and_harm_no_other_of_the_batch(desk: TestDesk) -> None:
    flip = [
        {"when": {"fact": "item.priority", "op": "is", "value": one}, "set": {"priority": other}}
        for one, other in (("low", "high"), ("high", "low"))
    ]
    desk.rules("support", *flip, {"when": {"all": []}, "then": {"do": "finish"}})
    round_and_round, fine = desk.send("one", type="support", priority="high"), desk.send("two", type="support")
    # More moves than one pass may make, which no item is given.
    WorkItem.objects.filter(pk=round_and_round.pk).update(moves_left=1_000)
    deciding.decide_claimed(transitions.claim_due(50, lease=LEASE))
    assert (fresh(round_and_round).state, Review.objects.get(item=round_and_round).cause) == ("in_review", "error")
    assert fresh(fine).state == "done"


def test_an_item_that_ends_its_database_connection_goes_to_a_person_and_others_are_decided(desk: TestDesk) -> None:
    killer, fine = desk.send("killer", type="support"), desk.send("fine", type="support")
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION dies() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()), pg_sleep(1); RETURN NEW; END $$"
        )
        cursor.execute(
            "CREATE TRIGGER dies BEFORE INSERT ON routing_event FOR EACH ROW"
            f" WHEN (NEW.kind = 'finish' AND NEW.item_id = {killer.pk}) EXECUTE FUNCTION dies()"
        )
    try:
        while WorkItem.objects.filter(state="incoming").update(decide_lease_until=None):
            # The connection is lost, so that what was claimed cannot be given back: its lease runs out.
            with suppress(OperationalError, InterfaceError):
                deciding.decide_claimed(transitions.claim_due(50, lease=LEASE))
            connection.close()
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP TRIGGER dies ON routing_event")
            cursor.execute("DROP FUNCTION dies")
    assert (fresh(killer).state, fresh(fine).state) == ("in_review", "done")


@pytest.mark.parametrize(("state", "ends"), [("53100", "done"), ("57P03", "done"), ("40P01", "in_review")])
def test_what_the_database_alone_is_to_blame_for_sends_nothing_to_a_person(
    desk: TestDesk, state: str, ends: str
) -> None:
    """A full disk (53100) and a database that is not ready (57P03); a deadlock (40P01) counts as an attempt."""
    item = desk.send("one", type="support")
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION fails() RETURNS trigger LANGUAGE plpgsql AS"
            f" $$ BEGIN RAISE EXCEPTION 'as if' USING ERRCODE = '{state}'; END $$"
        )
        cursor.execute(
            "CREATE TRIGGER fails BEFORE INSERT ON routing_event"
            " FOR EACH ROW WHEN (NEW.kind = 'finish') EXECUTE FUNCTION fails()"
        )
        try:
            for _ in range(deciding.MAX_ATTEMPTS):
                WorkItem.objects.filter(state="incoming").update(decide_lease_until=None)
                deciding.decide_claimed(transitions.claim_due(50, lease=LEASE))
        finally:
            cursor.execute("DROP TRIGGER fails ON routing_event")
            cursor.execute("DROP FUNCTION fails")
    WorkItem.objects.filter(state="incoming").update(decide_lease_until=None)
    decide()
    assert fresh(item).state == ends


def test_a_full_disk_while_an_item_is_being_decided_sends_nothing_to_a_person(desk: TestDesk) -> None:
    """What was asked about it is read in the midst of deciding."""
    item = desk.send("one", type="support")
    Question.objects.create(item=item, run=1, names=[], asked_at=item.created_at, due_at=item.created_at)
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION fails() RETURNS boolean LANGUAGE plpgsql AS"
            " $$ BEGIN RAISE EXCEPTION 'as if' USING ERRCODE = '53100'; END $$"
        )
        cursor.execute("ALTER TABLE routing_question RENAME TO kept_question")
        cursor.execute("CREATE VIEW routing_question AS SELECT * FROM kept_question WHERE fails()")
        try:
            for _ in range(deciding.MAX_ATTEMPTS):
                WorkItem.objects.filter(state="incoming").update(decide_lease_until=None)
                assert deciding.decide_claimed(transitions.claim_due(50, lease=LEASE)) == 0
        finally:
            cursor.execute("DROP VIEW routing_question")
            cursor.execute("ALTER TABLE kept_question RENAME TO routing_question")
            cursor.execute("DROP FUNCTION fails")
    WorkItem.objects.filter(state="incoming").update(decide_lease_until=None)
    decide()
    assert fresh(item).state == "done"
