"""Two approvals as two people give them in their browsers, by keyboard."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from reviews.models import Queue
from routing.models import Step
from tests.desks import fresh
from tests.feed.conftest import _web, web  # noqa: F401 - fixtures
from tests.reviews.test_in_browser import Desk, desk, question  # noqa: F401 - fixture
from tests.reviews.test_judging import stopped_at

pytestmark = pytest.mark.browser


def test_the_second_person_sees_who_approved_first_and_the_first_cannot_approve_again(desk: Desk) -> None:  # noqa: F811
    Queue.objects.filter(destination__slug="support").update(eyes=2)
    item = stopped_at(desk.bench, "calls")
    review = desk.bench.review(item)
    anas = desk.sit_down("ana", "/reviews/")
    anas.keyboard.press("n")
    question(anas, "Approve Refund?")
    expect(anas.get_by_text("Two people must approve this.")).to_be_visible()
    anas.keyboard.press("a")
    expect(anas.locator("[data-undo]")).to_contain_text("Somebody else must approve it too")
    assert fresh(item).state == "in_review"
    assert not Step.objects.filter(item=item, writes=True).exists()

    anas.goto(f"{desk.server.url}/reviews/{review.pk}/")
    expect(anas.locator(".bench-row")).to_contain_text("1 of 2 approved")
    anas.keyboard.press("c")
    expect(anas.get_by_text("You approved this first")).to_be_visible()
    expect(anas.locator("[name=verdict][value=approve]")).to_have_count(0)
    assert Axe().run(anas).violations_count == 0
    anas.get_by_role("button", name="Give back").click()
    expect(anas.locator("[data-clock]")).to_have_count(0)

    bens = desk.sit_down("ben", "/reviews/")
    bens.keyboard.press("n")
    question(bens, "Approve Refund?")
    expect(bens.get_by_text("ana approved this first")).to_be_visible()
    bens.keyboard.press("a")
    expect(bens.locator("[data-undo]")).to_contain_text("It is sent in")
    assert Step.objects.filter(item=item, writes=True).count() == 1
