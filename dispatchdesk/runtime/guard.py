"""A tiny process that ends what its owner started, should the owner die without a word (kill -9).

It reads ``+ PID SIGNAL`` and ``- PID`` lines; when the pipe closes it ends the process groups still listed. Run as a
script with the standard library alone, so that it costs little and starts at once.
"""

import contextlib
import os
import signal
import subprocess
import sys
import time
from types import TracebackType
from typing import Self

GRACE_SECONDS = 4.0


class Guard:
    """The owner's end of the pipe; a context manager."""

    def __init__(self) -> None:
        self._watched: dict[int, int] = {}
        self._process = self._launch()

    @staticmethod
    def _launch() -> subprocess.Popen[bytes]:
        command = [sys.executable, "-I", "-S", __file__]
        return subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True)  # noqa: S603 - our own file

    @property
    def pid(self) -> int:
        """The guard's process id."""
        return self._process.pid

    def watch(self, pid: int, stop_signal: int) -> None:
        """End the process group led by ``pid`` with ``stop_signal``, then SIGKILL, should the owner die."""
        self._watched[pid] = stop_signal
        self._say(f"+ {pid} {stop_signal}\n")

    def forget(self, pid: int) -> None:
        """Leave this process alone from now on; its id may be used again."""
        self._watched.pop(pid, None)
        self._say(f"- {pid}\n")

    def renew(self) -> bool:
        """Start another guard if this one has died; whether that was needed."""
        if self._process.poll() is None:
            return False
        self._process = self._launch()
        for pid, stop_signal in self._watched.items():
            self._say(f"+ {pid} {stop_signal}\n")
        return True

    def _say(self, line: str) -> None:
        assert self._process.stdin is not None  # noqa: S101 - opened as a pipe above
        # A guard that has just died is replaced by renew(), which repeats everything.
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(line.encode())
            self._process.stdin.flush()

    def close(self) -> None:
        """Let the guard go; it ends whatever is still being watched."""
        assert self._process.stdin is not None  # noqa: S101 - as above
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        self._process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def signal_group(pid: int, number: int) -> bool:
    """Send a signal to the process group led by ``pid``; whether there was one."""
    try:
        os.killpg(pid, number)
    except ProcessLookupError:
        return False
    except PermissionError:  # macOS says so of a group of zombies
        return False
    return True


def keep_watch() -> None:
    """Read orders from standard input until it closes, then end what is listed."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    watched: dict[int, int] = {}
    for line in sys.stdin:
        order, pid, *stop_signal = line.split()
        if order == "+":
            watched[int(pid)] = int(stop_signal[0])
        else:
            watched.pop(int(pid), None)
    left = {pid for pid, stop_signal in watched.items() if signal_group(pid, stop_signal)}
    deadline = time.monotonic() + GRACE_SECONDS
    while left and time.monotonic() < deadline:
        time.sleep(0.05)
        left = {pid for pid in left if signal_group(pid, 0)}
    for pid in left:
        signal_group(pid, signal.SIGKILL)


if __name__ == "__main__":
    keep_watch()
