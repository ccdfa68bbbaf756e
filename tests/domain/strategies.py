"""Random facts, conditions and rulebooks, small enough to meet often."""

from datetime import date
from decimal import Decimal

from hypothesis import strategies as st

from routing.domain.catalogue import Catalogue, Port, PortKind
from routing.domain.facts import Fact, Money, Status, Value
from routing.domain.inputs import InputSpec, Kind
from routing.domain.rules import (
    All,
    AnyOf,
    Ask,
    Changes,
    Condition,
    Escalate,
    Finish,
    Go,
    Not,
    Op,
    Operand,
    Outcome,
    Rule,
    Rulebook,
    Stop,
    Test,
    Wait,
)

NAMES = ("input.topic", "input.amount", "input.note", "source.orders.total", "steps.reply", "item.channel")
TEXTS = ("Refund", " refund", "delivery", "late refund", "x")

_days = st.sampled_from([date(2026, 3, 1), date(2026, 3, 2)])
values: st.SearchStrategy[Value] = st.one_of(
    st.sampled_from(TEXTS),
    st.integers(-2, 3),
    st.sampled_from([Decimal(1), Decimal("1.5"), Decimal(3)]),
    st.builds(Money, st.sampled_from([Decimal(1), Decimal("2.50")]), st.sampled_from(["EUR", "USD"])),
    st.booleans(),
    _days,
)


def _fact(status: Status, value: Value, seq: int) -> Fact:
    return Fact(status, value if status is Status.KNOWN else None, seq)


def facts_of(statuses: st.SearchStrategy[Status]) -> st.SearchStrategy[dict[str, Fact]]:
    """Facts, each of these statuses; a name that is left out is unknown, or missing in the history."""
    return st.dictionaries(st.sampled_from(NAMES), st.builds(_fact, statuses, values, st.integers(1, 9)))


facts = facts_of(st.sampled_from([Status.KNOWN, *Status]))


def _operand(op: Op) -> st.SearchStrategy[Operand]:
    match op:
        case Op.MISSING | Op.KNOWN:
            return st.none()
        case Op.ONE_OF:
            return st.lists(values, min_size=1, max_size=3).map(tuple)
        case Op.BETWEEN:
            return st.tuples(values, values)
        case Op.CONTAINS | Op.STARTS_WITH:
            return st.sampled_from(TEXTS)
        case Op.BEFORE | Op.AFTER:
            return _days
    return values


_ops = st.sampled_from([op for op in Op if op not in {Op.MATCHES, Op.OLDER_THAN}])
_tests = _ops.flatmap(lambda op: st.builds(Test, st.sampled_from(NAMES), st.just(op), _operand(op)))
_topic_tests = st.builds(Test, st.just("input.topic"), st.just(Op.IS), st.sampled_from(TEXTS))
conditions: st.SearchStrategy[Condition] = st.recursive(
    st.one_of(_tests, _topic_tests),
    lambda inner: st.one_of(
        st.builds(Not, inner),
        st.builds(All, st.lists(inner, max_size=4).map(tuple)),
        st.builds(AnyOf, st.lists(inner, max_size=4).map(tuple)),
    ),
    max_leaves=8,
)

CATALOGUE = Catalogue(
    inputs=(
        InputSpec("topic", "topic", Kind.CHOICE, required=True, choices=TEXTS),
        InputSpec("amount", "amount", required=True, applies_when=Test("input.topic", Op.IS, "refund")),
        InputSpec("note", "note", applies_when=Not(Test("steps.reply", Op.KNOWN))),
    ),
    ports={
        "reply": Port("reply", "Reply", PortKind.AGENT, needs=frozenset({"item.channel"})),
        "track": Port("track", "Track", PortKind.TOOL, needs=frozenset({"source.orders.total", "input.note"})),
        "refund": Port("refund", "Refund", PortKind.TOOL, writes=True, needs=frozenset({"input.amount"})),
    },
    queues={"support": "Support", "triage": "Triage"},
)

outcomes: st.SearchStrategy[Outcome | None] = st.sampled_from(
    [
        None,
        Go(("reply",)),
        Go(("track",)),
        Go(("refund",), approved_by="support"),
        Go(("support",)),
        Escalate("support", "look"),
        Ask(("note", "amount")),
        Wait(5),
        Finish(),
        Stop("spam"),
    ]
)


@st.composite
def rulebooks(draw: st.DrawFn) -> Rulebook:
    """Up to eight rules, so that some books are indexed and some are not."""
    count = draw(st.integers(0, 8))
    rules = [
        Rule(
            id=f"r{number}",
            when=draw(conditions),
            then=draw(outcomes),
            changes=Changes(priority="high"),
            enabled=draw(st.sampled_from([True, True, True, False])),
        )
        for number in range(count)
    ]
    return Rulebook(tuple(rules), "triage")


rule_counts = st.dictionaries(st.sampled_from([f"r{n}" for n in range(8)] + [""]), st.integers(0, 9), max_size=4)
