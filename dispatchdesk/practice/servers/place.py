"""Where the practice servers listen, and how long they take; read from the environment.

The port is kept in a file beside the desk's data while the practice desk is in use. So every process of the desk, and
any ``manage.py`` command, knows without a database whether practice parts are in use and where they answer.
"""

import os
from pathlib import Path

HOST = "127.0.0.1"
MODEL_DELAY_SECONDS = 2.0
TOOL_DELAY_SECONDS = 1.0
_LONGEST_DELAY_SECONDS = 60
_HIGHEST_PORT = 65535
_PORT_FILE = "practice-port"


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


def port_in_use(data: Path) -> int:
    """Return the port of the practice servers of the desk with this data directory; 0 without a practice desk."""
    try:
        text = (data / _PORT_FILE).read_text().strip()
    except OSError:
        return 0
    return int(text) if text.isdecimal() else 0


def keep_port(data: Path, port: int) -> None:
    """Note that the practice desk is in use, its servers at this port."""
    draft = data / f"{_PORT_FILE}.draft"
    draft.write_text(f"{port}\n")
    draft.replace(data / _PORT_FILE)


def forget_port(data: Path) -> None:
    """Note that the practice desk is no longer in use."""
    (data / _PORT_FILE).unlink(missing_ok=True)
