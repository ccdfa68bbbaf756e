"""How long other rule engines take for the same rules and requests, beside ``decide`` and lambdas written by hand.

Each rule asks for a country, an amount over a limit, and words in the text (every tenth rule: by a pattern). Half of
the requests are made to match a rule drawn at random, the others match none, so that about three quarters of the rules
are tried on average. Every engine's answers are held against those of the lambdas. An engine that is not installed
(``requirements-bench.txt``) is left out by name.
"""

import importlib
import json
import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from time import perf_counter
from types import ModuleType
from typing import Any

from routing.domain.catalogue import Catalogue
from routing.domain.engine import decide
from routing.domain.facts import Fact, known
from routing.domain.rules import All, Go, Op, Rule, Rulebook, Test
from tests.bench.report import DECIDE, Part, row

SIZES = (10, 100, 1_000)
COUNTRIES = ("DE", "FR", "US", "JP")
WORDS = ("refund", "late", "broken", "invoice", "fraud", "chargeback", "address", "login", "cancel", "upgrade")
NOW = datetime(2026, 3, 1, tzinfo=UTC)
ROUNDS = 5
MOST_SECONDS = 2.0  # of one round; a slow engine is measured on fewer requests

Request = dict[str, Any]
Matcher = Callable[[Request], int]  # the number of the rule that matches, or -1


@dataclass(frozen=True, slots=True)
class Wanted:
    """What one rule asks for."""

    country: str
    over: int
    words: str
    by_pattern: bool


def rules_of(size: int) -> list[Wanted]:
    """Return this many rules."""
    return [Wanted(COUNTRIES[n % 4], n * 37 % 900, f"token{n:04}", n % 10 == 9) for n in range(size)]


def requests_of(size: int, count: int) -> list[Request]:
    """Return requests, every other one made to match one of the rules."""
    draw, rules = random.Random(size), rules_of(size)
    found = []
    for number in range(count):
        body = " ".join(draw.choices(WORDS, k=60))
        request: Request = {"country": draw.choice(COUNTRIES), "amount": draw.randrange(1_000)}
        if number % 2 == 0:
            rule = rules[draw.randrange(size)]
            request = {"country": rule.country, "amount": rule.over + 1 + draw.randrange(50)}
            body = f"{body} {rule.words}"
        found.append({**request, "body": f"{body} end", "channel": "mail", "tier": "gold"})
    return found


def _lambda(rule: Wanted) -> Callable[[Request], bool]:
    country, over, words = rule.country, rule.over, rule.words
    if rule.by_pattern:
        search = re.compile(words).search
        return lambda r: r["country"] == country and r["amount"] > over and search(r["body"]) is not None
    return lambda r: r["country"] == country and r["amount"] > over and words in r["body"]


def _first(tries: Sequence[Callable[[Any], object]]) -> Matcher:
    def match(request: Request) -> int:
        for number, holds in enumerate(tries):
            if holds(request):
                return number
        return -1

    return match


def lambdas(rules: list[Wanted]) -> Matcher:
    """Hand-written Python, the least that trying rules one after another can cost."""
    return _first([_lambda(rule) for rule in rules])


def desk(rules: list[Wanted]) -> Callable[[dict[str, Fact]], int]:
    """``decide`` of this project; takes facts instead of plain values."""
    made = [
        Rule(
            str(number),
            All(
                (
                    Test("item.country", Op.IS, rule.country),
                    Test("item.amount", Op.OVER, rule.over),
                    Test("item.body", Op.MATCHES if rule.by_pattern else Op.CONTAINS, rule.words),
                )
            ),
            Go(("support",)),
        )
        for number, rule in enumerate(rules)
    ]
    book, catalogue = Rulebook(tuple(made), "support"), Catalogue(queues={"support": "Support"})

    def match(facts: dict[str, Fact]) -> int:
        return int(decide(facts, book, catalogue, fired={}, escalated={}, now=NOW).rule_id or -1)

    return match


def _rule_engine(module: ModuleType, rules: list[Wanted]) -> Matcher:
    texts = [
        f'country == "{r.country}" and amount > {r.over} and '
        + (f'body =~~ "{r.words}"' if r.by_pattern else f'"{r.words}" in body')
        for r in rules
    ]
    return _first([module.Rule(text).matches for text in texts])


def _zen_expressions(module: ModuleType, rules: list[Wanted]) -> Matcher:
    texts = [
        f'country == "{r.country}" and amount > {r.over} and {"matches" if r.by_pattern else "contains"}'
        f'(body, "{r.words}")'
        for r in rules
    ]
    return _first([module.compile_expression(text).evaluate for text in texts])


