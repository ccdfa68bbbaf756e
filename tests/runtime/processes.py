"""Starts the desk and other commands as real processes, for tests."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import httpx
import psutil

ROOT = Path(__file__).resolve().parent.parent.parent
T = TypeVar("T")

# A part that was killed is back once its program has started again and, for the worker, answered the next message.
RECOVERY_SECONDS = 45.0


def free_port() -> int:
    """A port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def environment(data: Path, **settings: str) -> dict[str, str]:
    """Environment of a desk with its data in ``data`` and nothing inherited but what Python needs."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    return kept | {"DESK_DATA": str(data)} | settings


def manage(*arguments: str, env: Mapping[str, str], timeout: float = 60) -> subprocess.CompletedProcess[str]:
    """Run one manage.py command to its end."""
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=dict(env),
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


def wait_for(look: Callable[[], T], *, seconds: float, what: str) -> T:
    """Look until the answer is true and return it; fails after so many seconds."""
    deadline = time.monotonic() + seconds
    while not (answer := look()):
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.05)
    return answer


class Desk:
    """``manage.py desk`` in a data directory, on a port of its own."""

    def __init__(self, data: Path, *, practice: bool = False, **settings: str) -> None:
        """Start it, empty unless ``practice``, and wait until it has told its address."""
        self.data = data
        self.port = free_port()
        self.env = environment(data, PORT=str(self.port), WORKER_PROCESSES="2", **settings)
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", "desk", *([] if practice else ["--empty"])],
            cwd=ROOT,
            env=self.env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        assert self.process.stdout is not None
        # The guard and the programs have their own output, so this ends when the desk does.
        self.output = self.process.stdout.readline()
        assert self.output == f"Dispatch Desk is at http://127.0.0.1:{self.port}\n", self._rest()

    def _rest(self) -> str:
        self.process.kill()
        return self.output + self.process.communicate()[0]

    @property
    def runtime(self) -> dict[str, Any]:
        """What the desk tells other programs about itself."""
        content: dict[str, Any] = json.loads((self.data / "runtime.json").read_text())
        return content

    def health(self) -> dict[str, Any]:
        """Present answer of /healthz; empty when there is none."""
        try:
            answer: dict[str, Any] = httpx.get(f"http://127.0.0.1:{self.port}/healthz", timeout=10).json()
        except httpx.HTTPError:
            return {}
        return answer

    def wait_until_well(self) -> None:
        """Wait until all parts answer."""
        wait_for(lambda: self.health().get("ok"), seconds=RECOVERY_SECONDS, what=f"all parts well: {self.health()}")

    def family(self) -> list[psutil.Process]:
        """The desk's process and all below it."""
        parent = psutil.Process(self.process.pid)
        return [parent, *parent.children(recursive=True)]

    def end(self) -> None:
        """End whatever is left, for tests that failed half way."""
        if self.process.poll() is None:
            self.process.kill()  # the guard ends the rest
        self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()

    def stop(self, number: int = signal.SIGINT) -> list[psutil.Process]:
        """End the desk with a signal; returns the processes that are still there fifteen seconds later."""
        family = self.family()
        self.process.send_signal(number)
        left: list[psutil.Process] = psutil.wait_procs(family, timeout=15)[1]
        self.end()
        return left


def one_line(result: subprocess.CompletedProcess[str]) -> str:
    """The single line a refused start wrote; fails when there was more or it succeeded."""
    assert result.returncode == 2, result
    lines = (result.stdout + result.stderr).splitlines()
    assert len(lines) == 1, lines
    assert re.match(r"dispatch desk: ", lines[0])
    return lines[0]
