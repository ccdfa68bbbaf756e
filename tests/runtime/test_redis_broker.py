"""A worker's connection to Redis when Redis goes away while its only task runs."""

import os
import uuid
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import pytest
from kombu.connection import Connection
from kombu.message import Message
from kombu.messaging import Consumer, Queue

from dispatchdesk.runtime import broker
from tests.chaos.proxy import Proxy
from tests.runtime.distributed import delete_queue

pytestmark = pytest.mark.services

broker.register()


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    server = urlsplit(os.environ["TEST_REDIS_URL"])
    between = Proxy((server.hostname or "127.0.0.1", server.port or 6379))
    yield between
    between.end()


@pytest.fixture
def queue() -> Iterator[Queue]:
    made = Queue(f"desk_{uuid.uuid4().hex[:12]}")
    yield made
    delete_queue(os.environ["TEST_REDIS_URL"], made.name)


@pytest.mark.parametrize("settle", [Message.ack, Message.reject, Message.requeue])
def test_message_that_could_not_be_settled_keeps_no_place_of_the_next(
    proxy: Proxy, queue: Queue, settle: Callable[[Message], None]
) -> None:
    taken: list[Message] = []
    url = urlsplit(os.environ["TEST_REDIS_URL"])
    with Connection(f"redis://{proxy.name}{url.path}") as connection, connection.channel() as channel:
        with Connection(os.environ["TEST_REDIS_URL"]) as sender:
            for number in range(2):
                sender.Producer().publish({"number": number}, routing_key=queue.name, declare=[queue])
        consumer = Consumer(channel, [queue], on_message=taken.append, prefetch_count=1)
        with consumer:
            connection.drain_events(timeout=5)
            proxy.down()
            with pytest.raises(connection.connection_errors):
                settle(taken[0])
            proxy.up()
            with pytest.raises(connection.connection_errors):
                connection.drain_events(timeout=5)
