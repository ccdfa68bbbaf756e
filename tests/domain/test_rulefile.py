"""Rules as JSON, what is wrong with them, and the sentences people read."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings

from routing.domain.catalogue import Catalogue, Port, PortKind
from routing.domain.facts import Money
from routing.domain.inputs import InputSpec, Kind
from routing.domain.rulefile import (
    Problem,
    RuleError,
    problems,
    read,
    read_condition,
    read_rule,
    write,
    write_condition,
)
from routing.domain.rules import All, AnyOf, Condition, Go, Not, Op, Rule, Rulebook, Test
from routing.domain.sentences import condition_words, rule_sentence
from tests.domain import strategies

CATALOGUE = Catalogue(
    inputs=(
        InputSpec("topic", "topic", Kind.CHOICE, choices=("refund", "delivery")),
        InputSpec("amount", "refund amount", Kind.MONEY, currency="EUR"),
        InputSpec("bought", "day of purchase", Kind.DATE),
    ),
    ports={
        "reply": Port("reply", "Reply", PortKind.AGENT, outputs=("text",)),
        "refund": Port("refund", "Refund", PortKind.TOOL, writes=True),
        "send": Port("send", "Send mail", PortKind.TOOL, writes=True, rule_may_approve=True),
        "orders": Port("orders", "Orders", PortKind.SOURCE),
    },
    queues={"finance": "Finance", "triage": "Triage"},
    types={"support": "Support"},
)
REFUND: dict[str, Any] = {
    "id": "refund",
    "name": "Refunds",
    "when": {
        "all": [
            {"fact": "input.topic", "op": "is", "value": "refund"},
            {"fact": "input.amount", "op": "over", "value": {"amount": "200", "currency": "EUR"}},
        ]
    },
    "then": {"do": "go", "to": ["refund", "send"], "approved_by": "finance", "with": {"text": "{{ input.topic }}"}},
    "because": "large refunds are checked",
}


def pointers(*rules: dict[str, Any], fallback: str = "triage") -> list[str]:
    """Where the problems of a book of these rules are, whether it cannot be read or does not fit."""
    try:
        found = problems(read({"rules": rules, "fallback_queue": fallback}), CATALOGUE)
    except RuleError as error:
        found = error.problems
    return [problem.pointer for problem in found]


def test_rule_is_read_and_written_back_the_same() -> None:
    book = read({"rules": [REFUND], "fallback_queue": "triage", "label": "v1"})
    [rule] = book.rules
    assert rule.then == Go(("refund", "send"), "finance", (("text", "{{ input.topic }}"),))
    assert write(book) == {"rules": [REFUND], "fallback_queue": "triage", "label": "v1"}
    assert problems(book, CATALOGUE) == ()


@settings(max_examples=150, deadline=None)
@given(strategies.rulebooks())
def test_any_rulebook_reads_back_equal(book: Rulebook) -> None:
    assert read(write(book)) == book


@pytest.mark.parametrize(
    "condition",
    [
        Test("input.n", Op.OVER, Decimal("0.1")),
        Test("input.n", Op.OVER, Decimal("12345678901234567890.123456789")),
        Test("input.n", Op.BETWEEN, (1, Decimal("2.5"))),
        Test("now", Op.BEFORE, datetime(2026, 3, 1, 9, tzinfo=UTC)),
        Test("input.day", Op.AFTER, date(2026, 3, 1)),
        Test("input.x", Op.ONE_OF, ("a", 1, True, Money(Decimal("1.50"), "EUR"))),
        Test("item.age", Op.OLDER_THAN, Decimal("1.5")),
        Not(AnyOf((Test("steps.reply", Op.KNOWN), All()))),
    ],
)
def test_condition_reads_back_equal(condition: Condition) -> None:
    assert read_condition(write_condition(condition)) == condition


def test_every_problem_of_a_file_is_told_at_once() -> None:
    with pytest.raises(RuleError) as refused:
        read(
            {
                "rules": [
                    {"id": "a b", "when": {"fact": "input.x", "op": "like"}, "then": {"do": "fly"}, "x": 1},
                    {"id": "b", "when": {"all": [{"fact": "input.x", "op": "between", "value": [1]}]}, "enabled": 1},
                    {"id": "c", "then": {"do": "wait", "minutes": 0}},
                    7,
                ]
            }
        )
    assert {problem.pointer for problem in refused.value.problems} == {
        "/rules/0/x",
        "/rules/0/id",
        "/rules/0/when/op",
        "/rules/0/then/do",
        "/rules/1/when/all/0/value",
        "/rules/1/enabled",
        "/rules/2/then/minutes",
        "/rules/3",
        "/rules/3/id",
        "/fallback_queue",
    }


@pytest.mark.parametrize(
    ("op", "value"),
    [
        ("matches", ""),
        ("older_than", "soon"),
        ("older_than", -1),
        ("before", "soon"),
        ("over", None),
        ("missing", 1),
        ("one_of", []),
        ("one_of", "a"),
        ("is", {"number": "NaN"}),
        ("is", {"a": 1}),
        ("is", float("inf")),
    ],
)
def test_value_that_fits_no_comparison_is_refused(op: str, value: object) -> None:
    with pytest.raises(RuleError):
        read_condition({"fact": "input.x", "op": op, "value": value})


def test_conditions_nested_too_deep_are_refused() -> None:
    condition: dict[str, object] = {"fact": "input.x", "op": "known"}
    for _ in range(500):
        condition = {"not": condition}
    with pytest.raises(RuleError):
        read_condition(condition)


@pytest.mark.parametrize("data", [None, [], "x", 3, {"rules": {}}, {"rules": [None], "fallback_queue": "t"}])
def test_what_is_no_rulebook_is_refused(data: object) -> None:
    with pytest.raises(RuleError):
        read(data)


def _with(**parts: object) -> dict[str, Any]:
    return {"id": "r", "then": {"do": "finish"}, **parts}


@pytest.mark.parametrize(
    ("rule", "pointer"),
    [
        (_with(when={"fact": "input.colour", "op": "known"}), "/rules/0/when/fact"),
        (_with(when={"fact": "source.crm.vip", "op": "known"}), "/rules/0/when/fact"),
        (_with(when={"fact": "steps.orders", "op": "known"}), "/rules/0/when/fact"),
        (_with(when={"fact": "steps.reply.output.tone", "op": "known"}), "/rules/0/when/fact"),
        (_with(when={"any": [{"not": {"fact": "input.topic", "op": "over", "value": 3}}]}), "/rules/0/when/any/0/not"),
        (_with(when={"fact": "input.topic", "op": "is", "value": "refnud"}), "/rules/0/when"),
        (_with(when={"fact": "input.amount", "op": "over", "value": 200}), "/rules/0/when"),
        (
            _with(when={"fact": "input.amount", "op": "over", "value": {"amount": 2, "currency": "USD"}}),
            "/rules/0/when",
        ),
        (_with(when={"fact": "router.confidence", "op": "contains", "value": "x"}), "/rules/0/when"),
        (_with(when={"fact": "item.text", "op": "matches", "value": "("}), "/rules/0/when/value"),
        (_with(when={"any": []}), "/rules/0/when"),
        (_with(then={"do": "go", "to": ["nowhere"]}), "/rules/0/then/to/0"),
        (_with(then={"do": "go", "to": ["refund"]}), "/rules/0/then/approved_by"),
        (_with(then={"do": "go", "to": ["refund"], "approved_by": "rule"}), "/rules/0/then/approved_by"),
        (_with(then={"do": "go", "to": ["refund"], "approved_by": "board"}), "/rules/0/then/approved_by"),
        (_with(then={"do": "go", "to": ["reply"], "approved_by": "finance"}), "/rules/0/then/approved_by"),
        (_with(then={"do": "go", "to": ["refund", "reply"], "approved_by": "finance"}), "/rules/0/then/to"),
        (
            _with(
                then={"do": "go", "to": "send", "approved_by": "rule", "with": {"t": "{{ steps.reply.output.text }}"}}
            ),
            "/rules/0/then/approved_by",
        ),
        (_with(then={"do": "go", "to": "reply", "with": {"t": "{{ input.colour }}"}}), "/rules/0/then/with"),
        (_with(then={"do": "go", "to": "reply", "with": {"t": "{{ x"}}), "/rules/0/then/with/t"),
        (_with(then={"do": "escalate", "queue": "board", "reason": "x"}), "/rules/0/then/queue"),
        (_with(then={"do": "escalate", "queue": "triage", "reason": "x", "about": "refund"}), "/rules/0/then/about"),
        (_with(then={"do": "ask", "inputs": ["colour"]}), "/rules/0/then/inputs/0"),
        (_with(then=None), "/rules/0/then"),
        (_with(set={"type": "support"}), "/rules/0/then"),
        (_with(then=None, set={"type": "sport"}), "/rules/0/set/type"),
        (_with(set={"priority": "asap"}), "/rules/0/set/priority"),
    ],
)
def test_problem_is_found_where_it_is(rule: dict[str, Any], pointer: str) -> None:
    assert pointers(rule) == [pointer]


def test_duplicate_ids_and_unknown_fallback_are_problems() -> None:
    assert pointers(_with(), _with(), fallback="board") == ["/fallback_queue", "/rules/1/id"]


def test_a_rule_read_alone_points_from_itself() -> None:
    with pytest.raises(RuleError) as refused:
        read_rule({"id": "r", "then": {"do": "stop"}})
    assert refused.value.problems == (Problem("/then/reason", "A text is expected here."),)


@pytest.mark.parametrize(
    ("rule", "sentence"),
    [
        (
            REFUND,
            (
                "When topic is refund and refund amount is over 200 EUR, send to Refund, then Send mail after Finance "
                "approves, because large refunds are checked."
            ),
        ),
        (_with(), "Always finish."),
        (
            _with(
                then=None,
                when={"fact": "router.confidence", "op": "at_least", "value": 0.8},
                set={"type": "router.type"},
            ),
            "When the certainty of the suggestion is at least 80 %, use the suggested type.",
        ),
        (
            _with(
                when={
                    "any": [
                        {"fact": "item.text", "op": "contains", "value": "lawyer"},
                        {
                            "all": [
                                {"fact": "item.age", "op": "older_than", "value": 120},
                                {"not": {"fact": "input.topic", "op": "known"}},
                            ]
                        },
                    ]
                },
                then={"do": "escalate", "queue": "finance", "reason": "Someone is angry."},
                set={"priority": "high", "tags": ["legal"]},
            ),
            (
                "When the text contains “lawyer” or (the request is older than 2 hours and topic is missing), "
                "set the priority to high and add the tag legal and let Finance decide: Someone is angry."
            ),
        ),
        (
            _with(then={"do": "ask", "inputs": ["topic", "amount"]}),
            "Always ask the requester for topic and refund amount.",
        ),
        (_with(then={"do": "wait", "minutes": 90}), "Always wait 90 minutes."),
        (_with(then={"do": "go", "to": "router.destination"}), "Always send to the suggested destination."),
        (
            _with(then={"do": "go", "to": "send", "approved_by": "rule"}),
            "Always send to Send mail, approved by this rule.",
        ),
        (_with(then={"do": "stop", "reason": "spam"}), "Always close it, not done: spam."),
    ],
)
def test_rule_reads_as_a_sentence(rule: dict[str, Any], sentence: str) -> None:
    assert rule_sentence(read_rule(rule), CATALOGUE) == sentence


@pytest.mark.parametrize("op", Op)
def test_negation_of_every_comparison_has_words_of_its_own(op: Op) -> None:
    value = ("a", "b") if op in {Op.ONE_OF, Op.BETWEEN} else 5 if op is Op.OLDER_THAN else "a"
    test = Test("input.topic", op, value)
    assert condition_words(Not(test), CATALOGUE) != condition_words(test, CATALOGUE)
    assert "  " not in condition_words(Not(test), CATALOGUE)


def test_rule_without_effect_says_so() -> None:
    assert rule_sentence(Rule("r", All()), CATALOGUE) == "Always do nothing."
