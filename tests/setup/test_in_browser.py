"""Setting up in a real browser: with and without scripts, by keyboard, in both colours, on a phone."""

from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from playwright.sync_api import Browser, BrowserContext, Dialog, Page, Route, expect

from routing.actions.drafting import start_draft
from routing.domain.roles import DESK, Role
from routing.models import InputField, RulebookVersion, WorkType
from tests.desks import TestDesk
from tests.feed.conftest import Web, _web, web

__all__ = ["_web", "web"]  # fixtures of another package

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

AMOUNT = {"name": "amount", "label": "Refund amount", "kind": "money", "currency": "EUR"}
TOPIC = {"name": "topic", "label": "Topic", "kind": "choice", "choices": ["refund", "delivery"]}
HOSTILE = '"><img src=x onerror="window.hacked=1"><a hx-get="/x" hx-trigger="load">'
Scheme = Literal["light", "dark"]


@pytest.fixture
def support(desk: TestDesk) -> WorkType:
    """A type with rules, a draft of them, and destinations of each kind."""
    desk.person("ada", Role.ADMIN, queues=("triage", "finance"))
    row = desk.work_type("support", AMOUNT, TOPIC)
    desk.destination(
        "refund", "tool", via="http", method="POST", url="https://shop.example.com/refunds", effect="write"
    )
    desk.destination(
        "mail",
        "tool",
        via="mail",
        to="{{ item.requester_email }}",
        subject="Re",
        text="{{ with.text }}",
        effect="write",
    )
    desk.destination("rules", "source", via="text", text=HOSTILE)
    desk.rules("support", {"name": HOSTILE, "when": {"all": []}, "then": {"do": "finish"}, "because": HOSTILE})
    start_draft(actor=DESK, work_type_id=row.pk)
    return row


def signed_in(
    browser: Browser, server: Web, desk: TestDesk, *, width: int = 1440, scheme: Scheme = "light", scripts: bool = True
) -> BrowserContext:
    """Open a browser of ada's own."""
    context = browser.new_context(
        viewport={"width": width, "height": 900},
        color_scheme=scheme,
        reduced_motion="reduce",
        java_script_enabled=scripts,
    )
    session = server.session_of(desk.people["ada"])
    context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": server.url}])
    return context


def opened(context: BrowserContext, address: str) -> Page:
    """Open a page; scripts that fail fail the test."""
    page = context.new_page()
    page.on("pageerror", lambda error: pytest.fail(f"script error: {error}"))
    page.goto(address)
    return page


def last_rule(row: WorkType) -> dict[str, object]:
    draft = RulebookVersion.objects.get(rulebook__work_type=row, status="draft")
    rule: dict[str, object] = draft.content["rules"][-1]
    return rule


REFUND_RULE = {
    "all": [
        {"fact": "input.topic", "op": "is", "value": "refund"},
        {"fact": "input.amount", "op": "over", "value": {"amount": "200", "currency": "EUR"}},
    ]
}


def test_a_rule_is_written_as_its_fields_appear(web: Web, desk: TestDesk, support: WorkType, browser: Browser) -> None:
    with signed_in(browser, web, desk) as context:
        page = opened(context, f"{web.url}/rulebooks/support/draft/rules/new/")
        page.get_by_role("button", name="Add a condition").click()
        expect(page.locator("#g0-0-fact")).to_be_focused()
        page.locator("#g0-0-fact").select_option("input.topic")
        page.locator("select#g0-0-value").select_option("refund")
        page.get_by_role("button", name="Add a condition").click()
        page.locator("#g0-1-fact").select_option("input.amount")
        expect(page.locator("#g0-1-op option", has_text="contains")).to_have_count(0)
        page.locator("#g0-1-op").select_option("over")
        expect(page.get_by_text("money in EUR")).to_be_visible()
        page.locator("#g0-1-value").fill("lots")
        page.locator("#to-0").select_option("refund")
        page.get_by_role("button", name="Then another").click()
        page.locator("#to-1").select_option("mail")
        page.get_by_label("Text “text”").fill("Dear {{ item.requester_name }}")
        page.get_by_label("Who approves").select_option("finance")
        page.keyboard.press("Tab")
        page.get_by_role("button", name="Save the rule in the draft").last.click()
        expect(page.locator(".error")).to_contain_text("please give an amount")
        page.locator("#g0-1-value").fill("200 EUR")
        page.locator("#g0-1-value").press("Enter")
        expect(page.locator(".rule-sentence").last).to_have_text(
            "When Topic is refund and Refund amount is over 200 EUR, send to Refund, then Mail after Finance approves."
        )
        assert page.url.endswith(f"/draft/#rule-{last_rule(support)['id']}")
    assert last_rule(support)["when"] == REFUND_RULE


