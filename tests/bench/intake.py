"""Intake over HTTP as programs use it: a bearer token, a checked body, a key that makes it safe to send again."""

import asyncio
import json
import re
from dataclasses import dataclass
from time import perf_counter

from django.db import connection

from dispatchdesk.accounts.tokens import make_token
from routing.domain.roles import Role
from routing.models import WorkItem
from tests.bench import limits
from tests.bench.feed import served
from tests.bench.limits import TEXT
from tests.bench.report import BATCH_INTAKE, ONE_INTAKE, Part, row
from tests.bench.work import support_desk
from tests.runtime.processes import free_port

CONNECTIONS = 16
REQUESTS = 1_600
BATCH = 100
BATCHES = 96


def figures() -> dict[str, Part]:
    """Return items a second, one and a hundred a request, and the bare statements' on the same database."""
    desk = support_desk()
    desk.person("shop", Role.OPERATOR)
    token = make_token(user=desk.people["shop"], role=Role.INTAKE, name="bench")
    limit = limits.inserts(CONNECTIONS, each=100)
    batch_limit = limits.inserts(1, each=50, batch=BATCH)
    with served("dispatchdesk.asgi:application", free_port(), limits.database_url()) as desk_server:
        one = asyncio.run(_send(desk_server.host, token, REQUESTS, 1))
        many = asyncio.run(_send(desk_server.host, token, BATCHES, BATCH))
    if WorkItem.objects.count() != REQUESTS + CONNECTIONS + (BATCHES + CONNECTIONS) * BATCH:
        raise RuntimeError("not every request that was answered is there")
    connection.close()
    return {
        ONE_INTAKE: {f"{CONNECTIONS} connections": row(one, limit, unit="items a second")},
        BATCH_INTAKE: {f"{BATCH} a request": row(many, batch_limit, unit="items a second")},
    }


async def _send(host: str, token: str, count: int, batch: int) -> float:
    """Return items a second, after a first request on each connection."""
    clients = [await _Client.connect(host, token) for _ in range(CONNECTIONS)]

    async def worker(share: int, numbers: range) -> None:
        for number in numbers:
            await clients[share].send(f"{batch}-{share}-{number}", batch)

    await asyncio.gather(*(worker(share, range(1)) for share in range(CONNECTIONS)))
    begun = perf_counter()
    await asyncio.gather(*(worker(share, range(1, 1 + count // CONNECTIONS)) for share in range(CONNECTIONS)))
    taken = perf_counter() - begun
    for client in clients:
        client.writer.close()
    return count // CONNECTIONS * CONNECTIONS * batch / taken


@dataclass(slots=True)
class _Client:
    """A connection that sends requests one after the other; a client library would take as long as the desk does."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    headers: str

    @classmethod
    async def connect(cls, host: str, token: str) -> "_Client":
        """Connect, waiting until the server is up."""
        name, _, port = host.partition(":")
        headers = f"Host: {host}\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n"
        for _ in range(600):
            try:
                reader, writer = await asyncio.open_connection(name, int(port), limit=2**22)
            except OSError:
                await asyncio.sleep(0.1)
            else:
                return cls(reader, writer, headers)
        raise RuntimeError("the server did not start")

    async def send(self, number: str, batch: int) -> None:
        """Send one item, or a batch of them, and see that they were taken."""
        if batch == 1:
            item = {"title": f"refund {number}", "text": TEXT}
            status, answer = await self._post("/api/v1/items", item, f"Idempotency-Key: {number}\r\n")
            assert status == 201, answer
            return
        rows = [{"title": f"refund {number}", "text": TEXT, "key": f"{number}/{one}"} for one in range(batch)]
        status, answer = await self._post("/api/v1/items/batch", {"items": rows})
        assert status == 200, answer
        assert all(one["status"] == 201 for one in json.loads(answer))

    async def _post(self, path: str, body: object, more: str = "") -> tuple[int, bytes]:
        content = json.dumps(body).encode()
        head = f"POST {path} HTTP/1.1\r\n{self.headers}{more}Content-Length: {len(content)}\r\n\r\n"
        self.writer.write(head.encode() + content)
        answered = await self.reader.readuntil(b"\r\n\r\n")
        length = int(re.search(rb"content-length: (\d+)", answered, re.IGNORECASE)[1])  # type: ignore[index]
        return int(answered.split(None, 2)[1]), await self.reader.readexactly(length)
