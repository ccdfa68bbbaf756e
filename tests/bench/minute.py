"""A minute of 20 moves a second before many viewers: what is missed, how late it is, and what it costs.

Viewers are cut off at random and come back by their position. In the second half of the minute one more never reads.
"""

import asyncio
import json
import random
import socket
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from time import perf_counter

import psutil
from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import connections
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Origin

from routing.models import WorkItem
from tests.bench.feed import Served, opened, quantile, served
from tests.bench.feed_desk import move, signed_in_session
from tests.bench.limits import database_url
from tests.bench.report import MINUTE, Part, row
from tests.desks import TestDesk
from tests.runtime.processes import free_port

SECONDS = 60
MOVES_A_SECOND = 20
ITEMS = 40
VIEWERS = 50
DISCONNECTS = 200
WINDOW_SECONDS = 10
PATIENCE_SECONDS = 20.0
Move = tuple[int, int]  # an item's id and its version


@dataclass
class _Viewer:
    """One viewer: the versions it holds, when it got each, and how much it was sent."""

    headers: dict[str, str]
    host: str
    position: str = ""
    versions: dict[int, int] = field(default_factory=dict)
    came: dict[Move, float] = field(default_factory=dict)
    sent_bytes: int = 0
    reloads: int = 0
    socket: ClientConnection | None = None

    async def look(self) -> None:
        """Follow the feed for ever, coming back by the position whenever the socket is gone."""
        while True:
            self.socket = await opened(self.host, self.headers, self.position)
            try:
                async for text in self.socket:
                    self._take(str(text))
            except ConnectionClosed:
                continue

    def _take(self, text: str) -> None:
        moment, frame = perf_counter(), json.loads(text)
        self.position = frame["position"]
        self.sent_bytes += len(text)
        self.reloads += frame["type"] == "reload"
        for card in frame.get("cards", []):
            number = int(card["code"].removeprefix("D-"))
            for version in range(self.versions.get(number, 0) + 1, card["version"] + 1):
                self.came[number, version] = moment
            self.versions[number] = max(self.versions.get(number, 0), card["version"])


def figures() -> dict[str, Part]:
    """Return what was missed, p50 in milliseconds at several times, and what a change costs for each viewer."""
    desk = TestDesk()
    ids = [desk.send(f"A request that moves {number}").pk for number in range(ITEMS)]
    headers = {"Cookie": f"{settings.SESSION_COOKIE_NAME}={signed_in_session()}"}
    with served("dispatchdesk.asgi:application", free_port(), database_url()) as server:
        return {MINUTE: asyncio.run(_minute(server, headers, ids))}


async def _minute(server: Served, headers: dict[str, str], ids: list[int]) -> Part:
    viewers = [_Viewer(headers, server.host) for _ in range(VIEWERS)]
    looking = [asyncio.create_task(viewer.look()) for viewer in viewers]
    await _until(lambda: all(viewer.position for viewer in viewers))
    process = psutil.Process(server.pid)
    cpu_before = sum(process.cpu_times()[:2])
    begun, moved = perf_counter(), dict[Move, float]()
    cutting = asyncio.create_task(_cut_off(viewers))
    silent = asyncio.create_task(_never_reads(server.host, headers))
    late = 0.0
    for number in range(SECONDS * MOVES_A_SECOND):
        due = begun + number / MOVES_A_SECOND
        await asyncio.sleep(max(0.0, due - perf_counter()))
        late = max(late, perf_counter() - due)
        item_id = ids[number % len(ids)]
        version, moment = await sync_to_async(move)(item_id)
        moved[item_id, version] = moment
    await cutting
    truth = await sync_to_async(lambda: dict(WorkItem.objects.filter(pk__in=ids).values_list("pk", "version")))()
    await _until(lambda: all(viewer.versions == truth for viewer in viewers))
    cpu = sum(process.cpu_times()[:2]) - cpu_before
    for task in (*looking, silent):
        task.cancel()
    await asyncio.gather(*looking, silent, return_exceptions=True)
    await sync_to_async(connections.close_all)()
    missed = sum(key not in viewer.came for viewer in viewers for key in moved)
    unlike = sum(viewer.versions != truth for viewer in viewers)
    p50 = _by_window(viewers, moved, begun)
    shown = VIEWERS * len(moved)
    return {
        "moves missed": {"ours": missed, "moves": len(moved), "viewers": VIEWERS, "latest_start_ms": late * 1000},
        f"viewers unlike the database after {DISCONNECTS} disconnects": {
            "ours": unlike,
            "reloads": sum(viewer.reloads for viewer in viewers) - VIEWERS,  # each was told once to begin with a page
        },
        "p50 at the end": row(p50[-1], p50[1], unit="ms"),
        "p50 beside one that never reads": row(sorted(p50[3:])[1], sorted(p50[:3])[1], unit="ms"),
        "a change for a viewer": {
            "cpu_us": cpu / shown * 1e6,
            "bytes": sum(viewer.sent_bytes for viewer in viewers) / shown,
        },
    }


def _by_window(viewers: list[_Viewer], moved: dict[Move, float], begun: float) -> list[float]:
    """Return p50 in milliseconds of the moves of each ten seconds."""
    taken: dict[int, list[float]] = defaultdict(list)
    for viewer in viewers:
        for key, moment in viewer.came.items():
            if key in moved:
                window = int((moved[key] - begun) / WINDOW_SECONDS)
                taken[min(window, SECONDS // WINDOW_SECONDS - 1)].append((moment - moved[key]) * 1000)
    return [quantile(sorted(taken[window]), 0.5) for window in sorted(taken)]


async def _cut_off(viewers: list[_Viewer]) -> None:
    """Cut viewers off at random, evenly over the minute, without a goodbye."""
    draw = random.Random(1)
    for _ in range(DISCONNECTS):
        await asyncio.sleep(SECONDS / DISCONNECTS)
        chosen = draw.choice(viewers).socket
        if chosen is not None:
            chosen.transport.abort()


async def _never_reads(host: str, headers: dict[str, str]) -> None:
    """Open the feed after half the minute with the smallest buffer there is, and read nothing."""
    await asyncio.sleep(SECONDS / 2)
    name, _, port = host.partition(":")
    narrow = socket.socket()
    narrow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2_048)
    narrow.connect((name, int(port)))
    async with connect(
        f"ws://{host}/ws/feed",
        sock=narrow,
        origin=Origin(f"http://{host}"),
        additional_headers=headers,
        max_queue=1,
        proxy=None,
    ):
        await asyncio.sleep(SECONDS)


async def _until(look: Callable[[], bool]) -> None:
    """Wait until it is so, for some seconds at most; what is not so then is counted."""
    deadline = perf_counter() + PATIENCE_SECONDS
    while not look() and perf_counter() < deadline:  # noqa: ASYNC110 - nothing tells us
        await asyncio.sleep(0.05)
