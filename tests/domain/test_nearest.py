"""The smallest change that decides otherwise: it does, and none is smaller."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings

from routing.domain.answers import Answer, follow
from routing.domain.facts import MISSING, Fact, Facts, Money, known
from routing.domain.nearest import Nearest, nearest
from routing.domain.rules import All, Escalate, Finish, Op, Rule, Rulebook, Test
from tests.domain.strategies import CATALOGUE, NAMES, TEXTS, facts, rulebooks

NOW = datetime(2026, 3, 1, tzinfo=UTC)
LIMIT = Money(Decimal(200), "EUR")
BOOK = Rulebook(
    (
        Rule("big", Test("input.amount", Op.OVER, LIMIT), Escalate("support", "much")),
        Rule("rest", All(), Finish()),
    ),
    "triage",
)


def found(given_facts: Facts, book: Rulebook = BOOK) -> Nearest:
    return nearest(given_facts, book, CATALOGUE, fired={}, escalated={}, now=NOW)


def answer(given_facts: Facts, book: Rulebook = BOOK) -> Answer | None:
    return follow(given_facts, book, CATALOGUE, fired={}, escalated={}, now=NOW).answer


def amount(value: str) -> dict[str, Fact]:
    return {"input.topic": known("refund"), "input.amount": known(Money(Decimal(value), "EUR"))}


def test_the_nearest_amount_that_decides_otherwise_is_the_limit_itself() -> None:
    [change] = found(amount("249.90")).changes
    assert (change.name, change.before.value, change.after.value) == (
        "input.amount",
        Money(Decimal("249.90"), "EUR"),
        LIMIT,
    )
    [change] = found(amount("200")).changes
    assert change.after.value == Money(Decimal("200.01"), "EUR")


def test_what_is_missing_would_have_to_be_there() -> None:
    [change] = found({"input.topic": known("refund"), "input.amount": MISSING}).changes
    assert (change.before, change.after.value) == (MISSING, Money(Decimal("200.01"), "EUR"))


def test_two_facts_are_changed_when_one_is_not_enough() -> None:
    both = All((Test("input.topic", Op.IS, "refund"), Test("item.channel", Op.IS, "mail")))
    book = Rulebook((Rule("both", both, Finish()), Rule("rest", All(), Escalate("support", "look"))), "triage")
    other = found({"input.topic": known("delivery"), "item.channel": known("web")}, book)
    assert {change.name: change.after.value for change in other.changes} == {
        "input.topic": "refund",
        "item.channel": "mail",
    }


def test_rules_that_always_answer_alike_have_no_change() -> None:
    book = Rulebook((Rule("all", All(), Finish()),), "triage")
    assert found({}, book) == Nearest()


@pytest.mark.parametrize("test", [Test("item.text", Op.CONTAINS, "refund"), Test("item.text", Op.IS, "refund")])
def test_another_text_is_tried_where_this_one_decides(test: Test) -> None:
    book = Rulebook((Rule("text", test, Finish()), Rule("rest", All(), Escalate("support", "look"))), "triage")
    [change] = found({"item.text": known("refund")}, book).changes
    assert change.name == "item.text"


def test_patterns_are_not_claimed_to_have_been_tried() -> None:
    book = Rulebook(
        (Rule("text", Test("item.text", Op.MATCHES, "re+fund"), Finish()), Rule("rest", All(), Finish())), "triage"
    )
    assert not found({"item.text": known("hi")}, book).complete


@settings(max_examples=40, deadline=None)
@given(facts, rulebooks())
def test_a_change_that_is_named_decides_otherwise(given_facts: Facts, book: Rulebook) -> None:
    other = found(given_facts, book)
    if other.changes:
        changed = {**given_facts, **{change.name: change.after for change in other.changes}}
        assert answer(changed, book) not in {answer(given_facts, book), None}
        assert other.followed is not None
        assert other.followed.answer == answer(changed, book)
    for change in other.changes if len(other.changes) == 2 else ():  # neither of two does it alone
        assert answer({**given_facts, change.name: change.after}, book) in {answer(given_facts, book), None}


_GRID = [
    MISSING,
    *(known(value) for value in (*TEXTS, "something else", *range(-3, 5), Decimal("1.5"), True, False)),
    *(
        known(Money(Decimal(amount), currency))
        for amount in ("0.5", "1", "2", "2.50", "3")
        for currency in ("EUR", "USD")
    ),
    *(known(date(2026, 3, day)) for day in range(1, 4)),
]


@settings(max_examples=40, deadline=None)
@given(facts, rulebooks())
def test_no_single_change_decides_otherwise_where_none_is_named(given_facts: Facts, book: Rulebook) -> None:
    other = found(given_facts, book)
    if len(other.changes) == 1:
        return
    before = answer(given_facts, book)
    for name in NAMES:
        for fact in _GRID:
            assert answer({**given_facts, name: fact}, book) in {before, None}, (name, fact)


def test_of_many_values_the_cheapest_pairs_are_tried_and_the_rest_is_not_claimed() -> None:
    rules = tuple(
        Rule(f"r{limit}", All(tuple(Test(f"steps.{name}.x", Op.IS, limit) for name in "abc")), Finish())
        for limit in range(1, 800)
    )
    found_none = found({f"steps.{name}.x": known(0) for name in "abc"}, Rulebook(rules, "triage"))
    assert found_none == Nearest(complete=False)
    two = Rule("two", All((Test("steps.a.x", Op.IS, 1), Test("steps.b.x", Op.IS, 1))), Finish())
    near = found({f"steps.{name}.x": known(0) for name in "abc"}, Rulebook((*rules, two), "triage"))
    assert [(change.name, change.after.value) for change in near.changes] == [("steps.a.x", 1), ("steps.b.x", 1)]
