"""The embedded broker: kombu's filesystem transport, made safe against half-written and unreadable messages."""

import os
import uuid
from collections import deque
from pathlib import Path
from queue import Empty
from time import time_ns
from typing import Any

from kombu.transport import TRANSPORT_ALIASES, filesystem
from kombu.utils.json import dumps, loads

from dispatchdesk.runtime.environment import EMBEDDED_BROKER_SCHEME


class Channel(filesystem.Channel):
    """Publishes by rename, takes by rename, and sets aside what can't be read; as shipped, that ends the worker."""

    supports_fanout = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[no-untyped-call] # kombu has no types
        self._messages = Path(self.data_folder_in)
        self._taken = self._messages.with_name("taken")
        self._unreadable = self._messages.with_name("unreadable")
        for directory in (self._messages, self._taken, self._unreadable):
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._listed: dict[str, deque[str]] = {}

    def _queue_bind(self, exchange: str, routing_key: str, pattern: str, queue: str) -> None:
        """Keep no table of bindings: as shipped, a process that reads it while another writes it fails."""

    def _lookup(self, exchange: str, routing_key: str, default: str | None = None) -> list[str]:  # noqa: ARG002
        """Every queue is bound by its own name, as Celery does unless told otherwise."""
        return [routing_key]

    # kombu's own classes disagree about the second argument's name.
    def _put(self, queue: str, payload: dict[str, Any], **_kwargs: Any) -> None:  # type: ignore[override]
        name = f"{time_ns():020d}_{uuid.uuid4().hex}.{queue}.msg"
        draft = self._taken / name
        draft.write_text(dumps(payload))
        draft.rename(self._messages / name)

    def _get(self, queue: str, timeout: float | None = None) -> Any:  # noqa: ARG002 - kombu's signature
        # One listing serves many messages: listing again for each would cost the square of a backlog.
        listed = self._listed.get(queue)
        if not listed:
            ending = f"{queue}.msg"
            with os.scandir(self._messages) as entries:
                names = sorted(entry.name for entry in entries if entry.name.partition(".")[2] == ending)
            listed = self._listed[queue] = deque(names)
        while listed:
            name = listed.popleft()
            mine = self._taken / name
            try:
                (self._messages / name).rename(mine)
            except FileNotFoundError:
                continue  # another worker took it
            try:
                message = loads(mine.read_text())
            except ValueError:
                mine.rename(self._unreadable / name)
                continue
            mine.unlink()
            return message
        raise Empty


class Transport(filesystem.Transport):
    """The filesystem transport with our channel."""

    Channel = Channel


def register() -> None:
    """Make ``deskfiles://`` known to kombu, and let it speak to Redis by our transport."""
    TRANSPORT_ALIASES[EMBEDDED_BROKER_SCHEME] = f"{__name__}:{Transport.__name__}"
    for scheme in ("redis", "rediss"):
        TRANSPORT_ALIASES[scheme] = "dispatchdesk.runtime.redis_broker:Transport"
