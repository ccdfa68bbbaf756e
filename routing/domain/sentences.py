"""Rules as sentences for people: When refund amount is over 200 EUR, send to Refund after Finance approves."""

from collections.abc import Iterable
from decimal import Decimal

from routing.domain.catalogue import Catalogue
from routing.domain.comparisons import number_of
from routing.domain.conditions import AGE
from routing.domain.facts import Value
from routing.domain.operators import WORDS
from routing.domain.rules import (
    BY_RULE,
    SUGGESTED,
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
    Outcome,
    Rule,
    Stop,
    Test,
    Wait,
)
from routing.domain.templates import as_text

_QUOTED = frozenset({Op.CONTAINS, Op.STARTS_WITH, Op.MATCHES})
_NEGATED = {
    Op.IS_NOT: "is",
    Op.CONTAINS: "does not contain",
    Op.STARTS_WITH: "does not start with",
    Op.MATCHES: "does not match",
    Op.MISSING: "is known",
    Op.KNOWN: "is missing",
}
_UNITS = ((1440, "day"), (60, "hour"), (1, "minute"))


def rule_sentence(rule: Rule, catalogue: Catalogue) -> str:
    """Return the whole rule as one sentence, with the names of the catalogue."""
    does = " and ".join(part for part in (_changes(rule.changes, catalogue), _outcome(rule.then, catalogue)) if part)
    does = does or "do nothing"
    always = isinstance(rule.when, All) and not rule.when.parts
    start = f"Always {does}" if always else f"When {condition_words(rule.when, catalogue)}, {does}"
    because = rule.because.strip()
    return ended(f"{start}, because {because}" if because else start)


def ended(words: str) -> str:
    """Return these words with one full stop, unless they end in a mark of their own."""
    plain = words.rstrip(" .")
    return plain if plain.endswith(("?", "!", "…")) else f"{plain}."


def condition_words(condition: Condition, catalogue: Catalogue) -> str:
    """Return a condition in words; brackets stand where *and* and *or* meet."""
    match condition:
        case Test():
            return comparison_words(condition, catalogue)
        case Not(part=Test() as test):
            return comparison_words(test, catalogue, negated=True)
        case Not():
            return f"not ({condition_words(condition.part, catalogue)})"
        case All() | AnyOf():
            if not condition.parts:
                return "always" if isinstance(condition, All) else "never"
            word = " and " if isinstance(condition, All) else " or "
            return word.join(_inner(part, condition, catalogue) for part in condition.parts)


def _inner(part: Condition, outer: All | AnyOf, catalogue: Catalogue) -> str:
    words = condition_words(part, catalogue)
    mixed = isinstance(part, All | AnyOf) and type(part) is not type(outer) and len(part.parts) > 1
    return f"({words})" if mixed else words


def comparison_words(test: Test, catalogue: Catalogue, *, negated: bool = False) -> str:
    """Return one comparison in words, or its opposite."""
    label = "the request" if test.fact == AGE and test.op is Op.OLDER_THAN else catalogue.label(test.fact)
    words = WORDS[test.op]
    if negated:
        words = _NEGATED.get(test.op) or f"is not{words.removeprefix('is')}"
    value = value_words(test)
    return f"{label} {words} {value}" if value else f"{label} {words}"


def value_words(test: Test) -> str:
    """Return what a comparison expects, in words; empty when it takes no value."""
    if test.op in {Op.MISSING, Op.KNOWN}:
        return ""
    values = test.value if isinstance(test.value, tuple) else (test.value,)
    words = [_value(value, test) for value in values]
    return " and ".join(words) if test.op is Op.BETWEEN else ", ".join(words)


def _value(value: Value, test: Test) -> str:
    number = number_of(value)
    if number is not None and (test.fact == AGE or test.op is Op.OLDER_THAN):
        return duration(number)
    if number is not None and test.fact == "router.confidence":
        return f"{as_text((Decimal(number) * 100).normalize())} %"
    return f"“{as_text(value)}”" if test.op in _QUOTED else as_text(value)


def duration(minutes: int | Decimal) -> str:
    """Return minutes in the largest unit that divides them: 1 day, 90 minutes."""
    for size, unit in _UNITS:
        if minutes >= size and minutes % size == 0:
            return f"{int(minutes // size)} {unit}{'' if minutes == size else 's'}"
    return f"{as_text(minutes)} minutes"


def _listed(words: Iterable[str]) -> str:
    *most, last = words
    return f"{', '.join(most)} and {last}" if most else last


def _outcome(outcome: Outcome | None, catalogue: Catalogue) -> str:
    match outcome:
        case Go():
            return _go(outcome, catalogue)
        case Escalate(queue=queue, reason=reason, about=about):
            what = f" about what {catalogue.name_of(about)} made" if about else ""
            return f"let {catalogue.name_of(queue)} decide{what}: {reason.strip().rstrip('.')}"
        case Ask(inputs=inputs) if inputs:
            return f"ask the requester for {_listed(catalogue.label(f'input.{name}') for name in inputs)}"
        case Wait(minutes=minutes):
            return f"wait {duration(minutes)}"
        case Finish():
            return "finish"
        case Stop(reason=reason):
            return f"close it, not done: {reason.strip().rstrip('.')}"
        case _:
            return ""


def _go(go: Go, catalogue: Catalogue) -> str:
    if go.to == (SUGGESTED,):
        where = "send to the suggested destination"
    else:
        where = f"send to {', then '.join(catalogue.name_of(slug) for slug in go.to)}"
    if go.approved_by == BY_RULE:
        return f"{where}, approved by this rule"
    return f"{where} after {catalogue.name_of(go.approved_by)} approves" if go.approved_by else where


def _changes(changes: Changes, catalogue: Catalogue) -> str:
    parts = []
    if changes.type == "router.type":
        parts.append("use the suggested type")
    elif changes.type:
        parts.append(f"set the type to {catalogue.types.get(changes.type, changes.type)}")
    if changes.priority:
        parts.append(f"set the priority to {changes.priority}")
    if changes.tags:
        parts.append(f"add the tag{'s' if len(changes.tags) > 1 else ''} {_listed(changes.tags)}")
    return _listed(parts) if parts else ""
