"""The requester's page and the item's page in a real browser."""

from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from playwright.sync_api import Browser, BrowserContext, Page, expect

from routing import requesters
from routing.actions import attaching, letters, moving, noting
from routing.domain.roles import Actor, Role
from routing.models import WorkItem
from tests.desks import TestDesk, decide, fresh
from tests.feed.conftest import Web, _web, web

__all__ = ["_web", "web"]  # fixtures of another package

pytestmark = pytest.mark.browser

HOSTILE = (
    '</p><img src=x onerror="window.hacked=1">'
    '<a href="javascript:window.hacked=1" hx-get="/x" hx-trigger="load">K-1</a>'
)
Scheme = Literal["light", "dark"]


def context_of(browser: Browser, width: int = 1440, scheme: Scheme = "light") -> BrowserContext:
    """A browser of its own."""
    return browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, reduced_motion="reduce")


def sign_in(context: BrowserContext, server: Web, desk: TestDesk, username: str) -> None:
    """Sign somebody in."""
    session = server.session_of(desk.people[username])
    context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": server.url}])


def opened(context: BrowserContext, address: str) -> Page:
    """Open a page; scripts that fail fail the test."""
    page = context.new_page()
    page.on("pageerror", lambda error: pytest.fail(f"script error: {error}"))
    page.goto(address)
    return page


def link(server: Web, item: WorkItem) -> str:
    """Return the address of the requester's page."""
    return f"{server.url}/r/{requesters.page_token(item)}/"


@pytest.fixture
def asked(web: Web, desk: TestDesk) -> WorkItem:
    """An item whose requester is asked for three inputs."""
    item = desk.send("It has not come.", type="support", requester_email="kim@example.org", requester_name="Kim")
    decide()
    return item


def test_a_requester_answers_and_the_item_s_page_shows_it_without_a_reload(
    web: Web,
    desk: TestDesk,
    asked: WorkItem,
    browser: Browser,
) -> None:
    with context_of(browser) as staff, context_of(browser, width=390) as kims:
        sign_in(staff, web, desk, "olga")
        item_page = opened(staff, f"{web.url}/items/{asked.code}/")
        expect(item_page.locator("#live")).to_have_attribute("data-live", "connected")
        item_page.evaluate("window.isStillTheSamePage = true")
        item_page.get_by_role("link", name="kim@example.org").focus()

        page = opened(kims, link(web, asked))
        amount = page.locator("#input_amount")
        expect(amount).to_be_hidden()
        page.get_by_label("Topic", exact=True).select_option("refund")
        expect(amount).to_be_visible()
        amount.fill("a lot")
        page.get_by_label("I don't have this: Order number").check()
        page.get_by_role("button", name="Send the answer").click()
        expect(page.get_by_role("alert")).to_contain_text("What you typed is kept.")
        expect(amount).to_have_value("a lot")
        expect(page.get_by_label("I don't have this: Order number")).to_be_checked()
        amount.fill("49,90")
        page.get_by_role("button", name="Send the answer").click()
        expect(page.get_by_text("We have your answer.")).to_be_visible()

        expect(item_page.locator("#item-inputs")).to_contain_text("49.90 EUR")
        expect(item_page.locator("#item-timeline")).to_contain_text("The requester answered")
        assert item_page.evaluate("window.isStillTheSamePage") is True
        expect(item_page.get_by_role("link", name="kim@example.org")).to_be_focused()


def test_an_item_is_moved_by_keys_alone(web: Web, desk: TestDesk, asked: WorkItem, browser: Browser) -> None:
    with context_of(browser) as staff:
        sign_in(staff, web, desk, "olga")
        page = opened(staff, f"{web.url}/items/{asked.code}/")
        page.keyboard.press("m")
        expect(page.locator("#move-find")).to_be_focused()
        page.keyboard.type("done")
        page.keyboard.press("Enter")
        expect(page.locator("#move")).to_be_hidden()
        expect(page.locator(".fact-state")).to_contain_text("Done")
        assert fresh(asked).state == "done"


def test_the_board_shows_the_drawer_and_moves_from_it(
    web: Web, desk: TestDesk, asked: WorkItem, browser: Browser
) -> None:
    with context_of(browser) as staff:
        sign_in(staff, web, desk, "olga")
        page = opened(staff, f"{web.url}/?show=all&item={asked.code}")
        drawer = page.locator("#drawer")
        expect(drawer).to_contain_text("Still missing")
        expect(drawer).to_contain_text("Asked the requester for Order number")
        assert Axe().run(page).response["violations"] == []
        drawer.get_by_role("link", name="Move to…").click()
        page.locator("#move-find").fill("support")
        page.keyboard.press("Enter")
        expect(page.locator("#move")).to_be_hidden()
        expect(page.locator(f"#column-in_review #card-{asked.code}")).to_be_visible()
        expect(drawer.locator(".fact-owner")).to_contain_text("Support")


