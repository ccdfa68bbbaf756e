"""What a change of a text changed, word by word."""

import re
from dataclasses import dataclass
from difflib import SequenceMatcher

_WORDS = re.compile(r"\s+|\w+|[^\w\s]", re.UNICODE)
_MOST_WORDS = 6_000


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of text that stayed ("same"), came in ("added") or went out ("removed")."""

    op: str
    text: str


def word_diff(before: str, after: str) -> list[Part]:
    """Return the parts that lead from one text to the other, in reading order; equal texts give one part or none.

    Texts of many thousand words are compared line by line, which stays quick.
    """
    old, new = _WORDS.findall(before), _WORDS.findall(after)
    if len(old) + len(new) > _MOST_WORDS:
        old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
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
