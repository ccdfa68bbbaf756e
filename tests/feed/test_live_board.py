"""The live board in real browsers."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from playwright.sync_api import Browser, BrowserContext, Page, expect

from dispatchdesk.accounts.models import User
from routing.actions import moving
from routing.domain.roles import Actor, Role
from routing.models import WorkItem
from tests.desks import TestDesk
from tests.feed.conftest import Web, start_web, wait_until_up

pytestmark = pytest.mark.browser

ADMIN = Actor(role=Role.ADMIN, name="test")


@pytest.fixture
def desk(web: Web) -> TestDesk:
    made = TestDesk()
    made.queue("triage", staff_role="operator")
    made.queue("support")
    made.work_type("support")
    made.person("olga", Role.OPERATOR)
    made.person("otto", Role.OPERATOR)
    return made


def signed_in(browser: Browser, web: Web, user: User, *, width: int = 1440, scheme: str = "light") -> BrowserContext:
    """A browser of its own in which somebody is signed in."""
    context = browser.new_context(
        viewport={"width": width, "height": 900},
        color_scheme=scheme,  # type: ignore[arg-type]
        reduced_motion="reduce",
    )
    cookie = {"name": settings.SESSION_COOKIE_NAME, "value": web.session_of(user), "url": web.url}
    context.add_cookies([cookie])  # type: ignore[list-item]
    return context


def open_board(context: BrowserContext, web: Web, query: str = "?show=all") -> Page:
    """Open the board and wait until it is live; scripts that fail fail the test."""
    page = context.new_page()
    page.on("pageerror", lambda error: pytest.fail(f"script error: {error}"))
    page.goto(f"{web.url}/{query}")
    expect(page.locator("#live")).to_have_attribute("data-live", "connected")
    # Whatever arrives from here on must come without a reload.
    page.evaluate("window.isStillTheSamePage = true")
    return page


def shows(page: Page, state: str, item: WorkItem) -> None:
    """Wait until the item is in this column and nowhere else, on the same page."""
    expect(page.locator(f"#column-{state} #card-{item.code}")).to_be_visible()
    expect(page.locator(f"#card-{item.code}")).to_have_count(1)
    assert page.evaluate("window.isStillTheSamePage") is True


def test_a_move_in_one_browser_shows_in_the_other_without_a_reload(web: Web, desk: TestDesk, browser: Browser) -> None:
    item = desk.send("Where is my tea?", type="support")
    with (
        signed_in(browser, web, desk.people["olga"]) as first,
        signed_in(browser, web, desk.people["otto"]) as second,
    ):
        olgas, ottos = open_board(first, web), open_board(second, web)
        ottos.locator(f"#card-{item.code} .card-title").click()
        expect(ottos.locator("#drawer-facts")).to_contain_text("Incoming")
        olgas.locator(f"#card-{item.code} .card-title").focus()
        olgas.keyboard.press("m")
        olgas.get_by_role("searchbox", name="Find a place").fill("triage")
        olgas.get_by_role("button", name=f"Move {item.code}").click()
        for page in (olgas, ottos):
            shows(page, "in_review", item)
            expect(page.locator("#needs-count")).to_have_text("1")
        expect(ottos.locator("#drawer-facts")).to_contain_text("In review")
        moving.move(actor=ADMIN, item_id=item.pk, to="state:done")
        for page in (olgas, ottos):
            shows(page, "done", item)
            expect(page.locator("#column-done .count-words")).to_have_text("1")


def test_a_browser_whose_server_was_killed_catches_up(web: Web, desk: TestDesk, browser: Browser) -> None:
    item, other = desk.send("Where is my tea?", type="support"), desk.send("And my cup?", type="support")
    killed = start_web()
    wait_until_up(killed)
    with signed_in(browser, killed, desk.people["olga"]) as context:
        page = open_board(context, killed)
        killed.process.kill()
        killed.process.wait()
        expect(page.locator("#live")).to_have_attribute("data-live", "offline")
        moving.move(actor=ADMIN, item_id=item.pk, to="queue:support")
        back = start_web(killed.port)
        try:
            wait_until_up(back)
            shows(page, "in_review", item)
            expect(page.locator("#live")).to_have_attribute("data-live", "connected")
            moving.move(actor=ADMIN, item_id=other.pk, to="queue:support")
            shows(page, "in_review", other)
        finally:
            back.process.terminate()
            back.process.wait(10)


def test_cards_arrive_where_a_fresh_board_has_them(web: Web, desk: TestDesk, browser: Browser) -> None:
    items = [
        desk.send(f"request {number}", type="support", priority=("low", "urgent")[number % 2]) for number in range(8)
    ]
    with signed_in(browser, web, desk.people["olga"]) as context:
        page = open_board(context, web, "?order=priority")
        for number in (5, 2, 7, 0, 4):
            moving.move(actor=ADMIN, item_id=items[number].pk, to="queue:triage" if number % 3 else "queue:support")
        for number in (1, 3):
            moving.move(actor=ADMIN, item_id=items[number].pk, to="state:stopped")
        shows(page, "stopped", items[3])
        order = "() => [...document.querySelectorAll('.card')].map((card) => card.id)"
        kept = page.evaluate(order)
        page.reload()
        assert kept == page.evaluate(order)


def test_while_words_are_looked_for_new_requests_that_hold_them_appear(
    web: Web, desk: TestDesk, browser: Browser
) -> None:
    with signed_in(browser, web, desk.people["olga"]) as context:
        page = open_board(context, web, "?q=kettle")
        other, found = desk.send("A teapot", type="support"), desk.send("My kettles leak", type="support")
        shows(page, "incoming", found)
        expect(page.locator(f"#card-{other.code}")).to_have_count(0)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_board_has_no_accessibility_violations(
    web: Web, desk: TestDesk, browser: Browser, scheme: str, width: int
) -> None:
    item = desk.send("Where is my tea?", type="support", priority="urgent")
    moving.move(actor=ADMIN, item_id=item.pk, to="queue:triage")
    desk.send("Another one", type="support")
    with signed_in(browser, web, desk.people["olga"], width=width, scheme=scheme) as context:
        page = open_board(context, web)
        assert Axe().run(page).response["violations"] == []
