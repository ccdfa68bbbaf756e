"""Background work that belongs to the desk as a whole."""

import time
from typing import Any

from celery import shared_task
from celery.signals import task_prerun

from dispatchdesk.models import Moment, mark

BEAT_SECONDS = 5.0


class Pulse:
    """Marks that this process has come to a message, every few seconds at most."""

    def __init__(self) -> None:
        self._marked: float | None = None

    def beat(self, **_signal: Any) -> None:
        """Mark it, unless that was done a moment ago."""
        now = time.monotonic()
        if self._marked is None or now - self._marked >= BEAT_SECONDS:
            mark(Moment.WORKER)
            self._marked = now


pulse = Pulse()
# Any message shows that a worker acts: the one that asks for nothing else may wait behind many, and run out there.
task_prerun.connect(pulse.beat)


@shared_task(name="dispatchdesk.answer")
def answer() -> None:
    """Do nothing: that a message came here through the broker is all that is asked."""
