"""Why the rules answered as they did: each rule looked at, and each comparison's expected and actual value."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from routing.domain.catalogue import Catalogue
from routing.domain.conditions import Line, evaluate, trace
from routing.domain.decision import Decision
from routing.domain.engine import decide, is_refracted, seen_facts
from routing.domain.facts import Facts
from routing.domain.kleene import Result
from routing.domain.prepared import ready_book
from routing.domain.rules import Rule, Rulebook


@dataclass(frozen=True, slots=True)
class RuleTrace:
    """One rule that was looked at: its number in the book from 1, what its condition came to, and how.

    ``already_fired`` tells that it was passed over, since no fact it reads has changed since it fired.
    """

    number: int
    rule: Rule
    result: Result
    already_fired: bool
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """A decision with the rules looked at, in order; unless all were, the last is the one that decides, if any does."""

    decision: Decision
    rules: tuple[RuleTrace, ...]


def explain(
    facts: Facts,
    book: Rulebook,
    catalogue: Catalogue,
    *,
    fired: Mapping[str, int],
    escalated: Mapping[str, int],
    now: datetime,
    whole: bool = False,
) -> Explanation:
    """Return what ``decide`` answers with the trace up to the deciding rule, or of all rules; takes what it takes."""
    decision = decide(facts, book, catalogue, fired=fired, escalated=escalated, now=now)
    seen = seen_facts(facts, book, catalogue, now)
    reads = {id(item.rule): item.reads for item in ready_book(book, catalogue).rules}
    traces: list[RuleTrace] = []
    for number, rule in enumerate(book.rules, start=1):
        if not rule.enabled:
            continue
        spent = is_refracted(reads[id(rule)], seen, fired.get(rule.id))
        traces.append(RuleTrace(number, rule, evaluate(rule.when, seen), spent, trace(rule.when, seen)))
        if rule.id == decision.rule_id and not spent and not whole:
            break
    return Explanation(decision, tuple(traces))
