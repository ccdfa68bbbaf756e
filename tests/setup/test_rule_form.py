"""The form of one rule: what is typed becomes a rule as rules are stored, and comes back as it was typed."""

from typing import Any

import pytest
from django.test import Client

from routing.actions.publishing import save_draft
from routing.domain.roles import DESK
from routing.models import RulebookVersion, WorkType
from tests.desks import TestDesk
from tests.setup.rule_forms import (
    OVER,
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


def test_saving_a_rule_as_it_was_changes_nothing(support: WorkType, admin: Client, desk: TestDesk) -> None:
    texts = {"text": "Dear {{ item.requester_name? }}", "subject": "Re"}
    desk.destination(
        "mail",
        "tool",
        via="mail",
        to="a@b.example",
        subject="{{ with.subject }}",
        text="{{ with.text }}",
        effect="write",
    )
    desk.rules("support", {"when": OVER, "then": {"do": "go", "to": ["mail"], "approved_by": "finance", "with": texts}})
    start(admin)
    fields = admin.get("/rulebooks/support/draft/rules/r1/").context["fields"]
    post = rule_post(support, do="go", to=fields.to, approved_by=fields.approved_by)
    post |= condition("input.amount", "over", fields.groups[0].rows[0].value)
    post |= {"text-name": list(fields.texts), "text": list(fields.texts.values())}
    admin.post("/rulebooks/support/draft/rules/r1/", post)
    assert admin.get("/rulebooks/support/draft/").context["changes"] == []


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
