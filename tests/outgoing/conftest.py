"""A guarded client per test, closed with its connections."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from routing.outgoing.addresses import Resolve, system_addresses
from routing.outgoing.client import GuardedClient

MakeClient = Callable[..., GuardedClient]


@pytest.fixture
def make_client() -> Iterator[MakeClient]:
    with ExitStack() as stack:

        def make(*allow: str, resolve: Resolve = system_addresses) -> GuardedClient:
            client = GuardedClient(allow, resolve=resolve)
            stack.callback(client.close)
            return client

        yield make
