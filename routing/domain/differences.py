"""What a change of a text changed, word by word."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

_WORDS = re.compile(r"\s+|\w+|[^\w\s]", re.UNICODE)
_MOST_WORDS = 6_000
_MOST_EFFORT = 4_000_000  # pairs of equal words, each of which may be looked at


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of text that stayed ("same"), came in ("added") or went out ("removed")."""

    op: str
    text: str


def word_diff(before: str, after: str, *, effort: int = _MOST_EFFORT) -> list[Part]:
    """Return the parts that lead from one text to the other, in reading order; equal texts give one part or none.

    Texts of many thousand words are compared line by line; where the same lines come again and again, only what both
    begin and end with stays.
    ``effort`` bounds how many pairs of equal words or lines are looked at.
    """
    if before == after:
        return [Part("same", after)] if after else []
    old, new = _WORDS.findall(before), _WORDS.findall(after)
    if len(old) + len(new) > _MOST_WORDS or _pairs(old, new) > effort:
        old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
        if _pairs(old, new) > effort:
            old, new = _ends_and_middle(old, new)
    parts: list[Part] = []
    removed = added = ""
    for tag, old_from, old_to, new_from, new_to in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        was, now = "".join(old[old_from:old_to]), "".join(new[new_from:new_to])
        if tag == "equal" and was.strip():
            _close(parts, removed, added)
            removed = added = ""
            parts.append(Part("same", was))
        elif tag == "equal" and not (removed or added):
            parts.append(Part("same", was))
        else:  # blanks between two changes belong to them, else every word would stand alone
            removed, added = removed + was, added + now
    _close(parts, removed, added)
    return parts


def _pairs(old: Sequence[str], new: Sequence[str]) -> int:
    counted = Counter(old)
    return sum(counted[piece] for piece in new)


def _ends_and_middle(old: Sequence[str], new: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return both with the lines in one piece that they begin with alike, those that they end with, and the rest."""
    most = min(len(old), len(new))
    first = next((at for at in range(most) if old[at] != new[at]), most)
    last = next((at for at in range(most - first) if old[-at - 1] != new[-at - 1]), most - first)
    cut = [
        ("".join(of[:first]), "".join(of[first : len(of) - last]), "".join(of[len(of) - last :])) for of in (old, new)
    ]
    before, after = ([piece for piece in pieces if piece] for pieces in cut)
    return before, after


def _close(parts: list[Part], removed: str, added: str) -> None:
    """Add a change, with the blanks at its end as text that stayed."""
    kept = 0
    while (
        kept < min(len(removed), len(added)) and removed[-kept - 1] == added[-kept - 1] and added[-kept - 1].isspace()
    ):
        kept += 1
    same = removed[len(removed) - kept :]
    changes = (("removed", removed[: len(removed) - kept]), ("added", added[: len(added) - kept]), ("same", same))
    parts.extend(Part(op, text) for op, text in changes if text)