def test_of_two_notes_written_by_keyboard_the_requester_reads_the_one_that_was_sent(
    web: Web, desk: TestDesk, asked: WorkItem, browser: Browser
) -> None:
    with context_of(browser) as staff, context_of(browser, width=390) as kims:
        sign_in(staff, web, desk, "olga")
        page = opened(staff, f"{web.url}/items/{asked.code}/")
        keys = page.keyboard
        for text, tabs in (("Be careful with him.", 1), ("It comes on Monday.", 2)):
            page.get_by_label("Add a note").focus()
            keys.type(text)
            for _ in range(tabs):
                keys.press("Tab")
            keys.press("Enter")
            expect(page.locator("#item-notes .note").last).to_contain_text(text)
        expect(page.locator("#item-notes .note", has_text="Sent to the requester")).to_have_count(1)
        expect(page.locator("#item-notes .note").last).to_contain_text("Sent to the requester")
        expect(page.locator("#item-letters")).to_contain_text(f"[{asked.code}]")
        theirs = opened(kims, link(web, asked))
        expect(theirs.get_by_role("heading", name="Messages for you")).to_be_visible()
        expect(theirs.get_by_text("It comes on Monday.")).to_be_visible()
        for secret in ("careful", "olga"):
            expect(theirs.locator("body")).not_to_contain_text(secret)
        for one in (page, theirs):
            assert Axe().run(one).response["violations"] == []


def test_notes_of_others_show_once_the_item_moves(web: Web, desk: TestDesk, asked: WorkItem, browser: Browser) -> None:
    olga = Actor(role=Role.OPERATOR, name="olga", user_id=desk.people["olga"].pk)
    with context_of(browser) as staff:
        sign_in(staff, web, desk, "rene")
        page = opened(staff, f"{web.url}/items/{asked.code}/")
        expect(page.locator("#live")).to_have_attribute("data-live", "connected")
        page.get_by_label("Add a note").fill("Half a thou")
        noting.add_note(actor=olga, item_id=asked.pk, text="It comes on Monday.", public=True)
        moving.move(actor=olga, item_id=asked.pk, to="queue:support")
        expect(page.locator("#item-notes")).to_contain_text("Sent to the requester")
        expect(page.get_by_label("Add a note")).to_have_value("Half a thou")


def test_hostile_words_and_names_stay_words(web: Web, desk: TestDesk, browser: Browser) -> None:
    olga = Actor(role=Role.OPERATOR, name="olga", user_id=desk.people["olga"].pk)
    item = desk.send(
        HOSTILE, title=HOSTILE[:190], type="support", requester_email="kim@example.org", requester_name=HOSTILE[:140]
    )
    attaching.attach(item_id=item.pk, files=[SimpleUploadedFile("x.svg", b"<svg onload=1>")], by=HOSTILE[:140])
    for public in (False, True):
        noting.add_note(actor=olga, item_id=item.pk, text=f"{HOSTILE} {public}", public=public)
    decide()
    letters.send_letters()
    with context_of(browser) as staff:
        sign_in(staff, web, desk, "olga")
        asked_for: list[str] = []
        for address in (f"{web.url}/items/{item.code}/", f"{web.url}/outbox/", link(web, item)):
            page = opened(staff, address)
            page.on("request", lambda request: asked_for.append(request.url))
            page.reload()
            expect(page.locator("main")).to_contain_text("onerror")
            assert page.locator("main img, main [hx-get='/x'], main a[href^=javascript]").count() == 0
            assert page.evaluate("window.hacked") is None
        expect(page.locator(".mail")).to_have_count(1)
        expect(page.locator(".mail")).to_contain_text(f"{HOSTILE} True")
        assert not [url for url in asked_for if url.endswith("/x")]


@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (1440, "dark"), (390, "light"), (390, "dark")])
def test_every_page_can_be_used_by_everybody(
    web: Web,
    desk: TestDesk,
    asked: WorkItem,
    browser: Browser,
    width: int,
    scheme: Scheme,
) -> None:
    olga = Actor(role=Role.OPERATOR, name="olga", user_id=desk.people["olga"].pk)
    for public in (False, True):
        noting.add_note(actor=olga, item_id=asked.pk, text="A long word: " + "x" * 90, public=public)
    pages = [f"/items/{asked.code}/", f"/items/{asked.code}/inputs/", f"/items/{asked.code}/move/", "/outbox/"]
    pages += ["/items/new/?type=support", f"/r/{requesters.page_token(asked)}/", "/r/nothing/"]
    with context_of(browser, width, scheme) as staff:
        sign_in(staff, web, desk, "olga")
        for path in pages:
            page = opened(staff, f"{web.url}{path}")
            for details in page.locator("main details:not(.menu)").all():
                details.evaluate("element => { element.open = true; }")
            violations = Axe().run(page).response["violations"]
            assert [(path, found["id"]) for found in violations] == []
            assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), f"{path} is too wide"
            page.close()