def test_what_is_typed_while_a_row_is_drawn_anew_stays(
    web: Web, desk: TestDesk, support: WorkType, browser: Browser
) -> None:
    with signed_in(browser, web, desk) as context:
        page = opened(context, f"{web.url}/rulebooks/support/draft/rules/new/")
        page.get_by_role("button", name="Add a condition").click()
        page.locator("#g0-0-fact").select_option("item.title")
        expect(page.locator("#g0-0-op option", has_text="is over")).to_have_count(0)
        held: list[Route] = []

        def hold(route: Route) -> None:
            held.append(route)

        page.route("**/rules/new/", hold)
        page.locator("#g0-0-op").select_option("one_of")
        page.locator("#g0-0-value").fill("typed meanwhile")
        while not held:
            page.wait_for_timeout(10)
        held[0].continue_()
        expect(page.get_by_text("Several, parted by commas.")).to_be_visible()
        expect(page.locator("#g0-0-value")).to_have_value("typed meanwhile")
        expect(page.locator("#g0-0-value")).to_be_focused()


def test_a_rule_is_written_without_scripts(web: Web, desk: TestDesk, support: WorkType, browser: Browser) -> None:
    with signed_in(browser, web, desk, scripts=False) as context:
        page = opened(context, f"{web.url}/rulebooks/support/draft/rules/new/")
        for index, (fact, op, value) in enumerate(
            (("input.topic", "is", "refund"), ("input.amount", "over", "200 EUR"))
        ):
            page.get_by_role("button", name="Add a condition").click()
            page.locator(f"#g0-{index}-fact").select_option(fact)
            page.locator(f"#g0-{index}-op").select_option(op)
            page.locator(f"#g0-{index}-value").fill(value)
        page.locator("#do").select_option("escalate")
        page.get_by_role("button", name="Show its fields").click()
        page.get_by_label("Who decides").select_option("finance")
        page.get_by_label("What they decide on").fill("It is a lot")
        page.get_by_role("button", name="Save the rule in the draft").last.click()
        expect(page.locator(".rule-sentence").last).to_contain_text("let Finance decide: It is a lot.")
        page.get_by_role("button", name="Move up rule 2").click()
        expect(page.locator(".rule-sentence").first).to_contain_text("let Finance decide")
        page.get_by_role("link", name="Review and publish").click()
        page.get_by_label("What changes, and why").fill("Refunds over 200 EUR go to Finance")
        page.get_by_role("button", name="Publish version 2").click()
        expect(page.get_by_text("Refunds over 200 EUR go to Finance").first).to_be_visible()
    live = RulebookVersion.objects.get(rulebook__work_type=support, status="published")
    assert live.content["rules"][0]["when"] == REFUND_RULE


def test_rules_are_moved_by_keyboard_and_focus_stays(
    web: Web, desk: TestDesk, support: WorkType, browser: Browser
) -> None:
    desk.rules("support", *({"when": {"all": []}, "then": {"do": "wait", "minutes": n}} for n in (1, 2, 3)))
    start_draft(actor=DESK, work_type_id=support.pk)
    with signed_in(browser, web, desk) as context:
        page = opened(context, f"{web.url}/rulebooks/support/draft/")
        page.locator("#down-r1").focus()
        for place in (1, 2):
            page.keyboard.press("Enter")
            expect(page.locator(".rules > li").nth(place)).to_have_attribute("id", "rule-r1")
        expect(page.locator("#down-r1")).to_be_disabled()


def in_order(row: WorkType) -> list[str]:
    draft = RulebookVersion.objects.get(rulebook__work_type=row, status="draft")
    return [rule["id"] for rule in draft.content["rules"]]


