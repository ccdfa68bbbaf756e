"""A desk of separate processes, started by the commands of docs/deploy.md."""

import re
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil
from kombu.connection import Connection

from tests.runtime.processes import ROOT


def documented(word: str) -> str:
    """The one command in the deployment guide that contains a word."""
    blocks = re.findall(r"```sh\n(python .+?)\n```", (ROOT / "docs" / "deploy.md").read_text())
    (command,) = [block for block in blocks if word in block]
    return str(command)


@dataclass
class Distributed:
    """A desk of separate processes."""

    env: dict[str, str]
    port: int
    logs: Path
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def run(self, word: str) -> None:
        """Run a documented command to its end."""
        subprocess.run(["sh", "-c", documented(word)], cwd=ROOT, env=self.env, check=True, timeout=120)

    def start(self, word: str) -> None:
        """Start a documented command."""
        with (self.logs / f"{word}.log").open("ab") as log:
            self.processes[word] = subprocess.Popen(
                ["sh", "-c", f"exec {documented(word)}"],
                cwd=ROOT,
                env=self.env,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def command(self, *words: str) -> str:
        """Run a management command and return what it prints."""
        done = subprocess.run(
            [sys.executable, "manage.py", *words],
            cwd=ROOT,
            env=self.env,
            check=True,
            capture_output=True,
            text=True,
            timeout=120,
        )
        return done.stdout

    def health(self) -> dict[str, Any]:
        """Present answer of /healthz; empty when there is none."""
        try:
            answer: dict[str, Any] = httpx.get(f"http://127.0.0.1:{self.port}/healthz", timeout=15).json()
        except httpx.HTTPError:
            return {}
        return answer

    def stop(self) -> None:
        """End everything."""
        for process in self.processes.values():
            family = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
            for member in family:
                member.send_signal(signal.SIGKILL)
            process.wait()


def delete_queue(url: str, name: str) -> None:
    with Connection(url) as connection, connection.channel() as channel:
        channel.queue_delete(name)
