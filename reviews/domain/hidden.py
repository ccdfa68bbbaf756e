"""Characters that people cannot see or that turn text round, named so that an approver sees them."""

import unicodedata
from collections.abc import Iterator

_SEEN = frozenset("\n\t")
_HIDDEN_CATEGORIES = frozenset({"Cc", "Cf", "Co", "Cs", "Zl", "Zp"})
# Blank letters and marks that Unicode does not class as format characters.
_BLANKS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0")
_FIRST_SELECTORS = range(0xFE00, 0xFE0F)  # U+FE0F only asks for a coloured sign
_MORE_SELECTORS = range(0xE0100, 0xE01F0)


def is_hidden(char: str) -> bool:
    """Return whether a character is invisible, or changes the direction of what is around it."""
    if char in _SEEN:
        return False
    code = ord(char)
    return (
        unicodedata.category(char) in _HIDDEN_CATEGORIES
        or char in _BLANKS
        or code in _FIRST_SELECTORS
        or code in _MORE_SELECTORS
    )


def name_of(char: str) -> str:
    """Return what a hidden character is called: ``U+200B zero width space``."""
    name = unicodedata.name(char, "").lower()
    return f"U+{ord(char):04X} {name}".rstrip()


def pieces(text: str) -> Iterator[tuple[str, bool]]:
    """Yield the text in order as (part, is hidden); a hidden part is one character, and no part is empty.

    The first half of the line end that browsers send hides nothing.
    """
    start = 0
    for position, char in enumerate(text):
        if is_hidden(char) and not text.startswith("\r\n", position):
            if start < position:
                yield text[start:position], False
            yield char, True
            start = position + 1
    if start < len(text):
        yield text[start:], False


def hidden_names(text: str) -> list[str]:
    """Return the names of the hidden characters in a text, each once, in the order they appear."""
    return list(dict.fromkeys(name_of(part) for part, hidden in pieces(text) if hidden))


def spelled_out(text: str) -> str:
    """Return the text with each hidden character replaced by its number, such as ``[U+202E]``."""
    return "".join(f"[U+{ord(part):04X}]" if hidden else part for part, hidden in pieces(text))
