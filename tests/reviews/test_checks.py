"""Work that finished without a person is looked at afterwards: drawn by chance, or because somebody reported it."""

from functools import partial
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from reviews.actions import claiming
from reviews.actions.claiming import claim_next
from reviews.models import Review
from reviews.queries.quality import Right, quality_by_place
from routing.actions import moving
from routing.actions.reporting import MOST_REPORTS, report_problem
from routing.domain.roles import Actor, Role
from routing.domain.states import State
from routing.errors import Conflict, Invalid, NotAllowed
from routing.models import Event, WorkItem
from routing.requesters import page_token
from routing.transitions import database_now
from tests.desks import fresh
from tests.reviews.conftest import ALWAYS, DRAFT_FIRST, Bench, after, approve_write
from tests.reviews.test_claiming import at_once

FINISH = {"when": ALWAYS, "then": {"do": "finish"}}


@pytest.fixture
def alone(bench: Bench, settings: Settings) -> Bench:
    """A desk whose agent finishes work alone, all of which is drawn."""
    settings.SPOT_CHECK_PERCENT = 100
    bench.desk.rules("support", DRAFT_FIRST, FINISH)
    return bench


def answer(bench: Bench, review: Review, who: str, kind: str, **judgement: Any) -> None:
    bench.judge(claiming.claim(actor=bench.people[who], review_id=review.pk), kind, who, **judgement)


def check_on(item: WorkItem) -> Review:
    return Review.objects.get(item=item, kind=Review.CHECK, status=Review.OPEN)


def test_finished_without_a_person_is_drawn_and_shows_what_was_done(alone: Bench) -> None:
    item = alone.item()

    check = check_on(item)
    assert item.state == State.DONE
    assert (check.cause, check.about, check.queue.slug) == ("spot_check", ["reply"], "triage")
    assert check.question == "Reply did this and nobody looked. Was it right?"
    assert Event.objects.get(item=item, kind="finish").data["check"] == check.pk


def test_a_share_of_none_draws_nothing(alone: Bench, settings: Settings) -> None:
    settings.SPOT_CHECK_PERCENT = 0

    item = alone.item()

    assert item.state == State.DONE
    assert not Review.objects.filter(item=item).exists()


def test_an_agent_has_its_own_share(alone: Bench, settings: Settings) -> None:
    alone.desk.destination("other", "agent", system="", prompt="{{ item.text }}", schema=None, check_percent=0)
    alone.desk.rules(
        "support", {"when": {"fact": "steps.other", "op": "missing"}, "then": {"do": "go", "to": ["other"]}}, FINISH
    )

    item = alone.item()

    assert not Review.objects.filter(item=item).exists()


def test_what_a_person_decided_is_not_drawn(alone: Bench) -> None:
    alone.desk.rules("support", DRAFT_FIRST, after("reply", approve_write("refund")), FINISH)
    item = alone.item()

    alone.decide_as(item, "approve")
    item = alone.let_it_leave(item)

    assert item.state == State.DONE
    assert not Review.objects.filter(item=item, kind=Review.CHECK).exists()


@pytest.mark.parametrize("kind", ["approve", "reject"])
def test_the_answer_moves_nothing(alone: Bench, kind: str) -> None:
    item = alone.item()
    before = (item.state, item.run, item.owner_kind, item.owner_since)

    alone.decide_as(item, kind, who="olu", comment="It forgot the order number.")

    item = fresh(item)
    assert (item.state, item.run, item.owner_kind, item.owner_since) == before
    assert Event.objects.filter(item=item).latest("seq").kind == "decide_check"
    assert not Review.objects.filter(item=item, status=Review.OPEN).exists()


def test_not_right_needs_a_word_why(alone: Bench) -> None:
    item = alone.item()

    with pytest.raises(Invalid, match="Say what was wrong"):
        alone.decide_as(item, "reject", who="olu", comment=" ")
    with pytest.raises(Invalid, match="Only say whether it was right"):
        alone.decide_as(item, "correct", who="olu", correction={"fields": {"text": "x"}})


def test_not_right_can_reopen_the_request(alone: Bench) -> None:
    item = alone.item()

    item = alone.decide_as(item, "reject", who="olu", comment="No.", reopen=True)

    assert (item.state, item.run) == (State.INCOMING, 2)
    assert alone.go_on(item).state == State.DONE


def test_an_open_check_stays_when_its_request_is_reopened_and_asks_others(alone: Bench) -> None:
    item = alone.item()
    check = check_on(item)
    alone.desk.rules("support", {"when": ALWAYS, "then": {"do": "escalate", "queue": "support", "reason": "Look."}})

    answer(alone, check, "olu", "reassign", to="queue:support")
    report_problem(actor=alone.people["olu"], item_id=item.pk, text="Kim says so.")
    reported = Review.objects.get(item=item, cause="reported")
    answer(alone, reported, "olu", "reject", comment="Kim is right.", reopen=True)
    item = alone.go_on(item)

    assert item.state == State.IN_REVIEW
    assert {row.pk for row in Review.objects.filter(item=item, status=Review.OPEN)} == {check.pk, item.review_id}
    with pytest.raises(Invalid, match="cannot be reopened"):
        answer(alone, check, "ana", "reject", comment="Kim is right.", reopen=True)


