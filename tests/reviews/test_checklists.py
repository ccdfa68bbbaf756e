"""A queue's checklist: every point is ticked before something is approved, and the verdict keeps what was ticked."""

import re
from typing import Any

import pytest

from reviews.models import Queue, Review, Verdict
from tests.desks import fresh
from tests.reviews.conftest import DRAFT, Bench
from tests.reviews.test_judging import stopped_at
from tests.reviews.test_workbench import DRAFT_FIELD, browser_of, form_of, url

POINTS = ["Each claim is true", "Names & prices are right", "The image is ours"]


def with_points(bench: Bench, kind: str = "calls", who: str = "ana") -> Review:
    """Return a review somebody has claimed, on a desk whose queues all have a checklist."""
    Queue.objects.update(checklist=POINTS)
    return bench.claim(stopped_at(bench, kind), who)


def sent(bench: Bench, review: Review, **given: Any) -> Any:
    """Return the answer to the review's own form, sent with these fields besides."""
    client = browser_of(bench)
    form: dict[str, Any] = dict(form_of(client.get(url("review", review)).content.decode()))
    return client.post(url("decide", review), form | given)


def ticked(page: str) -> list[str]:
    boxes = re.findall(r'<input type="checkbox" name="checks"[^>]*>', page)
    return [box for box in boxes if " checked" in box]


def test_nothing_is_approved_while_a_point_is_not_ticked(bench: Bench) -> None:
    review = with_points(bench)
    answer = sent(bench, review, verdict="approve", checks=POINTS[:2], comment="Looks right")
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "One point is not ticked yet. Tick each one before you approve." in page
    assert len(ticked(page)) == 2
    assert fresh(review.item).state == "in_review"
    assert not Verdict.objects.exists()


def test_a_fix_needs_every_tick_too_and_keeps_what_was_typed(bench: Bench) -> None:
    review = with_points(bench)
    fixed = DRAFT.replace("Kim", "Ms Okafor")
    answer = sent(bench, review, verdict="correct", **{DRAFT_FIELD: fixed})
    assert answer.status_code == 422
    assert "3 points are not ticked yet" in answer.content.decode()
    assert form_of(answer.content.decode())[DRAFT_FIELD] == fixed
    assert sent(bench, review, verdict="correct", checks=POINTS, **{DRAFT_FIELD: fixed}).status_code == 303
    assert bench.last_verdict(review.item).body["checks"] == POINTS


def test_what_was_ticked_is_kept_and_said_in_the_timeline(bench: Bench) -> None:
    review = with_points(bench)
    assert sent(bench, review, verdict="approve", checks=POINTS).status_code == 303
    assert bench.last_verdict(review.item).body["checks"] == POINTS
    shown = browser_of(bench).get(review.item.get_absolute_url()).content.decode()
    assert "Approved, with 3 checks ticked" in shown
    item = fresh(review.item)
    assert (item.state, item.review_label) == ("working", "Support decided; sent after the undo time")


@pytest.mark.parametrize(
    "given",
    [
        {"verdict": "reject", "decline_reason": "Not like this."},
        {"verdict": "reassign", "reassign_to": "queue:finance"},
        {"verdict": "ask", "ask_note": "Which one?"},
    ],
    ids=lambda given: given["verdict"],
)
def test_other_decisions_need_no_tick(bench: Bench, given: dict[str, str]) -> None:
    review = with_points(bench)
    assert sent(bench, review, **given).status_code == 303
    assert Verdict.objects.get().kind == given["verdict"]


def test_letting_it_carry_on_needs_every_tick(bench: Bench) -> None:
    review = with_points(bench, "continue")
    assert sent(bench, review, verdict="approve").status_code == 422
    assert sent(bench, review, verdict="approve", checks=POINTS).status_code == 303


@pytest.mark.parametrize("kind", ["route", "facts", "retry", "task"])
def test_what_is_not_approved_has_no_points_to_tick(bench: Bench, kind: str) -> None:
    review = with_points(bench, kind, "ada")
    assert 'name="checks"' not in browser_of(bench, "ada").get(url("review", review)).content.decode()


def test_a_list_that_changed_meanwhile_is_gone_through_again(bench: Bench) -> None:
    review = with_points(bench)
    answer = sent(bench, review, verdict="approve", checks=["What was there before", *POINTS])
    assert answer.status_code == 422
    assert "The list has changed meanwhile. Go through it once more." in answer.content.decode()


def test_programs_approve_without_ticks(bench: Bench) -> None:
    review = with_points(bench)
    bench.judge(review, "approve")
    assert bench.last_verdict(review.item).body["checks"] == []


def test_who_only_looks_reads_the_points(bench: Bench) -> None:
    review = with_points(bench)
    page = browser_of(bench, "ben").get(url("review", review)).content.decode()
    assert "<li>Names &amp; prices are right</li>" in page
    assert 'name="checks"' not in page


def test_ticks_about_another_proposal_are_not_kept(bench: Bench) -> None:
    review = with_points(bench)
    client = browser_of(bench)
    form = form_of(client.get(url("review", review)).content.decode())
    answer = client.post(url("decide", review), form | {"digest": "0" * 64, "verdict": "approve", "checks": POINTS})
    assert answer.status_code == 409
    assert 'name="checks"' in answer.content.decode()
    assert ticked(answer.content.decode()) == []
