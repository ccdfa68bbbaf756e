"""What the dispatcher does with a request, over a real database."""

from decimal import Decimal

import pytest
from django.db.models import F

from reviews.models import Review
from routing.actions import sweeping
from routing.domain.facts import Money, value_from_json
from routing.models import Decision, FactRevision, Letter, Question, WorkItem
from tests.desks import TestDesk, decide, fresh

pytestmark = pytest.mark.django_db(transaction=True)

ORDER = {"name": "order_number", "required": True, "pattern": r"\b(K-\d+)\b"}


@pytest.fixture
def desk() -> TestDesk:
    made = TestDesk()
    made.queue("triage", staff_role="operator")
    made.queue("support")
    return made


def facts_of(item: WorkItem) -> dict[str, object]:
    rows = FactRevision.objects.filter(item=item).order_by("seq")
    return {row.name: value_from_json(row.value) for row in rows}


def test_an_item_that_no_rule_decides_waits_in_the_fallback_queue(desk: TestDesk) -> None:
    item = desk.send("anything")
    decide()
    item = fresh(item)
    review = Review.objects.get(item=item)
    assert (item.state, item.owner_kind, item.owner_ref) == ("in_review", "queue", "triage")
    assert (item.review_id, item.review_queue) == (review.pk, "triage")
    assert review.cause == "no_rule"
    assert [event.kind for event in item.events.all()] == ["received", "escalate"]


def test_an_input_is_read_from_the_text_with_the_words_it_came_from(desk: TestDesk) -> None:
    desk.work_type("support", ORDER)
    desk.rules("support", {"when": {"fact": "input.order_number", "op": "known"}, "then": {"do": "finish"}})
    item = desk.send("Where is my order K-10234?", type="support")
    decide()
    row = FactRevision.objects.get(item=item, name="input.order_number")
    assert (row.value, row.provider, row.quote) == ("K-10234", "text", "K-10234")
    assert fresh(item).state == "done"


def test_a_missing_input_is_asked_of_the_requester_once(desk: TestDesk) -> None:
    desk.work_type("support", ORDER, {"name": "colour", "required": True})
    desk.destination("note", "tool", via="http", method="GET", url="https://example.org/{{ input.order_number }}")
    desk.rules("support", {"when": {"all": []}, "then": {"do": "go", "to": ["note"]}})
    item = desk.send("Where is it?", type="support", requester_email="kim@example.org")
    decide()
    item = fresh(item)
    question = Question.objects.get(item=item)
    assert (item.state, item.wait_kind, item.owner_kind) == ("waiting", "requester", "requester")
    assert question.names == ["order_number", "colour"]
    assert [letter.to for letter in Letter.objects.filter(item=item)] == ["kim@example.org"]


def test_first_look_sets_the_type_and_its_rulebook_decides_in_the_same_pass(desk: TestDesk) -> None:
    desk.work_type("support")
    desk.rules(None, {"when": {"fact": "item.title", "op": "contains", "value": "refund"}, "set": {"type": "support"}})
    desk.rules("support", {"when": {"all": []}, "then": {"do": "go", "to": ["support"]}})
    item = desk.send("a refund please")
    decide()
    item = fresh(item)
    assert item.work_type is not None
    assert (item.work_type.slug, item.state, item.owner_ref) == ("support", "in_review", "support")
    assert [(d.rule_id, d.kind) for d in Decision.objects.filter(item=item)] == [("r1", "change"), ("r1", "go")]
    assert item.version == 2


def test_an_untrained_router_says_so_and_sends_to_triage(desk: TestDesk) -> None:
    desk.rules(
        None, {"when": {"fact": "router.confidence", "op": "at_least", "value": 0.8}, "set": {"type": "router.type"}}
    )
    item = desk.send("hello")
    decide()
    review = Review.objects.get(item=item)
    assert (review.queue.slug, review.cause) == ("triage", "unavailable")
    assert "has not been trained" in review.question


def test_money_is_read_from_the_text_and_compared(desk: TestDesk) -> None:
    desk.work_type("support", {"name": "amount", "kind": "money", "currency": "EUR"})
    over = {"fact": "input.amount", "op": "over", "value": {"amount": "200", "currency": "EUR"}}
    desk.rules("support", {"when": over, "then": {"do": "stop", "reason": "too much"}})
    item = desk.send("Please refund 249.90 EUR", type="support")
    decide()
    assert facts_of(item)["input.amount"] == Money(Decimal("249.90"), "EUR")
    assert fresh(item).state == "stopped"


def test_a_rule_that_sets_the_type_is_noted_with_the_rulebook_it_stands_in(desk: TestDesk) -> None:
    desk.work_type("refunds")
    refunds = desk.rules("refunds", {"when": {"all": []}, "then": {"do": "finish"}})
    first_look = desk.rules(None, {"when": {"all": []}, "set": {"type": "refunds"}})
    item = desk.send("Money back")
    decide()
    noted = Decision.objects.filter(item=item).values_list("version__rulebook", "rule_id", "kind")
    assert list(noted) == [(first_look.pk, "r1", "change"), (refunds.pk, "r1", "finish")]


def test_an_event_says_which_type_the_item_had_before(desk: TestDesk) -> None:
    refunds = desk.work_type("refunds")
    desk.rules(None, {"when": {"all": []}, "set": {"type": "refunds"}})
    item = desk.send("Money back")
    decide()
    event = item.events.get(kind="escalate")
    assert (event.old_type_id, event.new_type_id) == (None, refunds.pk)


def test_what_a_rule_sets_itself_does_not_make_it_ask_again(desk: TestDesk) -> None:
    desk.work_type("support")
    desk.rules(
        "support",
        {
            "when": {"fact": "item.priority", "op": "is_not", "value": "urgent"},
            "set": {"priority": "high"},
            "then": {"do": "wait", "minutes": 1},
        },
        {"when": {"all": []}, "then": {"do": "finish"}},
    )
    item = desk.send("Hello", type="support")
    decide()
    WorkItem.objects.update(wake_at=F("created_at"))
    sweeping.sweep()
    decide()
    assert fresh(item).state == "done"
    assert [row.kind for row in Decision.objects.filter(item=item)] == ["wait", "finish"]
