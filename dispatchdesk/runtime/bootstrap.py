"""Gives a management command its database before Django's settings load: the running desk's, or one started for it."""

import contextlib
import fcntl
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO

import psycopg

from dispatchdesk.runtime import environment
from dispatchdesk.runtime.environment import SettingError
from dispatchdesk.runtime.guard import Guard
from dispatchdesk.runtime.postgres import Cluster, cluster, end_server

LOCK_SECONDS = 30.0
# These never look at a database; starting one for them would only cost time.
WITHOUT_DATABASE = frozenset(
    {"help", "version", "check", "collectstatic", "findstatic", "diffsettings", "makemessages", "compilemessages"}
)
WITHOUT_DATABASE_OPTIONS = frozenset({"--help", "-h", "--no-desk"})


def needs_database(arguments: Sequence[str]) -> bool:
    """Whether a command line such as ``manage.py migrate`` is for a command that uses the database."""
    return (
        len(arguments) > 1
        and arguments[1] not in WITHOUT_DATABASE
        and WITHOUT_DATABASE_OPTIONS.isdisjoint(arguments[1:])
        and arguments[-1] != "--version"  # with a value it names a rulebook's
    )


@contextlib.contextmanager
def command_database(arguments: Sequence[str]) -> Iterator[None]:
    """Set ``DATABASE_URL`` for the length of one management command.

    One in the environment must answer, else SettingError. Without one it is the embedded PostgreSQL's. The desk starts
    that itself; any other command uses the one that runs, or starts it and stops it at the end, once no other command
    uses it.
    """
    if not needs_database(arguments):
        yield
        return
    if environment.text("DATABASE_URL"):
        require_database(environment.text("DATABASE_URL"))
        yield
        return
    embedded = cluster(environment.data_directory())
    if arguments[1] == "desk":
        # The supervisor prepares it, once it knows that no other desk runs; manage.py only names it.
        yield
        return
    with use(embedded):
        yield


def require_database(url: str) -> None:
    """Raise SettingError unless the database answers."""
    environment.database(url, pool_size=1)
    try:
        psycopg.connect(url, connect_timeout=5).close()
    except psycopg.Error as error:
        reason = " ".join(str(error).split())
        raise SettingError(
            f"the database of DATABASE_URL can't be reached: start it or correct it. ({reason})"
        ) from None


@contextlib.contextmanager
def use(embedded: Cluster) -> Iterator[None]:
    """Keep an embedded PostgreSQL running and its address in ``DATABASE_URL``."""
    with lock_file(embedded) as lock, contextlib.ExitStack() as stack:
        deadline = time.monotonic() + LOCK_SECONDS
        while True:
            if try_to_own(lock):
                stack.enter_context(_started(embedded, lock))
                break
            if _try_lock(lock, fcntl.LOCK_SH) and embedded.answers():
                break
            if time.monotonic() > deadline:
                raise SettingError(f"The embedded PostgreSQL is being used but does not answer: see {embedded.log}.")
            fcntl.flock(lock, fcntl.LOCK_UN)
            time.sleep(0.05)
        os.environ["DATABASE_URL"] = embedded.url
        yield


@contextlib.contextmanager
def _started(embedded: Cluster, lock: IO[bytes]) -> Iterator[None]:
    embedded.prepare()
    with Guard() as guard:
        server = embedded.start()
        guard.watch(server.pid, signal.SIGINT)
        fcntl.flock(lock, fcntl.LOCK_SH)
        try:
            yield
        finally:
            # Others who came to use it meanwhile finish first.
            fcntl.flock(lock, fcntl.LOCK_EX)
            stop(server)
            guard.forget(server.pid)


def stop(server: subprocess.Popen[bytes]) -> None:
    """Stop a server started by ourselves and collect its exit."""
    end_server(server.pid)
    server.wait()


def lock_file(embedded: Cluster) -> IO[bytes]:
    """The file whose lock says who uses the server: shared by users, exclusive while it starts and stops."""
    return Path(embedded.log.parent.parent / "postgres.lock").open("ab")


def try_to_own(lock: IO[bytes]) -> bool:
    """Take the lock for oneself if nobody uses the server."""
    return _try_lock(lock, fcntl.LOCK_EX)


def _try_lock(lock: IO[bytes], kind: int) -> bool:
    try:
        fcntl.flock(lock, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
