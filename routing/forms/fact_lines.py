"""Facts as people write them, one a line: ``input.amount: 250 EUR``, ``steps.reply: missing``; or pasted as JSON."""

import json
from dataclasses import dataclass, field

from routing.domain.catalogue import Catalogue
from routing.domain.factfile import LONGEST_NAME, MOST_FACTS, read_facts
from routing.domain.facts import Fact, Facts, Status, Value, known
from routing.domain.faults import RuleError
from routing.domain.inputs import InputError, Kind, parse_value
from routing.domain.operators import Shape, shape_of
from routing.domain.rulefile import is_fact_name
from routing.domain.rules import Op, Test
from routing.forms.condition_values import CannotRead, read_operand, written

LONGEST = 100_000
_WORDS = {"missing": Status.MISSING, "unavailable": Status.UNAVAILABLE}


@dataclass
class FactLines:
    """Facts as typed, with what they say and what is wrong, in sentences."""

    text: str
    facts: dict[str, Fact] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)


def read_lines(text: str, catalogue: Catalogue) -> FactLines:
    """Read facts as people write or paste them; every line that cannot be read is named."""
    found = FactLines(text)
    if len(text) > LONGEST:
        found.errors.append(f"At most {LONGEST:,} characters can be read at once.")
    elif text.lstrip().startswith("{"):
        _read_json(found)
    else:
        for number, line in enumerate(text.splitlines(), start=1):
            if line.strip():
                _read_line(found, number, line, catalogue)
    if len(found.facts) > MOST_FACTS:
        found.errors.append(f"At most {MOST_FACTS} facts are possible.")
    return found


def _read_json(found: FactLines) -> None:
    try:
        found.facts = read_facts(json.loads(found.text))
    except RuleError as error:
        found.errors.extend(problem.detail for problem in error.problems)
    except (ValueError, RecursionError) as error:
        where = f" (line {error.lineno})" if isinstance(error, json.JSONDecodeError) else ""
        found.errors.append(f"This begins like JSON and cannot be read as such{where}.")


def _read_line(found: FactLines, number: int, line: str, catalogue: Catalogue) -> None:
    name, colon, raw = (part.strip() for part in line.partition(":"))
    if not colon or not is_fact_name(name) or len(name) > LONGEST_NAME:
        found.errors.append(f"Line {number}: write a fact's name, a colon and its value, such as input.topic: refund.")
        return
    if name.startswith("input.") and catalogue.input_of(name) is None:
        inputs = ", ".join(spec.fact for spec in catalogue.inputs) or "none"
        found.errors.append(f"Line {number}: this type does not ask for {name}. It asks for: {inputs}.")
        return
    if raw.lower() in _WORDS:
        found.facts[name] = Fact(_WORDS[raw.lower()], None, 1)
        return
    try:
        found.facts[name] = known(_value(name, raw, catalogue), 1)
    except InputError as error:
        found.errors.append(f"Line {number}: {error}")
    except CannotRead as error:
        found.errors.append(f"Line {number}, {catalogue.label(name)}: {error}")


def _value(name: str, raw: str, catalogue: Catalogue) -> Value:
    if raw.startswith('"'):
        return _quoted(raw)
    if shape_of(name, catalogue) is Shape.LIST:
        return tuple(part.strip() for part in raw.split(",") if part.strip())
    spec = catalogue.input_of(name)
    if spec is not None and spec.fact == name and spec.kind is not Kind.FILE:
        return parse_value(spec, raw)
    value = read_operand(name, Op.IS, raw, "", catalogue)
    return None if isinstance(value, tuple) else value


def _quoted(raw: str) -> str:
    try:
        value = json.loads(raw)
    except ValueError as error:
        raise CannotRead(
            'a text in quotes ends with them; write \\n for a new line and \\" for quotes in it.'
        ) from error
    return str(value)


def write_lines(facts: Facts, catalogue: Catalogue) -> str:
    """Return facts as lines that ``read_lines`` reads back; what is unknown is left out."""
    told = {name: fact for name, fact in sorted(facts.items()) if fact.status is not Status.UNKNOWN}
    return "\n".join(f"{name}: {_written(name, fact, catalogue)}" for name, fact in told.items())


def _written(name: str, fact: Fact, catalogue: Catalogue) -> str:
    if fact.status is not Status.KNOWN:
        return fact.status.value
    if isinstance(fact.value, str):
        is_plain = fact.value == " ".join(fact.value.split()) and fact.value.lower() not in _WORDS
        if not is_plain or fact.value.startswith('"') or not fact.value:
            return json.dumps(fact.value, ensure_ascii=False)
    return written(Test(name, Op.IS, fact.value), catalogue)[0]
