"""Nudges: Celery messages that say "look at the table". They may be lost; the sweeper looks as well."""

import logging
import threading
from queue import Empty, SimpleQueue

from celery import current_app

logger = logging.getLogger(__name__)

_pending: SimpleQueue[tuple[str, tuple[object, ...]]] = SimpleQueue()
_sender_lock = threading.Lock()
_sender: threading.Thread | None = None


def decide() -> None:
    """Nudge a worker to decide what is due."""
    _send("routing.decide_due")


def run_step(step_id: int) -> None:
    """Nudge a worker to run one step."""
    _send("routing.run_step", step_id)


def send_letters() -> None:
    """Nudge a worker to send the letters that are due."""
    _send("routing.send_letters")


def _send(task: str, *args: object) -> None:
    """Hand the message to this process's sender thread, so that a request never waits for the broker."""
    global _sender
    _pending.put((task, args))
    with _sender_lock:
        if _sender is None or not _sender.is_alive():
            _sender = threading.Thread(target=_drain, name="nudges", daemon=True)
            _sender.start()


def _drain() -> None:
    while True:
        try:
            task, args = _pending.get(timeout=30)
        except Empty:
            return
        try:
            current_app.send_task(task, args=args, ignore_result=True, retry=False)
        except Exception as error:  # noqa: BLE001 - a lost nudge is made good by the sweeper
            logger.warning("nudge %s was not sent: %s", task, type(error).__name__)
