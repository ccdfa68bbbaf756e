"""The guide ticks off what was really done, and sends people where they can do the next thing."""

import re
from collections.abc import Callable

import pytest
from django.test import Client

from dispatchdesk.practice import accounts, guide
from dispatchdesk.practice.models import PracticeDesk
from reviews.actions.judging import Judgement
from routing.actions import publishing
from routing.domain.roles import DESK, Role
from routing.models import RulebookVersion
from routing.requesters import item_of
from tests.desks import TestDesk
from tests.practice.conftest import Story, move_on, practice_actor

Find = Callable[[str], Story]


def done(role: Role = Role.OPERATOR) -> list[bool]:
    shown = guide.guide(practice_actor(role))
    assert shown is not None
    return [step.done for step in shown.steps]


def client_of(role: Role) -> Client:
    client, user = Client(), accounts.practice_user(role)
    assert user is not None
    client.force_login(user)
    return client


def test_each_step_is_done_when_somebody_has_done_it(story: Find) -> None:
    move_on()
    assert done() == [False, False, False, False]
    TestDesk().send("Where is order K-10250?", actor=practice_actor(Role.OPERATOR), requester_email="me@example.com")
    assert done() == [True, False, False, False]
    story("no-number").answer(order_number="K-10237")
    assert done() == [True, True, False, False]
    story("refund").judge(Role.REVIEWER, Judgement("approve"))
    assert done() == [True, True, False, False]
    story("copy").judge(Role.REVIEWER, Judgement("approve"))
    assert done() == [True, True, True, False]
    draft = RulebookVersion.objects.get(status=RulebookVersion.DRAFT)
    publishing.publish(actor=DESK, version_id=draft.pk, note="Go", reason="a test")
    assert done() == [True, True, True, True]


def test_the_history_of_a_fresh_desk_counts_for_nothing(whole_desk: None) -> None:
    assert done() == [False, False, False, False]


def test_the_answer_is_given_on_the_page_of_the_request_that_waits(story: Find) -> None:
    asked = story("no-number").on()
    shown = guide.guide(practice_actor(Role.OPERATOR))
    assert shown is not None
    token = shown.steps[1].url.rstrip("/").rpartition("/")[2]
    assert item_of(token) == asked.item


def test_the_draft_to_fix_is_the_one_that_opens(story: Find) -> None:
    drafted = story("copy").on()
    shown = guide.guide(practice_actor(Role.REVIEWER))
    assert shown is not None
    page = client_of(Role.REVIEWER).get(shown.steps[2].url).content.decode()
    assert "best kettle in the world" in page
    drafted.judge(Role.REVIEWER, Judgement("approve"))
    again = guide.guide(practice_actor(Role.REVIEWER))
    assert again is not None
    assert again.steps[2].done
    assert again.steps[2].url == ""


def test_a_step_that_needs_another_role_says_which(live_desk: None) -> None:
    needed = {
        role: [step.role for step in shown.steps]
        for role in (Role.OPERATOR, Role.REVIEWER, Role.ADMIN)
        if (shown := guide.guide(practice_actor(role))) is not None
    }
    assert needed == {
        Role.OPERATOR: ["", "", "reviewer", "admin"],
        Role.REVIEWER: ["", "", "", "admin"],
        Role.ADMIN: ["", "", "", ""],
    }


def test_the_board_shows_the_guide_until_it_is_put_away(live_desk: None) -> None:
    client = client_of(Role.OPERATOR)
    assert "Publish version 2" in client.get("/").content.decode()
    assert client.post("/practice/guide/", {"shown": "0"}).status_code == 302
    page = client.get("/").content.decode()
    assert "Publish version 2" not in page
    assert "Show the guide" in page
    client.post("/practice/guide/", {"shown": "1"})
    assert "Publish version 2" in client.get("/").content.decode()


def test_the_stream_is_paused_from_the_board(live_desk: None) -> None:
    client = client_of(Role.REVIEWER)
    assert "Pause practice requests" in client.get("/").content.decode()
    client.post("/practice/stream/", {"paused": "1"})
    assert PracticeDesk.objects.get().stream_paused
    assert "Let practice requests come in" in client.get("/").content.decode()


def test_looking_changes_nothing(live_desk: None) -> None:
    client = client_of(Role.ADMIN)
    assert client.get("/practice/stream/").status_code == 405
    assert client.get("/practice/guide/").status_code == 405


@pytest.mark.django_db
def test_a_real_desk_has_no_guide() -> None:
    assert guide.guide(DESK) is None


def test_reviewers_read_the_suggestion_in_names_and_per_cent(story: Find) -> None:
    story("copy").on()
    shown = guide.guide(practice_actor(Role.REVIEWER))
    assert shown is not None
    page = client_of(Role.REVIEWER).get(shown.steps[2].url).content.decode()
    line = re.search(r"<dt>The certainty of the suggestion</dt><dd><span[^>]*>([^<]*)<", page)
    assert line is not None
    assert re.fullmatch(r"\d{2,3}(\.\d)? %", line[1])
    assert '<dt>The suggested type</dt><dd><span class="bench-value">Marketing<' in page
