"""The published JSON Schema and the reader of rulebook files agree on what a rulebook is."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from hypothesis import given, settings
from jsonschema import Draft202012Validator

from dispatchdesk.practice import rulebooks as practice
from routing.domain import bookfile
from routing.domain.bookfile import BookFile
from routing.domain.faults import RuleError
from routing.domain.rules import Op
from tests.domain.test_bookfile import books

SCHEMA = json.loads(Path(django_settings.BASE_DIR, "docs", "rulebook.schema.json").read_text(encoding="utf-8"))
VALIDATOR = Draft202012Validator(SCHEMA)
GOOD: dict[str, Any] = {
    "rulebook": "support",
    "format": 1,
    "fallback_queue": "triage",
    "rules": [
        {
            "id": "r1",
            "name": "Refunds",
            "when": {"all": [{"fact": "input.topic", "op": "is", "value": "refund"}, {"not": {"any": []}}]},
            "then": {"do": "go", "to": ["refund"], "approved_by": "support", "with": {"text": "x"}},
            "set": {"priority": "high", "tags": ["money"]},
            "because": "money leaves the house",
            "enabled": False,
        },
    ],
    "examples": [
        {
            "name": "late",
            "facts": {"input.topic": "refund", "input.note": {"missing": True}, "input.day": {"date": "2026-03-31"}},
            "done": ["r1"],
            "at": "2026-03-31T09:00:00Z",
            "expected": {"kind": "need", "needs": ["input.amount"]},
        }
    ],
}


def accepts(data: object) -> bool:
    try:
        bookfile.read(data)
    except RuleError:
        return False
    return True


@settings(max_examples=100, deadline=None)
@given(books)
def test_whatever_is_written_conforms(book: BookFile) -> None:
    VALIDATOR.validate(bookfile.write(book))


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(SCHEMA)


def test_every_practice_rulebook_conforms() -> None:
    for slug, content in practice_books():
        data = {"rulebook": slug, "format": 1, "fallback_queue": content["fallback_queue"], "rules": content["rules"]}
        VALIDATOR.validate(data)
        VALIDATOR.validate(bookfile.write(bookfile.read(data)))


VALUES: dict[Op, object] = {
    Op.ONE_OF: ["a", 1, True, {"amount": "1", "currency": "EUR"}],
    Op.BETWEEN: [1, 2.5],
    Op.CONTAINS: "a",
    Op.STARTS_WITH: "a",
    Op.MATCHES: "a+",
    Op.BEFORE: "2026-03-31",
    Op.AFTER: {"date": "2026-03-31"},
    Op.OLDER_THAN: 60,
}


@pytest.mark.parametrize("op", list(Op))
def test_every_comparison_is_in_the_schema(op: Op) -> None:
    test: dict[str, object] = {"fact": "input.topic", "op": op.value}
    if op not in {Op.MISSING, Op.KNOWN}:
        test |= {"value": VALUES.get(op, {"number": "12345678901234567890.5"})}
    data = GOOD | {"rules": [{"id": "r1", "when": test, "then": {"do": "finish"}}]}
    assert accepts(data)
    VALIDATOR.validate(data)


@pytest.mark.parametrize(
    "outcome",
    [
        {"do": "go", "to": "reply"},
        {"do": "escalate", "queue": "support", "reason": "look", "about": "reply"},
        {"do": "ask", "inputs": ["amount"]},
        {"do": "wait", "minutes": 5},
        {"do": "finish"},
        {"do": "stop", "reason": "spam"},
        None,
    ],
)
def test_every_outcome_is_in_the_schema(outcome: object) -> None:
    data = GOOD | {"rules": [{"id": "r1", "then": outcome}]}
    assert accepts(data)
    VALIDATOR.validate(data)


def _without(*path: str | int) -> dict[str, Any]:
    return _changed(path, None, delete=True)


def _changed(path: tuple[str | int, ...], value: object, *, delete: bool = False) -> dict[str, Any]:
    data = copy.deepcopy(GOOD)
    part: Any = data
    for key in path[:-1]:
        part = part[key]
    if delete:
        del part[path[-1]]
    else:
        part[path[-1]] = value
    return data


BROKEN: list[object] = [
    [],
    None,
    _without("rulebook"),
    _without("format"),
    _without("fallback_queue"),
    _changed(("format",), 2),
    _changed(("format",), True),
    _changed(("rulebook",), "no slug"),
    _changed(("fallback_queue",), " "),
    _changed(("rules",), {}),
    _changed(("extra",), 1),
    _without("rules", 0, "id"),
    _changed(("rules", 0, "id"), "a b"),
    _changed(("rules", 0, "enabled"), "no"),
    _changed(("rules", 0, "name"), 3),
    _changed(("rules", 0, "wen"), {}),
    _changed(("rules", 0, "because"), "x" * 4001),
    _changed(("rules", 0, "when"), {"all": {}}),
    _changed(("rules", 0, "when"), {"all": [], "any": []}),
    _changed(("rules", 0, "when"), {"not": []}),
    _changed(("rules", 0, "when"), {"fact": "No Fact", "op": "known"}),
    _changed(("rules", 0, "when"), {"fact": "input.topic", "op": "like", "value": "x"}),
    _changed(("rules", 0, "when"), {"fact": "input.topic", "op": "is"}),
    _changed(("rules", 0, "when"), {"fact": "input.topic", "op": "known", "value": 1}),
    _changed(("rules", 0, "when"), {"fact": "input.topic", "op": "one_of", "value": []}),
    _changed(("rules", 0, "when"), {"fact": "input.topic", "op": "one_of", "value": "x"}),
    _changed(("rules", 0, "when"), {"fact": "input.topic", "op": "between", "value": [1]}),
    _changed(("rules", 0, "when"), {"fact": "input.topic", "op": "contains", "value": 1}),
    _changed(("rules", 0, "when"), {"fact": "input.topic", "op": "older_than", "value": -1}),
    _changed(("rules", 0, "when"), {"fact": "input.topic", "op": "is", "value": {"sum": 1}}),
    _changed(("rules", 0, "then"), {"do": "fly"}),
    _changed(("rules", 0, "then"), {"do": "go"}),
    _changed(("rules", 0, "then"), {"do": "go", "to": []}),
    _changed(("rules", 0, "then"), {"do": "go", "to": ["a"], "with": {"text": 1}}),
    _changed(("rules", 0, "then"), {"do": "finish", "to": ["a"]}),
    _changed(("rules", 0, "then"), {"do": "wait", "minutes": 0}),
    _changed(("rules", 0, "then"), {"do": "escalate", "queue": "a"}),
    _changed(("rules", 0, "set"), {"colour": "red"}),
    _changed(("examples", 0, "name"), ""),
    _changed(("examples", 0, "name"), "x" * 121),
    _changed(("examples", 0, "facts"), []),
    _changed(("examples", 0, "facts"), {"input.topic": None}),
    _changed(("examples", 0, "facts"), {"input.topic": {"missing": False}}),
    _changed(("examples", 0, "done"), ["a b"]),
    _without("examples", 0, "at"),
    _without("examples", 0, "expected"),
    _changed(("examples", 0, "expected"), {"kind": "fly"}),
    _changed(("examples", 0, "expected"), {"kind": "go", "to": "reply"}),
    _changed(("examples", 0, "why"), "x"),
]


def test_the_good_one_is_accepted_by_both() -> None:
    assert accepts(GOOD)
    VALIDATOR.validate(GOOD)


@pytest.mark.parametrize("number", range(len(BROKEN)))
def test_what_is_broken_is_refused_by_both(number: int) -> None:
    assert not accepts(BROKEN[number])
    assert not VALIDATOR.is_valid(BROKEN[number])


def practice_books() -> list[tuple[str, dict[str, Any]]]:
    """The rulebooks of the practice company, by slug."""
    books = practice.PUBLISHED.items()
    return [(slug or "first-look", {"rules": rules, "fallback_queue": "triage"}) for slug, rules in books]
