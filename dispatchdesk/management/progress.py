"""A progress bar on a terminal; nothing where the output goes to a file."""

import time

from django.core.management.base import OutputWrapper

_WIDTH = 30
_EVERY_SECONDS = 0.1


class Progress:
    """Shows how much of a known whole is done, on one line that is written over."""

    def __init__(self, out: OutputWrapper, label: str, whole: int) -> None:
        self._out, self._label, self._whole = out, label, whole
        self._is_shown = out.isatty() and whole > 0
        self._drawn_at = 0.0

    def show(self, done: int) -> None:
        """Draw the bar, at most ten times a second."""
        now = time.monotonic()
        if not self._is_shown or (now - self._drawn_at < _EVERY_SECONDS and done < self._whole):
            return
        self._drawn_at = now
        filled = _WIDTH * done // self._whole
        self._out.write(
            f"\r{self._label} [{'#' * filled}{'.' * (_WIDTH - filled)}] {done:,} of {self._whole:,}", ending=""
        )
        self._out.flush()

    def end(self) -> None:
        """Go on to the next line."""
        if self._is_shown:
            self._out.write("")
