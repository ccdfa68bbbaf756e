"""An admin changes where large refunds go, in a browser: written, proved, followed back, published, taken back."""

import pytest
from playwright.sync_api import Browser, Locator, expect

from reviews.models import Review
from routing.actions import backtesting
from routing.domain.roles import Role
from routing.models import Backtest, WorkItem, WorkType
from tests.desks import TestDesk, decide
from tests.feed.conftest import Web, _web, web
from tests.setup.test_in_browser import opened, signed_in

__all__ = ["_web", "web"]  # fixtures of another package

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

AMOUNT = {"name": "amount", "label": "Refund amount", "kind": "money", "currency": "EUR"}
SMALL = {
    "id": "small",
    "name": "Any refund",
    "when": {"fact": "input.amount", "op": "known"},
    "then": {"do": "escalate", "queue": "triage", "reason": "Is it due?"},
}
REST = {"id": "rest", "name": "The rest", "when": {"all": []}, "then": {"do": "finish"}}


@pytest.fixture
def refunds(desk: TestDesk) -> WorkType:
    desk.person("ada", Role.ADMIN, queues=("triage", "finance"))
    row = desk.work_type("refunds", AMOUNT)
    desk.rules("refunds", SMALL, REST)
    return row


def sent(desk: TestDesk, amount: int) -> WorkItem:
    item = desk.send(f"Refund {amount} EUR please", type="refunds")
    decide()
    return item


def queue_of(item: WorkItem) -> str:
    return Review.objects.get(item=item, status=Review.OPEN).queue.slug


class Mouse:
    """Works a page by clicking."""

    def press(self, target: Locator) -> None:
        target.click()

    def choose(self, target: Locator, label: str) -> None:
        target.select_option(label=label)


class Keyboard:
    """Works a page by keys alone."""

    def press(self, target: Locator) -> None:
        target.focus()
        target.press("Enter")

    def choose(self, target: Locator, label: str) -> None:
        target.focus()
        target.press_sequentially(label)
        expect(target.locator("option:checked")).to_have_text(label)
        target.press("Tab")
        expect(target.page.locator(".htmx-request")).to_have_count(0)


@pytest.mark.parametrize("hand", [Mouse(), Keyboard()], ids=["mouse", "keyboard"])
def test_refunds_over_200_eur_go_to_finance(
    web: Web, desk: TestDesk, refunds: WorkType, browser: Browser, hand: Mouse | Keyboard
) -> None:
    press, choose = hand.press, hand.choose
    small, big = sent(desk, 20), sent(desk, 300)
    with signed_in(browser, web, desk) as context:
        page = opened(context, f"{web.url}/rulebooks/refunds/")
        page.on("dialog", lambda dialog: dialog.accept())

        # What must stay as it is becomes an example, from a real request in one click.
        page.goto(f"{web.url}{small.get_absolute_url()}")
        press(page.get_by_role("link", name="Try the rules on it"))
        press(page.get_by_role("button", name="Keep as an example"))
        expect(page.get_by_text("Green")).to_be_visible()

        # The rule is written, and stands where no request reaches it.
        press(page.get_by_role("link", name="Rules", exact=True))
        press(page.get_by_role("button", name="Edit the rules"))
        press(page.get_by_role("link", name="Add a rule"))
        page.get_by_label("Name").fill("Large refunds")
        press(page.get_by_role("button", name="Add a condition"))
        choose(page.locator("#g0-0-fact"), "Refund amount")
        choose(page.locator("#g0-0-op"), "is over")
        page.locator("#g0-0-value").fill("200 EUR")
        choose(page.locator("#do"), "Let people decide")
        choose(page.get_by_label("Who decides"), "Finance")
        page.get_by_label("What they decide on").fill("It is a lot")
        press(page.get_by_role("button", name="Save the rule in the draft").last)
        warning = page.locator(".rule-warning", has_text="Large refunds")
        expect(warning).to_contain_text("never reached")
        press(warning.get_by_role("link"))
        expect(page.locator(".rule-decides")).not_to_contain_text("Finance")

        # Moved to the top it is reached; a wrong limit turns the example red, which blocks publishing.
        press(page.get_by_role("link", name="Draft", exact=True))
        large = page.locator(".rules > li", has_text="Large refunds")
        for place in ("2", "1"):
            press(large.get_by_role("button", name="Move up"))
            expect(large.locator(".rule-number")).to_have_text(place)
        expect(page.locator(".rule-warning", has_text="never reached")).to_have_count(0)
        press(page.get_by_role("link", name="Edit rule 1"))
        page.locator("#g0-0-value").fill("10 EUR")
        press(page.get_by_role("button", name="Save the rule in the draft").last)
        press(page.get_by_role("link", name="Review and publish"))
        expect(page.get_by_text("1 of 1 example does not come out as it must")).to_be_visible()
        press(page.get_by_role("link", name="Back to the draft"))
        press(page.get_by_role("link", name="Edit rule 1"))
        page.locator("#g0-0-value").fill("200 EUR")
        press(page.get_by_role("button", name="Save the rule in the draft").last)

        # Followed over what was decided: one request would have gone elsewhere.
        press(page.get_by_role("link", name="Back-tests", exact=True))
        press(page.get_by_role("button", name="Start the back-test"))
        expect(page.get_by_role("button", name="Cancel the back-test")).to_be_visible()
        backtesting.run_backtest(Backtest.objects.get().pk)
        expect(page.get_by_text("1 of 2 would have gone elsewhere")).to_be_visible()

        # Published with a note; the open request is decided again and goes to Finance.
        page.goto(f"{web.url}/rulebooks/refunds/draft/publish/")
        expect(page.get_by_text("was done on just this draft")).to_be_visible()
        page.get_by_label("What changes, and why").fill("Finance looks at large refunds")
        press(page.get_by_role("button", name="Publish version 2"))
        press(page.get_by_role("button", name="Decide these again"))
        expect(page.get_by_text("No open request would go elsewhere")).to_be_visible()
        decide()
        assert (queue_of(small), queue_of(big), queue_of(sent(desk, 400))) == ("triage", "finance", "finance")

        # And back in one click.
        page.goto(f"{web.url}/rulebooks/refunds/versions/1/")
        press(page.get_by_role("button", name="Go back to these rules now"))
        expect(page.get_by_text("version 3, is live now")).to_be_visible()
    assert queue_of(sent(desk, 500)) == "triage"
