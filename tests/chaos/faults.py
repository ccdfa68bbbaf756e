"""The faults by name. Each is provoked for real, and undone before it returns."""

import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress

import psycopg

from tests.chaos.run import Run

Fault = Callable[[Run], None]
FAULTS: dict[str, Fault] = {}
OUTAGE_SECONDS = 6.0
BROKER_OUTAGE_SECONDS = 30.0


def fault(name: str) -> Callable[[Fault], Fault]:
    """Register a fault."""

    def register(function: Fault) -> Fault:
        FAULTS[name] = function
        return function

    return register


@fault("none")
def nothing(run: Run) -> None:
    """Work for a while without any fault."""
    run.settle()


@fault("worker-kill")
def worker_kill(run: Run) -> None:
    """Kill -9 children of the worker, one after the other, then its parent."""
    for _ in range(3):
        children = run.desk.children("worker")
        if children:
            with suppress(ProcessLookupError):
                os.kill(run.chance.choice(children), signal.SIGKILL)
                run.injected["worker child killed"] += 1
        time.sleep(run.chance.uniform(0.3, 1.5))
    run.desk.kill("worker")
    run.injected["worker parent killed"] += 1
    run.settle()


@fault("web-kill")
def web_kill(run: Run) -> None:
    """Kill -9 the web process in the middle of requests."""
    for _ in range(2):
        run.desk.kill("web")
        run.injected["web killed"] += 1
        time.sleep(run.chance.uniform(4.0, 6.0))


@fault("sweeper-kill")
def sweeper_kill(run: Run) -> None:
    """Kill -9 the sweeper."""
    run.desk.kill("sweeper")
    run.injected["sweeper killed"] += 1
    run.settle()


@fault("postgres-backend-kill")
def backend_kill(run: Run) -> None:
    """Kill every connection of the desk in the database, several times under load."""
    for _ in range(4):
        with run.desk.database.connect() as connection:
            killed = connection.execute(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                " WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
            ).fetchone()
        run.injected["database connections killed"] += int(killed[0]) if killed else 0
        time.sleep(run.chance.uniform(0.5, 2.0))


@fault("postgres-kill")
def postgres_kill(run: Run) -> None:
    """Kill -9 a backend, on which PostgreSQL restarts itself, then kill -9 the postmaster."""
    with suppress(psycopg.Error), run.desk.database.connect() as connection:
        rows = connection.execute(
            "SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
        ).fetchall()
        if rows:
            os.kill(int(run.chance.choice(rows)[0]), signal.SIGKILL)
            run.injected["backend killed"] += 1
    run.settle()
    run.desk.database.kill()
    run.injected["postmaster killed"] += 1
    time.sleep(run.chance.uniform(1.0, 3.0))
    run.desk.database.start()
    run.settle()


@fault("broker-stop")
def broker_stop(run: Run) -> None:
    """Kill the broker and start it again half a minute later."""
    run.desk.broker_proxy.down()
    run.desk.broker.stop()
    run.injected["broker stopped"] += 1
    time.sleep(BROKER_OUTAGE_SECONDS)
    run.desk.broker.start()
    run.desk.broker_proxy.up()
    run.settle()


@fault("broker-flush")
def broker_flush(run: Run) -> None:
    """Empty the broker again and again: FLUSHALL, or the queue purged."""
    for _ in range(10):
        run.desk.broker.flush("chaos")
        run.injected["broker emptied"] += 1
        time.sleep(run.chance.uniform(0.05, 0.6))
