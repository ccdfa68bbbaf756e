"""Whole numbers in what a browser sends back: versions, places and counts, which anybody can change."""

LONGEST = 9


def whole_number(text: str) -> int | None:
    """Return a whole number of at most nine plain digits, or None; ``²`` and ``٣`` are digits to Python, not here."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= LONGEST else None
