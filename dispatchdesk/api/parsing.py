"""Reads request bodies strictly: JSON as RFC 8259 has it, not too deep, and only text that can be stored."""

import json
import math
from typing import Any, NoReturn

from django.http import HttpRequest
from ninja.parser import Parser

DEEPEST = 30
_BODY_ATTRIBUTE = "_desk_parsed_body"


class UnreadableBody(ValueError):
    """The body is no JSON we take; the message says why."""


class StrictParser(Parser):
    """Parses bodies for ninja, and keeps what was parsed on the request."""

    def parse_body(self, request: HttpRequest) -> Any:
        """Return the parsed body; raises UnreadableBody."""
        body = read_json(request.body)
        setattr(request, _BODY_ATTRIBUTE, body)
        return body


def parsed_body(request: HttpRequest) -> object:
    """Return the body of this request as it was parsed, before anything was read into it; None without one."""
    return getattr(request, _BODY_ATTRIBUTE, None)


def read_json(raw: bytes) -> object:
    """Return parsed JSON without NaN, infinite numbers, NUL or lone surrogates; raises UnreadableBody."""
    try:
        data = json.loads(raw, parse_constant=_no_constant, parse_float=_finite)
    except RecursionError as error:
        raise UnreadableBody(f"It is nested more than {DEEPEST} levels deep.") from error
    except UnreadableBody:
        raise
    except ValueError as error:
        raise UnreadableBody("It is not valid JSON in UTF-8.") from error
    _check(data)
    return data


def _no_constant(name: str) -> NoReturn:
    raise UnreadableBody(f"{name} is no JSON.")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise UnreadableBody("A number is too large.")
    return value


def _check(data: object) -> None:
    """Look at every text and level without recursion, so that no body can exhaust the stack."""
    level, depth = [data], 0
    while level:
        if depth > DEEPEST:
            raise UnreadableBody(f"It is nested more than {DEEPEST} levels deep.")
        deeper: list[object] = []
        for value in level:
            if isinstance(value, str):
                check_text(value)
            elif isinstance(value, dict):
                for key in value:
                    check_text(key)
                deeper.extend(value.values())
            elif isinstance(value, list):
                deeper.extend(value)
        level, depth = deeper, depth + 1


def check_text(text: str) -> None:
    """Raise UnreadableBody for text that cannot be stored: NUL or lone surrogates."""
    if "\x00" in text:
        raise UnreadableBody("A text holds the character NUL.")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise UnreadableBody("A text holds half of a surrogate pair.") from error
