"""The feed's socket: lets signed-in staff in, and asks again and again who they are."""

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
from dispatchdesk.feed.position import read_position, sight_of
from dispatchdesk.feed.seats import Seat
from routing.domain.roles import Actor

logger = logging.getLogger(__name__)

SIGNED_OUT = 4401
NOT_UNDERSTOOD = 1003
# A check, and a heartbeat with it, comes after half of this to all of it; live.js takes 45 s of silence for the end.
CHECK_SECONDS = 15.0


class FeedConsumer(AsyncWebsocketConsumer):  # type: ignore[misc]
    """One viewer's socket. It only sends; ``?position=`` says up to where the viewer's page is true."""

    hub: Hub
    seat: Seat | None = None
    attendant: asyncio.Task[None] | None = None

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
        self.seat = self.hub.join(actor, self.send)
        self.attendant = asyncio.create_task(self._attend(self.seat, given))

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:  # noqa: ARG002
        """Close: viewers have nothing to say here."""
        self._leave()
        await self.close(code=NOT_UNDERSTOOD)

    async def disconnect(self, code: int) -> None:  # noqa: ARG002
        """Give the seat back."""
        if self.attendant is not None:
            self.attendant.cancel()
        self._leave()

    def _leave(self) -> None:
        if self.seat is not None:
            self.hub.leave(self.seat)

    async def _attend(self, seat: Seat, kept: str) -> None:
        """Have the viewer catch up; then ask again and again who they are, with a heartbeat each time."""
        try:
            await self.hub.catch_up(seat, read_position(kept, sight_of(seat.actor)))
            while not seat.is_left:
                await asyncio.sleep(_seconds_until_check())
                if not await self._is_still_welcome(seat):
                    self._leave()
                    await self.close(code=SIGNED_OUT)
                    return
                self.hub.beat(seat)
        except OSError as error:
            logger.info("feed: a viewer is gone (%s)", type(error).__name__)
        finally:
            self._leave()

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
