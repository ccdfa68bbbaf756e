"""Regular expressions by people, run by RE2: linear in the length of the text, whatever the pattern."""

from collections.abc import Iterator
from typing import Protocol, cast

import re2

_MEMORY_BYTES = 8 << 20


class PatternError(ValueError):
    """The pattern cannot be read; the message says why."""


class Match(Protocol):
    """What a match answers, as in the standard ``re`` module."""

    def group(self, group: int | str = 0) -> str | None: ...

    def start(self) -> int: ...


class Pattern(Protocol):
    """A compiled pattern, as in the standard ``re`` module."""

    groups: int
    groupindex: dict[str, int]

    def search(self, text: str) -> Match | None: ...

    def fullmatch(self, text: str) -> Match | None: ...

    def finditer(self, text: str) -> Iterator[Match]: ...


def compiled(pattern: str) -> Pattern:
    """Return the compiled pattern; raises PatternError when it is no RE2 pattern (look-around is not)."""
    options = re2.Options()
    options.log_errors = False
    options.max_mem = _MEMORY_BYTES
    try:
        return cast("Pattern", re2.compile(pattern, options))
    except re2.error as error:
        detail = error.args[0] if error.args else b""
        words = detail.decode(errors="replace") if isinstance(detail, bytes) else str(detail)
        raise PatternError(words) from error
    except UnicodeEncodeError as error:
        raise PatternError("it holds characters that are no text") from error


def literal(text: str) -> str:
    """Return the pattern that matches just this text."""
    return str(re2.escape(text))
