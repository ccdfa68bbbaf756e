"""A rulebook as one file: its rules and examples as plain data, read with every problem named and written in order."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from routing.domain import rulefile
from routing.domain.answers import Answer, answer_from_json, answer_to_json
from routing.domain.factfile import read_facts, write_facts
from routing.domain.facts import Facts, is_storable
from routing.domain.faults import Problem, RuleError
from routing.domain.rules import Rulebook

FORMAT = 1
MOST_EXAMPLES = 1_000
LONGEST_NAME = 120
_PARTS = ("rulebook", "format", "fallback_queue", "rules", "examples")
_EXAMPLE_PARTS = frozenset({"name", "facts", "done", "at", "expected"})
_SLUG = re.compile(r"[A-Za-z0-9_-]{1,50}")
_RULE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


@dataclass(frozen=True, slots=True)
class FiledExample:
    """An example of a file: facts with the answer that the rules must give to them.

    ``done`` holds the ids of rules that have done their part by then; ``at`` is the moment that counts as now, in UTC.
    """

    name: str
    facts: Facts
    done: tuple[str, ...]
    at: datetime
    expected: Answer


@dataclass(frozen=True, slots=True)
class BookFile:
    """What a file says; ``slug`` is the work type's, or that of First look."""

    slug: str
    rules: Rulebook
    examples: tuple[FiledExample, ...] = ()


def read(data: object) -> BookFile:
    """Read a file's data; raises RuleError with every problem, pointers counting from the whole file."""
    if not isinstance(data, dict):
        raise RuleError([Problem("", "A rulebook is expected here: rulebook, format, fallback_queue and rules.")])
    problems = [
        Problem(f"/{_escaped(str(key))}", f"“{str(key)[:60]}” is not known here.") for key in data if key not in _PARTS
    ]
    slug = data.get("rulebook")
    if not isinstance(slug, str) or not _SLUG.fullmatch(slug):
        problems.append(Problem("/rulebook", "Name the rulebook by its short name, such as support or first-look."))
    edition = data.get("format")
    if isinstance(edition, bool) or edition != FORMAT:
        problems.append(Problem("/format", f"The format is {FORMAT}: this desk reads no other."))
    rules = Rulebook((), "")
    try:
        rules = rulefile.read({key: data[key] for key in ("fallback_queue", "rules") if key in data})
    except RuleError as error:
        problems.extend(error.problems)
    examples = _examples(data.get("examples"), problems)
    if problems:
        raise RuleError(problems)
    return BookFile(str(slug), rules, examples)


def _examples(data: object, problems: list[Problem]) -> tuple[FiledExample, ...]:
    if data is None:
        return ()
    if not isinstance(data, list) or len(data) > MOST_EXAMPLES:
        problems.append(Problem("/examples", f"A list of at most {MOST_EXAMPLES:,} examples is expected here."))
        return ()
    found, seen = list[FiledExample](), set[str]()
    for index, each in enumerate(data):
        pointer = f"/examples/{index}"
        example = _example(each, pointer, problems)
        if example is None:
            continue
        if example.name in seen:
            problems.append(Problem(f"{pointer}/name", f"Another example has the name “{example.name}” already."))
        seen.add(example.name)
        found.append(example)
    return tuple(found)


def _example(data: object, pointer: str, problems: list[Problem]) -> FiledExample | None:
    """Return the example, or None with what is wrong with it added to the problems."""
    if not isinstance(data, dict):
        problems.append(Problem(pointer, "An example has a name, facts, at and expected."))
        return None
    before = len(problems)
    problems.extend(
        Problem(f"{pointer}/{_escaped(str(key))}", f"“{str(key)[:60]}” is not known here.")
        for key in data
        if key not in _EXAMPLE_PARTS
    )
    name = data.get("name")
    if not isinstance(name, str) or not 1 <= len(name.strip()) <= len(name) <= LONGEST_NAME or not is_storable(name):
        problems.append(Problem(f"{pointer}/name", f"A name of at most {LONGEST_NAME} characters is expected here."))
    facts: Facts = {}
    try:
        facts = read_facts(data.get("facts"))
    except RuleError as error:
        problems.extend(Problem(f"{pointer}/facts{each.pointer}", each.detail) for each in error.problems)
    done = data.get("done") or []
    if not isinstance(done, list) or not all(isinstance(each, str) and _RULE_ID.fullmatch(each) for each in done):
        problems.append(Problem(f"{pointer}/done", "A list of ids of rules is expected here."))
        done = []
    at = _moment(data.get("at"))
    if at is None:
        problems.append(Problem(f"{pointer}/at", "A moment such as 2026-03-31T09:00:00Z is expected here."))
    expected = None
    try:
        expected = answer_from_json(data.get("expected"))
    except ValueError as error:
        problems.append(Problem(f"{pointer}/expected", str(error)))
    if len(problems) > before or at is None or expected is None:
        return None
    return FiledExample(str(name), facts, tuple(done), at, expected)


def _moment(data: object) -> datetime | None:
    if not isinstance(data, str):
        return None
    try:
        moment = datetime.fromisoformat(data)
        return moment.astimezone(UTC) if moment.tzinfo else None
    except (ValueError, OverflowError):
        return None


def _escaped(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")


def write(book: BookFile) -> dict[str, object]:
    """Return the data that ``read`` reads back to an equal file, its parts in the order people read them."""
    data: dict[str, object] = {
        "rulebook": book.slug,
        "format": FORMAT,
        "fallback_queue": book.rules.fallback_queue,
        "rules": [rulefile.write_rule(rule) for rule in book.rules.rules],
    }
    if book.examples:
        data["examples"] = [_write_example(each) for each in sorted(book.examples, key=lambda one: one.name)]
    return data


def _write_example(example: FiledExample) -> dict[str, object]:
    at = example.at.astimezone(UTC).isoformat().replace("+00:00", "Z")
    done: Mapping[str, object] = {"done": list(example.done)} if example.done else {}
    return {
        "name": example.name,
        "facts": write_facts(example.facts),
        **done,
        "at": at,
        "expected": answer_to_json(example.expected),
    }


def form_problems(rules: Rulebook) -> tuple[Problem, ...]:
    """Return what is wrong with rules whatever the desk: ids used twice."""
    found, seen = list[Problem](), set[str]()
    for index, rule in enumerate(rules.rules):
        pointer = f"/rules/{index}"
        if rule.id in seen:
            found.append(Problem(f"{pointer}/id", f"Another rule has the id “{rule.id}” already."))
        seen.add(rule.id)
    return tuple(found)
