"""A socket that knows nothing: the least any web server in Python could cost.

It listens on PostgreSQL itself and sends about as many bytes to all, without asking what changed, who may see it,
or how it is drawn.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable
from typing import Any

import psycopg

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
    if not _kept:
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
