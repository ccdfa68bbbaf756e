"""The form of one rule: what is typed becomes a rule as rules are stored, and comes back as it was typed."""

import re
from typing import Any

import pytest
from django.test import Client

from routing.actions.drafting import start_draft
from routing.actions.publishing import save_draft
from routing.domain import rulefile
from routing.domain.roles import DESK
from routing.models import InputField, RulebookVersion, WorkType
from tests.desks import TestDesk
from tests.setup.rule_forms import (
    OVER,
    SentForm,
    condition,
    draft_of,
    rule_post,
    rules_of,
    start,
    support_desk,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def support(desk: TestDesk) -> WorkType:
    return support_desk(desk)


def test_a_rule_written_in_the_form_is_stored_as_rules_are(support: WorkType, admin: Client) -> None:
    start(admin)
    post = rule_post(support, because="Finance asked for it", do="wait", wait="2", unit="1440", set_tags="big, slow")
    post |= condition("input.amount", "between", "200", "1.000,50 EUR")
    answer = admin.post("/rulebooks/support/draft/rules/new/", post)
    assert answer.status_code == 302
    written = rules_of(support)[-1]
    assert written["when"] == {
        "all": [
            {
                "fact": "input.amount",
                "op": "between",
                "value": [{"amount": "200", "currency": "EUR"}, {"amount": "1000.50", "currency": "EUR"}],
            }
        ]
    }
    assert written["then"] == {"do": "wait", "minutes": 2880}
    assert (written["set"], written["because"]) == ({"tags": ["big", "slow"]}, "Finance asked for it")


@pytest.mark.parametrize(
    ("fact", "op", "value", "expected"),
    [
        ("router.confidence", "at_least", "80 %", {"fact": "router.confidence", "op": "at_least", "value": 0.8}),
        ("item.age", "over", "2 hours", {"fact": "item.age", "op": "over", "value": 120}),
        ("item.text", "not_contains", "lawyer", {"not": {"fact": "item.text", "op": "contains", "value": "lawyer"}}),
        (
            "input.topic",
            "one_of",
            "Refund, delivery",
            {"fact": "input.topic", "op": "one_of", "value": ["refund", "delivery"]},
        ),
        ("input.topic", "missing", "", {"fact": "input.topic", "op": "missing"}),
        ("now", "after", "2026-03-31", {"fact": "now", "op": "after", "value": {"date": "2026-03-31"}}),
        ("steps.reply.output.score", "over", "0.5", {"fact": "steps.reply.output.score", "op": "over", "value": 0.5}),
        ("steps.reply.output.code", "is", '"12"', {"fact": "steps.reply.output.code", "op": "is", "value": "12"}),
        ("steps.reply.output.sent", "is", "true", {"fact": "steps.reply.output.sent", "op": "is", "value": True}),
    ],
)
def test_values_are_read_as_their_fact_needs_and_shown_again_as_typed(
    support: WorkType, admin: Client, fact: str, op: str, value: str, expected: dict[str, Any]
) -> None:
    start(admin)
    post = rule_post(support) | condition(fact, op, value)
    assert admin.post("/rulebooks/support/draft/rules/new/", post).status_code == 302
    rule = rules_of(support)[-1]
    assert rule["when"] == {"all": [expected]}
    fields = admin.get(f"/rulebooks/support/draft/rules/{rule['id']}/").context["fields"]
    row = fields.groups[0].rows[0]
    again = rule_post(support) | condition(row.name, row.op, row.value, row.upper)
    assert admin.post(f"/rulebooks/support/draft/rules/{rule['id']}/", again).status_code == 302
    assert rules_of(support)[-1]["when"] == {"all": [expected]}


def test_conditions_may_stand_in_a_group(support: WorkType, admin: Client) -> None:
    start(admin)
    post = rule_post(support, **{"g-groups": "2", "g1-match": "any"})
    post |= condition("input.topic", "is", "refund") | condition("item.title", "contains", "money", group=1)
    admin.post("/rulebooks/support/draft/rules/new/", post)
    assert rules_of(support)[-1]["when"] == {
        "all": [
            {"fact": "input.topic", "op": "is", "value": "refund"},
            {"any": [{"fact": "item.title", "op": "contains", "value": "money"}]},
        ]
    }


def test_a_condition_too_deep_for_rows_is_kept_as_it_is(support: WorkType, admin: Client) -> None:
    deep = {"not": {"all": [OVER, {"any": [OVER, {"all": [OVER, {"any": [OVER]}]}]}]}}
    book = RulebookVersion.objects.get(rulebook__work_type=support).rulebook
    content = {"rules": [{"id": "deep", "when": deep, "then": {"do": "finish"}}], "fallback_queue": "triage"}
    save_draft(actor=DESK, rulebook_id=book.pk, content=content)
    page = admin.get("/rulebooks/support/draft/rules/deep/")
    assert "It stays as it is" in page.content.decode()
    post = {
        "revision": draft_of(support).stamp,
        "keeps": "yes",
        "do": "stop",
        "stop_reason": "too much",
        "button": "save",
    }
    assert admin.post("/rulebooks/support/draft/rules/deep/", post).status_code == 302
    [rule] = rules_of(support)
    assert (rule["when"], rule["then"]) == (deep, {"do": "stop", "reason": "too much"})


def test_the_form_grows_by_its_buttons_without_saving(support: WorkType, admin: Client) -> None:
    start(admin)
    before = draft_of(support).revision
    post = rule_post(support, because="kept") | condition("item.title", "contains", "kept too")
    page = admin.post("/rulebooks/support/draft/rules/new/", post | {"button": "add-row:0"})
    fields = page.context["fields"]
    assert [row.value for row in fields.groups[0].rows] == ["kept too", ""]
    assert fields.because == "kept"
    page = admin.post("/rulebooks/support/draft/rules/new/", post | {"button": "remove-row:0:0"})
    assert page.context["fields"].groups[0].rows == []
    page = admin.post("/rulebooks/support/draft/rules/new/", post | {"button": "add-group:0"})
    assert len(page.context["fields"].groups) == 2
    assert draft_of(support).revision == before


def test_what_cannot_be_read_is_marked_and_what_was_typed_is_kept(support: WorkType, admin: Client) -> None:
    start(admin)
    post = rule_post(support, do="go", to=[""], because="mine") | condition("input.amount", "over", "a lot")
    answer = admin.post("/rulebooks/support/draft/rules/new/", post)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "Refund amount: please give an amount, such as 49.90 EUR." in page
    assert "Choose where it goes." in page
    assert 'value="a lot"' in page
    assert 'value="mine"' in page


SCHEMA = {"type": "object", "properties": {"urgent": {"type": "boolean"}, "tone": {"enum": ["warm", "stiff, cold"]}}}
EVERY_KIND = [
    {"fact": "input.amount", "op": "between", "value": [{"amount": "1", "currency": "EUR"}] * 2},
    {"fact": "input.fee", "op": "over", "value": {"amount": "12.50", "currency": "CLP"}},
    {"fact": "input.topic", "op": "one_of", "value": ["refund", "delivery"]},
    {"fact": "item.title", "op": "one_of", "value": ["plain", "with, comma", 'with "quotes"', '"both", here']},
    {"fact": "steps.reply.output.urgent", "op": "is", "value": True},
    {"fact": "steps.reply.output.tone", "op": "one_of", "value": ["stiff, cold"]},
    {"fact": "steps.reply.output.other", "op": "one_of", "value": ["12", 12, "a, b", True, 'say "x"']},
    {"fact": "reviews.finance.verdict", "op": "one_of", "value": ["approved", "declined"]},
    {"fact": "now", "op": "between", "value": [{"date": "2026-03-31"}, {"date": "2026-04-30"}]},
    {"not": {"fact": "item.age", "op": "older_than", "value": 90}},
    {"fact": "item.tags", "op": "contains", "value": "vip"},
    {"fact": "input.amount", "op": "missing"},
]


def test_saving_a_rule_as_the_form_shows_it_changes_nothing(support: WorkType, admin: Client, desk: TestDesk) -> None:
    texts = {"text": 'Dear {{ item.requester_name? }}\n\n <b>"you"</b> & all', "subject": "Re"}
    mail = {"to": "a@b.example", "subject": "{{ with.subject }}", "text": "{{ with.text }}", "effect": "write"}
    desk.destination("mail", "tool", via="mail", **mail)
    desk.destination("reply", "agent", via="model", prompt="Answer.", schema=SCHEMA)
    InputField.objects.create(work_type=support, name="fee", label="Fee", kind="money", position=9)
    then = {"do": "go", "to": ["mail"], "approved_by": "finance", "with": texts}
    rules = [{"id": f"k{n}", "when": {"all": [each]}, "then": then} for n, each in enumerate(EVERY_KIND)]
    draft = start_draft(actor=DESK, work_type_id=support.pk)
    content = rulefile.write(rulefile.read({"rules": rules, "fallback_queue": "triage"}))
    save_draft(actor=DESK, rulebook_id=draft.rulebook_id, content=content)
    for each in draft_of(support).content["rules"]:
        address = f"/rulebooks/support/draft/rules/{each['id']}/"
        sent = SentForm(admin.get(address).content.decode()).sent
        answer = admin.post(address, sent | {"button": "save"})
        assert answer.status_code == 302, each
    assert draft_of(support).content == content


def test_values_are_picked_where_all_are_known(support: WorkType, admin: Client, desk: TestDesk) -> None:
    desk.destination("reply", "agent", via="model", prompt="Answer.", schema=SCHEMA)
    start(admin)

    def shown(fact: str, op: str, value: str = "") -> str:
        post = rule_post(support) | condition(fact, op, value) | {"button": "refresh"}
        return admin.post("/rulebooks/support/draft/rules/new/", post).content.decode()

    assert '<option value="false">false</option>' in shown("steps.reply.output.urgent", "is")
    assert 'name="g0-0-pick" value="stiff, cold"' in shown("steps.reply.output.tone", "one_of")
    page = shown("input.topic", "one_of", "delivery")
    assert re.search(r'name="g0-0-pick" value="delivery" checked', page)
    assert re.search(r'name="g0-0-pick" value="refund">', page)
    assert '<span class="condition-unit">EUR</span>' in shown("input.amount", "over")
    assert "money in EUR · from the request&#x27;s own text, then the requester" in shown("input.amount", "over")


def test_ticked_values_and_a_chosen_currency_are_stored(support: WorkType, admin: Client, desk: TestDesk) -> None:
    InputField.objects.create(work_type=support, name="fee", label="Fee", kind="money", position=9)
    start(admin)
    picked = condition("input.topic", "one_of") | {"g0-0-picks": "yes", "g0-0-pick": ["refund", "delivery"]}
    money = condition("input.fee", "between", "1.000,50", "2000 CHF", group=0) | {"g0-currency": ["USD"]}
    for part in (picked, money):
        assert admin.post("/rulebooks/support/draft/rules/new/", rule_post(support) | part).status_code == 302
    first, second = (rule["when"]["all"][0]["value"] for rule in rules_of(support)[-2:])
    assert first == ["refund", "delivery"]
    assert second == [{"amount": "1000.50", "currency": "USD"}, {"amount": "2000", "currency": "CHF"}]


def test_what_people_decided_can_be_a_condition(support: WorkType, admin: Client) -> None:
    start(admin)
    post = rule_post(support) | condition("reviews.finance.verdict", "is", "approved")
    page = admin.post("/rulebooks/support/draft/rules/new/", post | {"button": "refresh"}).content.decode()
    assert '<option value="declined">declined</option>' in page
    admin.post("/rulebooks/support/draft/rules/new/", post)
    assert (
        "When the decision of Finance is approved, finish." in admin.get("/rulebooks/support/draft/").content.decode()
    )


def test_a_day_is_picked_and_a_moment_is_typed(support: WorkType, admin: Client) -> None:
    start(admin)
    for value, kind in (("2026-03-31", "date"), ("2026-03-31T09:00:00+00:00", "text")):
        admin.post("/rulebooks/support/draft/rules/new/", rule_post(support) | condition("now", "after", value))
        fields = admin.get(f"/rulebooks/support/draft/rules/{rules_of(support)[-1]['id']}/").context["fields"]
        [row] = fields.groups[0].rows
        assert (row.value, row.input_type) == (value, kind)


@pytest.mark.parametrize(
    ("fact", "words"),
    [
        ("steps.reply", ["is known", "is missing"]),
        ("input.topic", ["is", "is not", "is one of", "is not one of", "is missing", "is known"]),
        ("item.tags", ["contains", "does not contain", "is missing", "is known"]),
    ],
)
def test_the_comparisons_offered_are_those_that_make_sense(
    support: WorkType, admin: Client, fact: str, words: list[str]
) -> None:
    start(admin)
    post = rule_post(support) | condition(fact, "", "") | {"button": "refresh"}
    [row] = admin.post("/rulebooks/support/draft/rules/new/", post).context["fields"].groups[0].rows
    assert [label for _, label in row.ops] == words


def test_a_comparison_that_is_not_offered_stays_in_a_rule_that_has_it(support: WorkType, admin: Client) -> None:
    start(admin)
    post = rule_post(support) | condition("input.topic", "starts_with", "ref") | {"button": "refresh"}
    [row] = admin.post("/rulebooks/support/draft/rules/new/", post).context["fields"].groups[0].rows
    assert row.op == "starts_with"
    assert ("starts_with", "starts with") in row.ops


def test_an_amount_in_another_currency_stays_as_it_was_typed_beside_the_right_one(
    support: WorkType, admin: Client
) -> None:
    start(admin)
    post = rule_post(support) | condition("input.amount", "over", "200 USD")
    [row] = admin.post("/rulebooks/support/draft/rules/new/", post).context["fields"].groups[0].rows
    assert (row.currencies, row.money[0]) == (("EUR",), "200 USD")
    assert "EUR" in row.error
