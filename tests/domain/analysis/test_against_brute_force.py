"""The analysis against trying every combination of values with the real engine."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import chain, combinations, product

from hypothesis import given, settings
from hypothesis import strategies as st

from routing.domain.analysis import FindingKind, findings
from routing.domain.catalogue import Catalogue, Port, PortKind
from routing.domain.conditions import evaluate
from routing.domain.decision import Cause
from routing.domain.decision import Kind as DecisionKind
from routing.domain.engine import decide, seen_facts
from routing.domain.facts import Fact, Money, Status, Value, known, lookup
from routing.domain.inputs import InputSpec, Kind
from routing.domain.kleene import TRUE, UNKNOWN
from routing.domain.rules import (
    All,
    AnyOf,
    Ask,
    Changes,
    Condition,
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

NOW = datetime(2026, 1, 15, 12, tzinfo=UTC)
CATALOGUE = Catalogue(
    inputs=(
        InputSpec("topic", "topic", Kind.CHOICE, choices=("refund", "delivery", "other"), required=True),
        InputSpec("amount", "amount", Kind.MONEY, applies_when=Test("input.topic", Op.IS, "refund")),
        InputSpec("count", "count", Kind.NUMBER),
        InputSpec("day", "day", Kind.DATE),
        InputSpec("note", "note"),
    ),
    ports={
        "shop": Port("shop", "Shop", PortKind.SOURCE),
        "reply": Port("reply", "Reply", PortKind.AGENT),
    },
    queues={"support": "Support", "triage": "Triage"},
)
MISSING, UNKNOWN_FACT, UNAVAILABLE = (Fact(s) for s in (Status.MISSING, Status.UNKNOWN, Status.UNAVAILABLE))
ASKED = (MISSING, UNKNOWN_FACT, UNAVAILABLE)


def _money(amount: str, currency: str = "EUR") -> Money:
    return Money(Decimal(amount), currency)


# Constants that rules may name, and every value that may stand on either side of them.
CONSTANTS: dict[str, tuple[Value, ...]] = {
    "input.topic": ("refund", "Delivery "),
    "input.amount": (_money("10"), _money("20"), _money("10", "USD")),
    "input.amount.amount": (10, 20),
    "input.count": (Decimal(1), 3),
    "input.day": (date(2026, 3, 1), date(2026, 3, 2)),
    "input.note": ("red", "blue"),
    "source.shop.open": (True, False),
    "steps.reply": ("done",),
}
VALUES: dict[str, tuple[Value, ...]] = {
    "input.topic": ("refund", "delivery", "other"),
    "input.amount": tuple(_money(a, c) for c in ("EUR", "USD", "CHF") for a in ("1", "10", "15", "20", "30")),
    "input.count": tuple(Decimal(n) for n in (0, 1, 2, 3, 4)),
    "input.day": tuple(date(2026, 2, 28 if d == 0 else 1) if d == 0 else date(2026, 3, d) for d in range(4)),
    "input.note": ("red", "BLUE", "green"),
    "source.shop.open": (True, False, "text"),
    "steps.reply": ("done", "other", 7),
}
_ORDER = (Op.OVER, Op.UNDER, Op.AT_LEAST, Op.AT_MOST)
_OPS: dict[str, tuple[Op, ...]] = {
    "input.topic": (Op.IS, Op.IS_NOT, Op.ONE_OF),
    "input.amount": (Op.IS, Op.IS_NOT, *_ORDER),
    "input.amount.amount": (Op.IS, *_ORDER),
    "input.count": (Op.IS, Op.IS_NOT, *_ORDER, Op.BETWEEN),
    "input.day": (Op.IS, Op.BEFORE, Op.AFTER, Op.BETWEEN),
    "input.note": (Op.IS, Op.IS_NOT, Op.ONE_OF),
    "source.shop.open": (Op.IS, Op.IS_NOT),
    "steps.reply": (Op.IS,),
}


@st.composite
def comparisons(draw: st.DrawFn, names: tuple[str, ...]) -> Test:
    name = draw(st.sampled_from(names))
    op = draw(st.sampled_from((*_OPS[name], Op.MISSING, Op.KNOWN)))
    constant = st.sampled_from(CONSTANTS[name])
    value: Operand = None
    if op in {Op.ONE_OF, Op.BETWEEN}:
        value = draw(st.tuples(constant, constant))
    elif op not in {Op.MISSING, Op.KNOWN}:
        value = draw(constant)
    return Test(name, op, value)


def conditions(names: tuple[str, ...]) -> st.SearchStrategy[Condition]:
    return st.recursive(
        comparisons(names),
        lambda inner: st.one_of(
            st.builds(Not, inner),
            st.builds(All, st.lists(inner, max_size=3).map(tuple)),
            st.builds(AnyOf, st.lists(inner, min_size=1, max_size=3).map(tuple)),
        ),
        max_leaves=5,
    )


outcomes: st.SearchStrategy[Outcome] = st.sampled_from(
    [Finish(), Stop("no"), Go(("support",)), Wait(5), Ask(("note",)), Finish()]
)


@st.composite
def rulebooks(draw: st.DrawFn) -> Rulebook:
    names = tuple(draw(st.lists(st.sampled_from(sorted(CONSTANTS)), min_size=1, max_size=3, unique=True)))
    count = draw(st.integers(1, 4))
    made = []
    for number in range(count):
        then = draw(outcomes)
        changes = Changes() if isinstance(then, Ask) else Changes(priority="high")
        made.append(Rule(f"r{number}", draw(conditions(names)), then, changes, enabled=draw(st.integers(0, 7)) > 0))
    return Rulebook(tuple(made), "triage")


def _cases(book: Rulebook) -> Iterator[dict[str, Fact]]:
    """Yield every combination of states of the facts that can matter, as they can be stored."""
    text = repr(book)
    names = [name for name in VALUES if name in text or ("Ask(" in text and name == "input.note")]
    if "input.amount" in names and "input.topic" not in names:
        names.append("input.topic")
    states = [
        [*(known(value, 1) for value in VALUES[name]), *((MISSING,) if name.startswith("steps.") else ASKED)]
        for name in names
    ]
    for chosen in product(*states):
        facts = dict(zip(names, chosen, strict=True))
        field = facts.get("source.shop.open")
        roots = [MISSING, known("found")] if field and field.status is Status.MISSING else [field]
        if field is None:
            yield facts
            continue
        for root in roots:
            yield {**facts, "source.shop": root if root and root.status is not Status.KNOWN else known("found")}


def _may_fire(rule: Rule) -> bool:
    return not isinstance(rule.then, Finish | Stop | Ask)


def _brute(book: Rulebook) -> tuple[set[str], set[str], bool]:
    """Return the rules that can be true, those that can be reached, and whether facts escape all rules."""
    true, reached, gap = set(), set(), False
    enabled = [rule for rule in book.rules if rule.enabled]
    for facts in _cases(book):
        seen = seen_facts(facts, book, CATALOGUE, NOW)
        results = {rule.id: evaluate(rule.when, seen) for rule in enabled}
        now_true = {key for key, result in results.items() if result is TRUE}
        true |= now_true
        passable = [
            rule.id
            for rule in enabled
            if _may_fire(rule)
            and (
                results[rule.id] is TRUE
                or (
                    results[rule.id] is UNKNOWN
                    and "source.shop.open" in repr(rule.when)
                    and lookup(seen, "source.shop.open").status is Status.UNKNOWN
                )
            )
        ]
        subsets = chain.from_iterable(combinations(passable, size) for size in range(len(passable) + 1))
        for subset in subsets:
            fired = dict.fromkeys(subset, 100)
            decision = decide(facts, book, CATALOGUE, fired=fired, escalated={}, now=NOW)
            deciding = next((n for n, rule in enumerate(enabled) if rule.id == decision.rule_id), len(enabled))
            if decision.rule_id in now_true:
                reached.add(decision.rule_id)
            # An Ask with nothing left to ask lets the next rule decide, and has had its turn.
            reached |= {rule.id for rule in enabled[:deciding] if isinstance(rule.then, Ask) and rule.id in now_true}
        if not any(lookup(seen, name).status is Status.UNKNOWN for name in facts):
            decision = decide(facts, book, CATALOGUE, fired={}, escalated={}, now=NOW)
            gap = gap or decision.cause is Cause.NO_RULE
    return true, reached, gap


@settings(max_examples=60, deadline=None)
@given(rulebooks())
def test_says_what_trying_everything_says(book: Rulebook) -> None:
    found = findings(book, CATALOGUE, first_look=False)
    assert not any(f.undetermined or f.kind is FindingKind.PROBLEM for f in found)
    enabled = {rule.id for rule in book.rules if rule.enabled}
    true, reached, gap = _brute(book)

    def rules(kind: FindingKind) -> set[str]:
        return {book.rules[int(f.pointer.split("/")[2])].id for f in found if f.kind is kind}

    assert rules(FindingKind.NEVER_TRUE) == enabled - true
    assert rules(FindingKind.NEVER_REACHED) == true - reached
    assert any(f.kind is FindingKind.NO_RULE_DECIDES for f in found) is gap


_MAY_BE_ASKED = {"input.count", "input.day", "input.note", "source.shop"}  # optional inputs, and data sources


def _always_asked(book: Rulebook) -> dict[str, str]:
    """Return the facts that are always found out first, whatever else is known, with the rule that does."""
    askers: dict[str, set[str]] = {}
    for facts in _cases(book):
        seen = seen_facts(facts, book, CATALOGUE, NOW)
        statuses = {name: lookup(seen, name).status for name in facts}
        open_ones = [name for name, status in statuses.items() if status is Status.UNKNOWN]
        unknown = {"source.shop" if name.startswith("source.") else name for name in open_ones}
        if len(unknown) != 1 or not unknown <= _MAY_BE_ASKED:
            continue
        [fact] = unknown
        others = {name: status for name, status in statuses.items() if not name.startswith(fact)}
        happened = any(name.startswith("steps.") and status is not Status.MISSING for name, status in others.items())
        if happened or Status.UNAVAILABLE in others.values():
            continue
        decision = decide(facts, book, CATALOGUE, fired={}, escalated={}, now=NOW)
        asks = decision.kind is DecisionKind.NEED and any(name.startswith(fact) for name in decision.needs)
        askers.setdefault(fact, set()).add(decision.rule_id if asks else "")
    return {fact: rules.pop() for fact, rules in askers.items() if len(rules) == 1 and "" not in rules}


@settings(max_examples=60, deadline=None)
@given(rulebooks())
def test_a_rule_asks_every_request_when_it_does_in_every_case(book: Rulebook) -> None:
    found = [f for f in findings(book, CATALOGUE, first_look=False) if f.kind is FindingKind.ASKS_EVERY_ITEM]
    told = sorted(book.rules[int(finding.pointer.split("/")[2])].id for finding in found)
    assert told == sorted(_always_asked(book).values())