def test_a_rule_is_dragged_by_its_handle(web: Web, desk: TestDesk, support: WorkType, browser: Browser) -> None:
    RulebookVersion.objects.filter(status="draft").delete()
    desk.rules("support", *({"when": {"all": []}, "then": {"do": "wait", "minutes": n}} for n in (1, 2, 3)))
    start_draft(actor=DESK, work_type_id=support.pk)
    with signed_in(browser, web, desk) as context:
        page = opened(context, f"{web.url}/rulebooks/support/draft/")
        start, end = (page.locator(f"#handle-{rule}").bounding_box() for rule in ("r1", "r3"))
        assert start
        assert end
        page.mouse.move(start["x"] + 10, start["y"] + 10)
        page.mouse.down()
        page.mouse.move(end["x"] + 10, end["y"] + 40, steps=8)
        expect(page.locator(".rules > li").last).to_have_attribute("id", "rule-r1")
        assert in_order(support) == ["r1", "r2", "r3"]
        page.mouse.up()
        expect(page.locator("#rule-r1 .rule-number")).to_have_text("3")
        expect(page.locator("#rule-r1.rule-lifted")).to_have_count(0)
        expect(page.locator("#announcer")).to_contain_text("dropped")
        page.get_by_role("button", name="Switch off rule 3").click()
        expect(page.locator("#rule-r1.rule-off")).to_be_visible()
    assert in_order(support) == ["r2", "r3", "r1"]


def test_a_rule_is_moved_by_keyboard_on_its_handle(
    web: Web, desk: TestDesk, support: WorkType, browser: Browser
) -> None:
    RulebookVersion.objects.filter(status="draft").delete()
    desk.rules("support", *({"when": {"all": []}, "then": {"do": "wait", "minutes": n}} for n in (1, 2, 3)))
    start_draft(actor=DESK, work_type_id=support.pk)
    with signed_in(browser, web, desk) as context:
        page = opened(context, f"{web.url}/rulebooks/support/draft/")
        handle = page.locator("#handle-r3")
        handle.focus()
        for key in ("Space", "ArrowUp", "Escape"):
            page.keyboard.press(key)
        expect(page.locator(".rules > li").last).to_have_attribute("id", "rule-r3")
        expect(page.locator("#announcer")).to_contain_text("put back")
        for key in ("Space", "ArrowUp", "ArrowUp"):
            page.keyboard.press(key)
        expect(page.locator("#announcer")).to_contain_text("place 1 of 3")
        page.keyboard.press("Space")
        expect(page.locator("#handle-r3 .sr")).to_have_text("Reorder rule 1")
        expect(handle).to_be_focused()
    assert in_order(support) == ["r3", "r1", "r2"]


def test_what_deletes_asks_first_and_a_no_changes_nothing(
    web: Web, desk: TestDesk, support: WorkType, browser: Browser
) -> None:
    with signed_in(browser, web, desk) as context:
        page = opened(context, f"{web.url}/rulebooks/support/draft/")
        asked: list[str] = []
        answers = [False, False, True]

        def answer(dialog: Dialog) -> None:
            asked.append(dialog.message)
            dialog.accept() if answers[len(asked) - 1] else dialog.dismiss()

        page.on("dialog", answer)
        page.get_by_role("button", name="Delete rule 1").click()
        page.get_by_role("button", name="Throw the draft away").click()
        assert RulebookVersion.objects.filter(status=RulebookVersion.DRAFT).exists()
        page.get_by_role("button", name="Delete rule 1").click()
        expect(page.locator(".rules > li")).to_have_count(0)
        page.locator(".empty").wait_for()
    assert asked == ["Delete rule 1 from the draft?", "Throw the whole draft away?", "Delete rule 1 from the draft?"]


def test_letters_typed_in_a_list_choose_together_before_the_form_is_drawn_anew(
    web: Web, desk: TestDesk, support: WorkType, browser: Browser
) -> None:
    with signed_in(browser, web, desk) as context:
        page = opened(context, f"{web.url}/rulebooks/support/draft/rules/new/")
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.method))
        page.locator("#do").press_sequentially("Wait")
        page.keyboard.press("Tab")
        expect(page.get_by_label("How long")).to_be_visible()
        assert asked.count("POST") == 1


