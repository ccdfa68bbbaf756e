"""How long a decision takes, against lambdas written by hand for the same rules and the same answer.

The lambdas read plain values from a dictionary, with no unknown or missing ones, no folding of case and no trace: the
least any rule engine in Python could cost. Three conditions a rule; the item's topic changes from decision to
decision, and the last rules decide as often as the first. ``mixed`` rules ask for a topic, an amount and a channel, so
that they are found by topic; ``ordered`` ones compare numbers only, so that each has to be tried.
"""

import random
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from time import perf_counter

from routing.domain.catalogue import Catalogue
from routing.domain.engine import decide
from routing.domain.facts import Fact, Value, known
from routing.domain.rules import All, Go, Op, Rule, Rulebook, Test
from tests.bench.report import DECIDE, Part, row

SIZES = (10, 30, 100, 1_000)
ROUNDS = 5
NOW = datetime(2026, 3, 1, tzinfo=UTC)
CHANNELS = ("mail", "form", "api")
CATALOGUE = Catalogue(queues={"support": "Support", "triage": "Triage"})

Lambda = Callable[[Mapping[str, Value]], bool]


def _mixed(number: int, size: int) -> tuple[Lambda, tuple[Test, ...]]:
    topic, amount, channel = f"topic {number % max(size // 3, 1)}", number % 50, CHANNELS[number % 3]
    tests = (
        Test("input.topic", Op.IS, topic),
        Test("input.amount", Op.AT_LEAST, amount),
        Test("item.channel", Op.IS, channel),
    )
    return (
        lambda f: f["input.topic"] == topic and f["input.amount"] >= amount and f["item.channel"] == channel,
        tests,
    )


def _ordered(number: int, size: int) -> tuple[Lambda, tuple[Test, ...]]:
    least, most = number * 100 // size, (number + 1) * 100 // size
    tests = (
        Test("input.amount", Op.AT_LEAST, least),
        Test("input.amount", Op.UNDER, most + 1),
        Test("input.count", Op.OVER, number % 5),
    )
    return (
        lambda f: f["input.amount"] >= least and f["input.amount"] < most + 1 and f["input.count"] > number % 5,
        tests,
    )


def _items(size: int) -> list[dict[str, Value]]:
    draw = random.Random(size)
    return [
        {
            "input.topic": f"topic {draw.randrange(max(size // 3, 1))}",
            "input.amount": draw.randrange(100),
            "input.count": draw.randrange(3, 9),
            "item.channel": draw.choice(CHANNELS),
        }
        for _ in range(200)
    ]


def _best(run: Callable[[], object], calls: int) -> float:
    """Return the shortest time of one call in microseconds, over some rounds."""
    times = []
    for _ in range(ROUNDS):
        begun = perf_counter()
        run()
        times.append(perf_counter() - begun)
    return min(times) * 1e6 / calls


def measure(make: Callable[[int, int], tuple[Lambda, tuple[Test, ...]]], size: int) -> tuple[float, float]:
    """Return microseconds a decision by lambdas and by ``decide``, having checked that both answer alike."""
    made = [make(number, size) for number in range(size)]
    lambdas = [rule for rule, _ in made]
    book = Rulebook(
        tuple(Rule(str(number), All(tests), Go(("support",))) for number, (_, tests) in enumerate(made)), "triage"
    )
    plain = _items(size)
    facts: list[dict[str, Fact]] = [{name: known(value, 1) for name, value in item.items()} for item in plain]

    def by_hand(item: Mapping[str, Value]) -> str:
        for number, rule in enumerate(lambdas):
            if rule(item):
                return str(number)
        return ""

    def by_desk(item: Mapping[str, Fact]) -> str:
        return decide(item, book, CATALOGUE, fired={}, escalated={}, now=NOW).rule_id

    if [by_hand(item) for item in plain] != [by_desk(item) for item in facts]:
        raise RuntimeError("the lambdas and the desk do not answer alike")
    return (
        _best(lambda: [by_hand(item) for item in plain], len(plain)),
        _best(lambda: [by_desk(item) for item in facts], len(facts)),
    )


def figures() -> dict[str, Part]:
    """Return, per kind and number of rules, microseconds a decision takes by the desk and by hand, and their ratio."""
    rows: Part = {}
    for make in (_mixed, _ordered):
        for size in SIZES:
            by_hand, by_desk = measure(make, size)
            rows[f"{size:,} {make.__name__.strip('_')} rules"] = row(by_desk, by_hand, unit="us a decision")
    return {DECIDE: rows}
