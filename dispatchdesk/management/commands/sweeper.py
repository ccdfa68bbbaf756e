"""``manage.py sweeper``: once a second, finds rows that are due and whose nudge was lost."""

import logging
import signal
import threading
import time
from types import FrameType
from typing import Any

from django.core.management.base import BaseCommand
from django.db import InterfaceError, OperationalError, connection

from dispatchdesk.models import Moment, mark
from dispatchdesk.practice.stream import tick
from dispatchdesk.tasks import BEAT_SECONDS, answer
from routing import nudges
from routing.actions.sealing import seal_when_due
from routing.actions.sweeping import sweep

logger = logging.getLogger(__name__)

SWEEP_SECONDS = 1.0
SEAL_SECONDS = 60.0


class Command(BaseCommand):
    """Sweep until told to stop."""

    help = "Hand on what is due: run one or more of these beside the web and worker processes."
    requires_system_checks: list[str] = []

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Sweep each second until SIGTERM or SIGINT."""
        stop = threading.Event()

        def ask_to_stop(_number: int, _frame: FrameType | None) -> None:
            stop.set()

        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, ask_to_stop)
        # By itself: a broker that is down must not slow the sweeping that stands in for it.
        threading.Thread(target=call_worker, args=(stop,), daemon=True).start()
        marked = sealed = 0.0
        while not stop.is_set():
            began = time.monotonic()
            try:
                sweep()
                tick()
                if began - marked >= BEAT_SECONDS:
                    mark(Moment.SWEEPER)
                    marked = began
                if began - sealed >= SEAL_SECONDS:
                    seal_when_due()
                    sealed = began
            except (OperationalError, InterfaceError) as error:
                logger.warning("the database can't be reached, sweeping again in a moment: %s", type(error).__name__)
                connection.close()
            stop.wait(max(0.0, SWEEP_SECONDS - (time.monotonic() - began)))


def call_worker(stop: threading.Event) -> None:
    """Send the workers a message they answer in the database, every few seconds."""
    while not stop.is_set():
        nudges.send(answer.name, expires=3 * BEAT_SECONDS)
        stop.wait(BEAT_SECONDS)
