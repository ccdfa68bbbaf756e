"""The faults by name. Each is provoked for real, and undone before it returns."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psycopg

from tests.chaos.load import TIMEOUT_SECONDS
from tests.chaos.others import POISON, Other
from tests.chaos.proxy import Proxy
from tests.chaos.run import SETTLES_SECONDS, Run
from tests.runtime.processes import ROOT

Fault = Callable[[Run], None]
OUTAGE_SECONDS = 6.0
BROKER_OUTAGE_SECONDS = 30.0
LONG_SECONDS = 20.0
COMES_WITHIN_SECONDS = 20.0
QUICK_SECONDS = 5.0
SILENCE_SECONDS = 35.0  # longer than the desk takes a silent worker for one that is well
FAKETIME = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1")
CRASHES = (
    "intake.receive_many.committed",
    "transitions.claim_due.committed",
    "deciding.decide_claimed.committing",
    "deciding.decide_claimed.committed",
    "running.claim.committed",
    "running.tool.calling",
    "running.tool.called",
    "running.agent.called",
    "recording.record.committing",
    "recording.record.committed",
    "claiming.claim_next.committed",
    "judging.judge.committing",
    "judging.judge.committed",
)
DDL = (
    "ALTER TABLE routing_workitem ADD COLUMN chaos integer",
    "ALTER TABLE routing_workitem DROP COLUMN chaos",
    "CREATE INDEX chaos_event ON routing_event (at)",
    "DROP INDEX chaos_event",
)


def nothing(run: Run) -> None:
    """Work for a while without any fault."""
    run.settle()


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


def web_kill(run: Run) -> None:
    """Kill -9 the web process in the middle of requests."""
    for _ in range(2):
        run.desk.kill("web")
        run.injected["web killed"] += 1
        time.sleep(run.chance.uniform(4.0, 6.0))


def sweeper_kill(run: Run) -> None:
    """Kill -9 the sweeper."""
    run.desk.kill("sweeper")
    run.injected["sweeper killed"] += 1
    run.settle()


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


def broker_stop(run: Run) -> None:
    """Kill the broker and start it again half a minute later."""
    run.desk.broker_proxy.down()
    run.desk.broker.stop()
    run.injected["broker stopped"] += 1
    time.sleep(BROKER_OUTAGE_SECONDS)
    run.desk.broker.start()
    run.desk.broker_proxy.up()
    run.settle()


def broker_flush(run: Run) -> None:
    """Empty the broker again and again: FLUSHALL, or the queue purged."""
    for _ in range(10):
        run.desk.broker.flush("chaos")
        run.injected["broker emptied"] += 1
        time.sleep(run.chance.uniform(0.05, 0.6))


def database_network(run: Run) -> None:
    """Delay, break, cut and stop the network between the desk and PostgreSQL."""
    _bad_network(run, run.desk.database_proxy, "database")


def broker_network(run: Run) -> None:
    """The same between the desk and the broker."""
    _bad_network(run, run.desk.broker_proxy, "broker")


def broker_vanish(run: Run) -> None:
    """Let every connection to the broker stall for good, without a word; new ones work."""
    run.desk.broker_proxy.vanish()
    run.injected["broker connections vanished"] += 1
    run.settle(SILENCE_SECONDS)


def tool_network(run: Run) -> None:
    """The same between the desk and the tools it calls."""
    _bad_network(run, run.desk.tools_proxy, "tool")


def _bad_network(run: Run, proxy: Proxy, name: str) -> None:
    for mode in ("delay", "trickle", "cut", "reset", "blackhole", "down"):
        if mode == "down":
            proxy.down()
        else:
            proxy.mode = mode
        run.injected[f"{name} network: {mode}"] += 1
        time.sleep(OUTAGE_SECONDS)
        proxy.mode = "pass"
        proxy.up()
        proxy.break_all()
        time.sleep(1.0)


def model_faults(run: Run) -> None:
    """Let the model fail in every way, and write what an attacker would like best."""
    run.desk.model.behaviours = (
        "429", "500", "hang", "trickle", "truncated", "refusing", "garbage", "invented", "extra_keys", "hostile", "good"
    )  # fmt: skip
    _misbehave(run, "the model", run.desk.model)


def tool_faults(run: Run) -> None:
    """Let tools fail before and after they did what was asked, and answer what is no success."""
    run.desk.tools.behaviours = (
        "429", "503", "refuses", "empty", "html", "error_after", "reset_before", "reset_after", "hang_after", "good"
    )  # fmt: skip
    _misbehave(run, "a tool", run.desk.tools)


def _misbehave(run: Run, name: str, other: Other) -> None:
    before = other.counts.copy()
    run.settle(LONG_SECONDS)
    times = sum(n - before.get(what, 0) for what, n in other.counts.items() if what != "good")
    run.injected[f"{name} misbehaved"] += times
    run.expect(f"{name} was asked at all while it misbehaved", times > 0, wanted=True)


def poison(run: Run) -> None:
    """Send requests that kill the process that works on them, each time; others must flow meanwhile."""
    for _ in range(2):
        body = {"title": "poison", "text": f"order K-9: {POISON}", "type": "refund"}
        answer = run.post("/items", run.scene.intake, body, f"poison-{time.time()}").raise_for_status()
        run.poisoned.append(answer.json()["code"])
        run.injected["poison items"] += 1
    before = len(run.journal.acknowledged)
    run.settle(LONG_SECONDS)
    run.expect("items taken in beside a poison item", len(run.journal.acknowledged) > before, wanted=True)


def crash(run: Run) -> None:
    """Let processes die at the points that matter most, each once: around commits, and after a call that was made."""
    died = 0
    for point in CRASHES:
        run.desk.arm(point)
        until = time.monotonic() + COMES_WITHIN_SECONDS
        while (run.desk.points / point).exists() and time.monotonic() < until:
            time.sleep(0.1)
        came = not run.desk.disarm()
        died += came
        run.injected[f"died at {point}" if came else f"nobody came to {point}"] += 1
    run.expect("a process died at some crash point", died > 0, wanted=True)


def clock(run: Run) -> None:
    """Let the clock of worker and web jump an hour on, then an hour back."""
    if not FAKETIME.exists():
        run.injected["clock not moved: libfaketime is not installed"] += 1
        return
    moved = {"LD_PRELOAD": str(FAKETIME), "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
    for name, hours in (("worker", "+3600"), ("web", "-3600"), ("worker", "-3600"), ("web", "+3600")):
        run.desk.restart(name, FAKETIME=hours, **moved)
        run.injected[f"clock of {name} moved by {hours} s"] += 1
        run.settle(2 * SETTLES_SECONDS)
    for name in ("worker", "web"):
        run.desk.restart(name)


def migrate(run: Run) -> None:
    """Migrate under load, and change the busiest tables as migrations do while somebody reads them for long."""
    before = len(run.journal.indeterminate)
    subprocess.run([sys.executable, "manage.py", "migrate"], cwd=ROOT, env=run.desk.env, check=True, timeout=180)
    with run.desk.database.connect() as reader, run.desk.database.connect() as connection:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM routing_workitem")
        connection.execute("SET lock_timeout = '2s'")
        for statement in DDL:
            try:
                connection.execute(statement.encode())
            except psycopg.errors.LockNotAvailable:
                run.injected["change of a table given up for a lock"] += 1
                reader.execute("COMMIT")
                connection.execute(statement.encode())
            run.injected["table changed"] += 1
            time.sleep(0.5)
    waited = len(run.journal.indeterminate) - before
    run.expect(f"submissions that waited {TIMEOUT_SECONDS:.0f} s while tables were changed", waited, 0)


def burst(run: Run) -> None:
    """Send very much at once; the pages that people ask for meanwhile must come quickly."""
    size, waits = 100, list[float]()
    for start in range(0, run.burst, size):
        rows = [
            {"key": f"burst-{run.seed}-{time.time()}-{n}", "title": f"plain {n}", "text": "many", "type": "plain"}
            for n in range(start, start + size)
        ]
        for row in rows:
            run.journal.note(row["key"], "attempted")
        answers = run.post("/items/batch", run.scene.intake, {"items": rows}).raise_for_status().json()
        for row, one in zip(rows, answers, strict=True):
            run.journal.note(row["key"], "acknowledged", one["item"]["code"])
        began = time.monotonic()
        run.boards[0].fetch()
        waits.append(time.monotonic() - began)
        run.injected["items in a burst"] += size
    waits.sort()
    run.injected["board fetched in a burst, slowest in ms"] = round(1000 * waits[-1])
    run.expect("the board came within 5 s in a burst", waits[-1] < QUICK_SECONDS, wanted=True)


def disk_full(run: Run) -> None:
    """Fill the disk under PostgreSQL: nothing may be acknowledged that is not stored; then make room again."""
    disk = run.desk.small_disk
    if disk is None:
        run.injected["disk not filled: a small one cannot be mounted here"] += 1
        return
    ballast, before = disk / "ballast", run.journal.refusals.get(503, 0)
    with suppress(OSError), ballast.open("wb", buffering=0) as file:
        while True:
            file.write(b"x" * 65536)
    run.injected["disk filled"] += 1
    run.settle(2 * OUTAGE_SECONDS)
    refused = run.journal.refusals.get(503, 0) - before
    run.injected["submissions refused while the disk was full"] += refused
    run.expect("submissions were refused while the disk was full", refused > 0, wanted=True)
    ballast.unlink()
    run.settle()
    if not run.desk.database.runs():
        run.injected["PostgreSQL started again after a full disk"] += 1
        run.desk.database.start()


FAULTS: dict[str, Fault] = {
    "none": nothing,
    "worker-kill": worker_kill,
    "web-kill": web_kill,
    "sweeper-kill": sweeper_kill,
    "postgres-backend-kill": backend_kill,
    "postgres-kill": postgres_kill,
    "broker-stop": broker_stop,
    "broker-flush": broker_flush,
    "database-network": database_network,
    "broker-network": broker_network,
    "broker-vanish": broker_vanish,
    "tool-network": tool_network,
    "model": model_faults,
    "tool": tool_faults,
    "poison": poison,
    "crash": crash,
    "clock": clock,
    "migrate": migrate,
    "burst": burst,
    "disk-full": disk_full,
}
