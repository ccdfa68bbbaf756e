"""Batches, reports and figures in a real browser: sound in both colours, on a screen and on a phone."""

import pytest
from playwright.sync_api import expect

from routing.actions.reporting import report_problem
from tests.feed.conftest import _web, web  # noqa: F401 - fixtures
from tests.reviews.conftest import ALWAYS, DRAFT_FIRST, after, approve_write
from tests.reviews.test_in_browser import Desk, Scheme, desk, is_sound  # noqa: F401 - fixture

pytestmark = [pytest.mark.browser, pytest.mark.parametrize(("width", "scheme"), [(1440, "dark"), (390, "light")])]

FINISH = {"when": ALWAYS, "then": {"do": "finish"}}


def test_a_batch_is_declined_with_a_reason_or_approved_and_undone(desk: Desk, width: int, scheme: Scheme) -> None:  # noqa: F811
    bench = desk.bench
    bench.desk.rules("support", DRAFT_FIRST, after("reply", approve_write("refund")), FINISH)
    items = [bench.item(f"Refund <b>mine</b> \u200b K-{number}") for number in range(3)]
    page = desk.sit_down("ana", f"/reviews/{bench.review(items[0]).pk}/together", width=width, scheme=scheme)
    is_sound(page)
    page.get_by_label(items[0].code).check()
    page.get_by_text("Decline the ticked").click()
    page.get_by_role("button", name="Decline them").click()
    expect(page.get_by_role("alert")).to_contain_text("Say why")
    expect(page.get_by_label(items[0].code)).to_be_checked()
    is_sound(page)
    page.get_by_label("Why not?").fill("Paid already.")
    page.get_by_role("button", name="Decline them").click()
    expect(page.locator("h1")).to_have_text("1 declined")
    is_sound(page)

    page.goto(f"{desk.server.url}/reviews/{bench.review(items[1]).pk}/together")
    for item in items[1:]:
        page.get_by_label(item.code).check()
    page.get_by_role("button", name="Approve and send the ticked 2").click()
    expect(page.get_by_role("button", name="Undo them all")).to_be_visible()
    is_sound(page)


def test_a_problem_is_reported_and_stands_in_the_figures(desk: Desk, width: int, scheme: Scheme) -> None:  # noqa: F811
    bench = desk.bench
    bench.desk.rules("support", DRAFT_FIRST, after("reply", approve_write("refund")), FINISH)
    for kind in ("approve", "reject"):
        bench.decide_as(bench.item(), kind, comment="" if kind == "approve" else "No.")
    bench.desk.rules("support", DRAFT_FIRST, FINISH)
    report_problem(actor=bench.people["ana"], item_id=bench.item().pk, text="Wrong.", place="reply")
    page = desk.sit_down("ana", f"/items/{bench.item().code}/report/", width=width, scheme=scheme)
    is_sound(page)
    page.get_by_role("button", name="Have somebody look at it").click()
    expect(page.get_by_label("What is wrong?")).to_be_focused()
    is_sound(page)
    page.goto(f"{desk.server.url}/insights/")
    is_sound(page)
    for name in ("Support", "Reply"):
        page.goto(f"{desk.server.url}/insights/")
        page.get_by_role("link", name=name, exact=True).click()
        expect(page.locator("h1")).to_have_text(f"{name}: figures")
        is_sound(page)
