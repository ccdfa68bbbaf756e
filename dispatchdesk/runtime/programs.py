"""The programs an embedded desk is made of, and how each is started and stopped."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from dispatchdesk.runtime.environment import PROJECT_ROOT
from dispatchdesk.runtime.postgres import Cluster

LARGEST_LOG_BYTES = 10_000_000


@dataclass(frozen=True)
class Program:
    """Something the supervisor keeps running.

    ``launch`` starts it in a session of its own; one that ``may_finish`` is not started again after exit code 0.
    """

    name: str
    launch: Callable[[], subprocess.Popen[bytes]]
    log: Path
    stop_signal: int = signal.SIGTERM
    may_finish: bool = False
    stops_last: bool = False


def postgres(embedded: Cluster) -> Program:
    """The embedded PostgreSQL, which the others must be able to use until they have stopped."""
    return Program(name="postgres", launch=embedded.start, log=embedded.log, stop_signal=signal.SIGINT, stops_last=True)


def python_program(
    name: str, arguments: list[str], *, logs: Path, stop_signal: int = signal.SIGTERM, may_finish: bool = False
) -> Program:
    """A program run by our Python in the project's directory, its output kept in ``logs/NAME.log``."""

    def launch() -> subprocess.Popen[bytes]:
        path = log_path(logs, name)
        with path.open("ab") as log:
            return subprocess.Popen(  # noqa: S603 - our own modules
                [sys.executable, *arguments],
                cwd=PROJECT_ROOT,
                env=os.environ | {"PYTHONUNBUFFERED": "1"},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    return Program(name=name, launch=launch, log=logs / f"{name}.log", stop_signal=stop_signal, may_finish=may_finish)


def log_path(logs: Path, name: str) -> Path:
    """Where a program's output goes; a log that has grown large is put aside, replacing the one before."""
    logs.mkdir(mode=0o700, exist_ok=True)
    path = logs / f"{name}.log"
    if path.exists() and path.stat().st_size > LARGEST_LOG_BYTES:
        path.replace(path.with_suffix(".log.1"))
    return path


def web_arguments(*, host: str, port: int, behind_proxy: bool) -> list[str]:
    """Return how Python starts the web server.

    Frames of sockets are bounded, and not compressed: each viewer's would be compressed anew, which takes longer than
    all else that is done for them. Forwarded addresses are believed only when a proxy is expected, and only from
    loopback.
    """
    arguments = ["-m", "uvicorn", "dispatchdesk.asgi:application", "--host", host, "--port", str(port)]
    arguments += ["--lifespan", "off", "--ws", "websockets-sansio", "--ws-max-size", "65536"]
    arguments += ["--ws-per-message-deflate", "false", "--no-server-header"]
    arguments += ["--no-access-log", "--log-level", "warning", "--timeout-graceful-shutdown", "1"]
    return [*arguments, "--proxy-headers" if behind_proxy else "--no-proxy-headers"]


def web(*, host: str, port: int, behind_proxy: bool, logs: Path) -> Program:
    """The web server."""
    return python_program("web", web_arguments(host=host, port=port, behind_proxy=behind_proxy), logs=logs)


def worker(*, logs: Path) -> Program:
    """The Celery worker; SIGQUIT gives running tasks the soft shutdown time, then stops."""
    arguments = ["-m", "celery", "--app", "dispatchdesk.celery", "worker", "--hostname", "embedded@%h"]
    arguments += ["--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel", "WARNING"]
    return python_program("worker", arguments, logs=logs, stop_signal=signal.SIGQUIT)


def sweeper(*, logs: Path) -> Program:
    """The sweeper."""
    return python_program("sweeper", ["manage.py", "sweeper"], logs=logs)


def practice_servers(*, logs: Path) -> Program:
    """The practice model and tools; they end by themselves once the practice desk is removed."""
    return python_program("practice", ["manage.py", "practice_servers"], logs=logs, may_finish=True)
