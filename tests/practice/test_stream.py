"""The stream sends one request now and then, each once, until it is paused or people have enough to do."""

from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db.models import F
from pytest_django import DjangoAssertNumQueries

from dispatchdesk.practice import requests, stream
from dispatchdesk.practice.models import PracticeDesk, PracticeItem
from routing.domain.states import State
from routing.models import WorkItem
from tests.practice.conftest import move_on


def make_due() -> None:
    PracticeDesk.objects.update(next_at=F("next_at") - timedelta(minutes=5))


def test_a_desk_without_practice_parts_has_no_stream(db: None) -> None:
    assert stream.tick() is False
    with pytest.raises(CommandError, match="no practice desk"):
        call_command("practice", "pause")


def test_nothing_is_sent_before_its_time_and_looking_costs_one_query(
    live_desk: None, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(1):
        assert stream.tick() is False


def test_each_request_is_sent_once_in_turn(live_desk: None) -> None:
    before = WorkItem.objects.count()
    for _ in range(3):
        make_due()
        assert stream.tick() is True
        assert stream.tick() is False
    sent = PracticeItem.objects.order_by("-pk").values_list("story", flat=True)[:3]
    assert list(sent) == [requests.of_stream(turn).story for turn in (2, 1, 0)]
    assert WorkItem.objects.count() == before + 3


def test_a_paused_stream_sends_nothing_until_it_goes_on(live_desk: None) -> None:
    call_command("practice", "pause")
    make_due()
    assert stream.tick() is False
    call_command("practice", "resume")
    make_due()
    assert stream.tick() is True


def test_the_stream_holds_while_many_requests_wait_for_people(live_desk: None, monkeypatch: pytest.MonkeyPatch) -> None:
    move_on()
    monkeypatch.setattr(stream, "MOST_WAITING", stream.waiting())
    make_due()
    assert stream.tick() is False
    WorkItem.objects.filter(practice__past=False, state=State.IN_REVIEW).first().practice.delete()  # type: ignore[union-attr]
    make_due()
    assert stream.tick() is True


def test_the_texts_of_a_whole_round_are_routed_as_their_paths_say(live_desk: None) -> None:
    for turn in range(12):
        [item] = requests.send([requests.of_stream(turn)])
        PracticeItem.objects.create(item=item, story=requests.of_stream(turn).story)
    move_on()
    ended = {
        story: set(
            WorkItem.objects.filter(practice__story=story).values_list("state", "work_type__slug", "review_queue")
        )
        for story in PracticeItem.objects.values_list("story", flat=True)
    }
    assert ended == {
        "delivery": {("done", "support", "")},
        "no-number": {("waiting", "support", "support")},
        "refund": {("in_review", "support", "support")},
        "lawyer": {("in_review", "support", "support")},
        "question": {("in_review", "support", "support")},
        "copy": {("in_review", "marketing", "content")},
        "report": {("in_review", "reporting", "finance")},
        "page": {("in_review", "website", "content")},
        "unsure": {("in_review", None, "triage")},
    }
