"""Tries rules on a real item without doing anything: which rule decides, and how each comparison came out."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from routing.domain.catalogue import Catalogue
from routing.domain.conditions import AGE, Line
from routing.domain.decision import Decision as Answer
from routing.domain.decision import Kind
from routing.domain.explain import RuleTrace, explain
from routing.domain.facts import Fact, Status
from routing.domain.kleene import Result
from routing.domain.operators import WORDS
from routing.domain.rules import BY_RULE, Rulebook, Test
from routing.domain.sentences import duration, ended, rule_sentence, value_words
from routing.domain.templates import as_text
from routing.models import Decision, WorkItem
from routing.queries.desk import Desk
from routing.queries.facts import knowledge

RESULTS = {
    Result.TRUE: "true",
    Result.FALSE: "false",
    Result.UNKNOWN: "unknown",
    Result.BLOCKED: "blocked",
    Result.NOT_APPLICABLE: "does not apply",
}
_STATUS_WORDS = {
    Status.MISSING: "there is none",
    Status.UNKNOWN: "not asked yet",
    Status.UNAVAILABLE: "could not be had",
}
_LONGEST_VALUE = 300


@dataclass(frozen=True, slots=True)
class TraceRow:
    """One comparison for people: what it is about, what it expected, what it met, what came out."""

    label: str
    expected: str
    actual: str
    result: str


@dataclass(frozen=True, slots=True)
class TriedRule:
    """One rule that was looked at: ``words`` says what came of it; ``decides`` tells that it is the deciding one."""

    number: int
    sentence: str
    words: str
    decides: bool
    rows: tuple[TraceRow, ...]


@dataclass(frozen=True, slots=True)
class Moment:
    """A moment to try rules at: one of the item's own decisions, or now."""

    value: str
    label: str
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Trial:
    """What the rules answer, in words, and the rules that were looked at."""

    answer: str
    rules: tuple[TriedRule, ...]


def moments(item: WorkItem) -> list[Moment]:
    """Return the moments at which rules can be tried on an item: each of its decisions, and now."""
    decisions = Decision.objects.filter(item=item, run=item.run)[:50]
    found = [
        Moment(str(row.pk), "When it arrived" if index == 0 else f"At decision {index + 1}", row.decided_at)
        for index, row in enumerate(decisions)
    ]
    return [*found, Moment("now", "Now", None)]


def try_rules(
    item: WorkItem,
    rules: Rulebook,
    rulebook_id: int,
    desk: Desk,
    type_id: int | None,
    moment: str,
    now: datetime,
) -> Trial:
    """Answer what these rules would decide for an item at one of its ``moments``; nothing is stored or called.

    What rules of the same rulebook did before that moment counts, as it does for the desk itself.
    """
    past = Decision.objects.filter(item=item, run=item.run)
    seen = past.filter(pk=int(moment)).first() if moment.isdigit() else None
    if seen is not None:
        past, now = past.filter(pk__lt=seen.pk), seen.decided_at
    fired: dict[str, int] = {}
    escalated: dict[str, int] = defaultdict(int)
    for row in past.filter(version__rulebook_id=rulebook_id):
        if row.fires and row.rule_id:
            fired[row.rule_id] = max(fired.get(row.rule_id, 0), row.position)
        if row.kind == "review":
            escalated[row.rule_id] += 1
    ages = {slug: int(str(place.config.get("max_age_minutes") or 0)) for slug, place in desk.places.items()}
    until = {item.pk: seen.position} if seen is not None else None
    facts = knowledge([item], now, max_ages=ages, until=until)[item.pk].facts
    catalogue = desk.catalogue(type_id)
    found = explain(facts, rules, catalogue, fired=fired, escalated=escalated, now=now)
    return Trial(
        answer=answer_words(found.decision, catalogue),
        rules=tuple(_tried(trace, found.decision, catalogue) for trace in found.rules),
    )


def _tried(trace: RuleTrace, answer: Answer, catalogue: Catalogue) -> TriedRule:
    decides = trace.rule.id == answer.rule_id and not trace.already_fired
    if decides:
        words = "decides" if answer.kind is not Kind.NEED else "decides what is needed first"
    elif trace.already_fired:
        words = "has done its part: nothing it reads has changed since"
    elif trace.result is Result.TRUE:
        words = "holds, and has nothing left to do"
    else:
        words = "does not hold"
    rows = trace_rows(trace.lines, catalogue)
    return TriedRule(trace.number, rule_sentence(trace.rule, catalogue), words, decides, rows)


def trace_rows(lines: Sequence[Line], catalogue: Catalogue) -> tuple[TraceRow, ...]:
    """Return the comparisons of a trace in words."""
    return tuple(_row(line, catalogue) for line in lines)


def _row(line: Line, catalogue: Catalogue) -> TraceRow:
    label = catalogue.label(line.fact)
    expected = f"{WORDS[line.op]} {value_words(Test(line.fact, line.op, line.expected))}".strip()
    return TraceRow(label[:1].upper() + label[1:], expected, _actual(line.fact, line.actual), RESULTS[line.result])


def _actual(name: str, fact: Fact) -> str:
    if fact.status is not Status.KNOWN:
        return _STATUS_WORDS[fact.status]
    if name == AGE and isinstance(fact.value, int | float):
        return duration(fact.value)
    text = as_text(fact.value)
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}…"


def answer_words(answer: Answer, catalogue: Catalogue) -> str:
    """Say what a decision comes to, in one sentence."""
    match answer.kind:
        case Kind.GO:
            where = " then ".join(catalogue.name_of(slug) for slug in answer.to)
            if answer.approved_by == BY_RULE:
                return f"It goes to {where}; the rule itself approves that."
            return f"It goes to {where}" + (
                f" after {catalogue.name_of(answer.approved_by)} approves." if answer.approved_by else "."
            )
        case Kind.NEED:
            return f"First the desk finds out {_listed([catalogue.label(name) for name in answer.needs])}."
        case Kind.REVIEW:
            return ended(f"{catalogue.name_of(answer.queue)} decides: {answer.reason}")
        case Kind.WAIT:
            return f"It waits {duration(answer.wait_minutes)}."
        case Kind.FINISH:
            return "It is finished."
        case Kind.STOP:
            return ended(f"It is closed, not done: {answer.reason}")
        case Kind.CHANGE if answer.changes.type:
            name = catalogue.types.get(answer.changes.type, answer.changes.type)
            return f"Its type becomes {name}, whose rules decide then."
    return "Only what the rule sets changes; the next rules decide."


def _listed(words: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(words[:-1]), words[-1]])) if words else "more"
