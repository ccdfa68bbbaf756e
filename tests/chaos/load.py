"""The load: sends requests in over HTTP, and keeps on disk what was attempted, acknowledged or never answered."""

import json
import random
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from tests.chaos.scene import KINDS, Scene

TIMEOUT_SECONDS = 8.0
AGAIN_SECONDS = 0.5
DUPLICATES = 0.05


@dataclass
class Journal:
    """What became of each key, written down before it is sent and after it was answered."""

    path: Path
    sent: set[str] = field(default_factory=set)
    acknowledged: dict[str, str] = field(default_factory=dict)
    indeterminate: set[str] = field(default_factory=set)
    refusals: dict[int, int] = field(default_factory=dict)
    contradictions: list[str] = field(default_factory=list)
    slowest_seconds: float = 0.0

    def __post_init__(self) -> None:
        self._lock = threading.Lock()

    def note(self, key: str, what: str, code: str = "") -> None:
        """Keep what became of a key: attempted, acknowledged (with the item's code), refused or indeterminate."""
        with self._lock:
            with self.path.open("a") as file:
                file.write(json.dumps({"at": time.time(), "key": key, "what": what, "code": code}) + "\n")
            if what == "attempted":
                self.sent.add(key)
            elif what == "indeterminate":
                self.indeterminate.add(key)
            elif what == "acknowledged":
                if self.acknowledged.setdefault(key, code) != code:
                    self.contradictions.append(f"{key}: {self.acknowledged[key]} and {code}")
            else:
                status = int(what)
                self.refusals[status] = self.refusals.get(status, 0) + 1

    @property
    def open(self) -> set[str]:
        """Keys of which it is not known yet what became of them."""
        return self.sent - set(self.acknowledged)


class Load:
    """Some clients that send, and send again under the same key until they know."""

    def __init__(self, url: str, scene: Scene, journal: Journal, *, seed: int, clients: int = 3) -> None:
        self.journal = journal
        self.rate = 6.0
        self.limit = 0
        self._url, self._scene, self._seed = url, scene, seed
        self._number = 0
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(n,), daemon=True) for n in range(clients)]

    def begin(self) -> None:
        """Start sending, ``rate`` a second, ``limit`` in all (0: until told to stop)."""
        for thread in self._threads:
            thread.start()

    def end(self, seconds: float) -> None:
        """Stop sending anew; wait until all that was sent is known, at most so long."""
        self._ended.set()
        until = time.monotonic() + seconds
        for thread in self._threads:
            thread.join(max(0.1, until - time.monotonic()))

    def _next(self) -> int | None:
        with self._lock:
            if self.limit and self._number >= self.limit:
                return None
            self._number += 1
            return self._number

    def _run(self, number: int) -> None:
        chance = random.Random(self._seed * 1000 + number)
        with httpx.Client(timeout=TIMEOUT_SECONDS) as client:
            while not self._ended.is_set() and (index := self._next()) is not None:
                key, body = f"{self._seed}-{index}", request_body(index, chance)
                self._settle(client, key, body)
                if chance.random() < DUPLICATES:
                    self._settle(client, key, body)
                self._ended.wait(len(self._threads) / self.rate * chance.uniform(0.5, 1.5))

    def _settle(self, client: httpx.Client, key: str, body: dict[str, Any]) -> None:
        """Send until there is an answer that settles it."""
        while True:
            began = time.monotonic()
            if send(client, self._url, self._scene.intake, key, body, self.journal):
                self.journal.slowest_seconds = max(self.journal.slowest_seconds, time.monotonic() - began)
                return
            time.sleep(AGAIN_SECONDS)


def request_body(index: int, chance: random.Random) -> dict[str, Any]:
    """Return a request of some kind; its order number is its own, so that each effect is of one item."""
    kind = chance.choices(list(KINDS), weights=list(KINDS.values()))[0]
    words = "please have a look" if kind == "question" else f"please see to order K-{index}"
    asked = {"name": "Kim", "email": "kim@example.org"} if kind == "question" else {}
    given = {"type": kind, "requester": asked}
    return {"title": f"{kind} {index}", "text": words} | {name: part for name, part in given.items() if part}


def send(client: httpx.Client, url: str, token: str, key: str, body: dict[str, Any], journal: Journal) -> bool:
    """Send one request; returns whether it is known now that it was taken in."""
    journal.note(key, "attempted")
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": key}
    try:
        answer = client.post(f"{url}/api/v1/items", json=body, headers=headers)
    except httpx.HTTPError:
        journal.note(key, "indeterminate")
        return False
    if answer.status_code in {200, 201}:
        journal.note(key, "acknowledged", answer.json()["code"])
        return True
    journal.note(key, str(answer.status_code))
    return False
