"""Working the board by hand in a real browser: by keyboard alone (selecting, moving, undoing), and by mouse."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from dispatchdesk.board.queries import PAGE_CARDS
from routing.actions import moving
from routing.domain.roles import Role
from routing.models import WorkItem
from tests.desks import TestDesk, fresh
from tests.feed.conftest import Web, _web, web
from tests.feed.test_live_board import ADMIN, open_board, shows, signed_in

__all__ = ["_web", "web"]  # fixtures of another package

pytestmark = pytest.mark.browser


@pytest.fixture
def desk(web: Web) -> TestDesk:
    made = TestDesk()
    made.queue("triage", staff_role="operator")
    made.queue("support")
    made.work_type("support")
    made.person("olga", Role.OPERATOR)
    made.person("rene", Role.REVIEWER, queues=("support",))
    return made


def is_sound(page: Page) -> None:
    assert [found["id"] for found in Axe().run(page).response["violations"]] == []


def selected(page: Page) -> list[str]:
    boxes = page.locator(".card:has(.card-pick:checked)")
    return [str(card.get_attribute("data-code")) for card in boxes.all()]


def says(page: Page, words: str) -> None:
    expect(page.locator("#toasts .toast").last).to_contain_text(words)


def choose(page: Page, words: str) -> None:
    expect(page.locator("#move-find")).to_be_focused()
    page.keyboard.type(words)
    page.keyboard.press("Enter")


def test_triage_by_keyboard_alone(web: Web, desk: TestDesk, browser: Browser) -> None:
    first, second, third, fourth = (desk.send(f"Request {number}", type="support") for number in range(4))
    moving.move(actor=ADMIN, item_id=fourth.pk, to="queue:support")
    with signed_in(browser, web, desk.people["olga"]) as context:
        page = open_board(context, web)
        keys = page.keyboard
        for key in ("j", "x", "J"):
            keys.press(key)
        assert selected(page) == [first.code, second.code]
        expect(page.locator("#selection")).to_contain_text("2 selected")
        is_sound(page)

        # Moved at once, and the next card is there to go on with.
        keys.press("m")
        is_sound(page)
        choose(page, "hold")
        for item in (first, second):
            shows(page, "waiting", item)
        says(page, "2 requests are now waiting, next owner olga.")
        expect(page.locator(f"#card-{third.code} .card-title")).to_be_focused()
        assert selected(page) == []
        keys.press("z")
        for item in (first, second):
            shows(page, "incoming", item)
        says(page, "Undone. 2 requests are now incoming, next owner")

        # Of all that is selected each is moved or refused by itself; what was refused stays selected.
        keys.press("X")
        keys.press("l")
        keys.press("x")
        expect(page.locator("#selection")).to_contain_text("4 selected")
        keys.press("a")
        choose(page, "olga")
        for item in (first, second, third):
            shows(page, "in_review", item)
        expect(page.locator("#refusals")).to_contain_text("1 of 4 stay as they were")
        expect(page.locator("#refusals li")).to_have_text([f"{fourth.code}: you do not decide in Support."])
        assert selected(page) == [fourth.code]
        is_sound(page)
        # What is selected stays so while other columns are shown, and when a menu is closed.
        keys.press("n")
        expect(page.locator("#board")).to_have_attribute("data-show", "mine")
        keys.press("v")
        expect(page.locator("#board")).to_have_attribute("data-show", "all")
        shows(page, "in_review", fourth)
        page.locator("#selection summary").click()
        keys.press("Escape")
        assert selected(page) == [fourth.code]
        keys.press("Escape")
        assert selected(page) == []
        expect(page.locator("#refusals")).to_be_hidden()

        # One card by its key and by the palette, which does what the list of keys says.
        page.locator(f"#card-{third.code} .card-title").focus()
        keys.press("!")
        shows(page, "stopped", third)
        expect(page.locator(f"#card-{third.code}")).to_contain_text("Spam")
        page.locator(f"#card-{third.code} .card-title").focus()
        keys.press("Control+k")
        keys.type("reopen")
        expect(page.locator("#palette-list [aria-selected=true]")).to_contain_text(f"Reopen: {third.code}")
        keys.press("Enter")
        shows(page, "incoming", third)
        keys.press("?")
        for words in ("Select the card, or not", "Undo the last move", "I'll do it", "Duplicate of…"):
            expect(page.locator("#keys")).to_contain_text(words)


def test_a_column_that_was_moved_away_goes_on(web: Web, desk: TestDesk, browser: Browser) -> None:
    items = [desk.send(f"Request {number}", type="support") for number in range(PAGE_CARDS + 1)]
    with signed_in(browser, web, desk.people["olga"]) as context:
        page = open_board(context, web)
        keys = page.keyboard
        for key in ("j", "X"):
            keys.press(key)
        expect(page.locator("#selection")).to_contain_text(f"{PAGE_CARDS} selected")
        # What nothing fits is not done, and what is refused is asked again, with why.
        keys.press("m")
        expect(page.locator("#move-find")).to_be_focused()
        keys.type("nowhere")
        expect(page.locator("#move")).to_contain_text("Nothing fits these words.")
        expect(page.locator("#move .button-main")).to_be_disabled()
        page.locator("#move [data-close-dialog]").click()
        keys.press("u")
        expect(page.locator("#move-code")).to_be_focused()
        keys.type("D-999999")
        keys.press("Enter")
        reason = f"{items[0].code}, {items[1].code}, "
        expect(page.locator("#move [role=alert]")).to_contain_text(reason)
        expect(page.locator("#move-code")).to_be_focused()
        page.locator("#move [data-close-dialog]").click()

        keys.press("b")
        says(page, f"{PAGE_CARDS} requests are now waiting, next owner olga.")
        shows(page, "incoming", items[-1])
        # The keys go on, wherever the focus was.
        keys.press("z")
        says(page, f"Undone. {PAGE_CARDS} requests are now incoming, next owner")


def drag(page: Page, item: WorkItem, state: str) -> None:
    """Drag a card over a column, and let go of it only afterwards."""
    page.locator(f"#card-{item.code}").hover(position={"x": 40, "y": 60})
    page.mouse.down()
    page.locator(f"#column-{state}").hover(position={"x": 60, "y": 200})
    page.locator(f"#column-{state}").hover(position={"x": 70, "y": 220})


def test_cards_are_dragged_where_the_table_of_states_allows(web: Web, desk: TestDesk, browser: Browser) -> None:
    first, second, done, other = (desk.send(f"Request {number}", type="support") for number in range(4))
    moving.move(actor=ADMIN, item_id=done.pk, to="state:done")
    with signed_in(browser, web, desk.people["olga"]) as context:
        page = open_board(context, web)
        page.locator(f"#card-{first.code} .card-title").click(modifiers=["Control"])
        page.locator(f"#card-{second.code} .card-title").click(modifiers=["Shift"])
        assert selected(page) == [first.code, second.code]
        drag(page, second, "stopped")
        expect(page.locator("#column-stopped .drop-words")).to_have_text("Drop to close, not done")
        page.mouse.up()
        for item in (first, second):
            shows(page, "stopped", item)
        says(page, "2 requests are now closed, not done.")
        # Each message undoes what it tells of; the key is the newest's.
        page.locator(f"#card-{other.code} .card-title").focus()
        page.keyboard.press("b")
        shows(page, "waiting", other)
        says(page, f"{other.code} is now waiting")
        page.get_by_role("button", name="Undo").first.click()
        for item in (first, second):
            shows(page, "incoming", item)
        shows(page, "waiting", other)
        page.keyboard.press("z")
        shows(page, "incoming", other)

        drag(page, done, "waiting")
        expect(page.locator("#column-waiting .drop-words")).to_contain_text("Closed requests are reopened first")
        page.mouse.up()
        drag(page, first, "in_review")
        page.mouse.up()
        choose(page, "support")
        shows(page, "in_review", first)
        says(page, f"{first.code} is now in review")
        assert fresh(done).state == "done"

        # Refused: the card goes back, and the reason is said.
        page.route("**/moves/", lambda route: route.abort())
        page.locator(f"#card-{second.code} .card-title").focus()
        page.keyboard.press("e")
        says(page, "could not be reached")
        shows(page, "incoming", second)
        expect(page.locator(f"#card-{second.code}.card-pending")).to_have_count(0)
