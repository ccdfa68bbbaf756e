"""The live board in real browsers."""

import re
from datetime import timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.db import connection
from django.utils import timezone
from playwright.sync_api import Browser, BrowserContext, Page, WebSocketRoute, expect

from dispatchdesk.accounts.models import User
from dispatchdesk.accounts.sessions import SessionStore
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


def shows(page: Page, state: str, item: WorkItem, *, seconds: float = 5) -> None:
    """Wait until the item is in this column and nowhere else, on the same page."""
    expect(page.locator(f"#column-{state} #card-{item.code}")).to_be_visible(timeout=seconds * 1000)
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
            # Tried less and less often while the server is away.
            shows(page, "in_review", item, seconds=40)
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


# Reads every column to its end, a screen at a time, as code and version by place; and the most cards that were in the
# page's column at once.
READ_COLUMNS = """async () => {
  const found = {}, frames = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  let most = 0;
  for (const state of ["incoming", "working", "waiting", "in_review", "done", "stopped"]) {
    const seen = new Map(), column = () => document.getElementById(`column-${state}`);
    const body = () => column().querySelector(".column-body");
    body().scrollTop = 0;
    for (let still = 0; still < 12; ) {
      await frames();
      const cards = [...column().querySelectorAll(".card")];
      most = Math.max(most, cards.length);
      for (const card of cards) seen.set(Number(card.ariaPosInSet), `${card.dataset.code} ${card.dataset.version}`);
      const before = body().scrollTop;
      body().scrollTop += 600;
      still = body().scrollTop === before && !column().querySelector(".column-more") ? still + 1 : 0;
    }
    found[state] = [...seen].sort(([left], [right]) => left - right).map(([, text]) => text);
  }
  return { found, most };
}"""


def place_of(page: Page, code: str) -> float:
    """How far from the window's top a card is, in px."""
    box = page.locator(f"#card-{code}").bounding_box()
    assert box is not None
    return box["y"]


def test_a_reader_keeps_their_place_in_long_columns_while_everything_else_changes(
    web: Web, desk: TestDesk, browser: Browser
) -> None:
    items = [desk.send(f"request {number}", type="support", priority="low") for number in range(80)]
    with signed_in(browser, web, desk.people["olga"]) as context, signed_in(browser, web, desk.people["otto"]) as other:
        page, writing = open_board(context, web, "?order=age&show=all"), open_board(other, web)
        writing.locator(f"#card-{items[3].code} .card-title").focus()
        writing.keyboard.press("m")
        writing.get_by_label("Why").fill("half a reason")

        column = page.locator("#column-incoming .column-body")
        # Columns go on by themselves; the cards that are far away leave the page.
        page.wait_for_function(
            """(code) => {
                 const body = document.querySelector("#column-incoming .column-body");
                 if (document.getElementById(`card-${code}`)) return true;
                 body.scrollTop += 200;
            }""",
            arg=items[40].code,
        )
        expect(page.locator(f"#card-{items[0].code}")).to_have_count(0)
        page.locator(f"#card-{items[40].code}").scroll_into_view_if_needed()
        page.locator(f"#card-{items[40].code} .card-title").click()
        expect(page.locator("#drawer-title")).to_have_text("request 40")
        page.locator(f"#card-{items[40].code} .card-title").focus()
        # Nothing of what is on the screen changes from here on.
        shown = page.evaluate(
            """() => [...document.querySelectorAll("#column-incoming .card")].filter((card) => {
                 const { top, bottom } = card.getBoundingClientRect();
                 return bottom > 0 && top < innerHeight;
            }).map((card) => card.dataset.code)"""
        )
        page.evaluate("getSelection().selectAllChildren(document.querySelector('.drawer-body .prose'))")
        before = place_of(page, items[40].code), column.evaluate("(body) => body.scrollHeight")

        changed = [item for item in items if item.code not in shown]
        targets = ["queue:triage", "state:done", "queue:support", "state:stopped", "state:waiting"]
        for number, item in enumerate(changed[:-2]):
            moving.move(actor=ADMIN, item_id=item.pk, to=targets[number % 5])
            if number % 4 == 0:
                desk.send(f"newcomer {number}", type="support")
            if number == 20:
                # All are told to fetch everything.
                with connection.cursor() as cursor:
                    cursor.execute(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                        "WHERE application_name = 'dispatch desk feed' AND datname = current_database()"
                    )
        moving.move(actor=ADMIN, item_id=changed[-1].pk, to="state:done")
        for one in (page, writing):
            shows(one, "done", changed[-1])
            expect(one.locator("#live")).to_have_attribute("data-live", "connected")

        assert place_of(page, items[40].code) == pytest.approx(before[0], abs=1)
        assert page.evaluate("document.activeElement.closest('.card')?.dataset.code") == items[40].code
        assert page.evaluate("getSelection().toString()") == "request 40"
        expect(page.locator("#drawer-title")).to_have_text("request 40")
        expect(writing.get_by_label("Why")).to_have_value("half a reason")
        assert writing.evaluate("document.activeElement.name") == "reason"

        live = page.evaluate(READ_COLUMNS)
        fresh = open_board(context, web, "?order=age&show=all").evaluate(READ_COLUMNS)
        assert live["found"] == fresh["found"]
        assert {line.split()[0] for lines in live["found"].values() for line in lines} == {
            row.code for row in WorkItem.objects.all()
        }
        assert live["most"] < 40


