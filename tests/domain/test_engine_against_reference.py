"""The engine answers as the reference does, on random facts, conditions and rulebooks."""

from collections.abc import Mapping
from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from routing.domain import conditions
from routing.domain.engine import decide
from routing.domain.explain import explain
from routing.domain.facts import Fact, Status, lookup
from routing.domain.rules import Condition, Rulebook
from tests.domain import reference, strategies

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
some_facts = strategies.facts
settled_facts = strategies.facts_of(st.sampled_from([Status.KNOWN, Status.MISSING, Status.UNAVAILABLE]))


@settings(max_examples=500, deadline=None)
@given(strategies.conditions, some_facts)
def test_evaluate_equals_reference(condition: Condition, facts: dict[str, Fact]) -> None:
    assert conditions.evaluate(condition, facts) == reference.evaluate(condition, facts)


@settings(max_examples=250, deadline=None)
@given(strategies.conditions, some_facts)
def test_lacking_and_blocking_facts_equal_reference(condition: Condition, facts: dict[str, Fact]) -> None:
    assert set(conditions.lacking(condition, facts)) == reference.because_of(condition, facts, "unknown")
    assert set(conditions.blocking(condition, facts)) == reference.because_of(condition, facts, "blocked")


@settings(max_examples=250, deadline=None)
@given(strategies.conditions, some_facts, settled_facts)
def test_learning_the_lacking_facts_settles_the_condition(
    condition: Condition, facts: dict[str, Fact], answers: dict[str, Fact]
) -> None:
    answered = {name: answers.get(name, Fact(Status.MISSING)) for name in conditions.lacking(condition, facts)}
    assert conditions.evaluate(condition, facts | answered) != "unknown"


@settings(max_examples=250, deadline=None)
@given(strategies.conditions, some_facts, settled_facts)
def test_learning_more_never_changes_a_settled_condition(
    condition: Condition, facts: dict[str, Fact], answers: dict[str, Fact]
) -> None:
    before = conditions.evaluate(condition, facts)
    unknown = {name: fact for name, fact in answers.items() if lookup(facts, name).status is Status.UNKNOWN}
    if before != "unknown":
        assert conditions.evaluate(condition, facts | unknown) == before


@settings(max_examples=250, deadline=None)
@given(strategies.conditions, some_facts)
def test_trace_shows_what_each_comparison_came_to(condition: Condition, facts: dict[str, Fact]) -> None:
    shown = [(line.fact, line.op, line.expected, line.result.value) for line in conditions.trace(condition, facts)]
    assert shown == [(t.fact, t.op, t.value, reference.evaluate(t, facts)) for t in reference.tests(condition)]


@settings(max_examples=800, deadline=None)
@given(strategies.rulebooks(), some_facts, strategies.rule_counts, strategies.rule_counts)
def test_decide_equals_reference(
    book: Rulebook, facts: dict[str, Fact], fired: Mapping[str, int], escalated: Mapping[str, int]
) -> None:
    catalogue = strategies.CATALOGUE
    decision = decide(facts, book, catalogue, fired=fired, escalated=escalated, now=NOW)
    detail = str(decision.cause or (decision.to[0] if decision.to else ""))
    answer = (decision.kind.value, decision.rule_id, frozenset(decision.needs), detail)
    assert answer == reference.decide(facts, book, catalogue, fired, escalated)


@settings(max_examples=200, deadline=None)
@given(strategies.rulebooks(), some_facts, strategies.rule_counts)
def test_explanation_ends_with_the_deciding_rule(
    book: Rulebook, facts: dict[str, Fact], fired: Mapping[str, int]
) -> None:
    shown = explain(facts, book, strategies.CATALOGUE, fired=fired, escalated={}, now=NOW)
    assert shown.decision == decide(facts, book, strategies.CATALOGUE, fired=fired, escalated={}, now=NOW)
    if shown.decision.rule_id:
        assert shown.rules[-1].rule.id == shown.decision.rule_id
        assert shown.rules[-1].result in {"true", "unknown", "blocked"}
        assert not shown.rules[-1].already_fired
    else:
        assert [entry.rule for entry in shown.rules] == [rule for rule in book.rules if rule.enabled]
