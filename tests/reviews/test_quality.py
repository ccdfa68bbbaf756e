"""How often the work of agents and tools was right, as people found it, and how sure that is."""

import csv
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from reviews.actions import judging
from reviews.domain.intervals import share_interval
from reviews.models import Review
from reviews.queries.quality import Right, quality_by_place, weekly_quality
from routing.actions.reporting import report_problem
from routing.models import WorkItem
from tests.reviews.conftest import DRAFT_FIRST, Bench, after, approve_write
from tests.reviews.test_account import hide
from tests.reviews.test_checks import FINISH, answer, check_on
from tests.reviews.test_figures import client_of

FIXED = {"drafts": {"steps.reply.output.text": "Hello Kim, it is done."}}


@pytest.fixture
def asked(bench: Bench) -> Bench:
    """A desk that asks before a refund with an agent's words in it leaves."""
    bench.desk.rules("support", DRAFT_FIRST, after("reply", approve_write("refund")), FINISH)
    return bench


def found(bench: Bench, slug: str, part: str) -> Right:
    """What all weeks together say."""
    weeks = weekly_quality(bench.people["ada"], slug, timezone.now())
    return getattr(weeks[-1], part) if weeks else Right()


def check(bench: Bench, item: WorkItem, kind: str) -> None:
    answer(bench, check_on(item), "olu", kind, comment="" if kind == "approve" else "No order number.")


def test_fixing_the_words_blames_the_agent_and_not_the_tool(asked: Bench) -> None:
    asked.decide_as(asked.item(), "approve")
    asked.decide_as(asked.item(), "correct", correction=FIXED)
    asked.decide_as(asked.item(), "reject", comment="They have it already.")

    assert found(asked, "reply", "asked") == Right(1, 3)
    assert found(asked, "refund", "asked") == Right(2, 3)


def test_what_was_redone_undone_or_reassigned_is_counted_as_it_ended(asked: Bench) -> None:
    redone = asked.go_on(asked.decide_as(asked.item(), "redo", comment="Shorter."))
    asked.decide_as(redone, "approve")
    undone = asked.item()
    review = asked.claim(undone)
    asked.judge(review, "approve")
    judging.undo(actor=asked.people["ana"], review_id=review.pk)
    asked.judge(Review.objects.get(pk=review.pk), "reassign", to="queue:finance")

    assert found(asked, "reply", "asked") == Right(1, 2)
    assert found(asked, "refund", "asked") == Right(1, 1)


def test_a_fix_of_the_first_of_two_people_counts_against_the_agent(asked: Bench) -> None:
    asked.desk.queues["support"].eyes = 2
    asked.desk.queues["support"].save()
    item = asked.item()
    asked.decide_as(item, "correct", who="ana", correction=FIXED)
    asked.decide_as(item, "approve", who="ben")

    assert found(asked, "reply", "asked") == Right(0, 1)
    assert found(asked, "refund", "asked") == Right(1, 1)


def test_spot_checks_reports_and_what_was_asked_are_kept_apart(bench: Bench, settings: Settings) -> None:
    settings.SPOT_CHECK_PERCENT = 100
    bench.desk.rules("support", DRAFT_FIRST, FINISH)
    for kind in ("approve", "approve", "reject"):
        check(bench, bench.item(), kind)
    settings.SPOT_CHECK_PERCENT = 0
    item = bench.item()
    report_problem(actor=bench.people["ana"], item_id=item.pk, text="Rude.", place="reply")
    check(bench, item, "reject")

    assert found(bench, "reply", "spot_check") == Right(2, 3)
    assert found(bench, "reply", "reported") == Right(0, 1)
    assert found(bench, "reply", "asked") == Right(0, 0)
    assert quality_by_place(bench.people["ada"], timezone.now())["reply"].spot_check == Right(2, 3)


def test_weeks_are_told_apart_newest_first_and_old_ones_left_out(asked: Bench) -> None:
    for weeks in (0, 3, 20):
        item = asked.item()
        asked.decide_as(item, "approve")
        Review.objects.filter(item=item).update(closed_at=timezone.now() - timedelta(weeks=weeks))

    rows = weekly_quality(asked.people["ada"], "reply", timezone.now())

    assert [one.asked for one in rows] == [Right(1, 1), Right(1, 1), Right(2, 2)]
    assert rows[0].week is not None
    assert rows[1].week is not None
    assert rows[0].week - rows[1].week == timedelta(weeks=3)
    assert rows[2].week is None


@pytest.mark.parametrize(
    ("right", "checked", "low", "high"),
    # Worked examples of the score interval: Newcombe, Statistics in Medicine 17 (1998), table I, method 3.
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_the_interval_is_that_of_the_literature(right: int, checked: int, low: float, high: float) -> None:
    assert share_interval(right, checked) == pytest.approx((low, high), abs=5e-5)


def test_without_any_check_everything_is_possible() -> None:
    assert share_interval(0, 0) == (0.0, 1.0)


def test_the_pages_show_it_and_the_weeks_are_downloaded(asked: Bench) -> None:
    asked.decide_as(asked.item(), "approve")
    client = client_of(asked, "ana")

    page = client.get("/insights/places/reply/").content.decode()
    overview = client.get("/insights/").content.decode()
    [row] = csv.DictReader(client.get("/insights/places/reply/weeks.csv").content.decode().splitlines())

    assert "1/1" in page
    assert "21 to 100 %" in page
    assert "1/1" in overview
    assert (row["found"], row["right"], row["checked"], row["95 % from"]) == ("asked", "1", "1", "20.7")
    assert client.get("/insights/places/support/").status_code == 404


def test_the_overview_asks_the_database_as_often_for_many_places(asked: Bench, django_assert_num_queries: Any) -> None:
    client = client_of(asked, "ada")
    client.get("/insights/")
    with CaptureQueriesContext(connection) as few:
        client.get("/insights/")
    for number in range(5):
        asked.desk.destination(f"more-{number}", "agent", system="", prompt="x", schema=None)
        asked.desk.queue(f"queue-{number}")
    with django_assert_num_queries(len(few.captured_queries)):
        client.get("/insights/")


def test_types_that_a_person_may_not_see_are_not_counted(asked: Bench) -> None:
    asked.decide_as(asked.item(), "approve")
    hide("support")

    for who, is_counted in (("ada", True), ("ben", False)):
        assert ("1/1" in client_of(asked, who).get("/insights/places/reply/").content.decode()) is is_counted
