"""Keeps the desk's programs running: restarts what dies, and stops all of it in time."""

import logging
import os
import select
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from types import FrameType

from dispatchdesk.runtime.environment import SettingError
from dispatchdesk.runtime.guard import Guard, signal_group
from dispatchdesk.runtime.programs import Program

logger = logging.getLogger(__name__)

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
# Twice, and still within the five seconds a stop may take: programs first, then the database they were using.
STOP_SECONDS = 2.3
POLL_SECONDS = 0.5
FIRST_DELAY_SECONDS = 0.2
LONGEST_DELAY_SECONDS = 10.0
# A program that ran this long was well: if it dies, it is started again without waiting longer than at first.
SETTLED_SECONDS = 20.0


@dataclass
class _Running:
    """What is known of one program between its starts."""

    program: Program
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    start_at: float = 0.0
    delay_seconds: float = FIRST_DELAY_SECONDS
    finished: bool = field(default=False)


class Supervisor:
    """Runs programs until told to stop; a context manager that leaves no process behind."""

    def __init__(self, guard: Guard, *, on_change: Callable[[dict[str, int]], None]) -> None:
        """``on_change`` is called with the process id of each program whenever one has changed."""
        self._guard = guard
        self._on_change = on_change
        self._running: list[_Running] = []
        self._stopping = False
        self._wakeup_read, self._wakeup_write = os.pipe()
        for end in (self._wakeup_read, self._wakeup_write):
            os.set_blocking(end, False)

    def add(self, program: Program) -> None:
        """Start a program and keep it running; raises what its launch raises."""
        entry = _Running(program)
        self._running.append(entry)
        self._note_start(entry, program.launch())

    def has_stopped(self, name: str) -> bool:
        """Whether this program is not running now."""
        return any(entry.program.name == name and not _is_alive(entry) for entry in self._running)

    def run(self) -> None:
        """Watch over the programs until SIGINT, SIGTERM or SIGHUP comes."""

        def ask_to_stop(_number: int, _frame: FrameType | None) -> None:
            self._stopping = True

        for number in STOP_SIGNALS:
            signal.signal(number, ask_to_stop)
        # Python tells a wake-up pipe only about signals that have a handler.
        signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
        signal.set_wakeup_fd(self._wakeup_write, warn_on_full_buffer=False)
        while not self._stopping:
            self._look_after_all()
            select.select([self._wakeup_read], [], [], POLL_SECONDS)
            while select.select([self._wakeup_read], [], [], 0)[0]:
                os.read(self._wakeup_read, 512)

    def stop(self) -> None:
        """Stop all programs politely, then by force; one that ``stops_last`` only when the rest is gone."""
        for last in (False, True):
            group = [entry for entry in self._running if entry.program.stops_last is last]
            for entry in group:
                if entry.process is not None and _is_alive(entry):
                    os.kill(entry.process.pid, entry.program.stop_signal)
            deadline = time.monotonic() + STOP_SECONDS
            while any(_is_alive(entry) for entry in group) and time.monotonic() < deadline:
                time.sleep(0.02)
            for entry in group:
                self._clear_away(entry)

    def _look_after_all(self) -> None:
        now = time.monotonic()
        if self._guard.renew():
            logger.warning("the guard had stopped and was started again")
        for entry in self._running:
            if entry.process is not None and not _is_alive(entry):
                self._after_end(entry, now)
            if entry.process is None and not entry.finished and now >= entry.start_at:
                self._start(entry)

    def _after_end(self, entry: _Running, now: float) -> None:
        assert entry.process is not None  # noqa: S101 - the caller looked
        name, code = entry.program.name, entry.process.returncode
        self._clear_away(entry)
        entry.finished = entry.program.may_finish and code == 0
        if entry.finished:
            return
        if now - entry.started_at > SETTLED_SECONDS:
            entry.delay_seconds = FIRST_DELAY_SECONDS
        message = "%s stopped (%s), starting it again in %.1f s; see %s"
        logger.warning(message, name, code, entry.delay_seconds, entry.program.log)
        self._postpone(entry)

    def _postpone(self, entry: _Running) -> None:
        entry.start_at = time.monotonic() + entry.delay_seconds
        entry.delay_seconds = min(entry.delay_seconds * 2, LONGEST_DELAY_SECONDS)

    def _start(self, entry: _Running) -> None:
        try:
            process = entry.program.launch()
        except (SettingError, OSError) as error:
            name, delay = entry.program.name, entry.delay_seconds
            logger.warning("%s could not be started, trying again in %.1f s: %s", name, delay, error)
            self._postpone(entry)
        else:
            self._note_start(entry, process)

    def _note_start(self, entry: _Running, process: subprocess.Popen[bytes]) -> None:
        entry.process = process
        entry.started_at = time.monotonic()
        # Without a supervisor nobody would end a program that stops slowly; only the database deserves patience.
        stop_signal = entry.program.stop_signal if entry.program.stops_last else signal.SIGKILL
        self._guard.watch(process.pid, stop_signal)
        self._on_change({e.program.name: e.process.pid for e in self._running if e.process is not None})

    def _clear_away(self, entry: _Running) -> None:
        """End what is left of a program's process group, such as the children of a killed worker."""
        if entry.process is None:
            return
        signal_group(entry.process.pid, signal.SIGKILL)
        entry.process.wait()
        self._guard.forget(entry.process.pid)
        entry.process = None


def _is_alive(entry: _Running) -> bool:
    return entry.process is not None and entry.process.poll() is None