def test_a_feed_that_falls_silent_is_given_up_and_taken_up_again(web: Web, desk: TestDesk, browser: Browser) -> None:
    deaf: list[bool] = []

    def relay(socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()
        server.on_message(lambda message: None if deaf else socket.send(message))

    with signed_in(browser, web, desk.people["olga"]) as context:
        context.route_web_socket(re.compile("/ws/feed"), relay)
        page = context.new_page()
        page.clock.install()
        page.goto(f"{web.url}/?show=all")
        expect(page.locator("#live")).to_have_attribute("data-live", "connected")
        page.evaluate("window.isStillTheSamePage = true")
        deaf.append(True)
        item = desk.send("Is anybody there?", type="support")
        page.clock.fast_forward(50_000)
        expect(page.locator("#live")).to_contain_text("Offline, as of")
        deaf.clear()
        page.clock.fast_forward(1_000)
        shows(page, "incoming", item)
        expect(page.locator("#live")).to_have_attribute("data-live", "connected")


def test_a_session_that_gets_another_key_keeps_the_board_live_and_one_that_ends_says_so(
    web: Web, desk: TestDesk, browser: Browser
) -> None:
    """As when somebody changes their password in another tab."""
    with signed_in(browser, web, desk.people["olga"]) as context:
        page = open_board(context, web)
        [key] = [one["value"] for one in context.cookies() if one["name"] == settings.SESSION_COOKIE_NAME]
        session = SessionStore(key)
        with page.expect_websocket(timeout=30_000):
            session.cycle_key()
            cookie = {"name": settings.SESSION_COOKIE_NAME, "value": str(session.session_key), "url": web.url}
            context.add_cookies([cookie])  # type: ignore[list-item]
        item = desk.send("Who is it now?", type="support")
        shows(page, "incoming", item)
        session.delete()
        expect(page.locator("#live")).to_contain_text("Signed out, as of", timeout=30_000)


def test_cards_that_stop_fitting_the_filters_leave_and_others_do_not_come(
    web: Web, desk: TestDesk, browser: Browser
) -> None:
    now = timezone.now()
    urgent, late = desk.send("urgent", type="support", priority="urgent"), desk.send("late", type="support")
    WorkItem.objects.filter(pk=urgent.pk).update(tags=["vip"], due_at=now + timedelta(days=30))
    WorkItem.objects.filter(pk=late.pk).update(tags=["vip", "big"], due_at=now - timedelta(days=1))
    with signed_in(browser, web, desk.people["olga"]) as context:
        addresses = {
            "?tag=vip": {urgent, late},
            "?tag=big": {late},
            "?due=overdue": {late},
            "?due=none": set(),
            "?trigger=test&type=support": {urgent, late},
            "?trigger=api": set(),
            "?priority=3&tag=vip": {urgent},
            # What makes no sense counts as not given, for cards that arrive as well.
            "?show=all&priority=9&due=never&order=odd": {urgent, late},
        }
        pages = {address: open_board(context, web, address) for address in addresses}
        for item in (urgent, late):
            moving.move(actor=ADMIN, item_id=item.pk, to="queue:triage")
        for address, wanted in addresses.items():
            for item in wanted:
                shows(pages[address], "in_review", item)
            expect(pages[address].locator(".card")).to_have_count(len(wanted))
        for item in (urgent, late):
            moving.move(actor=ADMIN, item_id=item.pk, to="state:done")
        shows(pages["?tag=vip"], "done", late)
        # What is finished is not overdue.
        expect(pages["?due=overdue"].locator(".card")).to_have_count(0)
        page = pages["?priority=3&tag=vip"]
        page.get_by_role("link", name="Drop tag: vip").click()
        expect(page).to_have_url(f"{web.url}/?show=all&priority=3")
        expect(page.locator(".narrowing .chip")).to_have_text(["Priority Urgent"])
        expect(page.get_by_role("link", name="Drop priority: Urgent")).to_be_focused()


def test_the_board_is_read_with_the_keyboard_alone(web: Web, desk: TestDesk, browser: Browser) -> None:
    items = [desk.send(f"request {number}", type="support") for number in range(30)]
    for item in items[28:]:
        moving.move(actor=ADMIN, item_id=item.pk, to="queue:triage")
    with signed_in(browser, web, desk.people["olga"]) as context:
        page = open_board(context, web)

        def press(*keys: str) -> None:
            for key in keys:
                page.keyboard.press(key)

        def focused(item: WorkItem) -> None:
            expect(page.locator(f"#card-{item.code} .card-title")).to_be_focused()

        press("j")
        focused(items[0])
        # Past what the first page holds, and back.
        for number in range(1, 28):
            press("j")
            focused(items[number])
        press("k")
        focused(items[26])
        press("Enter")
        expect(page.locator("#drawer-title")).to_have_text("request 26")
        expect(page.locator("#drawer-title")).to_be_focused()
        press("k")
        focused(items[25])
        expect(page.locator("#drawer-title")).to_have_text("request 25")
        assert Axe().run(page).response["violations"] == []
        press("Escape")
        expect(page.locator("#drawer")).to_be_hidden()
        focused(items[25])
        press("l")
        expect(page.locator("#column-in_review .card-title:focus")).to_have_count(1)
        press("h")
        expect(page.locator("#column-incoming .card-title:focus")).to_have_count(1)


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
