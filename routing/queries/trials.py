"""Tries rules on facts without doing anything: which rule decides, how each comparison came out, what else would do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.utils.text import capfirst

from routing.domain.answers import Answer as Answered
from routing.domain.answers import Followed, follow, text_reader
from routing.domain.catalogue import Catalogue
from routing.domain.conditions import AGE, Line
from routing.domain.decision import Cause, Kind
from routing.domain.decision import Decision as Answer
from routing.domain.explain import RuleTrace, explain
from routing.domain.facts import Fact, Facts, Status, lookup
from routing.domain.kleene import Result
from routing.domain.nearest import Nearest, nearest
from routing.domain.operators import WORDS
from routing.domain.rules import BY_RULE, Changes, Rulebook, Test
from routing.domain.sentences import duration, ended, rule_sentence, value_words
from routing.domain.templates import as_text
from routing.models import Decision, WorkItem
from routing.queries.decisions import escalated_by, fired_by
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
    rule_id: str
    sentence: str
    words: str
    result: str
    decides: bool
    rows: tuple[TraceRow, ...]


@dataclass(frozen=True, slots=True)
class Moment:
    """A moment to try rules at: one of the item's own decisions, or now."""

    value: str
    label: str
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Given:
    """What rules are tried on: facts, what rules did before, the moment, and the text in which inputs are found."""

    facts: Facts
    fired: Mapping[str, int]
    escalated: Mapping[str, int]
    now: datetime
    text: str = ""


@dataclass(frozen=True, slots=True)
class Trial:
    """What the rules answer, in words, what they set on the way, and every rule that is switched on.

    ``given`` holds what was read in the text as well. ``asked`` says of whom what is lacking would be asked.
    ``otherwise`` is the smallest change that decides otherwise.
    """

    given: Given
    followed: Followed
    answer: str
    sets: str
    asked: tuple[str, ...]
    otherwise: str
    rules: tuple[TriedRule, ...]


def moments(item: WorkItem) -> list[Moment]:
    """Return the moments at which rules can be tried on an item: each of its decisions, and now."""
    decisions = Decision.objects.filter(item=item, run=item.run)[:50]
    found = [
        Moment(str(row.pk), "When it arrived" if index == 0 else f"At decision {index + 1}", row.decided_at)
        for index, row in enumerate(decisions)
    ]
    return [*found, Moment("now", "Now", None)]


def given_by_item(item: WorkItem, rulebook_id: int, desk: Desk, moment: str, now: datetime) -> Given:
    """Return what is known about an item at one of its ``moments``.

    What rules of the same rulebook did before that moment counts, as it does for the desk itself.
    """
    past = Decision.objects.filter(item=item, run=item.run)
    seen = past.filter(pk=int(moment)).first() if moment.isdigit() else None
    if seen is not None:
        past, now = past.filter(pk__lt=seen.pk), seen.decided_at
    mine = list(past.filter(version__rulebook_id=rulebook_id))
    ages = {slug: int(str(place.config.get("max_age_minutes") or 0)) for slug, place in desk.places.items()}
    until = {item.pk: seen.position} if seen is not None else None
    facts = knowledge([item], now, max_ages=ages, until=until)[item.pk].facts
    return Given(facts, fired_by(mine), escalated_by(mine), now, f"{item.title}\n{item.text}")


def try_rules(given: Given, rules: Rulebook, catalogue: Catalogue) -> Trial:
    """Answer what these rules come to; nothing is stored or called."""
    history = {"fired": given.fired, "escalated": given.escalated}
    read = text_reader(catalogue.inputs, given.text, given.now.date())
    position = max((fact.seq for fact in given.facts.values()), default=0)
    found = follow(given.facts, rules, catalogue, **history, now=given.now, position=position, read=read)
    facts = {**found.facts, **given.facts}
    whole = explain(facts, rules, catalogue, **history, now=given.now, whole=True)
    steps = [step for step in found.path if step != found.decision.rule_id]
    other = nearest(facts, rules, catalogue, **history, now=given.now)
    return Trial(
        given=replace(given, facts=facts),
        followed=found,
        answer=answer_words(found.decision, catalogue),
        sets=_sets(found, given.facts, catalogue),
        asked=tuple(asked_words(name, catalogue) for name in found.decision.needs if found.decision.kind is Kind.NEED),
        otherwise=otherwise_words(other, catalogue),
        rules=tuple(_tried(trace, found.decision, steps, catalogue) for trace in whole.rules),
    )


