"""Texts and lists that meet text patterns, tried by joining what the patterns look for."""

import re
from collections.abc import Iterator

from routing.domain.analysis.values import other_text
from routing.domain.comparisons import folded
from routing.domain.facts import Value
from routing.domain.rules import Op, Test

_ESCAPES = {"d": "1", "w": "a", "s": " ", "b": "", "B": "", "A": "", "z": "", "D": "a", "S": "a", "W": " "}


def candidates(value: Value, meets: list[Test], mentioned: tuple[Value, ...]) -> Iterator[Value]:
    """Yield variants of a value that may meet these patterns; whoever asks must hold them against the engine."""
    wanted = [str(test.value).strip() for test in meets if test.op is Op.CONTAINS]
    if isinstance(value, tuple):
        yield tuple(wanted)
        yield (*wanted, other_text(folded(part) for part in wanted))
        return
    if not isinstance(value, str):
        yield value
        return
    yield from (value, value.lower(), value.upper(), value.title())
    starts = sorted((str(test.value).strip() for test in meets if test.op is Op.STARTS_WITH), key=len)[-1:]
    shapes = [_sample(str(test.value)) for test in meets if test.op is Op.MATCHES]
    parts = [*starts, *shapes, *wanted]
    taken = {folded(part) for part in mentioned if isinstance(part, str)}
    filler = other_text(taken)
    for text in (" ".join(parts), "".join(parts), " ".join([*shapes, *starts, *wanted]), " ".join([*parts, filler])):
        if text.strip():
            yield text


def _sample(pattern: str) -> str:
    """Return a text that a simple pattern is likely to match: its first alternative with the signs read away."""
    text = re.sub(r"\(\?[a-zA-Z]+\)", "", pattern)
    text = re.sub(r"\\([a-zA-Z])", lambda found: _ESCAPES.get(found.group(1), ""), text)
    text = re.sub(r"\[\^[^\]]*\]", "-", text)
    text = re.sub(r"\[([^\]])[^\]]*\]", r"\1", text)
    text = re.sub(r"\(\?:", "(", text)
    text = re.sub(r"(?<!\\)(.)\{(\d+)[^}]*\}", lambda found: found.group(1) * min(int(found.group(2)), 200), text)
    text = re.sub(r"\(([^()|]*)\|[^()]*\)", r"\1", text).split("|")[0]
    text = re.sub(r"(?<!\\)\.", "a", text)
    text = re.sub(r"(?<!\\)[()^$*+?]", "", text)
    return text.replace("\\", "")


def implications(tests: list[Test]) -> Iterator[tuple[Test | None, Test, bool]]:
    """Yield what patterns on one text say about each other: the first (None: always) means that the second holds,
    or does not."""
    for one in tests:
        if one.op is Op.MATCHES:
            continue
        wanted = folded(str(one.value))
        if not wanted:
            yield None, one, True
        for other in tests:
            if other is one or other.op is Op.MATCHES:
                continue
            part = folded(str(other.value))
            if one.op is Op.STARTS_WITH and other.op is Op.STARTS_WITH:
                if wanted.startswith(part):
                    yield one, other, True
                elif not part.startswith(wanted):
                    yield one, other, False
            elif other.op is Op.CONTAINS and part in wanted:
                yield one, other, True