def test_a_check_comes_after_what_people_wait_for(alone: Bench) -> None:
    first = alone.item()
    alone.desk.rules("support", {"when": ALWAYS, "then": {"do": "escalate", "queue": "triage", "reason": "Look."}})
    second = alone.item("And another")

    taken = claim_next(actor=alone.people["olu"])

    assert taken is not None
    assert taken.item_id == second.pk
    assert check_on(first).order_at > Review.objects.get(item=second).order_at


def test_a_reported_problem_asks_people_once_and_keeps_every_word(bench: Bench) -> None:
    bench.desk.rules("support", DRAFT_FIRST, FINISH)
    item = bench.item()

    one = report_problem(actor=bench.people["ana"], item_id=item.pk, text="Wrong order.", place="reply")
    two = report_problem(actor=bench.people["ben"], item_id=item.pk, text="I saw it too.")

    assert one == two
    review = Review.objects.get(item=item, cause="reported")
    assert (review.cause, review.about, review.reason) == ("reported", ["reply"], "Wrong order.")
    assert [note.text for note in item.notes.all()] == [
        "Reported a problem: Wrong order.",
        "Reported a problem: I saw it too.",
    ]


def test_many_reports_at_once_ask_once(bench: Bench) -> None:
    bench.desk.rules("support", FINISH)
    item = bench.item()

    at_once([partial(report_problem, actor=bench.people["ana"], item_id=item.pk, text="Wrong.")] * 6)

    assert Review.objects.filter(item=item, cause="reported").count() == 1
    assert item.notes.count() == 6


def test_whoever_finds_a_report_right_says_whose_work_it_was(bench: Bench) -> None:
    bench.desk.rules("support", DRAFT_FIRST, FINISH)
    item = bench.item()
    report_problem(actor=bench.people["ana"], item_id=item.pk, text="Rude.")
    review = Review.objects.get(item=item, cause="reported")

    with pytest.raises(Invalid, match="was not with"):
        answer(bench, review, "olu", "reject", comment="It is.", blames="refund")
    moving.move(actor=bench.people["olu"], item_id=item.pk, to="state:incoming")  # the check is of the run before
    answer(bench, review, "olu", "reject", comment="It is.", blames="reply")

    assert quality_by_place(bench.people["ada"], database_now())["reply"].reported == Right(0, 1)


def test_programs_report_nothing_and_only_what_has_ended_is_reported(bench: Bench) -> None:
    look = {"when": ALWAYS, "then": {"do": "escalate", "queue": "support", "reason": "Look."}}
    bench.desk.rules("support", look, FINISH)
    item = bench.item()

    with pytest.raises(Conflict, match="write a note, or move it"):
        report_problem(actor=bench.people["ana"], item_id=item.pk, text="Wrong.")
    bench.go_on(bench.decide_as(item, "approve"))
    with pytest.raises(NotAllowed):
        report_problem(actor=Actor(Role.INTAKE, "a program"), item_id=item.pk, text="Wrong.")
    with pytest.raises(Invalid, match="was not with"):
        report_problem(actor=bench.people["ana"], item_id=item.pk, text="Wrong.", place="refund")
    assert not item.notes.exists()


def test_a_requester_reports_on_their_page_and_reads_that_somebody_looks(bench: Bench) -> None:
    bench.desk.rules("support", DRAFT_FIRST, FINISH)
    item = bench.item()
    client, page = Client(), f"/r/{page_token(item)}/"

    report_problem(actor=bench.people["olu"], item_id=item.pk, text="A colleague's doubt.")
    before = client.get(page).content.decode()
    Review.objects.get(item=item, cause="reported").delete()
    empty = client.post(f"{page}problem/", {"problem": " "})
    sent = client.post(f"{page}problem/", {"problem": "The order is not mine."}, follow=True)

    assert "Something is not right?" in before
    assert "You told us" not in before
    assert (empty.status_code, sent.status_code) == (422, 200)
    assert "You told us that something is not right" in sent.content.decode()
    review = Review.objects.get(item=item, cause="reported")
    assert (review.question, review.reason) == ("The requester says: this was not right.", "The order is not mine.")
    assert not item.notes.filter(public=True).exists()


def test_a_requesters_link_cannot_fill_the_desk_with_reports(bench: Bench) -> None:
    bench.desk.rules("support", FINISH)
    item = bench.item()
    kim = Actor(Role.REQUESTER, "Kim")

    for number in range(MOST_REPORTS):
        report_problem(actor=kim, item_id=item.pk, text=f"Wrong {number}")
    with pytest.raises(Invalid, match="nothing more can be added"):
        report_problem(actor=kim, item_id=item.pk, text="Once more")

    assert item.notes.count() == MOST_REPORTS


def test_nothing_is_reported_about_a_request_under_way(bench: Bench) -> None:
    bench.desk.rules("support", {"when": ALWAYS, "then": {"do": "escalate", "queue": "support", "reason": "Look."}})
    item = bench.item()
    client, page = Client(), f"/r/{page_token(item)}/"

    assert "Something is not right?" not in client.get(page).content.decode()
    refused = client.post(f"{page}problem/", {"problem": "It is blue."})
    assert refused.status_code == 409
    assert "was not sent" in refused.content.decode()
    assert "It is blue." in refused.content.decode()
    assert not item.notes.exists()
