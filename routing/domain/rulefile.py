"""Rules as JSON: reading with every problem named, and writing what reads back equal."""

import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import TypeVar

from routing.domain.checks import problems
from routing.domain.comparisons import moment_of, number_of
from routing.domain.facts import Value, given_value, is_storable, value_to_json
from routing.domain.faults import Problem, RuleError
from routing.domain.patterns import PatternError, compiled
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
from routing.domain.templates import TemplateError, names

__all__ = [
    "Problem",
    "RuleError",
    "problems",
    "read",
    "read_condition",
    "read_rule",
    "write",
    "write_condition",
    "write_rule",
]

MOST_RULES = 1_000
DEEPEST = 12
LONGEST_TEXT = 4_000
LONGEST_WAIT_MINUTES = 5_256_000  # ten years
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_FACT = re.compile(r"[a-z][a-z0-9_]*(\.[A-Za-z0-9_-]+)*")

_Read = TypeVar("_Read")


class _Reader:
    """Reads JSON values and gathers what is wrong with them."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def wrong(self, pointer: str, detail: str) -> None:
        self.problems.append(Problem(pointer, detail))

    def mapping(self, data: object, pointer: str, allowed: set[str]) -> Mapping[str, object]:
        if not isinstance(data, dict):
            self.wrong(pointer, "An object with named parts is expected here.")
            return {}
        for key in data:
            if key not in allowed:
                self.wrong(f"{pointer}/{_escaped(str(key))}", f"“{key}” is not known here.")
        return data

    def sequence(self, data: object, pointer: str, most: int = MOST_RULES) -> Sequence[object]:
        if not isinstance(data, list | tuple):
            self.wrong(pointer, "A list is expected here.")
            return ()
        if len(data) > most:
            self.wrong(pointer, f"At most {most} are possible here.")
            return ()
        return data

    def text(self, data: object, pointer: str, *, required: bool = False) -> str:
        if data is None and not required:
            return ""
        if not isinstance(data, str):
            self.wrong(pointer, "A text is expected here.")
            return ""
        if required and not data.strip():
            self.wrong(pointer, "This cannot be empty.")
        if len(data) > LONGEST_TEXT or not is_storable(data):
            self.wrong(pointer, f"A text of at most {LONGEST_TEXT} characters is expected here.")
            return ""
        return data

    def texts(self, data: object, pointer: str, *, required: bool = False) -> tuple[str, ...]:
        if data is None and not required:
            return ()
        parts = [data] if isinstance(data, str) else self.sequence(data, pointer, 50)
        if required and not parts:
            self.wrong(pointer, "Name at least one.")
        return tuple(self.text(part, f"{pointer}/{index}", required=True) for index, part in enumerate(parts))

    def pattern(self, data: object, pointer: str) -> str:
        text = self.text(data, pointer, required=True)
        try:
            compiled(text)
        except PatternError as error:
            self.wrong(pointer, f"This pattern cannot be read: {error}.")
        return text

    def template(self, data: object, pointer: str) -> str:
        text = self.text(data, pointer)
        try:
            names(text)
        except TemplateError as error:
            self.wrong(pointer, f"{error}.")
        return text


def _escaped(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")


def _whole(data: object, read: Callable[[_Reader, object], _Read]) -> _Read:
    reader = _Reader()
    result = read(reader, data)
    if reader.problems:
        raise RuleError(reader.problems)
    return result


def read(data: object) -> Rulebook:
    """Read a rulebook: {"rules": [...], "fallback_queue": slug, "label"?}; raises RuleError with every problem."""
    return _whole(data, _rulebook)


def read_rule(data: object) -> Rule:
    """Read one rule; raises RuleError with every problem, pointers counting from the rule."""
    return _whole(data, lambda reader, part: _rule(reader, part, ""))


def read_condition(data: object) -> Condition:
    """Read a condition; raises RuleError with every problem, pointers counting from the condition."""
    return _whole(data, lambda reader, part: _condition(reader, part, "", 0))


def _rulebook(reader: _Reader, data: object) -> Rulebook:
    book = reader.mapping(data, "", {"rules", "fallback_queue", "label"})
    rules = reader.sequence(book.get("rules", []), "/rules")
    return Rulebook(
        rules=tuple(_rule(reader, rule, f"/rules/{index}") for index, rule in enumerate(rules)),
        fallback_queue=reader.text(book.get("fallback_queue"), "/fallback_queue", required=True),
        label=reader.text(book.get("label"), "/label"),
    )


def _rule(reader: _Reader, data: object, pointer: str) -> Rule:
    rule = reader.mapping(data, pointer, {"id", "name", "when", "then", "set", "because", "enabled"})
    rule_id = reader.text(rule.get("id"), f"{pointer}/id", required=True)
    if rule_id and not _ID.fullmatch(rule_id):
        reader.wrong(f"{pointer}/id", "An id holds only letters, digits, - and _, 64 at most.")
    enabled = rule.get("enabled", True)
    if not isinstance(enabled, bool):
        reader.wrong(f"{pointer}/enabled", "Either true or false is expected here.")
    when, then = rule.get("when"), rule.get("then")
    return Rule(
        id=rule_id,
        when=All() if when is None else _condition(reader, when, f"{pointer}/when", 0),
        then=None if then is None else _outcome(reader, then, f"{pointer}/then"),
        changes=_changes(reader, rule.get("set"), f"{pointer}/set"),
        name=reader.text(rule.get("name"), f"{pointer}/name"),
        because=reader.text(rule.get("because"), f"{pointer}/because"),
        enabled=enabled is True,
    )


def _changes(reader: _Reader, data: object, pointer: str) -> Changes:
    if data is None:
        return Changes()
    parts = reader.mapping(data, pointer, {"type", "priority", "tags"})
    return Changes(
        type=reader.text(parts.get("type"), f"{pointer}/type"),
        priority=reader.text(parts.get("priority"), f"{pointer}/priority"),
        tags=reader.texts(parts.get("tags"), f"{pointer}/tags"),
    )


def _condition(reader: _Reader, data: object, pointer: str, depth: int) -> Condition:
    if depth > DEEPEST:
        reader.wrong(pointer, f"Conditions can stand inside one another {DEEPEST} deep at most.")
        return All()
    keys = set(data) if isinstance(data, dict) else set()
    for word, build in (("all", All), ("any", AnyOf)):
        if word in keys:
            parts = reader.mapping(data, pointer, {word}).get(word)
            listed = reader.sequence(parts, f"{pointer}/{word}", 200)
            return build(
                tuple(
                    _condition(reader, part, f"{pointer}/{word}/{index}", depth + 1)
                    for index, part in enumerate(listed)
                )
            )
    if "not" in keys:
        part = reader.mapping(data, pointer, {"not"})["not"]
        return Not(_condition(reader, part, f"{pointer}/not", depth + 1))
    return _test(reader, data, pointer)


def is_fact_name(name: str) -> bool:
    """Whether rules can name a fact so."""
    return _FACT.fullmatch(name) is not None


def _test(reader: _Reader, data: object, pointer: str) -> Test:
    parts = reader.mapping(data, pointer, {"fact", "op", "value"})
    fact = reader.text(parts.get("fact"), f"{pointer}/fact", required=True)
    if fact and not is_fact_name(fact):
        reader.wrong(f"{pointer}/fact", f"“{fact}” is no name of a fact, such as input.topic.")
    word = parts.get("op")
    if not isinstance(word, str) or word not in set(Op):
        told = f"“{word[:40]}” is no comparison. " if isinstance(word, str) else ""
        reader.wrong(f"{pointer}/op", f"{told}The comparison is one of {', '.join(Op)}.")
        return Test(fact, Op.KNOWN)
    op = Op(word)
    return Test(fact, op, _operand(reader, op, parts.get("value"), f"{pointer}/value"))


def _operand(reader: _Reader, op: Op, data: object, pointer: str) -> Operand:
    match op:
        case Op.MISSING | Op.KNOWN:
            if data is not None:
                reader.wrong(pointer, "This comparison takes no value.")
            return None
        case Op.ONE_OF | Op.BETWEEN:
            parts = reader.sequence(data, pointer)
            if op is Op.ONE_OF and not parts and isinstance(data, list):
                reader.wrong(pointer, "Name at least one value.")
            if op is Op.BETWEEN and isinstance(data, list) and len(data) != 2:
                reader.wrong(pointer, "Name the lowest and the highest value.")
            return tuple(_scalar(reader, part, f"{pointer}/{index}") for index, part in enumerate(parts))
        case Op.CONTAINS | Op.STARTS_WITH:
            return reader.text(data, pointer, required=True)
        case Op.MATCHES:
            return reader.pattern(data, pointer)
        case Op.OLDER_THAN:
            minutes = number_of(_scalar(reader, data, pointer))
            if minutes is None or not 0 <= minutes <= LONGEST_WAIT_MINUTES:
                reader.wrong(pointer, "A number of minutes is expected here, ten years at most.")
                return 0
            return minutes
        case Op.BEFORE | Op.AFTER:
            day = moment_of(_scalar(reader, data, pointer))
            if day is None:
                reader.wrong(pointer, "A day such as 2026-03-31, or a moment, is expected here.")
            return day
        case _:
            return _scalar(reader, data, pointer)


def _scalar(reader: _Reader, data: object, pointer: str) -> Value:
    if data is None:
        reader.wrong(pointer, "A value is expected here.")
        return None
    if isinstance(data, str):
        return reader.text(data, pointer)
    try:
        return given_value(data)
    except (ValueError, TypeError):
        reader.wrong(pointer, "This value cannot be read: give a text, a number, true, false or an amount of money.")
        return None


def _outcome(reader: _Reader, data: object, pointer: str) -> Outcome | None:
    word = data.get("do") if isinstance(data, dict) else None
    reads = _OUTCOMES.get(word) if isinstance(word, str) else None
    if reads is None:
        reader.wrong(f"{pointer}/do", f"What to do is one of {', '.join(_OUTCOMES)}.")
        return None
    return reads(reader, data, pointer)


def _go(reader: _Reader, data: object, pointer: str) -> Go:
    parts = reader.mapping(data, pointer, {"do", "to", "approved_by", "with"})
    given = parts.get("with") or {}
    params = reader.mapping(given, f"{pointer}/with", set(given) if isinstance(given, dict) else set())
    return Go(
        to=reader.texts(parts.get("to"), f"{pointer}/to", required=True),
        approved_by=reader.text(parts.get("approved_by"), f"{pointer}/approved_by"),
        params=tuple(
            (str(name), reader.template(template, f"{pointer}/with/{_escaped(str(name))}"))
            for name, template in params.items()
        ),
    )


def _escalate(reader: _Reader, data: object, pointer: str) -> Escalate:
    parts = reader.mapping(data, pointer, {"do", "queue", "reason", "about"})
    return Escalate(
        queue=reader.text(parts.get("queue"), f"{pointer}/queue", required=True),
        reason=reader.text(parts.get("reason"), f"{pointer}/reason", required=True),
        about=reader.text(parts.get("about"), f"{pointer}/about"),
    )


def _ask(reader: _Reader, data: object, pointer: str) -> Ask:
    parts = reader.mapping(data, pointer, {"do", "inputs"})
    names = reader.texts(parts.get("inputs"), f"{pointer}/inputs", required=True)
    return Ask(tuple(name.removeprefix("input.") for name in names))


def _wait(reader: _Reader, data: object, pointer: str) -> Wait:
    minutes = reader.mapping(data, pointer, {"do", "minutes"}).get("minutes")
    if isinstance(minutes, bool) or not isinstance(minutes, int) or not 1 <= minutes <= LONGEST_WAIT_MINUTES:
        reader.wrong(f"{pointer}/minutes", "A whole number of minutes is expected here, from 1 to ten years.")
        return Wait(1)
    return Wait(minutes)


def _finish(reader: _Reader, data: object, pointer: str) -> Finish:
    reader.mapping(data, pointer, {"do"})
    return Finish()


def _stop(reader: _Reader, data: object, pointer: str) -> Stop:
    parts = reader.mapping(data, pointer, {"do", "reason"})
    return Stop(reader.text(parts.get("reason"), f"{pointer}/reason", required=True))


_OUTCOMES: dict[str, Callable[[_Reader, object, str], Outcome]] = {
    "go": _go,
    "escalate": _escalate,
    "ask": _ask,
    "wait": _wait,
    "finish": _finish,
    "stop": _stop,
}


def write(book: Rulebook) -> dict[str, object]:
    """Return the JSON form of a rulebook, which ``read`` reads back to an equal one."""
    data: dict[str, object] = {"rules": [write_rule(rule) for rule in book.rules]}
    return data | {"fallback_queue": book.fallback_queue} | ({"label": book.label} if book.label else {})


def write_rule(rule: Rule) -> dict[str, object]:
    """Return the JSON form of a rule; parts without content are left out."""
    changes = {"type": rule.changes.type, "priority": rule.changes.priority, "tags": list(rule.changes.tags)}
    parts: dict[str, object] = {
        "id": rule.id,
        "name": rule.name,
        "when": write_condition(rule.when),
        "then": None if rule.then is None else _write_outcome(rule.then),
        "set": {key: part for key, part in changes.items() if part},
        "because": rule.because,
    }
    kept = {key: part for key, part in parts.items() if part}
    return kept if rule.enabled else kept | {"enabled": False}


def write_condition(condition: Condition) -> dict[str, object]:
    """Return the JSON form of a condition."""
    match condition:
        case All():
            return {"all": [write_condition(part) for part in condition.parts]}
        case AnyOf():
            return {"any": [write_condition(part) for part in condition.parts]}
        case Not():
            return {"not": write_condition(condition.part)}
        case Test(op=Op.MISSING | Op.KNOWN):
            return {"fact": condition.fact, "op": condition.op.value}
        case Test():
            return {"fact": condition.fact, "op": condition.op.value, "value": _write_operand(condition.value)}


def _write_operand(operand: Operand) -> object:
    if isinstance(operand, tuple):
        return [_write_operand(part) for part in operand]
    if isinstance(operand, Decimal) and Decimal(str(float(operand))) == operand:
        return float(operand)
    return value_to_json(operand)


def _write_outcome(outcome: Outcome) -> dict[str, object]:
    parts: dict[str, object]
    match outcome:
        case Go(to=to, approved_by=approver, params=params):
            parts = {"do": "go", "to": list(to), "approved_by": approver, "with": dict(params)}
        case Escalate(queue=queue, reason=reason, about=about):
            parts = {"do": "escalate", "queue": queue, "reason": reason, "about": about}
        case Ask(inputs=inputs):
            parts = {"do": "ask", "inputs": list(inputs)}
        case Wait(minutes=minutes):
            parts = {"do": "wait", "minutes": minutes}
        case Finish():
            parts = {"do": "finish"}
        case Stop(reason=reason):
            parts = {"do": "stop", "reason": reason}
    return {key: part for key, part in parts.items() if part}
