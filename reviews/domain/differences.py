"""What a correction changed, word by word."""

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
    for tag, old_from, old_to, new_from, new_to in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            _add(parts, "same", "".join(old[old_from:old_to]))
        else:
            _add(parts, "removed", "".join(old[old_from:old_to]))
            _add(parts, "added", "".join(new[new_from:new_to]))
    return parts


def _add(parts: list[Part], op: str, text: str) -> None:
    if text:
        parts.append(Part(op, text))