def _zen_table(module: ModuleType, rules: list[Wanted]) -> Matcher:
    fields = [{"id": key, "name": name, "field": name} for key, name in zip("abc", REQUEST_FIELDS, strict=True)]
    rows = [
        {
            "_id": str(number),
            "a": f'"{r.country}"',
            "b": f"> {r.over}",
            "c": f'{"matches" if r.by_pattern else "contains"}($, "{r.words}")',
            "o": str(number),
        }
        for number, r in enumerate(rules)
    ]
    table = {
        "hitPolicy": "first",
        "inputs": [{**each, "type": "expression"} for each in fields],
        "outputs": [{"id": "o", "name": "o", "type": "expression", "field": "rule"}],
        "rules": rows,
    }
    nodes = [
        {"id": "i", "name": "in", "type": "inputNode"},
        {"id": "t", "name": "table", "type": "decisionTableNode", "content": table},
        {"id": "z", "name": "out", "type": "outputNode"},
    ]
    edges = [
        {"id": "1", "sourceId": "i", "targetId": "t", "type": "edge"},
        {"id": "2", "sourceId": "t", "targetId": "z", "type": "edge"},
    ]
    graph = {"contentType": "application/vnd.gorules.decision", "nodes": nodes, "edges": edges}
    decision = module.ZenEngine().create_decision(module.ZenDecisionContent(json.dumps(graph)))

    def match(request: Request) -> int:
        return int((decision.evaluate(request)["result"] or {}).get("rule", -1))

    return match


REQUEST_FIELDS = ("country", "amount", "body")


def _cel(module: ModuleType, rules: list[Wanted]) -> Matcher:
    kinds = {"country": module.Type.STRING, "amount": module.Type.DOUBLE, "body": module.Type.STRING}
    env = module.NewEnv(variables=kinds)
    programs = [
        env.compile(
            f'country == "{r.country}" && amount > {float(r.over)} && '
            f'body.{"matches" if r.by_pattern else "contains"}("{r.words}")'
        )
        for r in rules
    ]

    def match(request: Request) -> int:
        given = env.Activation({name: request[name] for name in REQUEST_FIELDS} | {"amount": float(request["amount"])})
        for number, program in enumerate(programs):
            if program.eval(given).value():
                return number
        return -1

    return match


@dataclass(frozen=True, slots=True)
class Peer:
    """Another rule engine: the module it comes as, and how rules are made for it."""

    name: str
    module: str
    build: Callable[[Any, list[Wanted]], Matcher]


PEERS = (
    Peer("rule-engine", "rule_engine", _rule_engine),
    Peer("zen expressions", "zen", _zen_expressions),
    Peer("zen table", "zen", _zen_table),
    Peer("cel-expr-python", "cel_expr_python.cel", _cel),
)


def _best_us(match: Callable[[Any], int], requests: Sequence[Any]) -> float:
    """Return the shortest time of one request in microseconds, over some rounds; few requests when it is slow."""
    begun = perf_counter()
    match(requests[0])
    once = perf_counter() - begun
    some = requests[: max(20, int(MOST_SECONDS / max(once, 1e-7)))]
    times = []
    for _ in range(ROUNDS):
        begun = perf_counter()
        for request in some:
            match(request)
        times.append((perf_counter() - begun) / len(some))
    return min(times) * 1e6


def figures() -> dict[str, Part]:
    """Return, per number of rules, microseconds a request takes by the desk, by lambdas and by each other engine."""
    rows: Part = {}
    for size in SIZES:
        rules, requests = rules_of(size), requests_of(size, 200)
        by_hand = lambdas(rules)
        expected = [by_hand(request) for request in requests]
        facts = [{f"item.{name}": known(value, 1) for name, value in request.items()} for request in requests]
        ours = desk(rules)
        _same("decide", expected, [ours(given) for given in facts])
        taken = _best_us(ours, facts)
        others: dict[str, float] = {}
        for peer in PEERS:
            try:
                module = importlib.import_module(peer.module)
            except ImportError:
                print(f"  {peer.name} is left out: {peer.module} is not installed (requirements-bench.txt)")
                continue
            match = peer.build(module, rules)
            _same(peer.name, expected[:20], [match(request) for request in requests[:20]])
            others[peer.name] = _best_us(match, requests)
        rows[f"{size:,} rules, lambdas"] = row(taken, _best_us(by_hand, requests), unit="us a request")
        if others:
            rows[f"{size:,} rules, fastest other engine"] = row(taken, min(others.values()), **others)
    return {DECIDE: rows}


def _same(name: str, expected: Sequence[int], given: Sequence[int]) -> None:
    if list(expected) != list(given):
        raise RuntimeError(f"{name} does not answer as the lambdas do")
