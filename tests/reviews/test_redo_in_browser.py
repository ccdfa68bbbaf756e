"""Sending a draft back and putting a review off, by keyboard alone."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.desks import fresh
from tests.feed.conftest import _web, web  # noqa: F401 - fixtures
from tests.outgoing.scripted_server import Answer
from tests.reviews.test_in_browser import Desk, desk, question  # noqa: F401 - fixture
from tests.reviews.test_judging import stopped_at
from tests.reviews.test_redo import BETTER, answers, model, wrote  # noqa: F401 - fixtures

pytestmark = pytest.mark.browser


def test_a_draft_is_sent_back_with_a_note_and_approved_when_it_comes_anew(
    desk: Desk,  # noqa: F811
    answers: list[Answer],  # noqa: F811
) -> None:
    item = stopped_at(desk.bench, "output")
    answers.append(wrote(BETTER))
    page = desk.sit_down("ana", "/reviews/")
    page.keyboard.press("n")
    expect(page.locator("#decide")).to_be_visible()
    page.keyboard.press("w")
    expect(page.get_by_label("What should be different?")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Say what should be different.").first).to_be_visible()
    note = page.get_by_label("What should be different?")
    expect(note).to_be_visible()
    note.focus()
    page.keyboard.type("Say when the money comes.")
    assert Axe().run(page).violations_count == 0
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_text(f"Sent back to the AI agent: {item.code}.")).to_be_visible()
    assert fresh(item).state == "working"

    desk.bench.go_on(item)
    expect(page.locator(".bench-row")).to_have_count(1)
    page.keyboard.press("n")
    expect(page.locator("[data-edit]").first).to_have_value(BETTER)
    page.keyboard.press("a")
    expect(page.locator("#decide")).to_have_count(0)
    assert desk.bench.last_verdict(item).kind == "approve"
    page.goto(f"{desk.server.url}/items/{item.code}/")
    expect(page.get_by_text("Sent back to the AI agent")).to_be_visible()


def test_a_review_is_put_off_by_one_key_and_the_list_says_when_it_comes_back(desk: Desk) -> None:  # noqa: F811
    first, second = stopped_at(desk.bench, "task"), stopped_at(desk.bench, "task")
    page = desk.sit_down("ana", "/reviews/")
    page.keyboard.press("n")
    question(page, desk.bench.review(first).question)
    page.keyboard.press("l")
    expect(page.get_by_text(f"Put {first.code} off.")).to_be_visible()
    expect(page.locator(".bench-bar")).to_contain_text(second.code)
    expect(page.locator(".bench-row", has_text=first.code)).to_contain_text("Yours again in")