def _tried(trace: RuleTrace, answer: Answer, steps: Sequence[str], catalogue: Catalogue) -> TriedRule:
    decides = trace.rule.id == answer.rule_id and not trace.already_fired
    if decides:
        words = "decides" if answer.kind is not Kind.NEED else "decides what is needed first"
    elif trace.already_fired:
        words = "has done its part: nothing it reads has changed since"
    elif trace.rule.id in steps:
        words = "holds and sets something; the next rules decide"
    else:
        words = _PASSED_OVER[trace.result]
    rows = trace_rows(trace.lines, catalogue)
    sentence = rule_sentence(trace.rule, catalogue)
    return TriedRule(trace.number, trace.rule.id, sentence, words, RESULTS[trace.result], decides, rows)


_PASSED_OVER = {
    Result.TRUE: "holds too, and is not needed",
    Result.FALSE: "does not hold",
    Result.UNKNOWN: "lacks facts, and is not needed",
    Result.BLOCKED: "reads what could not be had, and is not needed",
    Result.NOT_APPLICABLE: "compares what is missing",
}


def _sets(found: Followed, before: Facts, catalogue: Catalogue) -> str:
    """Say which priority and tags the rules set on the way; empty when they set none."""
    changed = [
        f"{catalogue.label(name)}: {as_text(found.facts[name].value)}"
        for name in ("item.priority", "item.tags")
        if name in found.facts and found.facts[name].value != lookup(before, name).value
    ]
    return ended(f"It also sets {_listed(changed)}") if changed else ""


def asked_words(name: str, catalogue: Catalogue) -> str:
    """Say who is asked for a fact that is lacking."""
    return f"{catalogue.label(name)}: {asked_of(name, catalogue)}"


def asked_of(name: str, catalogue: Catalogue) -> str:
    """Say who is asked for a fact, in the order in which they are."""
    space, _, rest = name.partition(".")
    spec = catalogue.input_of(name)
    if spec is not None:
        who = [_PROVIDERS[provider] for provider in spec.providers if provider in _PROVIDERS]
        if spec.source and "source" in spec.providers:
            who.insert(1, catalogue.name_of(spec.source.split(".")[1]))
        return f"from {', then '.join(who)}" if who else "nobody can be asked"
    if space == "source":
        return f"looked up in {catalogue.name_of(rest.partition('.')[0])}"
    return "asked of the AI router" if space == "router" else "nobody can be asked"


_PROVIDERS = {"text": "the request's own text", "requester": "the requester"}


def otherwise_words(other: Nearest, catalogue: Catalogue) -> str:
    """Say which smallest change of facts decides otherwise, in one sentence."""
    if other.followed is None:
        more = "" if other.complete else " that was tried"
        return f"No change of one or two facts{more} would decide otherwise."
    parts = [
        f"{catalogue.label(change.name)} {_were(change.name, change.after)} {_instead(change.name, change.before)}"
        for change in other.changes
    ]
    answer = answer_words(other.followed.decision, catalogue)
    is_word = answer.startswith(("It ", "Its ", "First ", "Only ", "No "))  # and no name
    return f"If {_listed(parts)}: {answer[0].lower() if is_word else answer[0]}{answer[1:]}"


def _were(name: str, fact: Fact) -> str:
    return "were missing" if fact.status is Status.MISSING else f"were {_actual(name, fact)}"


def _instead(name: str, fact: Fact) -> str:
    if fact.status is Status.UNKNOWN:
        return "(it is not known yet)"
    return "(there is none)" if fact.status is Status.MISSING else f"instead of {_actual(name, fact)}"


def trace_rows(lines: Sequence[Line], catalogue: Catalogue) -> tuple[TraceRow, ...]:
    """Return the comparisons of a trace in words."""
    return tuple(_row(line, catalogue) for line in lines)


def _row(line: Line, catalogue: Catalogue) -> TraceRow:
    label = catalogue.label(line.fact)
    expected = f"{WORDS[line.op]} {value_words(Test(line.fact, line.op, line.expected))}".strip()
    return TraceRow(capfirst(label), expected, _actual(line.fact, line.actual), RESULTS[line.result])


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
        case Kind.REVIEW if answer.cause == Cause.NO_RULE:
            return f"No rule decides, so {catalogue.name_of(answer.queue)} gets it."
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


def expected_words(answer: Answered, catalogue: Catalogue) -> str:
    """Say what must come out, in one sentence."""
    match answer.kind:
        case "go":
            return answer_words(Answer(Kind.GO, to=answer.to, approved_by=answer.approved_by), catalogue)
        case "need":
            return answer_words(Answer(Kind.NEED, needs=answer.needs), catalogue)
        case "review":
            return f"{catalogue.name_of(answer.queue)} decides."
        case "wait":
            return "It waits."
        case "type":
            return answer_words(Answer(Kind.CHANGE, changes=Changes(type="".join(answer.to))), catalogue)
        case "stop":
            return "It is closed, not done."
    return "It is finished."


def _listed(words: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(words[:-1]), words[-1]])) if words else "more"
