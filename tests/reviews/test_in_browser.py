"""The workbench in a real browser: one-key undo, two people on one review, a lost claim, and axe."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from playwright.sync_api import Browser, BrowserContext, Page, expect
from pytest_django import Settings

from reviews.actions import claiming
from reviews.models import Review, Verdict
from routing.models import Note, RouterLabel, Step, WorkItem
from routing.transitions import database_now
from tests.desks import fresh
from tests.feed.conftest import Web, _web, web  # noqa: F401 - fixtures
from tests.reviews.conftest import ALWAYS, DRAFT_FIRST, Bench
from tests.reviews.test_judging import stopped_at

pytestmark = pytest.mark.browser

Scheme = Literal["light", "dark"]


class Desk:
    """The bench with a web server before it and browsers for its people."""

    def __init__(self, bench: Bench, server: Web, browser: Browser) -> None:
        self.bench, self.server, self.browser = bench, server, browser
        self.contexts: list[BrowserContext] = []

    def sit_down(
        self, who: str, path: str, *, width: int = 1440, scheme: Scheme = "light", scripts: bool = True
    ) -> Page:
        """Open a page as somebody, in a browser of their own; a script error fails the test."""
        context = self.browser.new_context(
            viewport={"width": width, "height": 900},
            color_scheme=scheme,
            reduced_motion="reduce",
            java_script_enabled=scripts,
        )
        self.contexts.append(context)
        session = self.server.session_of(self.bench.desk.people[who])
        context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": self.server.url}])
        page = context.new_page()
        page.on("pageerror", lambda error: pytest.fail(f"script error: {error}"))
        page.goto(f"{self.server.url}{path}")
        return page


@pytest.fixture
def desk(bench: Bench, web: Web, browser: Browser) -> Iterator[Desk]:  # noqa: F811
    made = Desk(bench, web, browser)
    yield made
    for context in made.contexts:
        context.close()


def question(page: Page, words: str) -> None:
    """Wait until this question stands there, with the focus on it."""
    expect(page.locator("#question")).to_have_text(words)
    expect(page.locator("#question")).to_be_focused()


def is_sound(page: Page) -> None:
    """Fail when axe finds something, or when the page scrolls sideways."""
    found = Axe().run(page).response["violations"]
    assert [(one["id"], one["nodes"][0]["target"]) for one in found] == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def rows_of_bar(page: Page) -> int:
    """Count the rows in which the bar of decisions shows its buttons."""
    return page.evaluate(  # type: ignore[no-any-return]
        """new Set([...document.querySelectorAll("[data-actions] :is(button, summary)")]
            .filter((one) => one.checkVisibility() && !one.closest(".bench-panel-body"))
            .map((one) => Math.round(one.getBoundingClientRect().top))).size"""
    )


def state_of(item: WorkItem) -> str:
    return fresh(item).state


def test_an_approval_is_undone_by_one_key_before_it_leaves(desk: Desk) -> None:
    item = stopped_at(desk.bench, "calls")
    page = desk.sit_down("ana", "/reviews/")
    page.keyboard.press("n")
    question(page, "Approve Refund?")
    page.keyboard.press("a")
    expect(page.locator("[data-undo]")).to_be_visible()
    expect(page.locator("#question")).to_be_focused()
    page.keyboard.press("u")
    question(page, "Approve Refund?")
    expect(page.locator("[data-clock]")).to_be_visible()
    assert state_of(item) == "in_review"
    assert Step.objects.get(item=item, writes=True).status == Step.CANCELLED
    assert desk.bench.tools.received == []


def test_letters_typed_beside_a_box_to_tick_decide_nothing(desk: Desk) -> None:
    item = stopped_at(desk.bench, "calls")
    page = desk.sit_down("ana", "/reviews/")
    page.keyboard.press("n")
    question(page, "Approve Refund?")
    page.keyboard.press("q")
    page.locator("[name=ask_inputs]").first.focus()
    page.keyboard.type("aeu")
    expect(page.locator("[name=ask_inputs]").first).to_be_focused()
    assert state_of(item) == "in_review"


def test_a_key_that_opens_a_panel_leaves_the_question_in_sight(desk: Desk) -> None:
    stopped_at(desk.bench, "calls")
    page = desk.sit_down("ana", "/reviews/")
    page.set_viewport_size({"width": 1440, "height": 420})
    page.keyboard.press("n")
    question(page, "Approve Refund?")
    for key in ("d", "r", "q"):
        page.keyboard.press(key)
        expect(page.locator(".bench-panel[open]")).to_be_visible()
        expect(page.locator("#question")).to_be_in_viewport()
        page.keyboard.press("Escape")


def test_a_key_held_down_decides_one_review_only(desk: Desk) -> None:
    desk.bench.desk.rules("support", {"when": ALWAYS, "then": {"do": "go", "to": ["support"]}})
    for number in range(4):
        desk.bench.item(f"Task {number} for K-1")
    page = desk.sit_down("ana", "/reviews/")
    page.keyboard.press("n")
    expect(page.locator("#question")).to_be_focused()
    page.keyboard.down("a")
    for _ in range(10):
        page.keyboard.down("a")
        page.wait_for_timeout(60)
    question(page, "Please take care of this: Task 1 for K-1")
    assert Verdict.objects.count() == 1


def test_the_list_shows_what_comes_in_meanwhile(desk: Desk) -> None:
    page = desk.sit_down("ana", "/reviews/")
    expect(page.locator("#live")).to_have_attribute("data-live", "connected")
    expect(page.locator(".bench-row")).to_have_count(0)
    item = stopped_at(desk.bench, "calls")
    expect(page.locator(".bench-row")).to_contain_text(item.code, timeout=10_000)


def test_two_people_on_one_review_lose_no_text(desk: Desk) -> None:
    item = stopped_at(desk.bench, "calls")
    review = desk.bench.review(item)
    anas = desk.sit_down("ana", f"/reviews/{review.pk}/")
    anas.keyboard.press("c")
    expect(anas.locator("[data-clock]")).to_be_visible()
    anas.keyboard.press("e")
    anas.keyboard.press("Control+A")
    anas.keyboard.type("My better words.")

    bens = desk.sit_down("ben", f"/reviews/{review.pk}/")
    expect(bens.get_by_text("ana is looking at this")).to_be_visible()
    expect(bens.locator("[data-actions]")).to_have_count(0)

    Review.objects.filter(pk=review.pk).update(lease_expires_at=review.arrived_at)
    bens.reload()
    bens.keyboard.press("c")
    expect(bens.locator("[data-clock]")).to_be_visible()

    anas.keyboard.press("Control+Enter")
    expect(anas.get_by_role("alert").first).to_contain_text("ben is looking at this")
    expect(anas.locator(".bench-words", has_text="My better words.")).to_be_visible()
    bens.get_by_role("button", name="Give back").click()
    expect(bens.get_by_role("button", name="Take the next")).to_be_visible()
    anas.reload()
    anas.keyboard.press("c")
    anas.get_by_role("button", name="Put it back").click()
    expect(anas.locator("[data-edit]")).to_have_value("My better words.")
    expect(anas.locator("#preview ins").first).to_be_visible()
    anas.keyboard.press("Control+Enter")
    expect(anas.locator("[data-undo]")).to_contain_text("Fixed and approved")
    assert anas.evaluate("localStorage.length") == 0
    assert "My better words." in str(Step.objects.get(item=item, writes=True).request)


def test_a_claim_is_renewed_while_one_works_and_lost_aloud_when_it_is_gone(desk: Desk) -> None:
    desk.bench.desk.queues["support"].lease_minutes = 1
    desk.bench.desk.queues["support"].save()
    review = desk.bench.claim(stopped_at(desk.bench, "calls"))
    Review.objects.filter(pk=review.pk).update(lease_expires_at=review.claimed_at)
    review = desk.bench.claim(review.item)
    page = desk.sit_down("ana", f"/reviews/{review.pk}/")
    page.keyboard.press("e")
    with page.expect_response(lambda answer: answer.url.endswith("/renew"), timeout=25_000) as renewed:
        for _ in range(40):
            page.keyboard.type("x")
            page.wait_for_timeout(500)
            if renewed.is_done():
                break
    assert renewed.value.status == 200
    assert Review.objects.get(pk=review.pk).lease_expires_at > review.lease_expires_at  # type: ignore[operator]


def test_a_review_whose_page_is_left_is_free_soon_and_kept_by_whoever_comes_back(desk: Desk) -> None:
    review = desk.bench.claim(stopped_at(desk.bench, "calls"))
    page = desk.sit_down("ana", f"/reviews/{review.pk}/")
    expect(page.locator("[data-clock]")).to_be_visible()

    page.goto(f"{desk.server.url}/insights/")
    assert within(page, lambda: time_left(review) <= claiming.LEFT)
    page.go_back()
    expect(page.locator("[data-clock]")).to_be_visible()
    assert within(page, lambda: time_left(review) > claiming.LEFT)


def test_whoever_loses_a_review_to_a_lead_is_told_without_doing_anything(desk: Desk) -> None:
    review = desk.bench.claim(stopped_at(desk.bench, "calls"))
    page = desk.sit_down("ana", f"/reviews/{review.pk}/")
    expect(page.locator("[data-clock]")).to_be_visible()

    claiming.claim(actor=desk.bench.people["ada"], review_id=review.pk, takeover=True, note="They are on the line.")
    expect(page.locator("[data-lost]")).to_contain_text("ada has this now. What you wrote is kept.", timeout=25_000)


def time_left(review: Review) -> timedelta:
    ends = Review.objects.get(pk=review.pk).lease_expires_at
    return (ends or database_now()) - database_now()


def within(page: Page, holds: Callable[[], bool]) -> bool:
    """Whether this holds some seconds from now at the latest."""
    for _ in range(100):
        if holds():
            return True
        page.wait_for_timeout(50)
    return False


def test_without_scripts_a_review_is_taken_corrected_previewed_and_approved(desk: Desk) -> None:
    item = stopped_at(desk.bench, "calls")
    page = desk.sit_down("ana", "/reviews/", scripts=False)
    page.get_by_role("button", name="Take the next").click()
    page.get_by_label("Text from Reply").fill("Hello Kim, we are sorry.")
    page.get_by_role("button", name="Show my changes").click()
    expect(page.locator("#preview ins").first).to_contain_text("we are sorry")
    page.get_by_role("button", name="Fix and approve").click()
    expect(page.get_by_text("It is sent in")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_label("Text from Reply")).to_have_value("Hello Kim, we are sorry.")
    assert state_of(item) == "in_review"


def test_a_note_is_added_by_keyboard_and_what_is_typed_in_the_review_stays(desk: Desk) -> None:
    item = stopped_at(desk.bench, "calls")
    page = desk.sit_down("ana", f"/reviews/{desk.bench.claim(item).pk}/")
    keys = page.keyboard
    keys.press("e")
    keys.press("Control+A")
    keys.type("My better words.")
    keys.press("Escape")
    keys.press("d")
    keys.type("Half a thou")
    note = page.get_by_label("Add a note")
    note.focus()
    keys.type("  ")
    keys.press("Tab")
    keys.press("Enter")
    expect(page.get_by_text("Write something first.")).to_be_visible()
    expect(note).to_be_focused()
    keys.type("a c e: call first.")
    keys.press("Tab")
    page.locator("#notes button").dblclick()
    expect(page.locator("#notes li")).to_have_count(1)
    expect(page.locator("#notes li")).to_contain_text("a c e: call first.")
    expect(page.locator("#notes-title")).to_be_focused()
    expect(note).to_have_value("")
    expect(page.locator("[data-edit]")).to_have_value("My better words.")
    expect(page.locator("[name=decline_reason]")).to_have_value("Half a thou")
    assert Axe().run(page).violations_count == 0
    assert (Note.objects.get().public, state_of(item)) == (False, "in_review")
    keys.press("r")
    expect(page.locator(".bench-panel[open]")).to_have_count(1)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_the_workbench_has_no_accessibility_violations(
    desk: Desk, settings: Settings, width: int, scheme: Scheme
) -> None:
    desk.bench.desk.rules("support", {"when": ALWAYS, "then": {"do": "go", "to": ["support"]}})
    desk.bench.item("Hidden \u202etext\u200b K-9")
    kinds = ("route", "output", "calls", "continue", "facts", "retry", "task")
    reviews = {kind: desk.bench.review(stopped_at(desk.bench, kind)) for kind in kinds}
    settings.SPOT_CHECK_PERCENT = 100
    desk.bench.desk.rules("support", DRAFT_FIRST, {"when": ALWAYS, "then": {"do": "finish"}})
    reviews["check"] = desk.bench.review(desk.bench.item())
    page = desk.sit_down("ada", "/reviews/", width=width, scheme=scheme)
    problems = [("home", Axe().run(page).generate_report())] if Axe().run(page).violations_count else []
    for kind, review in reviews.items():
        page.goto(f"{desk.server.url}/reviews/{review.pk}/")
        page.get_by_role("button", name="Take it").click()
        expect(page.locator("[data-actions]")).to_be_visible()
        assert rows_of_bar(page) <= 2, kind
        if kind == "calls":
            page.locator("[data-edit]").first.fill("Hello **Kim** \u200b")
            expect(page.locator("#preview ins .hidden-char").first).to_have_text("U+200B")
        page.get_by_text("Reassign").first.click()
        result = Axe().run(page)
        if result.violations_count:
            problems.append((kind, result.generate_report()))
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{kind} scrolls sideways"
    assert problems == []
    assert RouterLabel.objects.count() == 0


@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (390, "dark")])
def test_the_key_that_approves_goes_to_the_first_point_that_is_not_ticked(
    desk: Desk, width: int, scheme: Scheme
) -> None:
    queue = desk.bench.desk.queues["support"]
    queue.checklist = ["Each claim is true", "Names are right"]
    queue.save(update_fields=["checklist"])
    item = stopped_at(desk.bench, "calls")
    review = desk.bench.claim(item)
    page = desk.sit_down("ana", f"/reviews/{review.pk}", width=width, scheme=scheme)
    for point in queue.checklist:
        page.keyboard.press("a")
        expect(page.get_by_label(point)).to_be_focused()
        page.keyboard.press("Space")
        expect(page.get_by_label(point)).to_be_checked()
    assert Axe().run(page).violations_count == 0
    page.keyboard.press("a")
    expect(page.get_by_text("Approved", exact=True)).to_be_visible()
    assert desk.bench.last_verdict(item).body["checks"] == queue.checklist
