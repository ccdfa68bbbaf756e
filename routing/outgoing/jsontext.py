"""Reading JSON that others wrote, strictly: nothing that the database could not store or that needs guessing."""

import json
import math
from typing import NoReturn

_TOO_DEEP = 64


def read_json(text: str) -> object:
    """Return the value of a JSON text; raises ValueError.

    Refused besides malformed text: NaN and infinities (also as 1e999), a key given twice, NUL and lone surrogates in
    strings, and nesting deeper than 64.
    """
    try:
        data = json.loads(
            text, parse_constant=_no_constant, parse_float=_finite, object_pairs_hook=_object_with_single_keys
        )
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    _check_strings(data, depth=0)
    return data


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError("a number is too large")
    return number


def _object_with_single_keys(pairs: list[tuple[str, object]]) -> dict[str, object]:
    data = dict(pairs)
    if len(data) != len(pairs):
        raise ValueError("a key is given twice")
    return data


def _check_strings(data: object, *, depth: int) -> None:
    if depth > _TOO_DEEP:
        raise ValueError("it is nested too deeply")
    if isinstance(data, str):
        if "\0" in data or any("\ud800" <= character <= "\udfff" for character in data):
            raise ValueError("a text holds a character that is no text")
    elif isinstance(data, dict):
        for key, value in data.items():
            _check_strings(key, depth=depth)
            _check_strings(value, depth=depth + 1)
    elif isinstance(data, list):
        for value in data:
            _check_strings(value, depth=depth + 1)


def plain_text(text: str, limit: int) -> str:
    """Return the start of a text for people, without what the database cannot store."""
    return text[:limit].replace("\0", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace").decode("utf-8")
