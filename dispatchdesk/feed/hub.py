"""One hub per web process: it follows the ledger while somebody looks, and fills the viewers' mailboxes."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from weakref import WeakKeyDictionary

import psycopg

from dispatchdesk.feed import tail
from dispatchdesk.feed.changes import Batch, Connection, changes_since
from dispatchdesk.feed.position import Position
from dispatchdesk.feed.postman import Postman
from dispatchdesk.feed.seats import Seat
from routing.domain.roles import Actor

logger = logging.getLogger(__name__)

FIRST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 2.0
# Pages that follow each other close and open a socket each; the connections stay open that long.
IDLE_SECONDS = 30.0

_hubs: "WeakKeyDictionary[asyncio.AbstractEventLoop, Hub]" = WeakKeyDictionary()


def present_hub() -> "Hub":
    """Return the hub of the running event loop."""
    loop = asyncio.get_running_loop()
    if loop not in _hubs:
        _hubs[loop] = Hub()
    return _hubs[loop]


class Hub:
    """Tails the ledger and fans out. Nothing here waits for a socket.

    Its position and all mailboxes change together, without another task running in between: a mailbox that was
    emptied with the position holds everything up to it. Two database connections are open while there are viewers:
    one follows, the other answers those who come back.
    """

    def __init__(self) -> None:
        self._position: Position | None = None
        self._seats: set[Seat] = set()
        self._empty_since: float | None = None
        self._follower: asyncio.Task[None] | None = None
        self._following = asyncio.Event()
        self._asking = asyncio.Lock()
        self._answering: Connection | None = None
        self._postman = Postman(on_gone=self.leave)

    def join(self, actor: Actor, send: Callable[[str], Awaitable[None]]) -> Seat:
        """Give a viewer a seat; from now on their mailbox misses nothing. Nothing is sent before they catch up."""
        seat = Seat(actor, send)
        self._seats.add(seat)
        self._empty_since = None
        if self._follower is None:
            self._follower = asyncio.create_task(self._follow(), name="feed")
        return seat

    def leave(self, seat: Seat) -> None:
        """Take a seat back; once is enough, twice does no harm."""
        seat.is_left = True
        self._seats.discard(seat)
        if not self._seats:
            self._empty_since = asyncio.get_running_loop().time()

    async def catch_up(self, seat: Seat, kept: Position | None) -> None:
        """Send what happened since the position a viewer kept, or that they must reload; at least a heartbeat.

        Waits while the database is away.
        """
        while self._position is None or not self._following.is_set():
            await self._following.wait()
        reached = self._position
        batch = None
        if kept is not None and kept.cluster == reached.cluster:
            batch = await self._look_back(kept)
        if batch is None:
            seat.reload()
        else:
            _fill(seat, batch)
        seat.is_busy = False
        self.beat(seat)

    def beat(self, seat: Seat) -> None:
        """Send a viewer what there is, if only a heartbeat."""
        self._postman.enqueue(seat)

    async def _look_back(self, kept: Position) -> Batch | None:
        """Ask on the second connection; None when it could not be answered."""
        async with self._asking:
            try:
                if self._answering is None:
                    self._answering = await tail.connect()
                async with asyncio.timeout(tail.ANSWER_SECONDS):
                    return await changes_since(self._answering, kept)
            except psycopg.DataError:
                return None  # written like a snapshot, but none
            except (psycopg.Error, OSError) as error:
                logger.info("feed: could not look back (%s)", type(error).__name__)
                await self._hang_up()
                return None

    async def _hang_up(self) -> None:
        answering, self._answering = self._answering, None
        if answering is not None:
            await answering.close()

    async def _follow(self) -> None:
        """Follow the ledger, through losses of the database, until nobody has looked for a while."""
        pause = FIRST_PAUSE_SECONDS
        while True:
            try:
                async with await tail.connect() as connection:
                    position = await tail.begin(connection)
                    self._arrive(position)
                    pause = FIRST_PAUSE_SECONDS
                    async with aclosing(tail.batches(connection, position)) as batches:
                        async for batch in batches:
                            self._publish(batch)
                            if self._is_idle():
                                # Said before anything is awaited: whoever joins now starts another follower.
                                self._follower, self._position = None, None
                                self._pause()
                                await self._hang_up()
                                return
            except (psycopg.Error, OSError) as error:
                logger.warning("feed: lost the database (%s), trying again", type(error).__name__)
            self._pause()
            await self._hang_up()  # it has lost the database as well, or will be told so when it is asked next
            await asyncio.sleep(pause * (0.5 + random.random()))  # noqa: S311 - only spreads load
            pause = min(LONGEST_PAUSE_SECONDS, pause * 2)

    def _arrive(self, position: Position) -> None:
        """Take the first position; after a break nobody knows what was missed, so all reload."""
        is_back = self._position is not None
        self._following.set()
        self._publish(Batch(position, None if is_back else []))

    def _pause(self) -> None:
        self._following.clear()
        self._postman.pause()

    def _publish(self, batch: Batch) -> None:
        self._position = batch.position
        for seat in self._seats:
            _fill(seat, batch)
            if seat.has_mail:
                self._postman.enqueue(seat)
        self._postman.advance(batch.position)

    def _is_idle(self) -> bool:
        return self._empty_since is not None and asyncio.get_running_loop().time() > self._empty_since + IDLE_SECONDS


def _fill(seat: Seat, batch: Batch) -> None:
    if batch.changes is None:
        seat.reload()
        return
    for change in batch.changes:
        seat.offer(change)
    if seat.actor.user_id in batch.told:
        seat.has_notice = True
