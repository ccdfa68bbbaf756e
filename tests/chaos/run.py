"""One run: a desk under load, faults one after the other, and at the end what the promises are counted by."""

import json
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from django.db import connections
from django.db.models import Count as Rows

from reviews.models import Review, Verdict
from routing.domain.states import FINAL_STATES
from routing.models import Step, WorkItem
from tests.chaos import counting
from tests.chaos.boards import Board
from tests.chaos.desk import Desk
from tests.chaos.load import Journal, Load
from tests.chaos.people import People, StepKeys
from tests.chaos.scene import RACES, Scene
from tests.runtime.processes import wait_for

BOARDS = 3
SETTLES_SECONDS = 3.0
DRAIN_SECONDS = 300.0
TRUE_WITHIN_SECONDS = 15.0  # what the last change takes to reach every board


@dataclass
class Run:
    """What faults act on, and what they note."""

    desk: Desk
    scene: Scene
    seed: int
    burst: int
    chance: random.Random = field(init=False)
    journal: Journal = field(init=False)
    load: Load = field(init=False)
    people: People = field(init=False)
    boards: list[Board] = field(init=False)
    injected: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    poisoned: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        desk = self.desk
        self.chance = random.Random(self.seed)
        self.journal = Journal(desk.data / "journal.jsonl")
        self.load = Load(desk.url, self.scene, self.journal, seed=self.seed)
        self.people = People(desk.url, self.scene, desk.tools, StepKeys(desk.database.connect), seed=self.seed)
        self.boards = [Board(desk.port, self.scene.session, self.seed + number) for number in range(BOARDS)]

    def begin(self) -> None:
        """Start the clients."""
        for client in (self.load, self.people):
            client.begin()
        for board in self.boards:
            board.start()

    def expect(self, what: str, seen: object, wanted: object) -> None:
        """Note that something a fault looks at itself is not as it must be."""
        if seen != wanted:
            self.wrong.append(f"{what}: {seen}, not {wanted}")

    def settle(self, seconds: float = SETTLES_SECONDS) -> None:
        """Let the desk work for a while."""
        time.sleep(seconds)

    def post(self, path: str, token: str, body: dict[str, Any] | None = None, key: str = "") -> httpx.Response:
        """Call the API once."""
        headers = {"Authorization": f"Bearer {token}"} | ({"Idempotency-Key": key} if key else {})
        return httpx.post(f"{self.desk.url}/api/v1{path}", json=body or {}, headers=headers, timeout=30)

    def at_once(self, times: int, call: Callable[[int], httpx.Response]) -> list[httpx.Response]:
        """Make a call so many times from as many threads, started together by a barrier; answers in their order."""
        barrier = threading.Barrier(times)

        def one(number: int) -> httpx.Response:
            barrier.wait(30)
            return call(number)

        with ThreadPoolExecutor(times) as pool:
            return list(pool.map(one, range(times)))

    def own_review(self) -> int:
        """Send in an item whose review only the crowd may decide, and return the review's id."""
        body = {"title": "whose?", "text": "only one may take it", "type": RACES}
        code = self.post("/items", self.scene.intake, body, f"race-{time.time()}").json()["code"]
        headers = {"Authorization": f"Bearer {self.scene.operator}"}

        def opened() -> list[dict[str, Any]]:
            answer = httpx.get(f"{self.desk.url}/api/v1/reviews?item={code}&status=open", headers=headers, timeout=30)
            return list(answer.json()["reviews"])

        [review] = wait_for(opened, seconds=30, what=f"{code} asks a person")
        return int(review["id"])

    def end(self) -> dict[str, Any]:
        """Stop the faults and the load, let everything drain, and return the figures."""
        for board in self.boards:
            board.asleep.clear()
        self.desk.heal()
        connections.close_all()  # ours may have been killed as well
        self.people.are_tired = True
        self.load.end(60)
        began = time.monotonic()
        left = self._drain()
        drained = time.monotonic() - began
        self.people.end()
        self.wrong += self.people.strange
        for code in self.poisoned:
            asked = Review.objects.filter(item_id=int(code.removeprefix("D-"))).exists()
            self.expect(f"a person was asked about {code}, which kills what works on it", asked, wanted=True)
        until = time.monotonic() + TRUE_WITHIN_SECONDS
        while counting.untrue_boards(self.boards).found and time.monotonic() < until:
            time.sleep(0.5)
        for board in self.boards:
            board.ended.set()
        for board in self.boards:
            board.join(30)
        connections.close_all()
        return self._figures(left, drained)

    def _drain(self) -> int:
        """Wait until nothing is open any more; returns how many items still are."""
        until, quiet = time.monotonic() + DRAIN_SECONDS, 0
        left = -1
        while time.monotonic() < until and quiet < 2:
            time.sleep(1.0)
            left = _open_items()
            quiet = quiet + 1 if left == 0 and not Review.objects.filter(status=Review.OPEN).exists() else 0
        return left

    def _figures(self, left: int, drained: float) -> dict[str, Any]:
        counts = {
            "L": counting.lost(self.journal),
            "S": counting.stranded(),
            "E": counting.unapproved(self.desk.tools.calls),
            "C": counting.overlapping(self.people.held),
            "V": counting.untrue_boards(self.boards),
            "A": counting.broken_chains(),
        }
        figures: dict[str, Any] = {name: len(count) for name, count in counts.items()}
        figures["found"] = {name: count.found[:5] for name, count in counts.items() if count.found}
        figures["wrong"] = self.wrong
        figures["unfinished"] = left
        figures["injected"] = dict(self.injected)
        figures["restarts"] = self.desk.restarts
        figures["behind"] = self._behind() | {"drained in seconds": round(drained, 1)}
        return figures

    def _behind(self) -> dict[str, Any]:
        journal, calls = self.journal, self.desk.tools.calls
        steps = Step.objects.values_list("status").annotate(n=Rows("pk")).order_by("status")
        causes = Review.objects.values_list("cause").annotate(n=Rows("pk")).order_by("cause")
        return {
            "items acknowledged": len(journal.acknowledged),
            "submissions without an answer": len(journal.indeterminate),
            "submissions refused": journal.refusals,
            "slowest submission, seconds": round(journal.slowest_seconds, 1),
            "items": WorkItem.objects.count(),
            "tool calls": len(calls),
            "effects applied": sum(call.applied for call in calls),
            "steps": dict(steps),
            "reviews": dict(causes),
            "verdicts": Verdict.objects.count(),
            "claims held": len(self.people.held),
            "people": dict(sorted(self.people.counts.items())),
            "model": dict(self.desk.model.counts),
            "tools": dict(self.desk.tools.counts),
            "workers killed by poison": self.desk.model.killed,
            "board connections": sum(board.connections for board in self.boards),
            "board reloads": sum(board.reloads for board in self.boards),
        }


def _open_items() -> int:
    try:
        return WorkItem.objects.exclude(state__in=[state.value for state in FINAL_STATES]).count()
    finally:
        connections.close_all()


def counted(figures: dict[str, Any]) -> list[str]:
    """Return which of the promises a run has counted, by their letters."""
    return [name for name in "LSECVA" if name in figures]


def is_kept(figures: dict[str, Any]) -> bool:
    """Whether a run kept every promise that it counted."""
    none: Sequence[object] = [figures[name] for name in counted(figures)] + [
        figures["unfinished"],
        len(figures["wrong"]),
    ]
    return not any(none)


def write(figures: dict[str, Any], path: Path) -> None:
    """Write the figures as JSON."""
    path.write_text(json.dumps(figures, indent=2))