@pytest.mark.parametrize("scripts", [True, False])
def test_groups_stand_in_groups_by_keyboard_alone(
    web: Web, desk: TestDesk, support: WorkType, browser: Browser, *, scripts: bool
) -> None:
    with signed_in(browser, web, desk, scripts=scripts) as context:
        page = opened(context, f"{web.url}/rulebooks/support/draft/rules/new/")

        def press(name: str, then: str) -> None:
            page.locator(f"#{name}").focus()
            page.keyboard.press("Enter")
            page.locator(f"#{then}").wait_for()

        def write(place: str, fact: str, word: str, letters: str) -> None:
            page.locator(f"#{place}-fact").focus()
            page.locator(f"#{place}-fact").select_option(fact)
            page.locator(f"#{place}-op").select_option(word)
            page.locator(f"#{place}-value").focus()
            page.keyboard.type(letters)

        press("add-group", "g1-0-fact")
        press("g1-add-group", "g2-0-fact")
        assert page.locator("#g2-add-group").count() == 0
        page.locator("#g1-match").select_option("none")
        page.locator("#g2-match").select_option("not_all")
        write("g1-0", "item.title", "contains", "spam")
        write("g2-0", "item.title", "contains", "offer")
        page.locator("#do").select_option("finish")
        page.get_by_role("button", name="Save the rule in the draft").last.press("Enter")
        page.locator(".rules").wait_for()
    spam, offer = ({"fact": "item.title", "op": "contains", "value": word} for word in ("spam", "offer"))
    assert last_rule(support)["when"] == {"all": [{"not": {"any": [spam, {"not": {"all": [offer]}}]}}]}


def test_an_input_s_condition_is_chosen_from_lists(
    web: Web, desk: TestDesk, support: WorkType, browser: Browser
) -> None:
    with signed_in(browser, web, desk) as context:
        page = opened(context, f"{web.url}/settings/types/support/inputs/amount/")
        page.get_by_role("button", name="Add a condition").click()
        page.locator("#g0-0-fact").select_option("input.topic")
        page.locator("select#g0-0-value").select_option("refund")
        page.get_by_role("button", name="Save").last.click()
        expect(page.get_by_text("Applies when Topic is refund")).to_be_visible()
    condition = {"all": [{"fact": "input.topic", "op": "is", "value": "refund"}]}
    assert InputField.objects.get(name="amount").applies_when == condition


PAGES = (
    "/rulebooks/",
    "/rulebooks/support/",
    "/rulebooks/support/draft/",
    "/rulebooks/support/draft/publish/",
    "/rulebooks/support/versions/2/try/?way=request",
    "/rulebooks/support/versions/2/try/?facts=input.amount:%20250%20EUR",
    "/rulebooks/support/versions/2/try/?way=text",
    "/rulebooks/support/versions/1/open/",
    "/rulebooks/support/backtests/",
    "/rulebooks/support/facts/",
    "/rulebooks/support/examples/",
    "/rulebooks/support/examples/new/",
    "/rulebooks/support/versions/2/map/",
    "/rulebooks/support/draft/rules/r1/",
    "/rulebooks/support/draft/rules/new/",
    "/rulebooks/support/import/",
    "/settings/",
    "/settings/board/",
    "/settings/erase/",
    "/settings/destinations/",
    "/settings/destinations/refund/",
    "/settings/destinations/rules/",
    "/settings/destinations/refund/edit/",
    "/settings/destinations/new/agent/",
    "/settings/destinations/new/source-table/",
    "/settings/queues/hours/",
    "/settings/queues/hours/new/",
    "/settings/types/",
    "/settings/types/support/",
    "/settings/types/support/inputs/amount/",
    "/settings/queues/",
    "/settings/queues/finance/",
    "/insights/",
    "/insights/queues/finance/",
    "/insights/places/refund/",
    "/settings/queues/finance/edit/",
    "/settings/people/",
    "/settings/people/new/",
    "/settings/people/password/",
    "/settings/people/sign-in/",
    "/notices/",
    "/notices/settings/",
)


@pytest.mark.parametrize(("width", "scheme"), [(1440, "dark"), (390, "light")])
def test_every_page_is_accessible_fits_and_keeps_hostile_words_as_words(
    web: Web, desk: TestDesk, support: WorkType, browser: Browser, width: int, scheme: Scheme
) -> None:
    with signed_in(browser, web, desk, width=width, scheme=scheme) as context:
        page = opened(context, f"{web.url}/rulebooks/")
        for path in PAGES:
            page.goto(f"{web.url}{path}")
            found = Axe().run(page).response["violations"]
            assert [(one["id"], one["nodes"][0]["target"]) for one in found] == [], path
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
            assert page.evaluate("window.hacked") is None, path
