"""The faults by name. Each is provoked for real, and undone before it returns."""

import os
import signal
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress

import psycopg

from tests.chaos.others import POISON
from tests.chaos.proxy import Proxy
from tests.chaos.run import Run

Fault = Callable[[Run], None]
FAULTS: dict[str, Fault] = {}
OUTAGE_SECONDS = 6.0
BROKER_OUTAGE_SECONDS = 30.0
LONG_SECONDS = 20.0
CONTENDERS = 50


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


@fault("database-network")
def database_network(run: Run) -> None:
    """Delay, break, cut and stop the network between the desk and PostgreSQL."""
    _bad_network(run, run.desk.database_proxy, "database")


@fault("broker-network")
def broker_network(run: Run) -> None:
    """The same between the desk and the broker."""
    _bad_network(run, run.desk.broker_proxy, "broker")


@fault("tool-network")
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


@fault("model")
def model_faults(run: Run) -> None:
    """Let the model fail in every way, and write what an attacker would like best."""
    run.desk.model.behaviours = (
        "429", "500", "hang", "trickle", "truncated", "refusing", "garbage", "invented", "extra_keys", "hostile", "good"
    )  # fmt: skip
    run.settle(LONG_SECONDS)
    run.injected["model misbehaved"] += sum(n for name, n in run.desk.model.counts.items() if name != "good")


@fault("tool")
def tool_faults(run: Run) -> None:
    """Let tools fail before and after they did what was asked, and answer what is no success."""
    run.desk.tools.behaviours = (
        "429", "503", "refuses", "empty", "html", "error_after", "reset_before", "reset_after", "hang_after", "good"
    )  # fmt: skip
    run.settle(LONG_SECONDS)
    run.injected["tools misbehaved"] += sum(n for name, n in run.desk.tools.counts.items() if name != "good")


@fault("poison")
def poison(run: Run) -> None:
    """Send requests that kill the process that works on them, each time; others must flow meanwhile."""
    for _ in range(2):
        body = {"title": "poison", "text": f"order K-9: {POISON}", "type": "refund"}
        run.post("/items", run.scene.intake, body, f"poison-{time.time()}").raise_for_status()
        run.injected["poison items"] += 1
    before = len(run.journal.acknowledged)
    run.settle(LONG_SECONDS)
    run.expect("items taken in beside a poison item", len(run.journal.acknowledged) > before, wanted=True)
    run.injected["workers killed by poison"] = run.desk.model.killed


@fault("duplicates")
def duplicates(run: Run) -> None:
    """Send one key fifty times at once, then with another body."""
    key = f"twice-{run.seed}-{time.time()}"
    body = {"title": "plain twice", "text": "once is enough", "type": "plain"}
    answers = run.at_once(CONTENDERS, lambda _: run.post("/items", run.scene.intake, body, key))
    run.expect("one key at once", Counter(answer.status_code for answer in answers), {201: 1, 200: CONTENDERS - 1})
    run.expect("its items", len({answer.json()["code"] for answer in answers}), 1)
    other = run.post("/items", run.scene.intake, body | {"text": "another"}, key)
    run.expect("the same key with another body", other.status_code, 409)
    run.injected["duplicate submissions"] += CONTENDERS


@fault("claim-race")
def claim_race(run: Run) -> None:
    """Let fifty people claim one review at once, then decide it twice at once, then with an old epoch."""
    review = run.own_review()
    tokens = list(run.scene.crowd.values())
    claims = run.at_once(len(tokens), lambda n: run.post(f"/reviews/{review}/claim", tokens[n]))
    run.expect("claims at once", Counter(one.status_code for one in claims), {200: 1, 409: len(tokens) - 1})
    [(number, won)] = [(n, one.json()) for n, one in enumerate(claims) if one.status_code == 200]
    verdict = {"verdict": "complete", "epoch": won["epoch"], "digest": won["digest"]}
    old = run.post(f"/reviews/{review}/verdict", tokens[number], verdict | {"epoch": won["epoch"] - 1})
    run.expect("a verdict with an old epoch", old.status_code, 409)
    twice = run.at_once(2, lambda _: run.post(f"/reviews/{review}/verdict", tokens[number], verdict))
    run.expect("a double click", [one.status_code for one in twice], [200, 200])
    moved = run.post(f"/items/{won['item']}/move", run.scene.operator, {"to": "state:done", "version": 1})
    run.expect("a stale form", moved.status_code, 409)
    run.injected["claims at once"] += len(tokens)


@fault("lease-expiry")
def lease_expiry(run: Run) -> None:
    """Let a claim run out while somebody writes; another takes it, and the first is told so."""
    review = run.own_review()
    first, second = list(run.scene.crowd.values())[:2]
    held = run.post(f"/reviews/{review}/claim", first).json()
    with run.desk.database.connect() as connection:
        connection.execute(
            "UPDATE reviews_review SET lease_expires_at = clock_timestamp() - interval '1 s' WHERE id = %s", [review]
        )
    verdict = {"verdict": "complete", "epoch": held["epoch"], "digest": held["digest"]}
    late = run.post(f"/reviews/{review}/verdict", first, verdict)
    run.expect("a verdict after the time to decide", late.status_code, 409)
    taken = run.post(f"/reviews/{review}/claim", second)
    run.expect("a claim after the other ran out", taken.status_code, 200)
    old = run.post(f"/reviews/{review}/verdict", first, verdict)
    run.expect("a verdict on a lost claim", old.status_code, 409)
    done = run.post(f"/reviews/{review}/verdict", second, verdict | {"epoch": taken.json()["epoch"]})
    run.expect("the second person's verdict", done.status_code, 200)
    run.injected["claims run out"] += 1


@fault("sockets")
def sockets(run: Run) -> None:
    """Break the boards' sockets, let a board sleep through many changes, and let one come back very late."""
    sleeper, late, *_ = run.boards
    kept = late.position
    sleeper.asleep.set()
    for _ in range(4):
        run.chance.choice(run.boards).lose()
        run.injected["sockets broken"] += 1
        time.sleep(run.chance.uniform(0.5, 2.0))
    late.position = kept
    late.lose()
    sleeper.asleep.clear()
    run.settle()
