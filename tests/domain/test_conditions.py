"""What comparisons come to: on facts without a value, across kinds, in text, and as time passes."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from routing.domain.conditions import at_time, evaluate, lacking, next_change, reads
from routing.domain.facts import MISSING, UNKNOWN, Fact, Facts, Money, Status, Value, known
from routing.domain.kleene import Result
from routing.domain.patterns import PatternError
from routing.domain.rules import All, AnyOf, Condition, Not, Op, Operand, Test

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
UNAVAILABLE = Fact(Status.UNAVAILABLE)
COMPARISONS = [op for op in Op if op not in {Op.MISSING, Op.KNOWN}]
OPERANDS: dict[Op, Operand] = {Op.BETWEEN: (1, 2), Op.ONE_OF: ("a", "b"), Op.OLDER_THAN: 5}


def result(value: Value, op: Op, operand: Operand) -> Result:
    """Compare one known value."""
    return evaluate(Test("input.x", op, operand), {"input.x": known(value)})


@pytest.mark.parametrize(
    ("fact", "is_missing", "is_known", "other"),
    [
        (UNKNOWN, "unknown", "unknown", "unknown"),
        (MISSING, "true", "false", "not_applicable"),
        (UNAVAILABLE, "true", "false", "blocked"),
    ],
)
def test_fact_without_value(fact: Fact, is_missing: str, is_known: str, other: str) -> None:
    facts = {"input.x": fact}
    assert evaluate(Test("input.x", Op.MISSING), facts) == is_missing
    assert evaluate(Test("input.x", Op.KNOWN), facts) == is_known
    for op in COMPARISONS:
        test = Test("input.x", op, OPERANDS.get(op, "a"))
        assert evaluate(test, facts) == other
        assert evaluate(Not(test), facts) == other


def test_refund_without_amount_passes_neither_over_nor_not_over() -> None:
    over = Test("input.amount", Op.OVER, Money(Decimal(200), "EUR"))
    facts = {"input.amount": MISSING}
    assert [evaluate(over, facts), evaluate(Not(over), facts)] == ["not_applicable", "not_applicable"]


_TRUE, _FALSE = All(), AnyOf()
_PARTS: dict[str, Condition] = {
    "true": _TRUE,
    "false": _FALSE,
    "unknown": Test("input.unknown", Op.KNOWN),
    "blocked": Test("source.down", Op.IS, "a"),
    "not_applicable": Test("steps.none", Op.IS, "a"),
}
_FACTS: Facts = {"source.down": UNAVAILABLE}


@pytest.mark.parametrize(
    ("parts", "all_of", "any_of"),
    [
        ((), "true", "false"),
        (("true", "unknown"), "unknown", "true"),
        (("false", "unknown"), "false", "unknown"),
        (("unknown", "blocked", "not_applicable"), "unknown", "unknown"),
        (("blocked", "not_applicable", "true"), "blocked", "true"),
        (("not_applicable", "blocked", "false"), "false", "blocked"),
        (("not_applicable", "true"), "not_applicable", "true"),
        (("not_applicable", "false"), "false", "not_applicable"),
    ],
)
def test_order_of_results_in_all_of_and_any_of(parts: tuple[str, ...], all_of: str, any_of: str) -> None:
    for order in (parts, parts[::-1]):
        chosen = tuple(_PARTS[name] for name in order)
        assert evaluate(All(chosen), _FACTS) == all_of
        assert evaluate(AnyOf(chosen), _FACTS) == any_of


def test_field_of_an_answered_source_is_missing_and_of_a_failed_one_blocked() -> None:
    vip = Test("source.crm.vip", Op.IS, operand := True)
    assert operand
    assert evaluate(vip, {}) == "unknown"
    assert evaluate(vip, {"source.crm": known("found")}) == "not_applicable"
    assert evaluate(vip, {"source.crm": UNAVAILABLE}) == "blocked"


def test_money_answers_amount_and_currency() -> None:
    facts = {"input.paid": known(Money(Decimal("49.90"), "EUR"))}
    assert evaluate(Test("input.paid.amount", Op.OVER, 40), facts) == "true"
    assert evaluate(Test("input.paid.currency", Op.IS, "eur"), facts) == "true"
    assert lacking(Test("input.paid.amount", Op.OVER, 40), {}) == ("input.paid",)


@pytest.mark.parametrize(
    ("value", "op", "operand", "expected"),
    [
        (" Refund ", Op.IS, "refund", "true"),
        ("STRASSE", Op.IS, "straße", "true"),
        ("Refund", Op.IS_NOT, "refund", "false"),
        ("REFUND", Op.ONE_OF, ("delivery", "refund"), "true"),
        ("I call my Lawyer!", Op.CONTAINS, " lawyer ", "true"),
        (" RE: hello", Op.STARTS_WITH, "re:", "true"),
        ("order KC-12345", Op.MATCHES, r"KC-\d{5}", "true"),
        ("order kc-12345", Op.MATCHES, r"KC-\d{5}", "false"),
        (("Urgent", "vip"), Op.CONTAINS, "VIP", "true"),
        (("Urgent", "vip"), Op.CONTAINS, "vi", "false"),
        (("a", "b"), Op.IS, ("A", "b"), "true"),
        (200, Op.OVER, 200, "false"),
        (Decimal("200.01"), Op.OVER, 200, "true"),
        (200, Op.AT_LEAST, Decimal("200.00"), "true"),
        (3, Op.BETWEEN, (1, 3), "true"),
        (4, Op.BETWEEN, (1, 3), "false"),
        (3, Op.ONE_OF, (1, 3), "true"),
        (Money(Decimal(201), "EUR"), Op.OVER, Money(Decimal(200), "EUR"), "true"),
        (date(2026, 3, 1), Op.BEFORE, date(2026, 3, 2), "true"),
        ("2026-03-01", Op.BEFORE, date(2026, 3, 2), "true"),
        ("2026-03-02T10:00:00Z", Op.AFTER, datetime(2026, 3, 2, 9, tzinfo=UTC), "true"),
        (datetime(2026, 3, 2, 9, tzinfo=UTC), Op.AFTER, date(2026, 3, 2), "false"),
        (True, Op.IS, True, "true"),
        (False, Op.IS, True, "false"),
    ],
)
def test_comparison_of_like_kinds(value: Value, op: Op, operand: Operand, expected: str) -> None:
    assert result(value, op, operand) == expected


@pytest.mark.parametrize(
    ("value", "op", "operand"),
    [
        ("200", Op.OVER, 100),
        (200, Op.IS, "200"),
        (200, Op.CONTAINS, "2"),
        (True, Op.IS, 1),
        (1, Op.IS, True),
        (True, Op.OVER, 0),
        (Money(Decimal(201), "USD"), Op.OVER, Money(Decimal(200), "EUR")),
        (Money(Decimal(201), "EUR"), Op.OVER, 200),
        ("soon", Op.BEFORE, date(2026, 3, 2)),
        (3, Op.BETWEEN, (1, "x")),
        ("x", Op.ONE_OF, (1, 2)),
        (("a",), Op.IS, "a"),
        (None, Op.IS, "a"),
    ],
)
def test_comparison_of_unlike_kinds_does_not_apply(value: Value, op: Op, operand: Operand) -> None:
    assert result(value, op, operand) == "not_applicable"
    assert evaluate(Not(Test("input.x", op, operand)), {"input.x": known(value)}) == "not_applicable"


def test_pattern_runs_in_linear_time() -> None:
    assert result("a" * 50_000 + "!", Op.MATCHES, "(a+)+$") == "false"


def test_unreadable_pattern_is_an_error() -> None:
    with pytest.raises(PatternError):
        result("a", Op.MATCHES, "(?=a)")


def test_reads_names_every_fact() -> None:
    condition = All((Test("a.b", Op.KNOWN), Not(AnyOf((Test("c.d", Op.IS, 1), Test("a.b", Op.IS, 2))))))
    assert reads(condition) == {"a.b", "c.d"}


def created(minutes_ago: int) -> dict[str, Fact]:
    """An item's facts, so many minutes after it came in."""
    return {"item.created_at": known(NOW - timedelta(minutes=minutes_ago))}


