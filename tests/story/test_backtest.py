"""A back-test of the practice desk's draft, followed by its worker while an admin looks on."""

import re

import pytest
from playwright.sync_api import expect

from tests.story.conftest import Visit

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


def test_the_worker_follows_a_draft_and_the_page_tells_when_it_is_done(visit: Visit) -> None:
    ada = visit("admin")
    page = ada.open("/rulebooks/marketing/")
    edit = page.get_by_role("button", name=re.compile("Edit the rules"))
    if edit.count():
        edit.click()
    page.goto(f"{ada.url}/rulebooks/marketing/backtests/")
    page.get_by_role("button", name="Start the back-test").click()
    expect(page).to_have_url(re.compile(r"/backtests/\d+/$"))
    expect(page.get_by_text(re.compile("would have gone"))).to_be_visible()
    expect(page.get_by_text("Fresh", exact=True)).to_be_visible()
    expect(page.get_by_role("progressbar")).to_have_count(0)
