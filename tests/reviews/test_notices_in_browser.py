"""Notices as they come up in somebody's browser while another person decides in theirs."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from reviews.actions.wishes import stop_token
from reviews.domain.notices import Kind, Way
from reviews.models import Notice
from reviews.queries.notices import wishes_of
from tests.feed.conftest import _web, web  # noqa: F401 - fixtures
from tests.reviews.test_in_browser import Desk, desk, question  # noqa: F401 - fixture
from tests.reviews.test_judging import stopped_at

pytestmark = pytest.mark.browser


def test_what_is_given_to_me_is_said_at_once_and_read_by_keyboard(desk: Desk) -> None:  # noqa: F811
    item = stopped_at(desk.bench, "calls")
    review = desk.bench.review(item)
    bens = desk.sit_down("ben", "/", width=390)
    expect(bens.locator("#live")).to_have_attribute("data-live", "connected")
    bell = bens.locator("#bell")
    expect(bell).to_have_accessible_name("Notices")

    anas = desk.sit_down("ana", f"/reviews/{review.pk}/")
    anas.keyboard.press("c")
    question(anas, "Approve Refund?")
    anas.keyboard.press("r")
    anas.locator("[name=reassign_to]").select_option("person:ben")
    anas.keyboard.press("Control+Enter")

    toast = bens.locator(".toast", has_text=f"{item.code} was given to you.")
    expect(toast).to_be_visible()
    expect(bell).to_have_accessible_name("Notices, 1 unread")
    expect(anas.locator("#bell")).to_have_accessible_name("Notices")
    assert Axe().run(bens).violations_count == 0

    bens.keyboard.press("g")
    bens.keyboard.press("n")
    row = bens.get_by_role("link", name=f"Unread: {item.code} was given to you")
    expect(row).to_be_visible()
    assert Axe().run(bens).violations_count == 0
    assert bens.evaluate("document.documentElement.scrollWidth <= innerWidth")
    row.focus()
    bens.keyboard.press("Enter")
    expect(bens).to_have_url(f"{desk.server.url}/reviews/{review.pk}/")
    assert Notice.objects.get().read_at is None
    bens.go_back()
    bens.keyboard.press("m")
    expect(bell).to_have_accessible_name("Notices")
    expect(bens.get_by_role("button", name="Mark all as read")).to_have_count(0)
    assert Notice.objects.get().read_at is not None


def test_mail_is_stopped_from_its_link_without_signing_in(desk: Desk) -> None:  # noqa: F811
    ben = desk.bench.desk.people["ben"]
    ben.email = "ben@example.org"
    ben.save()
    page = desk.sit_down("ben", "/", width=390)
    page.context.clear_cookies()
    page.goto(f"{desk.server.url}/notices/stop/{stop_token(ben.pk, Kind.REASSIGNED)}/")
    assert Axe().run(page).violations_count == 0
    page.get_by_role("button", name="Stop mails about “Given to me”").press("Enter")
    expect(page.get_by_role("heading", name="Mails are stopped")).to_be_visible()
    assert Axe().run(page).violations_count == 0
    assert wishes_of(ben.pk).reassigned == Way.APP