@pytest.mark.parametrize(
    ("condition", "turns"),
    [
        (Test("item.age", Op.OLDER_THAN, 60), timedelta(minutes=50)),
        (Test("item.age", Op.AT_LEAST, 60), timedelta(minutes=50)),
        (Test("item.age", Op.OVER, 60), timedelta(minutes=50, microseconds=1)),
        (Test("item.age", Op.BETWEEN, (5, 60)), timedelta(minutes=50, microseconds=1)),
        (Test("item.created_at", Op.OLDER_THAN, 60), timedelta(minutes=50)),
        (Test("item.age", Op.OLDER_THAN, 5), None),
        (Test("now", Op.AFTER, datetime(2026, 3, 1, 13, tzinfo=UTC)), timedelta(hours=1, microseconds=1)),
        (Test("now", Op.BEFORE, datetime(2026, 3, 1, 13, tzinfo=UTC)), timedelta(hours=1)),
        (Test("now", Op.AFTER, date(2026, 3, 1)), timedelta(hours=12)),
        (Test("now", Op.IS, date(2026, 3, 1)), timedelta(hours=12)),
        (Test("now", Op.AFTER, date(2026, 2, 1)), None),
        (Test("source.order.shipped", Op.OLDER_THAN, 60), None),
        (Not(Test("item.age", Op.OLDER_THAN, 60)), timedelta(minutes=50)),
        (All((Test("item.age", Op.OLDER_THAN, 60), Test("item.channel", Op.IS, "mail"))), None),
    ],
)
def test_time_turns_a_condition(condition: Condition, turns: timedelta | None) -> None:
    facts = created(10)
    moment = next_change(condition, facts, NOW)
    assert moment == (None if turns is None else NOW + turns)
    if moment is not None:
        before = evaluate(condition, at_time(facts, moment - timedelta(microseconds=1)))
        assert before == evaluate(condition, at_time(facts, NOW))
        assert evaluate(condition, at_time(facts, moment)) != before


def test_age_of_a_day_counts_from_its_start() -> None:
    facts = at_time({"input.bought": known(date(2026, 2, 28))}, NOW)
    assert evaluate(Test("input.bought", Op.OLDER_THAN, 36 * 60), facts) == "true"
    assert evaluate(Test("input.bought", Op.OLDER_THAN, 36 * 60 + 1), facts) == "false"
