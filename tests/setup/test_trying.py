"""Trying rules on facts and on words: every rule, who would be asked, and what would decide otherwise."""

from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from routing.domain.facts import MISSING, Money, known
from routing.domain.roles import Role
from routing.forms.fact_lines import read_lines, write_lines
from routing.models import FactRevision, WorkItem, WorkType
from routing.queries import desk as desk_queries
from tests.desks import TestDesk
from tests.setup.conftest import SignIn

pytestmark = pytest.mark.django_db

AMOUNT = {"name": "amount", "label": "Refund amount", "kind": "money", "currency": "EUR"}
TOPIC = {"name": "topic", "label": "Topic", "kind": "choice", "choices": ["refund", "delivery"]}
OVER = {"fact": "input.amount", "op": "over", "value": {"amount": "200", "currency": "EUR"}}
RULES: tuple[dict[str, Any], ...] = (
    {"when": {"fact": "item.channel", "op": "is", "value": "fax"}, "set": {"priority": "high"}},
    {"when": OVER, "then": {"do": "escalate", "queue": "finance", "reason": "It is a lot"}},
    {"when": {"all": []}, "then": {"do": "finish"}},
)
ADDRESS = "/rulebooks/support/versions/1/try/"


@pytest.fixture(autouse=True)
def support(desk: TestDesk) -> WorkType:
    row = desk.work_type("support", AMOUNT, TOPIC)
    desk.rules("support", *RULES)
    return row


def test_facts_are_tried_with_every_rule_and_the_smallest_change(admin: Client) -> None:
    facts = "item.channel: fax\ninput.amount: 249,90 EUR"
    trial = admin.post(ADDRESS, {"way": "facts", "facts": facts}).context["trial"]
    assert trial.answer == "Finance decides: It is a lot."
    assert trial.sets == "It also sets the priority: high."
    assert [(rule.number, rule.result, rule.decides) for rule in trial.rules] == [
        (1, "true", False),
        (2, "true", True),
        (3, "true", False),
    ]
    assert trial.otherwise == "If Refund amount were 200 EUR instead of 249.90 EUR: it is finished."


def test_what_is_lacking_says_who_would_be_asked(admin: Client) -> None:
    trial = admin.get(ADDRESS, {"facts": '{"item.channel": "web"}'}).context["trial"]
    assert trial.answer == "First the desk finds out Refund amount."
    assert trial.asked == ("Refund amount: from the request's own text, then the requester",)


def test_words_are_read_as_the_desk_reads_them(admin: Client) -> None:
    asked = {"way": "text", "title": "Refund", "text": "Please send back 300 EUR"}
    page = admin.post(ADDRESS, asked, headers={"HX-Request": "true"})
    assert page.context["trial"].answer == "Finance decides: It is a lot."
    assert page.content.decode().startswith("\n") or "<html" not in page.content.decode()
    assert not WorkItem.objects.exists()
    assert not FactRevision.objects.exists()


def test_rules_that_have_done_their_part_are_passed_over(admin: Client) -> None:
    facts = {"way": "facts", "facts": "input.amount: 300 EUR", "done": ["r2", "gone"]}
    trial = admin.post(ADDRESS, facts).context["trial"]
    assert trial.answer == "It is finished."
    assert trial.rules[1].words == "has done its part: nothing it reads has changed since"


@pytest.mark.parametrize(
    ("facts", "error"),
    [
        ("amount 300", "Line 1: write a fact's name, a colon and its value, such as input.topic: refund."),
        ("\ninput.amount: lots", "Line 2: Refund amount: "),
        ("input.topic: pizza", "Line 1: Topic: "),
        (
            "input.topc: refund",
            "Line 1: this type does not ask for input.topc. It asks for: input.amount, input.topic.",
        ),
        ('{"input.amount": ', "This begins like JSON and cannot be read as such (line 1)."),
        ('{"input.amount": {"amount": "1e999", "currency": "EUR"}}', "input.amount: "),
        ("[" * 100_001, "At most 100,000 characters can be read at once."),
        ('{"a":' * 20_000, "This begins like JSON and cannot be read as such"),
    ],
)
def test_facts_that_cannot_be_read_are_named_and_kept(admin: Client, facts: str, error: str) -> None:
    answer = admin.post(ADDRESS, {"way": "facts", "facts": facts})
    assert answer.status_code == 422
    [told] = answer.context["form"].errors
    assert told.startswith(error)
    assert answer.context["form"].facts == facts


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        ({"way": "text", "title": "", "text": " "}, "Write a title or some words"),
        ({"way": "facts", "facts": " "}, "Write what is known"),
    ],
)
def test_trying_nothing_says_what_is_needed(admin: Client, sent: dict[str, str], words: str) -> None:
    answer = admin.post(ADDRESS, sent)
    assert answer.status_code == 422
    assert words in answer.content.decode()
    opened = admin.get(ADDRESS, {"way": sent["way"]})
    assert opened.status_code == 200
    assert words not in opened.content.decode()


def test_facts_written_as_lines_read_back_equal(support: WorkType) -> None:
    catalogue = desk_queries.load().catalogue(support.pk)
    facts = {
        "input.amount": known(Money(Decimal(300), "EUR"), 1),
        "input.topic": MISSING,
        "item.tags": known(("late", "big"), 1),
        "item.text": known("Two\nlines, “quoted”", 1),
        "item.title": known("missing", 1),
        "source.shop.code": known("12", 1),
        "source.shop.count": known(12, 1),
        "source.shop.paid": known(True, 1),
    }
    lines = read_lines(write_lines(facts, catalogue), catalogue)
    assert lines.errors == []
    assert {name: (fact.status, fact.value) for name, fact in lines.facts.items()} == {
        name: (fact.status, fact.value) for name, fact in facts.items()
    }


def test_everybody_on_staff_may_try_and_only_what_they_may_see(desk: TestDesk, sign_in: SignIn) -> None:
    item = desk.send("Refund 300 EUR", type="support")
    for role in (Role.OPERATOR, Role.REVIEWER, Role.ADMIN):
        assert sign_in(role).get(ADDRESS, {"code": item.code}).context["form"].item == item
    assert Client().post(ADDRESS, {"way": "facts", "facts": "input.amount: 1 EUR"}).status_code == 302


def test_trying_takes_no_more_queries_for_more_rules(desk: TestDesk, admin: Client, support: WorkType) -> None:
    def queries(number: int) -> int:
        with CaptureQueriesContext(connection) as seen:
            admin.post(f"/rulebooks/support/versions/{number}/try/", {"way": "facts", "facts": "input.amount: 1 EUR"})
        return len(seen)

    queries(1)
    few = queries(1)
    desk.rules("support", *RULES, *RULES, *RULES)
    queries(2)
    assert queries(2) == few
