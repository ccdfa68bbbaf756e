"""How long something took, in words."""

from datetime import timedelta


def lasting(time: timedelta | None) -> str:
    """Return a duration in its largest unit and the next: 2 h 5 min; a dash when nothing was measured."""
    if time is None:
        return "-"
    seconds = max(0, round(time.total_seconds()))
    for size, unit, less, smaller in ((86_400, "d", 3_600, "h"), (3_600, "h", 60, "min"), (60, "min", 1, "s")):
        if seconds >= size:
            rest = seconds % size // less
            return f"{seconds // size} {unit}" + (f" {rest} {smaller}" if rest else "")
    return f"{seconds} s"
