"""Schemas of answers: which can be used, how strict they are made, and what an answer breaks."""

import time

import pytest

from routing.outgoing.errors import Cause
from routing.outgoing.schemas import schema_problem, strict_schema, violation
from tests.outgoing.scripted_server import http, scripted_server


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "string"},
        {"type": "object", "properties": {"a": {"type": "strange"}}},
        {"type": "object", "patternProperties": {"(a+)+$": {}}},
        {"type": "object", "properties": {"a": {"pattern": "(?=x)y"}}},
        {"type": "object", "properties": {"a": {"$ref": "http://127.0.0.1:1/schema"}}},
        {"type": "object", "properties": {"a": {"$ref": "file:///etc/passwd"}}},
    ],
)
def test_a_schema_that_cannot_be_used_is_named_a_problem(schema: dict[str, object]) -> None:
    assert schema_problem(schema) != ""


def test_each_object_is_closed_and_each_property_required() -> None:
    loose = {
        "type": "object",
        "properties": {
            "rows": {"type": "array", "items": {"type": "object", "properties": {"n": {"type": "integer"}}}},
            "properties": {"type": "string"},
        },
    }
    strict = strict_schema(loose)
    assert strict["required"] == ["rows", "properties"]
    assert strict["properties"]["rows"]["items"] == {
        "type": "object",
        "properties": {"n": {"type": "integer"}},
        "additionalProperties": False,
        "required": ["n"],
    }
    assert violation({"rows": [{"n": 1}], "properties": "x"}, strict) is None
    assert violation({"rows": [{"n": 1, "m": 2}], "properties": "x"}, strict) == (
        Cause.UNPARSED,
        "rows.0 breaks the rule “additionalProperties”",
    )


def test_a_hostile_answer_cannot_keep_a_pattern_busy() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "string", "pattern": "^(a+)+$"}}}
    assert schema_problem(schema) == ""
    started = time.monotonic()
    assert violation({"a": "a" * 50_000 + "!"}, schema) == (Cause.UNPARSED, "a breaks the rule “pattern”")
    assert time.monotonic() - started < 1


def test_a_reference_to_elsewhere_is_never_fetched() -> None:
    with scripted_server([http("{}")]) as server:
        schema = {"type": "object", "properties": {"a": {"$ref": f"{server.url}/schema"}}}
        assert schema_problem(schema) == "a $ref may only point into the schema itself"
        with pytest.raises(Exception, match="Unresolvable"):
            violation({"a": 1}, schema)
        assert server.connections == 0
