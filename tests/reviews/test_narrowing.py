"""The list of reviews narrowed to a type, a rule or a reason, and the next one out of it."""

import pytest
from django.test import Client
from playwright.sync_api import expect

from reviews.actions import claiming
from reviews.models import Review
from reviews.queries.narrowing import NO_TYPE, Narrowing
from routing.models import WorkItem
from tests.feed.conftest import _web, web  # noqa: F401 - fixtures
from tests.reviews.conftest import ALWAYS, Bench
from tests.reviews.test_in_browser import Desk, desk, question  # noqa: F401 - fixture

LAWYER = {
    "name": "A lawyer",
    "when": {"fact": "item.text", "op": "contains", "value": "lawyer"},
    "then": {"do": "escalate", "queue": "support", "reason": "A lawyer"},
}
REST = {"when": ALWAYS, "then": {"do": "go", "to": ["support"]}}


@pytest.fixture
def mixed(bench: Bench) -> Bench:
    """Five reviews in this order: a task, a lawyer's, one of another type, a lawyer's, one without a type."""
    bench.desk.work_type("other")
    bench.desk.rules("support", LAWYER, REST)
    bench.desk.rules("other", REST)
    return bench


def five(mixed: Bench) -> list[WorkItem]:
    texts = [("a task", "support"), ("my lawyer", "support"), ("a task", "other"), ("a lawyer", "support"), ("who", "")]
    return [mixed.item(text, type=slug) for text, slug in texts]


@pytest.mark.parametrize(
    ("narrowing", "places"),
    [
        (Narrowing(), [0, 1, 2, 3, 4]),
        (Narrowing(type="support"), [0, 1, 3]),
        (Narrowing(type=NO_TYPE), [4]),
        (Narrowing(rule="support:r1"), [1, 3]),
        (Narrowing(rule="other:r1"), [2]),
        (Narrowing(rule="other:r1", type="support"), []),
        (Narrowing(cause="assigned"), [0, 2]),
        (Narrowing(queue="support", cause="escalated"), [1, 3]),
        (Narrowing(queue="finance"), []),
        (Narrowing(type="nowhere", rule=":", cause="x"), []),
    ],
)
def test_the_next_ones_are_those_that_fit_in_the_true_order(
    mixed: Bench, narrowing: Narrowing, places: list[int]
) -> None:
    items = five(mixed)
    ada = mixed.people["ada"]
    taken = []
    while (review := claiming.claim_next(actor=ada, narrowing=narrowing)) is not None:
        taken.append(review.item_id)
        claiming.release(actor=ada, review_id=review.pk, epoch=review.epoch)
        Review.objects.filter(pk=review.pk).update(barred=[ada.user_id])
    assert taken == [items[place].pk for place in places]
    assert not narrowing.on(Review.objects.exclude(barred=[ada.user_id])).exists()


def test_the_page_lists_what_fits_offers_what_there_is_and_keeps_the_filter(mixed: Bench) -> None:
    five(mixed)
    client = Client()
    client.force_login(mixed.desk.people["ada"])
    page = client.get("/reviews/?rule=support:r1")
    assert [row.item.text for row, *_ in page.context["rows"]] == ["my lawyer", "a lawyer"]
    offered = page.context["choices"]
    assert ("support:r1", "Support: A lawyer") in offered.rules
    assert [words for _, words in offered.types] == ["No type yet", "Other", "Support"]
    assert ("assigned", "Work to do") in offered.causes
    next_one = client.post("/reviews/next", {"rule": "support:r1"})
    assert next_one["Location"].endswith("/?rule=support%3Ar1")
    assert 'name="rule" value="support:r1"' in client.get(next_one["Location"]).content.decode()
    nothing = client.get("/reviews/?cause=limit&rule=%00").status_code, client.get("/reviews/?cause=x").status_code
    assert nothing == (400, 200)


@pytest.mark.browser
def test_a_reviewer_filters_and_takes_the_next_by_keyboard(desk: Desk, mixed: Bench) -> None:  # noqa: F811
    five(mixed)
    page = desk.sit_down("ana", "/reviews/")
    page.locator("#bench-narrow summary").focus()
    page.keyboard.press("Enter")
    page.locator("#narrow-rule").focus()
    page.keyboard.type("support: A")
    expect(page.locator(".bench-row")).to_have_count(2)
    expect(page.locator("#narrow-rule")).to_be_focused()
    page.keyboard.press("Tab")
    page.locator("#question").focus()
    page.keyboard.press("n")
    question(page, "A lawyer")
    expect(page.locator(".bench-row")).to_have_count(2)
    page.get_by_role("link", name="Show all").click()
    expect(page.locator(".bench-row")).to_have_count(4)
