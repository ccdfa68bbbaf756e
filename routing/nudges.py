"""Nudges: Celery messages that say "look at the table". They may be lost; the sweeper looks as well."""

import logging
import threading
from queue import Empty, SimpleQueue

from celery import current_app

logger = logging.getLogger(__name__)

Nudge = tuple[str, tuple[object, ...]]

IDLE_SECONDS = 30
GATHERED_SECONDS = 0.02


class _Sender:
    """A thread of this process that hands nudges to the broker, so that no request waits for it.

    Equal nudges that have not been sent yet are sent once. After each it waits a moment, so that in a burst many are.
    """

    def __init__(self) -> None:
        self._queue: SimpleQueue[Nudge] = SimpleQueue()
        self._waiting: set[Nudge] = set()
        self._lock = threading.Lock()
        self._pause = threading.Event()  # never set: a wait of its own
        self._thread: threading.Thread | None = None

    def put(self, nudge: Nudge) -> None:
        with self._lock:
            if nudge in self._waiting and self._thread is not None and self._thread.is_alive():
                return
            self._waiting.add(nudge)
            self._queue.put(nudge)
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._drain, name="nudges", daemon=True)
                self._thread.start()

    def _drain(self) -> None:
        while True:
            try:
                nudge = self._queue.get(timeout=IDLE_SECONDS)
            except Empty:
                with self._lock:
                    if self._queue.empty():
                        self._thread = None
                        return
                continue
            with self._lock:
                self._waiting.discard(nudge)
            send(*nudge)
            if self._queue.empty():
                self._pause.wait(GATHERED_SECONDS)


def send(task: str, args: tuple[object, ...] = (), *, expires: float | None = None) -> None:
    """Hand one message to the broker here and now; raises nothing.

    ``expires`` is after how many seconds it is no use any more.
    """
    try:
        current_app.send_task(task, args=args, expires=expires, ignore_result=True, retry=False)
    except Exception as error:  # noqa: BLE001 - a lost message is made good by the sweeper
        logger.warning("message %s was not sent: %s", task, type(error).__name__)


_sender = _Sender()


def decide() -> None:
    """Nudge a worker to decide what is due."""
    _sender.put(("routing.decide_due", ()))


def run_step(step_id: int) -> None:
    """Nudge a worker to run one step."""
    _sender.put(("routing.run_step", (step_id,)))


def run_due_steps() -> None:
    """Nudge a worker to run whatever steps are due."""
    _sender.put(("routing.run_due_steps", ()))


def send_letters() -> None:
    """Nudge a worker to send the letters that are due."""
    _sender.put(("routing.send_letters", ()))


def run_backtest(backtest_id: int) -> None:
    """Nudge a worker to go on with a back-test."""
    _sender.put(("routing.run_backtest", (backtest_id,)))


def run(task: str) -> None:
    """Nudge a worker to run another app's task, which takes no arguments."""
    _sender.put((task, ()))
