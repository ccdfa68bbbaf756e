"""The account of an item in a real browser: on the screen, and as it is printed."""

import pytest
from playwright.sync_api import expect

from tests.feed.conftest import _web, web  # noqa: F401 - fixtures
from tests.reviews.test_account import corrected
from tests.reviews.test_in_browser import Desk, Scheme, desk, is_sound  # noqa: F401 - fixture

pytestmark = pytest.mark.browser

HOSTILE = '</pre><img src=x onerror="window.hacked=1"><a href="javascript:window.hacked=1" hx-get="/x">K-10234</a>'


@pytest.mark.parametrize(("width", "scheme"), [(1440, "dark"), (390, "light")])
def test_it_is_read_printed_and_followed_to_others(desk: Desk, width: int, scheme: Scheme) -> None:  # noqa: F811
    item, other = corrected(desk.bench, text=HOSTILE), desk.bench.item()
    page = desk.sit_down("olu", f"/items/{item.code}/", width=width, scheme=scheme)
    address = page.locator(".menu a", has_text="Account of this request").get_attribute("href")
    page.goto(f"{desk.server.url}{address}")
    expect(page).to_have_title(f"{item.code} account · Dispatch Desk")
    is_sound(page)

    page.evaluate("() => { window.print = () => { window.printed = (window.printed || 0) + 1 } }")
    page.get_by_role("button", name="Print").click()
    assert page.evaluate("window.printed") == 1

    page.emulate_media(media="print")
    for shown in ("header.top", ".account-print", ".account-screen"):
        expect(page.locator(shown).first).to_be_hidden()
    expect(page.locator(".account-running")).to_contain_text(item.code)
    expect(page.locator("#sent")).to_be_visible()
    colours = "[getComputedStyle(document.body).color, getComputedStyle(document.body).backgroundColor]"
    assert page.evaluate(colours) == ["rgb(0, 0, 0)", "rgb(255, 255, 255)"]
    is_sound(page)

    page.emulate_media(media="screen")
    page.get_by_role("link", name="Others this rule decided").nth(1).click()
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page.locator("tbody")).to_contain_text(other.code)
    is_sound(page)
    assert page.evaluate("window.hacked") is None
