"""Fifty at once, each with a database connection of its own."""

import threading
from collections import Counter
from collections.abc import Callable

import pytest
from django.db import connection, transaction

from reviews.models import Review
from routing import transitions
from routing.domain.roles import Role
from routing.models import Event, WorkItem
from tests.api.conftest import Answer, MakeProgram
from tests.desks import TestDesk, decide

CONTENDERS = 50


def all_at_once(call: Callable[[int], Answer]) -> list[Answer]:
    """Make the same call from many threads, started together by a barrier."""
    barrier = threading.Barrier(CONTENDERS)
    answers: list[Answer] = []

    def run(number: int) -> None:
        barrier.wait(timeout=30)
        try:
            answers.append(call(number))
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(CONTENDERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert len(answers) == CONTENDERS
    return answers


@pytest.mark.parametrize("path", ["/items", "/items/batch"])
def test_one_key_sent_fifty_times_at_once_makes_one_item(desk: TestDesk, program: MakeProgram, path: str) -> None:
    shop = program("shop", Role.INTAKE)
    body = {"title": "A", "text": "B"}
    rows = [{"key": key, **body} for key in ("b", "a", "c")]

    def call(number: int) -> Answer:
        if path == "/items":
            return shop.post(path, body, key="one")
        return shop.post(path, {"items": rows if number % 2 else rows[::-1]})

    answers = all_at_once(call)
    if path == "/items":
        assert Counter(answer.status for answer in answers) == {201: 1, 200: CONTENDERS - 1}
        assert len({answer.body["code"] for answer in answers}) == 1
    else:
        assert Counter(row["status"] for answer in answers for row in answer.body) == {201: 3, 200: 3 * CONTENDERS - 3}
    expected = 1 if path == "/items" else 3
    assert (WorkItem.objects.count(), Event.objects.count()) == (expected, expected)


def test_one_review_claimed_by_fifty_at_once_has_one_winner(desk: TestDesk, program: MakeProgram) -> None:
    desk.send("whose?")
    decide()
    review = Review.objects.get()
    people = [program(f"person{number}", Role.OPERATOR) for number in range(CONTENDERS)]
    answers = all_at_once(lambda number: people[number].post(f"/reviews/{review.pk}/claim"))
    assert Counter(answer.status for answer in answers) == {200: 1, 409: CONTENDERS - 1}
    [winner] = [answer.body["claimed_by"] for answer in answers if answer.status == 200]
    assert all(winner in answer.body["detail"] for answer in answers if answer.status == 409)


def test_the_next_of_a_queue_is_given_to_one_person_each(desk: TestDesk, program: MakeProgram) -> None:
    for number in range(30):
        desk.send(f"request {number}")
    decide()
    people = [program(f"person{number}", Role.OPERATOR) for number in range(CONTENDERS)]
    answers = all_at_once(lambda number: people[number].post("/queues/triage/claim"))
    assert Counter(answer.status for answer in answers) == {200: 30, 204: 20}
    assert len({answer.body["id"] for answer in answers if answer.status == 200}) == 30


def test_who_waited_for_an_item_sees_the_type_it_was_given_meanwhile(desk: TestDesk) -> None:
    item, given = desk.send("which type?"), desk.work_type("support")
    seen: list[str] = []

    def wait_for_it() -> None:
        try:
            with transaction.atomic():
                [locked] = transitions.lock([item.pk])
                seen.append(locked.type_name)
        finally:
            connection.close()

    waiting = threading.Thread(target=wait_for_it)
    with transaction.atomic():
        [locked] = transitions.lock([item.pk])
        locked.work_type = given
        transitions.store([locked])
        waiting.start()
        _until_somebody_waits()
    waiting.join(timeout=30)
    assert seen == ["Support"]


def _until_somebody_waits() -> None:
    with connection.cursor() as cursor:
        for _ in range(10_000):
            cursor.execute("SELECT pg_stat_clear_snapshot()")
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
            )
            if cursor.fetchone()[0]:
                return
    raise AssertionError("nobody waits")
