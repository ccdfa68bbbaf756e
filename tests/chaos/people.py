"""The people: they claim and decide over HTTP, say what became of effects truthfully, and note when they held what."""

import random
import threading
import time
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx
import psycopg

from tests.chaos.others import ToolServer
from tests.chaos.scene import QUEUES, Scene

TIMEOUT_SECONDS = 8.0
PAUSE_SECONDS = 0.15
TRIES = 3


@dataclass(frozen=True, slots=True)
class Held:
    """A time in which somebody surely held a claim, in seconds of the machine's clock."""

    review: int
    epoch: int
    who: str
    since: float
    until: float


class People:
    """Reviewers who decide what waits, each in a thread, and an operator who fills in what is asked.

    When they ``are_tired``, nothing that failed is tried again.
    """

    def __init__(self, url: str, scene: Scene, tools: ToolServer, steps: "StepKeys", *, seed: int) -> None:
        self.held: list[Held] = []
        self.counts: Counter[str] = Counter()
        self.strange: list[str] = []
        self.are_tired = False
        self._url, self._scene, self._tools, self._steps = url, scene, tools, steps
        self._ended = threading.Event()
        self._threads = [
            threading.Thread(target=self._review, args=(name, token, seed + number), daemon=True)
            for number, (name, token) in enumerate(scene.reviewers.items())
        ]
        self._threads.append(threading.Thread(target=self._answer, daemon=True))

    def begin(self) -> None:
        """Start working."""
        for thread in self._threads:
            thread.start()

    def end(self) -> None:
        """Stop after what is at hand."""
        self._ended.set()
        for thread in self._threads:
            thread.join(30)

    def _review(self, name: str, token: str, seed: int) -> None:
        chance = random.Random(seed)
        headers = {"Authorization": f"Bearer {token}"}
        with httpx.Client(base_url=f"{self._url}/api/v1", headers=headers, timeout=TIMEOUT_SECONDS) as client:
            while not self._ended.is_set():
                took = False
                try:
                    took = sum(self._one(client, queue, name, chance) for queue in QUEUES) > 0
                except (httpx.HTTPError, psycopg.OperationalError):
                    self.counts["no answer"] += 1
                except Exception as error:  # noqa: BLE001 - told at the end, as a count that must be none
                    self.strange.append(f"{type(error).__name__}: {error}"[:300])
                self._ended.wait(PAUSE_SECONDS if took else 5 * PAUSE_SECONDS)

    def _one(self, client: httpx.Client, queue: str, name: str, chance: random.Random) -> bool:
        """Claim the next review of a queue and decide it; returns whether there was one."""
        answer = client.post(f"/queues/{queue}/claim")
        if answer.status_code != 200:
            self._expect(answer, {204, 503}, "claim")
            return False
        review, since = answer.json(), time.time()
        time.sleep(chance.uniform(0.0, 0.1))
        lease = review["lease_expires_at"]
        ends = datetime.fromisoformat(lease).timestamp() if lease else since
        self.held.append(Held(review["id"], review["epoch"], name, since, max(since, min(time.time(), ends))))
        if chance.random() < 0.05:
            self._expect(
                client.post(f"/reviews/{review['id']}/release", json={"epoch": review["epoch"]}),
                {200, 409, 503},
                "release",
            )
            self.counts["released"] += 1
            return True
        verdict = self._verdict(review, chance)
        sent = {"epoch": review["epoch"], "digest": review["digest"], **verdict}
        for _ in range(TRIES):
            try:
                decided = client.post(f"/reviews/{review['id']}/verdict", json=sent)
            except httpx.HTTPError:
                self.counts["verdict sent again"] += 1
                continue
            self._expect(decided, {200, 409, 503}, "verdict")
            if decided.status_code == 200:
                self.counts[f"{review['proposal']['kind']} {verdict['verdict']}"] += 1
                if chance.random() < 0.05:
                    self._expect(client.post(f"/reviews/{review['id']}/undo"), {200, 409, 503}, "undo")
                    self.counts["undone or too late"] += 1
            if decided.status_code != 503:
                break
        return True

    def _expect(self, answer: httpx.Response, statuses: set[int], what: str) -> None:
        self.counts[f"{what} {answer.status_code}"] += 1
        if answer.status_code not in statuses:
            self.strange.append(f"{what}: {answer.status_code} {answer.text[:200]}")

    def _verdict(self, review: dict[str, Any], chance: random.Random) -> dict[str, Any]:
        proposal = review["proposal"]
        match proposal["kind"]:
            case "task":
                return {"verdict": "complete"}
            case "outcome":
                done = self._tools.applied(self._steps.key(int(proposal["step"])))
                return {"verdict": "approve" if done else "reject"}
            case "facts":
                return {"verdict": "correct", "correction": {"inputs": {"order_number": "K-0"}}}
            case "calls" if proposal["drafts"] and chance.random() < 0.1:
                return {"verdict": "correct", "correction": {"drafts": dict.fromkeys(proposal["drafts"], "Mine.")}}
            case "calls":
                return {"verdict": "approve" if chance.random() < 0.97 else "reject"}
            case "route" if chance.random() < 0.5:
                return {"verdict": "correct", "correction": {"destination": "people"}}
            case "route":
                return {"verdict": "correct", "correction": {"type": "plain"}}
            case "check":
                return {"verdict": "approve"}
            case "retry" if self.are_tired:
                return {"verdict": "reject"}
        return {"verdict": "approve" if chance.random() < 0.7 else "reject"}

    def _answer(self) -> None:
        """Fill in what requesters are asked."""
        headers = {"Authorization": f"Bearer {self._scene.operator}"}
        with httpx.Client(base_url=f"{self._url}/api/v1", headers=headers, timeout=TIMEOUT_SECONDS) as client:
            while not self._ended.wait(1.0):
                try:
                    waiting = client.get("/items", params={"state": "waiting", "type": "question"})
                    for item in waiting.json()["items"] if waiting.status_code == 200 else []:
                        sent = {"inputs": {"order_number": f"K-{item['code'][2:]}"}, "version": item["version"]}
                        done = client.post(f"/items/{item['code']}/inputs", json=sent)
                        self._expect(done, {200, 409, 503}, "inputs")
                except httpx.HTTPError:
                    self.counts["no answer"] += 1


class StepKeys:
    """Finds the key that a step's calls carry, as whoever looks at the other system would by its order."""

    def __init__(self, connect: Any) -> None:
        self._connect = connect

    def key(self, step: int) -> str:
        """Return the key of a step."""
        with self._connect() as connection:
            return str(
                connection.execute("SELECT idempotency_key FROM routing_step WHERE id = %s", [step]).fetchone()[0]
            )
