"""Follows the ledger on a connection of its own: woken by notifications, and by a slow poll when none comes."""

import asyncio
from collections.abc import AsyncGenerator

import psycopg
from django.db import connections

from dispatchdesk.feed.changes import Batch, Connection, changes_since
from dispatchdesk.feed.position import PRESENT, Position
from routing.events import FEED_CHANNEL

POLL_SECONDS = 1.0
ANSWER_SECONDS = 10.0
# Its few statements are planned once, and go by the indexes whatever PostgreSQL has counted by then.
_PLANNING = (
    "SELECT set_config('plan_cache_mode', 'force_generic_plan', false), set_config('enable_seqscan', 'off', false)"
)


async def connect() -> Connection:
    """Open a connection for the feed: outside Django's pool, committing by itself, to be closed by the caller."""
    parameters = connections["default"].get_connection_params()
    kept = {name: value for name, value in parameters.items() if name not in {"cursor_factory", "context"}}
    kept |= {"application_name": "dispatch desk feed", "autocommit": True, "prepare_threshold": 0}
    connection = await psycopg.AsyncConnection.connect(**kept)
    async with asyncio.timeout(ANSWER_SECONDS):
        await connection.execute(_PLANNING)
    return connection


async def begin(connection: Connection) -> Position:
    """Listen for notifications from now on, and return the present position."""
    async with asyncio.timeout(ANSWER_SECONDS):
        await connection.execute(f"LISTEN {FEED_CHANNEL}")
        row = await (await connection.execute(PRESENT)).fetchone()
    assert row is not None  # noqa: S101 - a SELECT without FROM has one row
    return Position(*row)


async def batches(connection: Connection, position: Position) -> AsyncGenerator[Batch]:
    """Yield what is committed after the position, for ever; a batch without changes at least every second or so.

    Raises psycopg.Error or OSError when the database is lost or does not answer.
    """
    while True:
        # A notification only wakes us early; several that arrive together are one.
        async for _ in connection.notifies(timeout=POLL_SECONDS, stop_after=1):
            pass
        async with asyncio.timeout(ANSWER_SECONDS):
            batch = await changes_since(connection, position)
        position = batch.position
        yield batch
