"""JSON schemas for answers by models: what is asked for, and whether an answer keeps to it."""

from collections.abc import Iterator, Mapping
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError, ValidationError
from jsonschema.validators import extend
from referencing import Registry

from routing.domain.patterns import PatternError, compiled
from routing.outgoing.errors import Cause

_OFF_LIST_KEYWORDS = frozenset({"enum", "const"})
_UNSAFE_KEYWORDS = frozenset({"patternProperties", "$dynamicRef", "$recursiveRef"})


def _linear_pattern(_validator: object, pattern: str, instance: object, _schema: object) -> Iterator[ValidationError]:
    if isinstance(instance, str) and compiled(pattern).search(instance) is None:
        yield ValidationError(f"it does not match {pattern}")


# The library matches patterns by Python's re, which a hostile answer can keep busy for ever.
_Validator = extend(Draft202012Validator, {"pattern": _linear_pattern})


def schema_problem(schema: Mapping[str, object]) -> str:
    """Return why this cannot be used as the schema of an answer, or an empty string."""
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        return f"it is no JSON schema: {error.message[:200]}"
    if schema.get("type") != "object":
        return "its type must be object"
    return _unsafe_part(schema)


def _unsafe_part(part: object) -> str:
    """Return what a part of a schema uses that is not permitted, or an empty string."""
    if isinstance(part, Mapping):
        for key, value in part.items():
            if key in _UNSAFE_KEYWORDS:
                return f"{key} is not permitted"
            if key == "$ref" and not str(value).startswith("#"):
                return "a $ref may only point into the schema itself"
            if key == "pattern" and isinstance(value, str):
                try:
                    compiled(value)
                except PatternError as error:
                    return f"the pattern {value} cannot be used: {error}"
            if problem := _unsafe_part(value):
                return problem
    elif isinstance(part, list | tuple):
        for value in part:
            if problem := _unsafe_part(value):
                return problem
    return ""


def strict_schema(schema: Mapping[str, object]) -> dict[str, Any]:
    """Return the schema as providers want it for strict answers: each object closed, all its properties required."""
    strict: dict[str, Any] = _strict_part(schema)
    return strict


def _strict_part(part: Any) -> Any:
    if isinstance(part, Mapping):
        copy = {key: _strict_part(value) for key, value in part.items()}
        properties = copy.get("properties")
        if copy.get("type") == "object" and isinstance(properties, dict):
            copy["additionalProperties"] = False
            copy["required"] = list(properties)
        return copy
    if isinstance(part, list | tuple):
        return [_strict_part(value) for value in part]
    return part


def violation(data: object, schema: Mapping[str, object]) -> tuple[Cause, str] | None:
    """Return the cause and the place where an answer breaks its schema, or None when it keeps to it.

    A value outside a list of permitted ones is off the list; anything else is unparsed. The schema must be one that
    ``schema_problem`` has nothing to say about.
    """
    # Without a registry of its own the library would fetch a remote $ref.
    errors = list(_Validator(schema, registry=Registry()).iter_errors(data))
    if not errors:
        return None
    error = next((each for each in errors if each.validator not in _OFF_LIST_KEYWORDS), errors[0])
    cause = Cause.OFF_LIST if error.validator in _OFF_LIST_KEYWORDS else Cause.UNPARSED
    where = ".".join(str(step) for step in error.absolute_path) or "the answer"
    return cause, f"{where} breaks the rule “{error.validator}”"
