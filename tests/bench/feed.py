"""How long a commit takes to reach viewers, against a bare ASGI socket that is told by the same commit.

The bare one knows nothing: it listens on PostgreSQL itself and sends the same number of bytes to all, without asking
what changed, who may see it, or how it is drawn: the least any web server in Python could cost. Needs a PostgreSQL in
``DATABASE_URL``, where it makes a database and drops it afterwards.
"""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg
from websockets.asyncio.client import ClientConnection, connect

VIEWERS = (1, 100)
COMMITS = 60
WARMING_UP = 5
PAUSE_SECONDS = 0.05
CHANNEL = "desk_feed"
FRAME = "x" * 1_900
Scope = dict[str, Any]


async def bare(scope: Scope, receive: Callable[[], Awaitable[Scope]], send: Callable[[Scope], Awaitable[None]]) -> None:
    """Serve the bare socket: everybody gets the same text at each notification."""
    if scope["type"] != "websocket":
        return
    await receive()
    await send({"type": "websocket.accept"})
    _sends.append(send)
    if len(_sends) == 1:
        _kept.append(asyncio.create_task(_tell_all()))
    await send({"type": "websocket.send", "text": FRAME})
    await receive()
    _sends.remove(send)


_sends: list[Callable[[Scope], Awaitable[None]]] = []
_kept: list[asyncio.Task[None]] = []


async def _tell_all() -> None:
    async with await psycopg.AsyncConnection.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
        await connection.execute(f"LISTEN {CHANNEL}")
        async for _ in connection.notifies():
            for send in _sends:
                await send({"type": "websocket.send", "text": FRAME})


@contextmanager
def served(application: str, port: int, url: str) -> Iterator[str]:
    """Serve an application as the desk does; yields its host and port."""
    arguments = ["-m", "uvicorn", application, "--port", str(port), "--lifespan", "off", "--log-level", "error"]
    arguments += ["--ws", "websockets-sansio"]
    environment = os.environ | {"DATABASE_URL": url, "PORT": str(port)}
    environment["DJANGO_SETTINGS_MODULE"] = "dispatchdesk.settings"
    process = subprocess.Popen([sys.executable, *arguments], env=environment)
    try:
        yield f"127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(10)


async def _opened(stack: AsyncExitStack, host: str, headers: dict[str, str]) -> ClientConnection:
    for _ in range(200):
        try:
            connecting = connect(
                f"ws://{host}/ws/feed",
                origin=f"http://{host}",  # type: ignore[arg-type]
                additional_headers=headers,
                max_size=None,
                proxy=None,
                compression=None,
            )
            return await stack.enter_async_context(connecting)
        except OSError:
            await asyncio.sleep(0.1)
    raise RuntimeError("the server did not start")


async def measure(
    host: str, viewers: int, headers: dict[str, str], commit: Callable[[], tuple[int, float]]
) -> list[float]:
    """Return the milliseconds from each commit to each viewer, sorted; ``commit`` returns (version, moment)."""
    taken: list[float] = []
    async with AsyncExitStack() as stack:
        sockets = [await _opened(stack, host, headers) for _ in range(viewers)]
        for socket in sockets:
            await socket.recv()

        async def until(socket: ClientConnection, version: int) -> float:
            while True:
                text = await socket.recv()
                moment = time.perf_counter()
                cards = [] if text == FRAME else json.loads(text).get("cards", [])
                if text == FRAME or any(card["version"] == version for card in cards):
                    return moment

        for number in range(WARMING_UP + COMMITS):
            await asyncio.sleep(PAUSE_SECONDS)
            version, begun = await asyncio.to_thread(commit)
            moments = await asyncio.gather(*(until(socket, version) for socket in sockets))
            if number >= WARMING_UP:
                taken += [(moment - begun) * 1000 for moment in moments]
    return sorted(taken)


def main() -> None:
    """Print p50 and p99 in milliseconds, and their ratios to the bare socket's."""
    import django  # noqa: PLC0415 - the settings name the database made here

    given = os.environ.get("DATABASE_URL", "")
    if not given:
        raise SystemExit("tests.bench.feed: set DATABASE_URL to a PostgreSQL")
    name = f"desk_bench_{os.getpid()}"
    url = urlunsplit(urlsplit(given)._replace(path=f"/{name}"))
    with psycopg.connect(given, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}")
        try:
            os.environ |= {"DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "tests.settings"}
            django.setup()
            _compare(url)
        finally:
            admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


def _compare(url: str) -> None:
    from django.conf import settings  # noqa: PLC0415 - after django.setup()
    from django.core.management import call_command  # noqa: PLC0415
    from django.db import connection  # noqa: PLC0415

    from tests.bench.feed_desk import commit_move, signed_in_session  # noqa: PLC0415
    from tests.runtime.processes import free_port  # noqa: PLC0415

    call_command("migrate", verbosity=0)
    headers = {"Cookie": f"{settings.SESSION_COOKIE_NAME}={signed_in_session()}"}
    print(f"{'viewers':>8} {'bare p50':>9} {'p99':>8} {'desk p50':>9} {'p99':>8} {'ratio p50':>10} {'p99':>6}")
    with (
        served("tests.bench.feed:bare", free_port(), url) as bare_host,
        served("dispatchdesk.asgi:application", free_port(), url) as desk_host,
    ):
        for viewers in VIEWERS:
            row = []
            for host in (bare_host, desk_host):
                taken = asyncio.run(measure(host, viewers, headers, commit_move))
                row += [taken[len(taken) // 2], taken[int(len(taken) * 0.99)]]
            ratios = f"{row[2] / row[0]:>9.1f}x {row[3] / row[1]:>5.1f}x"
            print(f"{viewers:>8} {row[0]:>6.2f} ms {row[1]:>5.2f} ms {row[2]:>6.2f} ms {row[3]:>5.2f} ms {ratios}")
    connection.close()


if __name__ == "__main__":
    main()
