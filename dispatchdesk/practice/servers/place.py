"""Where the practice servers listen, and how long they take; read from the environment."""

import os

HOST = "127.0.0.1"
MODEL_DELAY_SECONDS = 2.0
TOOL_DELAY_SECONDS = 1.0
_LONGEST_DELAY_SECONDS = 60
_HIGHEST_PORT = 65535


def practice_port(desk_port: int) -> int:
    """Return the practice servers' port: PRACTICE_PORT, else the one after the desk's. Raises ValueError."""
    text = os.environ.get("PRACTICE_PORT", "")
    if not text:
        return desk_port + 1 if desk_port < _HIGHEST_PORT else desk_port - 1
    if not text.isdecimal() or not 0 < int(text) <= _HIGHEST_PORT:
        raise ValueError(f"PRACTICE_PORT is “{text}”: set it to a port between 1 and {_HIGHEST_PORT}.")
    return int(text)


def practice_delays() -> tuple[float, float]:
    """Return the seconds that the model and the tools take: PRACTICE_DELAY_SECONDS for both, else 2 and 1.

    Raises ValueError.
    """
    text = os.environ.get("PRACTICE_DELAY_SECONDS", "")
    if not text:
        return MODEL_DELAY_SECONDS, TOOL_DELAY_SECONDS
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1
    if not 0 <= seconds <= _LONGEST_DELAY_SECONDS:
        raise ValueError(f"PRACTICE_DELAY_SECONDS is “{text}”: set it between 0 and {_LONGEST_DELAY_SECONDS}.")
    return seconds, seconds
