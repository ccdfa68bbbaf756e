"""The faults that clients and people make: the same twice, all at once, too late, and asleep."""

import time
from collections import Counter

from tests.chaos.faults import Fault
from tests.chaos.run import Run

CONTENDERS = 50


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


def sockets(run: Run) -> None:
    """Break the boards' sockets, let a board sleep through many changes, and let one come back very late."""
    sleeper, late, *_ = run.boards
    sleeper.asleep.set()
    for _ in range(4):
        run.chance.choice(run.boards).lose()
        run.injected["sockets broken"] += 1
        time.sleep(run.chance.uniform(0.5, 2.0))
    late.position = late.first_position
    late.lose()
    sleeper.asleep.clear()
    run.settle()


RACES: dict[str, Fault] = {
    "duplicates": duplicates,
    "claim-race": claim_race,
    "lease-expiry": lease_expiry,
    "sockets": sockets,
}
