"""How long a commit takes to reach viewers, against a bare ASGI socket served by the same program and told as often."""

import asyncio
import gc
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from urllib.parse import quote

from django.conf import settings
from websockets.asyncio.client import ClientConnection, connect

from tests.bench.bare_socket import FRAME
from tests.bench.feed_desk import item_that_moves, move, signed_in_session
from tests.bench.limits import database_url
from tests.bench.other_process import other_process
from tests.bench.report import P50, P99, Part, row
from tests.runtime.processes import free_port

VIEWERS = ((1, 100), (100, 60), (1_000, 30))  # with how many commits
WARMING_UP = 5
PAUSE_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Served:
    """A server: its host with its port, and its process."""

    host: str
    pid: int


@contextmanager
def served(application: str, port: int, url: str) -> Iterator[Served]:
    """Serve an application as the desk does."""
    arguments = ["-m", "uvicorn", application, "--port", str(port), "--lifespan", "off", "--log-level", "error"]
    arguments += ["--ws", "websockets-sansio"]
    environment = os.environ | {"DATABASE_URL": url, "PORT": str(port)}
    environment |= {"DJANGO_SETTINGS_MODULE": "dispatchdesk.settings", "API_REQUESTS_PER_SECOND": "1000000"}
    process = subprocess.Popen([sys.executable, *arguments], env=environment)
    try:
        yield Served(f"127.0.0.1:{port}", process.pid)
    finally:
        process.terminate()
        process.wait(10)


async def opened(host: str, headers: dict[str, str], position: str = "") -> ClientConnection:
    """Open the feed, waiting until the server is up."""
    query = f"?position={quote(position)}" if position else ""
    for _ in range(200):
        try:
            return await connect(
                f"ws://{host}/ws/feed{query}",
                origin=f"http://{host}",  # type: ignore[arg-type]
                additional_headers=headers,
                max_size=None,
                proxy=None,
                compression=None,
            )
        except OSError:
            await asyncio.sleep(0.1)
    raise RuntimeError("the server did not start")


@dataclass(slots=True)
class Moving:
    """An item that another process moves, and the version it has."""

    process: Executor
    item_id: int
    version: int


async def measure(host: str, viewers: int, commits: int, headers: dict[str, str], moving: Moving) -> list[float]:
    """Return the milliseconds from each commit to each viewer, sorted."""
    taken: list[float] = []
    loop = asyncio.get_running_loop()
    async with AsyncExitStack() as stack:
        sockets = [await stack.enter_async_context(await opened(host, headers)) for _ in range(viewers)]
        for socket in sockets:
            await socket.recv()

        async def until(socket: ClientConnection, mark: str) -> float:
            while True:
                text = await socket.recv()
                moment = time.perf_counter()
                # Looked for, not parsed: the others' frames wait while this client is busy.
                if text == FRAME or mark in text:
                    return moment

        with _undisturbed():
            for number in range(WARMING_UP + commits):
                await asyncio.sleep(PAUSE_SECONDS)
                moving.version += 1
                mark = f'"version": {moving.version}, '
                waiting = asyncio.gather(*(until(socket, mark) for socket in sockets))
                _, begun = await loop.run_in_executor(moving.process, move, moving.item_id)
                moments = await waiting
                if number >= WARMING_UP:
                    taken += [(moment - begun) * 1000 for moment in moments]
    return sorted(taken)


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Keep the collector of this client, which holds a thousand sockets, from being measured as the server's delay."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def figures() -> dict[str, Part]:
    """Return p50 and p99 in milliseconds of the desk's viewers and of the bare socket's."""
    session = signed_in_session()
    headers = {"Cookie": f"{settings.SESSION_COOKIE_NAME}={session}"}
    url = database_url()
    found: dict[str, Part] = {P50: {}, P99: {}}
    with (
        other_process(url) as process,
        served("tests.bench.bare_socket:bare", free_port(), url) as bare,
        served("dispatchdesk.asgi:application", free_port(), url) as desk,
    ):
        moving = Moving(process, *item_that_moves())
        for viewers, commits in VIEWERS:
            limit = asyncio.run(measure(bare.host, viewers, commits, headers, moving))
            ours = asyncio.run(measure(desk.host, viewers, commits, headers, moving))
            name = f"{viewers:,} viewer" + "s" * (viewers > 1)
            for kind, share in ((P50, 0.5), (P99, 0.99)):
                found[kind][name] = row(quantile(ours, share), quantile(limit, share), unit="ms")
    return found


def quantile(ordered: Sequence[float], share: float) -> float:
    """Return the value below which this share of some sorted values is."""
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
