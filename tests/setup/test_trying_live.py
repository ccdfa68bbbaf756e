"""Rules tried in a browser while somebody types: the answer follows, and the field stays theirs."""

import pytest
from playwright.sync_api import Browser, expect

from routing.domain.roles import Role
from routing.models import WorkType
from tests.desks import TestDesk
from tests.feed.conftest import Web, _web, web
from tests.setup.rule_forms import support_desk
from tests.setup.test_in_browser import opened, signed_in

__all__ = ["_web", "web"]  # fixtures of another package

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def support(desk: TestDesk) -> WorkType:
    desk.person("ada", Role.ADMIN)
    return support_desk(desk)


@pytest.mark.parametrize(("way", "field", "typed"), [("text", "#try-text", "Refund "), ("facts", "#try-facts", "")])
def test_the_answer_follows_what_is_typed(
    web: Web, desk: TestDesk, support: WorkType, browser: Browser, way: str, field: str, typed: str
) -> None:
    with signed_in(browser, web, desk) as context:
        page = opened(context, f"{web.url}/rulebooks/support/versions/1/try/?way={way}")
        box, tried, said = page.locator(field), page.locator("#tried h2"), page.locator("#tried-said")
        prefix = typed or "input.topic: refund\ninput.amount: "
        box.press_sequentially(f"{prefix}300 EUR")
        expect(tried).to_have_text("Finance decides: It is a lot.")
        expect(said).to_have_text("Finance decides: It is a lot.")
        expect(box).to_be_focused()
        for _ in range(len("300 EUR")):
            box.press("Backspace")
        box.press_sequentially("20 EUR")
        expect(tried).to_have_text("It is finished.")
        expect(box).to_have_value(f"{prefix}20 EUR")
        assert box.evaluate("(field) => field.selectionStart === field.value.length")


def test_facts_that_cannot_be_read_are_told_beside_what_was_typed(
    web: Web, desk: TestDesk, support: WorkType, browser: Browser
) -> None:
    with signed_in(browser, web, desk) as context:
        page = opened(context, f"{web.url}/rulebooks/support/versions/1/try/?way=facts")
        box = page.locator("#try-facts")
        box.press_sequentially("input.amount: a lot")
        expect(page.locator("#tried")).to_contain_text("Line 1")
        expect(box).to_have_value("input.amount: a lot")
        box.fill("input.amount: 300 EUR")
        expect(page.locator("#tried h2")).to_have_text("Finance decides: It is a lot.")
