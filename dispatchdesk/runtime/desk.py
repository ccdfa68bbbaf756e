"""Starts an embedded desk: checks, database, set-up, programs, and the lines that say where it is."""

import contextlib
import fcntl
import http
import http.client
import json
import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

from dispatchdesk.runtime import environment, programs
from dispatchdesk.runtime.bootstrap import lock_file, try_to_own
from dispatchdesk.runtime.environment import SettingError
from dispatchdesk.runtime.guard import Guard
from dispatchdesk.runtime.postgres import Cluster, cluster
from dispatchdesk.runtime.programs import Program
from dispatchdesk.runtime.supervisor import Supervisor

PATIENCE_SECONDS = 3.0
READY_SECONDS = 30.0


@contextlib.contextmanager
def only_desk(data: Path, *, address: str) -> Iterator[None]:
    """Hold the lock of a data directory; raises SettingError when another desk holds it."""
    with (data / "desk.lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            lock.seek(0)
            where = lock.read().strip() or "elsewhere"
            raise SettingError(
                f"a desk with the data in {data} already runs at {where}: use that one, or set DESK_DATA and PORT."
            ) from error
        lock.truncate(0)
        lock.write(f"{address} (process {os.getpid()})")
        lock.flush()
        yield


def require_free_port(host: str, port: int) -> None:
    """Raise SettingError unless we can listen there; waits a moment for a server that is just stopping."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    while True:
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError as error:
                if time.monotonic() > deadline:
                    raise SettingError(
                        f"port {port} on {host} can't be used ({error.strerror}): free it, or choose another with PORT."
                    ) from error
            else:
                return
        time.sleep(0.1)


@contextlib.contextmanager
def own_database(data: Path, supervisor: Supervisor) -> Iterator[None]:
    """Start the embedded PostgreSQL, point ``DATABASE_URL`` at it, and let commands use it meanwhile."""
    embedded = cluster(data)
    with lock_file(embedded) as lock:
        _own(lock, embedded)
        embedded.prepare()
        supervisor.add(programs.postgres(embedded))
        fcntl.flock(lock, fcntl.LOCK_SH)
        os.environ["DATABASE_URL"] = embedded.url
        yield


def _own(lock: IO[bytes], embedded: Cluster) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not try_to_own(lock):
        if time.monotonic() > deadline:
            raise SettingError(f"another manage.py command is using the database in {embedded.home}: let it end first.")
        time.sleep(0.05)


def publish(path: Path, *, address: str, processes: dict[str, int]) -> None:
    """Write who runs and where for other programs, readable by us alone as it holds the database's password."""
    draft = path.with_suffix(".draft")
    draft.unlink(missing_ok=True)
    draft.touch(mode=0o600)
    content = {
        "address": address,
        "database_url": environment.text("DATABASE_URL"),
        "supervisor": os.getpid(),
        "processes": processes,
    }
    draft.write_text(json.dumps(content, indent=1))
    draft.replace(path)


def wait_until_ready(supervisor: Supervisor, *, host: str, port: int, log: Path) -> None:
    """Wait until the web server answers; raises SettingError when it ends or stays silent."""
    own_address = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared, not bound
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        if supervisor.has_stopped("web"):
            raise SettingError(f"the web server stopped while starting: see {log}.")
        with contextlib.suppress(OSError, http.client.HTTPException):
            connection = http.client.HTTPConnection(own_address, port, timeout=5)
            connection.request("HEAD", "/healthz", headers={"Host": f"127.0.0.1:{port}"})
            if connection.getresponse().status == http.HTTPStatus.OK:
                return
        time.sleep(0.05)
    raise SettingError(f"the web server did not answer within {READY_SECONDS:.0f} s: see {log}.")


def run_desk(
    *,
    data: Path,
    host: str,
    port: int,
    address: str,
    set_up: Callable[[], list[Program]],
    announce: Callable[[], None],
) -> None:
    """Run everything until SIGINT or SIGTERM stops it; raises SettingError with the one line to show.

    ``set_up`` is called once the database answers and returns programs to run besides the usual ones; ``announce``
    once the web server answers.
    """
    logs = data / "logs"
    runtime_file = data / "runtime.json"
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    with only_desk(data, address=address), Guard() as guard, contextlib.ExitStack() as stack:
        require_free_port(host, port)
        supervisor = Supervisor(
            guard, on_change=lambda processes: publish(runtime_file, address=address, processes=processes)
        )
        stack.callback(runtime_file.unlink, missing_ok=True)
        stack.callback(supervisor.stop)
        if not environment.text("DATABASE_URL"):
            stack.enter_context(own_database(data, supervisor))
        extra = set_up()
        supervisor.add(programs.web(host=host, port=port, behind_proxy=address.startswith("https:"), logs=logs))
        supervisor.add(programs.worker(logs=logs))
        supervisor.add(programs.sweeper(logs=logs))
        for program in extra:
            supervisor.add(program)
        wait_until_ready(supervisor, host=host, port=port, log=logs / "web.log")
        announce()
        supervisor.run()
