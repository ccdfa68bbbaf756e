"""kombu's Redis transport, made safe against a Redis that goes away while tasks run."""

from typing import Any

from kombu.transport import redis


class QoS(redis.QoS):
    """Gives a message's place back even when Redis cannot be told that it was done.

    As shipped, the place stays taken. With all places taken a worker no longer reads from its connection, so it never
    notices that it is gone, and waits for ever. A message that Redis still holds as taken comes again later; tasks are
    safe to run twice.
    """

    def ack(self, delivery_tag: str) -> None:
        """Acknowledge a message."""
        try:
            super().ack(delivery_tag)  # type: ignore[no-untyped-call] # kombu has no types
        finally:
            self._quick_ack(delivery_tag)

    def reject(self, delivery_tag: str, requeue: bool = False) -> None:  # noqa: FBT001 - kombu's signature
        """Refuse a message."""
        try:
            super().reject(delivery_tag, requeue=requeue)  # type: ignore[no-untyped-call]
        finally:
            self._quick_ack(delivery_tag)


class Channel(redis.Channel):
    """A channel with our places."""

    QoS = QoS


class Transport(redis.Transport):
    """The Redis transport with our channel."""

    Channel: Any = Channel
