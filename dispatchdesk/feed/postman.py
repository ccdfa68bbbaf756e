"""Hands what the mailboxes hold to the sockets."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable

from dispatchdesk.feed.position import Position
from dispatchdesk.feed.seats import Seat

logger = logging.getLogger(__name__)

# A client that does not even empty its socket loses its seat; it comes back by its position.
SEND_SECONDS = 30.0
# Whoever is told to reload asks for all columns: not more often than this, however much happens.
RELOAD_SECONDS = 3.0


class Postman:
    """Sends to all viewers who have mail, in one task: a task for each would cost more than the sending.

    A socket that takes nothing holds up that task alone: at the first wait another one goes on with the others.
    ``on_gone`` is called with the seat of a viewer whose socket is gone or has taken nothing for ``SEND_SECONDS``.
    """

    def __init__(self, on_gone: Callable[[Seat], None]) -> None:
        self._on_gone = on_gone
        self._due: deque[Seat] = deque()
        self._position: Position | None = None
        self._present: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def advance(self, position: Position) -> None:
        """Send what is in the mailboxes; together they are true up to this position."""
        self._position = position
        self._send_due()

    def pause(self) -> None:
        """Send nothing until the next ``advance``: nobody knows what is true."""
        self._position = None

    def enqueue(self, seat: Seat) -> None:
        """Send to this viewer when it is possible, if only a heartbeat."""
        if not seat.is_busy:
            seat.is_busy = True
            self._append(seat)

    def _append(self, seat: Seat) -> None:
        self._due.append(seat)
        self._send_due()

    def _send_due(self) -> None:
        if self._due and self._position is not None and self._present is None:
            self._present = asyncio.create_task(self._deliver(), name="feed post")
            self._tasks.add(self._present)
            self._present.add_done_callback(self._tasks.discard)

    async def _deliver(self) -> None:
        me = self._present
        loop = asyncio.get_running_loop()
        loop.call_soon(self._replace, me)
        while self._present is me and self._due and self._position is not None:
            seat = self._due.popleft()
            if seat.must_reload and seat.reload_at > loop.time():
                loop.call_at(seat.reload_at, self._append, seat)
            elif not seat.is_left:
                await self._send(seat, self._position)
        if self._present is me:
            self._present = None

    def _replace(self, stuck: asyncio.Task[None] | None) -> None:
        """Have another task go on: whoever still sends when the loop gets its turn waits for a socket."""
        if stuck is not None and self._present is stuck:
            self._present = None
            limit = asyncio.get_running_loop().call_later(SEND_SECONDS, _give_up, stuck)
            stuck.add_done_callback(lambda _: limit.cancel())
            self._send_due()

    async def _send(self, seat: Seat, position: Position) -> None:
        if seat.must_reload:
            seat.reload_at = asyncio.get_running_loop().time() + RELOAD_SECONDS
        is_sent = False
        try:
            await seat.send(seat.take(position))
            is_sent = True
        except OSError as error:
            logger.info("feed: a viewer is gone (%s)", type(error).__name__)
        except Exception:  # whatever is wrong with one viewer's socket, the others are sent theirs
            logger.exception("feed: could not send")
        finally:
            if not is_sent:
                self._on_gone(seat)
        seat.is_busy = False
        if seat.has_mail:
            self.enqueue(seat)


def _give_up(stuck: asyncio.Task[None]) -> None:
    logger.info("feed: a viewer does not read")
    stuck.cancel()
