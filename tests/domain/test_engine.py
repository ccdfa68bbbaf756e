"""The design's rules about deciding, one by one."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from routing.domain.catalogue import Catalogue, Port, PortKind
from routing.domain.engine import Cause, Decision, Kind, decide
from routing.domain.facts import MISSING, Fact, Facts, Money, Status, known
from routing.domain.inputs import InputSpec
from routing.domain.inputs import Kind as InputKind
from routing.domain.rules import (
    BY_RULE,
    SUGGESTED,
    All,
    Ask,
    Changes,
    Condition,
    Escalate,
    Finish,
    Go,
    Op,
    Outcome,
    Rule,
    Rulebook,
    Test,
    Wait,
)

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
UNAVAILABLE = Fact(Status.UNAVAILABLE)
TOPIC = Test("input.topic", Op.IS, "refund")
OVER = Test("input.amount", Op.OVER, Money(Decimal(200), "EUR"))
EURO = known(Money(Decimal(300), "EUR"))
ALWAYS = All()

CATALOGUE = Catalogue(
    inputs=(
        InputSpec("topic", "topic", InputKind.CHOICE, required=True, choices=("refund", "delivery")),
        InputSpec("order", "order number", required=True),
        InputSpec("amount", "amount", InputKind.MONEY, required=True, currency="EUR", applies_when=TOPIC),
        InputSpec("secret", "secret", provider="source", required=True, applies_when=TOPIC),
    ),
    ports={
        "reply": Port("reply", "Reply", PortKind.AGENT),
        "refund": Port("refund", "Refund", PortKind.TOOL, writes=True, needs=frozenset({"input.amount"})),
        "mail": Port("mail", "Mail", PortKind.TOOL, writes=True, rule_may_approve=True),
        "track": Port("track", "Track parcel", PortKind.TOOL, needs=frozenset({"source.orders.parcel"})),
        "orders": Port("orders", "Orders", PortKind.SOURCE, needs=frozenset({"input.order"})),
    },
    queues={"support": "Support", "triage": "Triage"},
    types={"support": "Support"},
)
FILLED: Facts = {"input.topic": known("delivery", 1), "input.order": known("1042", 2)}


def rule(when: Condition, then: Outcome | None, rule_id: str = "r", changes: Changes | None = None) -> Rule:
    """One rule."""
    return Rule(rule_id, when, then, changes or Changes())


def answer(
    facts: Facts,
    *rules: Rule,
    fired: Mapping[str, int] | None = None,
    escalated: Mapping[str, int] | None = None,
    catalogue: Catalogue = CATALOGUE,
) -> Decision:
    """Decide by these rules."""
    book = Rulebook(rules, "triage")
    return decide(facts, book, catalogue, fired=fired or {}, escalated=escalated or {}, now=NOW)


def test_first_true_rule_decides() -> None:
    decision = answer(
        FILLED, rule(TOPIC, Finish(), "a"), rule(ALWAYS, Go(("reply",)), "b"), rule(ALWAYS, Finish(), "c")
    )
    assert (decision.kind, decision.rule_id, decision.to, decision.fires) == (Kind.GO, "b", ("reply",), True)


def test_unknown_rule_is_not_skipped_and_names_exactly_what_it_lacks() -> None:
    unknown = All((TOPIC, Test("source.orders.vip", Op.KNOWN), Test("input.order", Op.KNOWN)))
    decision = answer({"input.order": known("1")}, rule(unknown, Finish(), "a"), rule(ALWAYS, Finish(), "b"))
    assert (decision.kind, decision.rule_id) == (Kind.NEED, "a")
    assert set(decision.needs) == {"input.topic", "source.orders.vip"}


def test_one_form_asks_for_the_rule_its_destination_the_required_and_what_they_depend_on() -> None:
    decision = answer({}, rule(Test("router.confidence", Op.AT_LEAST, Decimal("0.8")), Go(("refund",), "support")))
    assert decision.needs == ("router.confidence",)
    assert decision.form == ("input.topic", "input.order", "input.amount")


def test_form_leaves_out_what_does_not_apply_and_what_others_provide() -> None:
    facts = {"input.topic": known("delivery")}
    assert answer(facts, rule(ALWAYS, Go(("reply",)))).form == ("input.order",)
    refund = answer({"input.topic": known("refund")}, rule(ALWAYS, Go(("reply",))))
    assert refund.form == ("input.order", "input.amount")
    assert set(refund.needs) == {"input.order", "input.amount", "input.secret"}


def test_form_asks_for_the_key_by_which_a_source_finds_the_rest() -> None:
    facts = {"input.topic": known("delivery")}
    decision = answer(facts, rule(Test("source.orders.parcel", Op.KNOWN), Go(("track",))))
    assert (decision.needs, decision.form) == (("source.orders.parcel",), ("input.order",))


def test_form_leaves_out_what_a_source_gives_once_its_key_is_answered() -> None:
    inputs = (
        InputSpec("order", "order number", required=True),
        InputSpec("total", "total", required=True, source="source.orders.total"),
    )
    catalogue = Catalogue(inputs, CATALOGUE.ports, CATALOGUE.queues, CATALOGUE.types)
    reply = rule(ALWAYS, Go(("reply",)))
    assert answer({}, reply, catalogue=catalogue).form == ("input.order",)
    looked = {"input.order": known("1042"), "source.orders": MISSING}
    assert answer(looked, reply, catalogue=catalogue).form == ("input.total",)


def test_form_asks_for_two_that_only_each_other_would_give() -> None:
    inputs = (
        InputSpec("email", "e-mail address", required=True, source="source.orders.email"),
        InputSpec("order", "order number", required=True, source="source.people.order"),
    )
    people = Port("people", "People", PortKind.SOURCE, needs=frozenset({"input.email"}))
    catalogue = Catalogue(inputs, {**CATALOGUE.ports, "people": people}, CATALOGUE.queues, CATALOGUE.types)
    assert answer({}, rule(ALWAYS, Go(("reply",))), catalogue=catalogue).form == ("input.email", "input.order")


def test_blocked_rule_goes_to_people_and_names_the_fact() -> None:
    decision = answer(
        {"source.orders": UNAVAILABLE},
        rule(Test("source.orders.vip", Op.IS, "yes"), Finish(), "a"),
        rule(ALWAYS, Finish(), "b"),
    )
    assert (decision.kind, decision.rule_id, decision.queue) == (Kind.REVIEW, "a", "triage")
    assert (decision.cause, decision.needs, decision.fires) == (Cause.UNAVAILABLE, ("source.orders.vip",), False)


def test_rule_that_does_not_apply_is_passed_over() -> None:
    decision = answer({"input.amount": MISSING}, rule(OVER, Finish(), "a"), rule(ALWAYS, Wait(5), "b"))
    assert (decision.kind, decision.wait_minutes) == (Kind.WAIT, 5)


def test_no_rule_true_goes_to_the_fallback_queue() -> None:
    decision = answer(FILLED, rule(TOPIC, Finish()))
    assert (decision.kind, decision.queue, decision.cause, decision.rule_id) == ("review", "triage", "no_rule", "")


def test_disabled_rule_is_passed_over() -> None:
    decision = answer(FILLED, Rule("a", ALWAYS, Finish(), enabled=False))
    assert decision.cause is Cause.NO_RULE


def test_fired_rule_does_not_fire_again_until_a_fact_it_reads_changes() -> None:
    rules = (rule(TOPIC, Go(("reply",)), "a"), rule(ALWAYS, Finish(), "b"))
    facts = {"input.topic": known("refund", 4), **{f"input.{n}": known("x", 9) for n in ("order", "amount", "secret")}}
    assert answer(facts, *rules, fired={"a": 4}).rule_id == "b"
    assert answer(facts, *rules, fired={"a": 3}).rule_id == "a"


def test_fired_rule_that_is_unknown_again_is_passed_over_until_its_facts_change() -> None:
    rules = (rule(Test("source.orders.vip", Op.KNOWN), Finish(), "a"), rule(ALWAYS, Finish(), "b"))
    assert answer({}, *rules, fired={"a": 3}).rule_id == "b"


def test_time_alone_makes_no_rule_fire_again() -> None:
    rules = (rule(Test("item.age", Op.OLDER_THAN, 5), Wait(5), "a"), rule(ALWAYS, Finish(), "b"))
    facts = {"item.created_at": known(NOW - timedelta(hours=1), 1)}
    assert answer(facts, *rules).rule_id == "a"
    assert answer(facts, *rules, fired={"a": 1}).rule_id == "b"


def test_rule_on_an_absent_input_fires_again_once_the_input_applies() -> None:
    rules = (rule(Test("input.amount", Op.MISSING), Go(("support",)), "a"), rule(ALWAYS, Finish(), "b"))
    no_refund = {"input.topic": known("delivery", 3)}
    assert answer(no_refund, *rules).rule_id == "a"
    assert answer(no_refund, *rules, fired={"a": 3}).rule_id == "b"
    assert answer({"input.topic": known("refund", 5)}, *rules, fired={"a": 3}).kind is Kind.NEED
    again = {"input.topic": known("refund", 5), "input.amount": Fact(Status.MISSING, None, 6)}
    assert answer(again, *rules, fired={"a": 3}).rule_id == "a"


def test_input_that_does_not_apply_is_missing_not_unknown() -> None:
    missing = rule(Test("input.amount", Op.MISSING), Finish(), "a")
    assert answer({"input.topic": known("delivery")}, missing).kind is Kind.FINISH
    assert answer({"input.topic": known("refund")}, missing).needs == ("input.amount",)
    assert answer({"input.topic": known("delivery"), "input.amount": EURO}, missing).kind is Kind.REVIEW
    assert answer({}, missing).kind is Kind.NEED


@pytest.mark.parametrize("status", [Status.MISSING, Status.UNAVAILABLE])
def test_go_becomes_a_review_that_names_what_cannot_be_had(status: Status) -> None:
    decision = answer({**FILLED, "input.order": Fact(status)}, rule(ALWAYS, Go(("reply",))))
    assert (decision.kind, decision.needs, decision.cause) == (Kind.REVIEW, ("input.order",), Cause(status.value))
    assert "order number" in decision.reason


def test_go_needs_the_facts_its_templates_name_but_not_those_the_rule_gives() -> None:
    go = Go(("reply",), params=(("text", "{{ source.orders.parcel }} {{ with.other }} {{ source.orders.note? }}"),))
    assert answer(FILLED, rule(ALWAYS, go)).needs == ("source.orders.parcel",)


def test_go_names_the_key_that_nobody_can_give() -> None:
    catalogue = Catalogue(ports=CATALOGUE.ports, queues=CATALOGUE.queues)
    decision = answer({"input.order": MISSING}, rule(ALWAYS, Go(("track",))), catalogue=catalogue)
    assert (decision.kind, decision.needs, decision.cause) == (Kind.REVIEW, ("input.order",), Cause.MISSING)


def test_go_needs_what_decides_whether_a_required_input_applies() -> None:
    proof = InputSpec("proof", "proof", required=True, applies_when=Test("source.crm.vip", Op.IS, "no"))
    catalogue = Catalogue(inputs=(proof,), ports=CATALOGUE.ports, queues=CATALOGUE.queues)
    go = rule(ALWAYS, Go(("reply",)))
    maybe = answer({}, go, catalogue=catalogue)
    assert (maybe.kind, maybe.needs, maybe.form) == (Kind.NEED, ("source.crm.vip",), ("input.proof",))
    assert answer({"source.crm.vip": known("yes")}, go, catalogue=catalogue).kind is Kind.GO
    assert answer({"source.crm.vip": known("no")}, go, catalogue=catalogue).needs == ("input.proof",)
    nobody_knows = answer({"source.crm": UNAVAILABLE}, go, catalogue=catalogue)
    assert (nobody_knows.cause, nobody_knows.needs) == (Cause.UNAVAILABLE, ("source.crm.vip",))


def test_required_inputs_never_block_work_for_people() -> None:
    decision = answer({}, rule(ALWAYS, Go(("support",))))
    assert (decision.kind, decision.to) == (Kind.GO, ("support",))


def test_write_without_approver_goes_to_people() -> None:
    facts = {**FILLED, "input.topic": known("refund"), "input.amount": EURO, "input.secret": known("x")}
    assert answer(facts, rule(ALWAYS, Go(("refund",)))).kind is Kind.REVIEW
    assert answer(facts, rule(ALWAYS, Go(("refund",), BY_RULE))).kind is Kind.REVIEW
    assert answer(facts, rule(ALWAYS, Go(("refund",), "support"))).approved_by == "support"
    assert answer(facts, rule(ALWAYS, Go(("mail",), BY_RULE))).approved_by == BY_RULE
    assert answer(facts, rule(ALWAYS, Go(("refund", "mail"), "support"))).to == ("refund", "mail")
    assert answer(facts, rule(ALWAYS, Go(("refund", "reply"), "support"))).kind is Kind.REVIEW


def test_suggested_destination() -> None:
    suggested = rule(ALWAYS, Go((SUGGESTED,)))
    assert answer(FILLED, suggested).needs == (SUGGESTED,)
    assert answer({**FILLED, SUGGESTED: known("reply")}, suggested).to == ("reply",)
    assert answer({SUGGESTED: known("triage")}, suggested).to == ("triage",)
    assert answer({**FILLED, "router": UNAVAILABLE}, suggested).cause is Cause.UNAVAILABLE
    assert answer({**FILLED, SUGGESTED: known("nowhere")}, suggested).cause is Cause.UNAVAILABLE
    assert answer({**FILLED, SUGGESTED: known("mail")}, suggested).kind is Kind.REVIEW
    assert answer({SUGGESTED: known("reply")}, suggested).kind is Kind.NEED


def test_suggested_destination_is_followed_again_only_when_it_changes() -> None:
    suggested = rule(ALWAYS, Go((SUGGESTED,)))
    assert answer({SUGGESTED: known("triage", 5)}, suggested, fired={"r": 5}).cause is Cause.NO_RULE
    assert answer({SUGGESTED: known("support", 6)}, suggested, fired={"r": 5}).to == ("support",)


def test_rule_that_sets_the_suggested_type() -> None:
    classify = rule(ALWAYS, None, changes=Changes(type="router.type"))
    assert answer({}, classify).needs == ("router.type",)
    decision = answer({"router.type": known("support")}, classify)
    assert (decision.kind, decision.changes.type, decision.fires) == (Kind.CHANGE, "support", True)
    assert answer({"router.type": known("nothing")}, classify).cause is Cause.UNAVAILABLE
    assert answer({"router": known("learned")}, classify).cause is Cause.MISSING


def test_ask_lacks_only_what_is_unknown_and_then_lets_the_next_rule_decide() -> None:
    rules = (rule(ALWAYS, Ask(("order", "topic")), "a"), rule(ALWAYS, Wait(1), "b"))
    assert answer({"input.topic": known("delivery")}, *rules).needs == ("input.order",)
    assert answer(FILLED, *rules).rule_id == "b"
    assert answer({**FILLED, "input.order": MISSING}, *rules).rule_id == "b"


def test_escalation_carries_queue_reason_and_proposal() -> None:
    decision = answer(FILLED, rule(ALWAYS, Escalate("support", "banned claims", "reply")))
    assert (decision.kind, decision.cause, decision.queue) == (Kind.REVIEW, Cause.ESCALATED, "support")
    assert (decision.reason, decision.about, decision.fires) == ("banned claims", "reply", True)


def test_one_rule_escalates_an_item_three_times_at_most() -> None:
    escalate = rule(ALWAYS, Escalate("support", "look"))
    assert answer({}, escalate, escalated={"r": 2}).cause is Cause.ESCALATED
    fourth = answer({}, escalate, escalated={"r": 3})
    assert (fourth.cause, fourth.queue) == (Cause.CIRCLES, "support")


def test_recheck_is_the_earliest_turn_of_a_rule_up_to_the_deciding_one() -> None:
    def aged(minutes: int) -> Test:
        return Test("item.age", Op.OLDER_THAN, minutes)

    facts = {"item.created_at": known(NOW - timedelta(minutes=10), 1), **FILLED}
    rules = (
        rule(All((TOPIC, aged(15))), Finish(), "no_refund"),
        rule(aged(60), Finish(), "hour"),
        rule(aged(30), Finish(), "half_hour"),
        rule(ALWAYS, Wait(600), "wait"),
        rule(aged(20), Finish(), "after"),
    )
    assert answer(facts, *rules).recheck_at == NOW + timedelta(minutes=20)
    assert answer(facts, *rules, fired={"half_hour": 1}).recheck_at == NOW + timedelta(minutes=50)
    assert answer(facts, rules[3]).recheck_at is None


def test_rules_found_by_the_value_of_a_fact_keep_their_order() -> None:
    topics = ("a", "b", "a", "c", "a")
    rules = [rule(Test("input.topic", Op.IS, topic), Go(("support",)), f"{n}") for n, topic in enumerate(topics)]
    rules.insert(2, rule(Test("item.channel", Op.IS, "mail"), Go(("support",)), "mail"))
    mail = {"input.topic": known(" B ", 1), "item.channel": known("mail", 1)}
    assert answer(mail, *rules).rule_id == "1"
    assert answer(mail, *rules, fired={"1": 1}).rule_id == "mail"
    assert answer({**mail, "input.topic": known("A", 1)}, *rules, fired={"0": 1, "mail": 1}).rule_id == "2"
    assert answer({"input.topic": known("z", 1)}, *rules).cause is Cause.NO_RULE
    assert answer({"item.channel": known("mail", 1)}, *rules).needs == ("input.topic",)
    assert answer({"input.topic": known(5, 1)}, *rules).cause is Cause.NO_RULE
