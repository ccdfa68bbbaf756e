"""What is typed in a rule's form is not lost: by leaving, when the draft is gone, or when the session has ended."""

import pytest
from playwright.sync_api import Browser, Dialog, Page, expect

from dispatchdesk.accounts.models import DeskSession
from routing.actions.publishing import discard_draft
from routing.domain.roles import DESK
from routing.models import RulebookVersion, WorkType
from tests.desks import TestDesk
from tests.feed.conftest import Web, _web, web  # noqa: F401 - fixtures
from tests.setup.test_in_browser import opened, signed_in, support  # noqa: F401 - fixture

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

TYPED = "Finance looks at what is large"


def write(page: Page) -> None:
    """Write a rule that can be saved."""
    page.locator("#do").select_option("finish")
    page.get_by_label("Because").fill(TYPED)


def save(page: Page) -> None:
    page.get_by_role("button", name="Save the rule in the draft").last.click()


def staying(page: Page) -> list[str]:
    """Stay whenever the page asks; returns what it has asked, which grows."""
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    page.on("dialog", stay)
    return asked


def test_leaving_a_changed_form_asks_first(
    web: Web,  # noqa: F811
    desk: TestDesk,
    support: WorkType,  # noqa: F811
    browser: Browser,
) -> None:
    with signed_in(browser, web, desk) as context:
        page = opened(context, f"{web.url}/rulebooks/support/draft/rules/new/")
        asked = staying(page)
        write(page)
        page.get_by_role("link", name="Cancel").click()
        expect(page.get_by_label("Because")).to_have_value(TYPED)
        assert asked == ["beforeunload"]
        save(page)
        page.locator(".rules").wait_for()
    assert asked == ["beforeunload"]


def test_leaving_a_setting_that_was_changed_asks_first_and_saving_does_not(
    web: Web,  # noqa: F811
    desk: TestDesk,
    support: WorkType,  # noqa: F811
    browser: Browser,
) -> None:
    with signed_in(browser, web, desk) as context:
        page = opened(context, f"{web.url}/settings/types/support/edit/")
        asked = staying(page)
        page.get_by_label("What it is").fill(TYPED)
        page.get_by_label("Done within").fill("soon")
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_text("Give a length of time").first).to_be_visible()
        assert asked == []
        page.get_by_role("link", name="Cancel").click()
        expect(page.get_by_label("What it is")).to_have_value(TYPED)
        assert asked == ["beforeunload"]
        page.get_by_label("Done within").fill("2 days")
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_text("is saved.")).to_be_visible()
    assert asked == ["beforeunload"]


def test_what_is_wrong_gets_the_focus(
    web: Web,  # noqa: F811
    desk: TestDesk,
    support: WorkType,  # noqa: F811
    browser: Browser,
) -> None:
    with signed_in(browser, web, desk) as context:
        page = opened(context, f"{web.url}/rulebooks/support/draft/rules/new/")
        page.get_by_role("button", name="Add a condition").first.click()
        page.locator("#g0-0-fact").select_option("input.amount")
        expect(page.locator(".condition-unit")).to_have_text("EUR")
        page.locator("#g0-0-value").fill("lots")
        write(page)
        save(page)
        expect(page.locator("#g0-0-value")).to_be_focused()


def test_a_draft_that_is_gone_and_a_session_that_has_ended_leave_what_was_typed(
    web: Web,  # noqa: F811
    desk: TestDesk,
    support: WorkType,  # noqa: F811
    browser: Browser,
) -> None:
    with signed_in(browser, web, desk) as context:
        page = opened(context, f"{web.url}/rulebooks/support/draft/rules/new/")
        write(page)
        discard_draft(actor=DESK, version_id=RulebookVersion.objects.get(status=RulebookVersion.DRAFT).pk)
        save(page)
        expect(page.get_by_text("There is no draft of support any more")).to_be_visible()
        expect(page.get_by_label("Because")).to_have_value(TYPED)
        DeskSession.objects.all().delete()
        save(page)
        expect(page.get_by_text("You are signed out.")).to_be_visible()
        expect(page.get_by_role("link", name="Sign in")).to_be_visible()
        with page.expect_response(lambda answer: answer.status == 401):
            save(page)
        expect(page.get_by_text("You are signed out.")).to_have_count(1)
        expect(page.get_by_label("Because")).to_have_value(TYPED)
