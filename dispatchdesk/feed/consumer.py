"""The feed's socket: lets signed-in staff in, sends what their mailbox holds, and asks again who they are."""

import asyncio
import logging
import random
from urllib.parse import parse_qs

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings
from django.db import Error as DatabaseError

from dispatchdesk.accounts.actors import actor_of
from dispatchdesk.accounts.sessions import user_of
from dispatchdesk.feed.hub import Hub, present_hub
from dispatchdesk.feed.position import Position, read_position, sight_of
from dispatchdesk.feed.seats import Seat
from routing.domain.roles import Actor

logger = logging.getLogger(__name__)

SIGNED_OUT = 4401
NOT_UNDERSTOOD = 1003
# A check, and a heartbeat with it, comes after half of this to all of it; live.js takes 45 s of silence for the end.
CHECK_SECONDS = 15.0
# A client that does not even empty its socket loses its seat; it comes back by its position.
SEND_SECONDS = 30.0
# Whoever is told to reload asks for all columns: not more often than this, however much happens.
RELOAD_SECONDS = 3.0


class FeedConsumer(AsyncWebsocketConsumer):  # type: ignore[misc]
    """One viewer's socket. It only sends; ``?position=`` says up to where the viewer's page is true."""

    hub: Hub
    seat: Seat | None = None
    sender: asyncio.Task[None] | None = None

    async def connect(self) -> None:
        """Accept staff; close others with ``SIGNED_OUT``, which a browser sees only after an accept."""
        try:
            actor = await self._actor()
        except DatabaseError:
            await self.close()
            return
        await self.accept()
        if actor is None:
            await self.close(code=SIGNED_OUT)
            return
        given = parse_qs(self.scope["query_string"].decode("latin-1")).get("position", [""])[0]
        self.hub = present_hub()
        self.seat = self.hub.join(actor)
        self.sender = asyncio.create_task(self._send_mail(self.seat, given))

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:  # noqa: ARG002
        """Close: viewers have nothing to say here."""
        await self.close(code=NOT_UNDERSTOOD)

    async def disconnect(self, code: int) -> None:  # noqa: ARG002
        """Give the seat back."""
        if self.sender is not None:
            self.sender.cancel()
        if self.seat is not None:
            self.hub.leave(self.seat)

    async def _send_mail(self, seat: Seat, kept: str) -> None:
        try:
            await self.hub.catch_up(seat, read_position(kept, sight_of(seat.actor)))
            await self._send_all(seat)
        except OSError as error:
            logger.info("feed: a viewer is gone (%s)", type(error).__name__)
        finally:
            self.hub.leave(seat)

    async def _send_all(self, seat: Seat) -> None:
        """Send at once whatever the mailbox holds, if only a heartbeat; then as it fills."""
        loop = asyncio.get_running_loop()
        reload_at = 0.0
        check = loop.call_later(_seconds_until_check(), seat.ask)
        try:
            while True:
                if seat.must_reload:
                    await asyncio.sleep(max(0.0, reload_at - loop.time()))
                    reload_at = loop.time() + RELOAD_SECONDS
                await self._send(seat, await self.hub.until_following())
                if not seat.must_ask:  # it may be time since before this was sent, and what is sent empties the mailbox
                    await seat.has_mail.wait()
                if seat.must_ask:
                    seat.must_ask = False
                    check = loop.call_later(_seconds_until_check(), seat.ask)
                    if not await self._is_still_welcome(seat):
                        await self.close(code=SIGNED_OUT)
                        return
        finally:
            check.cancel()

    async def _send(self, seat: Seat, position: Position) -> None:
        # A timer of the loop's own: asyncio.timeout would take half as long again as sending does.
        limit = asyncio.get_running_loop().call_later(SEND_SECONDS, self._give_up)
        try:
            await self.send(text_data=seat.take(position))
        finally:
            limit.cancel()

    def _give_up(self) -> None:
        """Leave a viewer whose socket has taken nothing for ``SEND_SECONDS``."""
        logger.info("feed: a viewer does not read")
        if self.sender is not None:
            self.sender.cancel()

    async def _is_still_welcome(self, seat: Seat) -> bool:
        """Ask again who the viewer is; whoever may see other things now is told to fetch what they may see."""
        try:
            actor = await self._actor()
        except DatabaseError:
            # Nothing is sent while the database is away; asked again with the next check.
            return True
        if actor is None:
            return False
        if actor != seat.actor:
            seat.actor = actor
            seat.reload()
        return True

    async def _actor(self) -> Actor | None:
        """Return whom the session belongs to now: None for signed-out, disabled and other than staff."""
        key = self.scope["cookies"].get(settings.SESSION_COOKIE_NAME)
        return await database_sync_to_async(_staff_of)(key) if key else None


def _staff_of(session_key: str) -> Actor | None:
    user = user_of(session_key)
    actor = actor_of(user) if user is not None else None
    return actor if actor is not None and actor.is_staff_member else None


def _seconds_until_check() -> float:
    """Return some seconds, so that those who came at the same moment do not ask at the same moment for ever."""
    return CHECK_SECONDS * (0.5 + random.random() / 2)  # noqa: S311 - only spreads load
