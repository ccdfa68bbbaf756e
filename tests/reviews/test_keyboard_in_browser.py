"""A shift at the workbench by keyboard alone, and the bar of decisions on a phone."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect
from pytest_django import Settings

from reviews.models import Verdict
from routing.models import WorkItem
from tests.feed.conftest import _web, web  # noqa: F401 - fixtures
from tests.reviews.conftest import DRAFT_FIRST, Bench, after, approve_write
from tests.reviews.test_in_browser import Desk, desk, is_sound, question, rows_of_bar, state_of  # noqa: F401 - fixture
from tests.reviews.test_judging import stopped_at

pytestmark = pytest.mark.browser

ESCALATE = {"do": "escalate", "queue": "support", "reason": "May this go on?"}


def named(word: str, then: dict[str, Any]) -> dict[str, Any]:
    return {"when": {"fact": "item.title", "op": "contains", "value": word}, "then": then}


def set_up(bench: Bench) -> None:
    """Rules that ask for every kind of decision, by the words of the request."""
    bench.desk.work_type("returns", {"name": "order_number", "required": True, "pattern": r"\b(K-\d+)\b"})
    bench.desk.destination(
        "track", "tool", via="http", method="GET", url=f"{bench.tools.url}/", success={"path": "ok", "equals": "no"}
    )
    bench.desk.rules(
        "support",
        named("lawyer", ESCALATE),
        named("crate", {"do": "go", "to": ["support"]}),
        named("parcel", {"do": "go", "to": ["track"]}),
        DRAFT_FIRST,
        named("leaflet", ESCALATE | {"about": "reply"}),
        named("unseen", {"do": "finish"}),
        after("reply", approve_write("refund")),
        after("refund", {"do": "finish"}),
    )


def tab_to(page: Page, what: str) -> None:
    """Press Tab until the focus is on what matches this selector."""
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("what => document.activeElement.matches(what)", what):
            return
    pytest.fail(f"Tab does not lead to {what}")


def is_there(page: Page, item: WorkItem) -> None:
    expect(page.locator(".bench-where a")).to_have_text(item.code)
    expect(page.locator("[data-clock]")).to_be_visible()


def comes(page: Page, item: WorkItem) -> None:
    """Wait until the review of this item stands there, taken, with the focus on its question."""
    is_there(page, item)
    expect(page.locator("#question")).to_be_focused()


def say(page: Page, key: str, *words: str) -> None:
    """Open a panel by its key, fill in its fields in their order, and do what it is for."""
    page.keyboard.press(key)
    for number, text in enumerate(words):
        if number:
            page.keyboard.press("Tab")
        page.keyboard.type(text)
    page.keyboard.press("Control+Enter")


def test_reviews_of_all_kinds_are_cleared_by_keyboard_alone(desk: Desk, settings: Settings) -> None:  # noqa: F811
    bench = desk.bench
    set_up(bench)
    settings.SPOT_CHECK_PERCENT = 100
    checked = bench.item("Nobody saw this unseen K-0")
    settings.SPOT_CHECK_PERCENT = 0
    fix, approve = bench.item("Refund one K-1"), bench.item("Refund two K-2")
    both = [bench.item("Refund three K-3"), bench.item("Refund four K-4")]
    decline, task = bench.item("Refund five K-5"), bench.item("Look at the crate K-6")
    missing = bench.item("Where is my parcel?", requester_email="")
    asked, routed = bench.item("My lawyer says K-8"), bench.item("hello", type="")
    given, retyped = bench.item("My lawyer wants K-10"), bench.item("A lawyer for K-11")
    redone, written = bench.item("Write a leaflet K-12"), bench.item("Write a leaflet K-13")
    later, goes_on = bench.item("The lawyer again K-14"), bench.item("A lawyer once more K-15")
    refused, retried = bench.item("Refund six K-16"), bench.item("The parcel K-17")
    passed = bench.item("A crate for K-18")

    page = desk.sit_down("ada", "/reviews/")
    keys = page.keyboard
    keys.press("n")
    comes(page, fix)
    keys.press("e")
    keys.press("Control+End")
    keys.type(" Sorry!")
    expect(page.locator("#preview ins")).to_contain_text("Sorry!")
    expect(page.get_by_label("Body, with line breaks")).to_contain_text("on its way. Sorry!")
    keys.press("Control+Enter")
    comes(page, approve)
    assert state_of(fix) == "working"
    keys.press("a")
    expect(page.locator("[data-undo]")).to_contain_text(f"Approved {approve.code}")

    comes(page, both[0])
    keys.press("b")
    expect(page.locator("h1")).to_have_text("4 reviews that ask the same")
    expect(page.locator("#live")).to_have_attribute("data-live", "connected")
    for item in both:
        keys.press("j")
        expect(page.get_by_label(item.code)).to_be_focused()
        keys.press("Space")
    tab_to(page, "[name=verdict][value=approve]")
    keys.press("Enter")
    expect(page.locator("h1")).to_have_text("2 approved")
    keys.press("n")

    is_there(page, decline)
    say(page, "d", "It was not ours.")
    comes(page, task)
    keys.press("a")
    question(page, "Order_number is missing and there is no requester to ask. What is it?")
    tab_to(page, "[name='input:order_number']")
    keys.type("K-77")
    keys.press("Enter")
    comes(page, asked)
    keys.press("q")
    expect(page.locator("[name=ask_note]")).to_be_focused()
    keys.type("What is it about?")
    keys.press("Control+Enter")
    comes(page, routed)
    tab_to(page, "[name=where]")
    keys.type("Finance")
    keys.press("Control+Enter")
    comes(page, given)
    say(page, "r", "Finance", "Yours")
    comes(page, retyped)
    say(page, "t", "Returns")
    comes(page, redone)
    say(page, "w", "Shorter.")
    comes(page, written)
    keys.press("a")
    comes(page, later)
    keys.press("l")
    comes(page, goes_on)
    keys.press("a")
    comes(page, refused)
    say(page, "d", "No.")
    comes(page, retried)
    keys.press("a")
    comes(page, passed)
    keys.press("p")
    comes(page, routed)
    keys.press("l")
    comes(page, checked)
    keys.press("a")
    expect(page.get_by_text("Nothing is left for you to take")).to_be_visible()

    assert list(Verdict.objects.order_by("pk").values_list("review__item_id", "kind")) == [
        (fix.pk, "correct"),
        (approve.pk, "approve"),
        *((item.pk, "approve") for item in both),
        (decline.pk, "reject"),
        (task.pk, "complete"),
        (missing.pk, "correct"),
        (asked.pk, "ask"),
        (routed.pk, "correct"),
        (given.pk, "reassign"),
        (retyped.pk, "correct"),
        (redone.pk, "redo"),
        (written.pk, "approve"),
        (goes_on.pk, "approve"),
        (refused.pk, "reject"),
        (retried.pk, "approve"),
        (checked.pk, "approve"),
    ]
    assert {bench.review(item).queue.slug for item in (routed, given)} == {"finance"}
    assert {bench.review(item).claimed_by for item in (later, passed)} == {None}
    assert (state_of(task), state_of(missing), state_of(asked)) == ("incoming", "incoming", "waiting")
    assert [state_of(item) for item in both] == ["working", "working"]


def test_on_a_phone_the_bar_takes_two_rows_and_the_rest_is_in_a_sheet(desk: Desk) -> None:  # noqa: F811
    item = stopped_at(desk.bench, "calls")
    desk.bench.desk.work_type("returns")
    page = desk.sit_down("ana", f"/reviews/{desk.bench.claim(item).pk}/", width=390)
    keys, more = page.keyboard, page.get_by_role("button", name="More")
    assert rows_of_bar(page) == 2
    expect(page.locator("#bench-more")).to_be_hidden()

    keys.press("w")
    note = page.get_by_label("What should be different?")
    expect(note).to_be_focused()
    keys.type("a d l p: shorter")
    is_sound(page)
    under_nav = "one => document.elementsFromPoint(100, innerHeight - 20)[0].closest('#bench-more') === one"
    assert page.locator("#bench-more").evaluate(under_nav)
    keys.press("Escape")
    expect(page.locator("summary", has_text="Redo")).to_be_focused()
    keys.press("Escape")
    expect(page.locator("#bench-more")).to_be_hidden()
    expect(more).to_be_focused()

    keys.press("Enter")
    page.locator("summary", has_text="Ask").click()
    expect(page.locator("[name=ask_note]")).to_be_focused()
    expect(page.locator(".bench-panel[open]")).to_have_count(1)
    keys.press("Escape")
    keys.press("r")
    expect(page.locator("#bench-more")).to_be_hidden()
    expect(page.locator("[name=reassign_to]")).to_be_focused()
    nav = page.locator(".nav").bounding_box()
    body = page.locator(".bench-panel[open] .bench-panel-body").bounding_box()
    assert nav is not None
    assert body is not None
    assert 0 <= body["y"] < body["y"] + body["height"] <= nav["y"]
    keys.press("Escape")

    keys.press("w")
    keys.press("Control+a")
    keys.press("Delete")
    keys.press("Control+Enter")
    expect(page.get_by_text("Say what should be different.").last).to_be_visible()
    expect(page.locator("#bench-more")).to_be_visible()
    assert state_of(item) == "in_review"


def test_on_a_phone_without_scripts_the_sheet_opens_and_what_is_wrong_in_it_is_seen(desk: Desk) -> None:  # noqa: F811
    item = stopped_at(desk.bench, "calls")
    page = desk.sit_down("ana", f"/reviews/{desk.bench.claim(item).pk}/", width=390, scripts=False)
    page.get_by_role("button", name="More").click()
    page.locator("summary", has_text="Redo").click()
    page.get_by_role("button", name="Send it back to the AI agent").click()
    note = page.get_by_label("What should be different?")
    expect(note).to_be_visible()
    note.fill("Shorter.")
    page.get_by_role("button", name="Send it back to the AI agent").click()
    expect(page.get_by_text("Sent back to the AI agent")).to_be_visible()
    assert state_of(item) == "working"
