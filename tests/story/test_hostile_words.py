"""Words that try to be code stay words, on every page that shows them and when they arrive over the socket."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.story.conftest import PracticeDesk, Visit

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

ATTACK = (
    '</p></script><img src=x onerror="window.hacked=1"><img src="http://attacker.example/seen">'
    "<a href=\"javascript:window.hacked=1\">a</a><b hx-get=/x hx-trigger=load data-hx-on:load='window.hacked=1'>b</b>"
    '<div ws-connect=/ws hx-on:click="window.hacked=1">c</div>\'"><svg onload=window.hacked=1>'
)
SHORT = "<img src=x onerror=window.hacked=1>'\"><b hx-get=/x hx-trigger=load>"
PLANTED = "img, a[href^='javascript'], [hx-get='/x'], [ws-connect], svg[onload], [onerror]"


def is_inert(page: Page) -> None:
    """Nothing of the attack became an element, and nothing of it ran."""
    assert page.locator(f"main :is({PLANTED}), #drawer :is({PLANTED})").count() == 0
    assert page.evaluate("window.hacked") is None


def test_hostile_words_stay_words(desk: PracticeDesk, visit: Visit) -> None:
    olivia, ada, ravi, mallory = visit("operator"), visit("admin"), visit("reviewer"), visit()
    board = ada.board()
    form = olivia.open("/items/new/")
    form.get_by_label("Type").select_option("Website")
    form.get_by_role("textbox", name="Title optional").fill(ATTACK[:190])
    form.get_by_label("What is needed").fill(ATTACK)
    form.get_by_label("Page", exact=True).fill(f"/{SHORT}")
    form.get_by_label("SEO title").fill(SHORT)
    form.get_by_label("Files").set_input_files(
        {"name": "<img src=x onerror=window.hacked=1>.svg", "mimeType": "image/svg+xml", "buffer": b"<svg onload=1>"}
    )
    form.get_by_label("Requester's name").fill(ATTACK[:140])
    form.get_by_label("Requester's e-mail address").fill("mallory@example.com")
    form.get_by_role("button", name="Send the request").click()
    expect(form).to_have_url(re.compile(r"/items/D-\d+/$"))
    code = form.url.rstrip("/").rpartition("/")[2]

    # It arrives on a board that is open, and in its drawer.
    card = board.locator(f"#column-waiting #card-{code}")
    expect(card.locator(".card-title")).to_have_text(ATTACK[:190])
    card.locator(".card-title").click()
    expect(board.locator("#drawer .prose")).to_have_text(ATTACK)
    is_inert(board)

    expect(form.locator("#item-text")).to_have_text(ATTACK)
    is_inert(form)

    # The requester's page shows their own words, and takes more of them.
    outbox = olivia.open("/outbox/")
    is_inert(outbox)
    link = outbox.locator(f"[id^=mail]:has-text('[{code}]') a[href*='/r/']").first.get_attribute("href")
    page = mallory.open(link or "")
    expect(page.locator("main .prose")).to_have_text(ATTACK)
    is_inert(page)
    page.get_by_label("Image", exact=True).fill(SHORT)
    page.get_by_role("button", name="Send the answer").click()
    expect(page.get_by_text("We have your answer.")).to_be_visible()

    # So does the review, whose proposal quotes them, and the item's page once all of it happened.
    expect(board.locator(f"#column-in_review #card-{code}")).to_be_visible()
    review = ravi.open("/reviews/")
    review.get_by_role("button", name=f"Take {code}").click()
    expect(review.get_by_text("Yours for")).to_be_visible()
    expect(review.locator("#preview")).to_contain_text("onerror=window.hacked=1")
    expect(review.locator(".bench-evidence .bench-words")).to_have_text(ATTACK)
    is_inert(review)
    for path in (f"/items/{code}/", f"/items/{code}/inputs/", f"/items/{code}/move/", "/reviews/", "/outbox/"):
        is_inert(ravi.open(path))
    is_inert(board)
