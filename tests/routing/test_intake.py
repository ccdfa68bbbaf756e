"""Receiving requests: once per key, checked, and committed when it is acknowledged."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models import F

from routing.actions import intake
from routing.actions.intake import Request
from routing.domain.roles import DESK, Actor, Role
from routing.errors import Conflict, Invalid
from routing.models import Event, WorkItem
from tests.desks import TestDesk

pytestmark = pytest.mark.django_db(transaction=True)

PROGRAM = Actor(role=Role.INTAKE, name="shop", token_id=7)


def request(text: str = "hello", **given: object) -> Request:
    return Request(title="", text=text, body={"text": text}, **given)  # type: ignore[arg-type]


def test_a_request_is_committed_with_its_first_event_and_due() -> None:
    received = intake.receive(actor=PROGRAM, request=request("a long story", key="1"), trigger_kind="api")
    item = WorkItem.objects.get()
    assert received.created
    assert (item.title, item.state, item.version, item.trigger_kind, item.trigger_by) == (
        "a long story",
        "incoming",
        1,
        "api",
        "shop",
    )
    assert item.decide_due_at is not None
    assert [event.kind for event in Event.objects.all()] == ["received"]


def test_the_same_key_again_returns_the_item_it_made() -> None:
    first = intake.receive(actor=PROGRAM, request=request(key="1"), trigger_kind="api")
    again = intake.receive(actor=PROGRAM, request=request(key="1"), trigger_kind="api")
    assert (again.item, again.created) == (first.item, False)
    assert WorkItem.objects.count() == 1


def test_the_same_key_with_another_body_is_a_conflict() -> None:
    intake.receive(actor=PROGRAM, request=request("one", key="1"), trigger_kind="api")
    with pytest.raises(Conflict, match="used before with another body"):
        intake.receive(actor=PROGRAM, request=request("two", key="1"), trigger_kind="api")


def test_a_key_of_another_token_is_another_key() -> None:
    intake.receive(actor=PROGRAM, request=request(key="1"), trigger_kind="api")
    other = Actor(role=Role.INTAKE, name="other", token_id=8)
    assert intake.receive(actor=other, request=request(key="1"), trigger_kind="api").created


def test_a_key_is_kept_for_thirty_days() -> None:
    intake.receive(actor=PROGRAM, request=request("one", key="1"), trigger_kind="api")
    WorkItem.objects.update(created_at=F("created_at") - timedelta(days=31))
    assert intake.receive(actor=PROGRAM, request=request("two", key="1"), trigger_kind="api").created


def test_fifty_at_once_with_one_key_make_one_item() -> None:
    barrier, made = threading.Barrier(50), []

    def send() -> None:
        barrier.wait()
        try:
            made.append(intake.receive(actor=PROGRAM, request=request(key="1"), trigger_kind="api").created)
        finally:
            connection.close()

    threads = [threading.Thread(target=send) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (sorted(made), WorkItem.objects.count()) == ([False] * 49 + [True], 1)


def test_a_batch_answers_each_request_in_order() -> None:
    requests = [request("b", key="b"), request("", key="x"), request("a", key="a"), request("b", key="b")]
    results = intake.receive_many(actor=PROGRAM, requests=requests, trigger_kind="api")
    assert [result.created for result in results] == [True, False, True, False]
    assert isinstance(results[1].error, Invalid)
    assert results[3].item == results[0].item


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"priority": "soon"}, "priority"),
        ({"requester_email": "not an address"}, "requester.email"),
        ({"type": "nothing"}, "type"),
        ({"key": "k" * 256}, "key"),
        ({"inputs": {"colour": "red"}}, "inputs"),
    ],
)
def test_what_cannot_be_used_is_named(given: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        intake.receive(actor=PROGRAM, request=request(**given), trigger_kind="api")
    assert list(refused.value.fields) == [field]
    assert WorkItem.objects.count() == 0


def test_inputs_are_read_by_their_kind() -> None:
    TestDesk().work_type("support", {"name": "amount", "kind": "money", "currency": "EUR"})
    received = intake.receive(
        actor=PROGRAM, request=request(type="support", inputs={"amount": "1,234.50"}), trigger_kind="api"
    )
    assert received.item is not None
    row = received.item.facts.get()
    assert (row.name, row.value, row.provider) == ("input.amount", {"amount": "1234.50", "currency": "EUR"}, "request")
    with pytest.raises(Invalid) as refused:
        intake.receive(actor=DESK, request=request(type="support", inputs={"amount": "lots"}), trigger_kind="api")
    assert list(refused.value.fields) == ["amount"]


def test_characters_the_database_cannot_hold_are_taken_out() -> None:
    intake.receive(actor=PROGRAM, request=request("nul\x00 and \ud800 surrogate"), trigger_kind="api")
    assert WorkItem.objects.get().text == "nul and ? surrogate"
