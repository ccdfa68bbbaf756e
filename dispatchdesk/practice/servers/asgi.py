"""The practice servers as one ASGI application: the model, the tools and the data sources of the practice company."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, unquote

from dispatchdesk.practice.servers import chat_model, shop
from dispatchdesk.practice.servers.ledger import Answer, Ledger, problem

MAX_BODY_BYTES = 1_000_000

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


@dataclass(slots=True)
class PracticeServers:
    """The ASGI application. Each answer takes some seconds, so that moves on the board can be seen."""

    model_delay_seconds: float = 0.0
    tool_delay_seconds: float = 0.0
    ledger: Ledger = field(default_factory=Ledger)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        body = await _body(receive)
        if body is None:
            answer, delay_seconds = problem(413, "The body is too large."), 0.0
        else:
            answer, delay_seconds = self._answer(scope, body)
        await asyncio.sleep(delay_seconds)
        status, data = answer
        content_type = b"application/problem+json" if data.get("type") == "about:blank" else b"application/json"
        payload = b"" if scope["method"] == "HEAD" else json.dumps(data).encode()
        headers = [(b"content-type", content_type), (b"content-length", str(len(payload)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": payload})

    def _answer(self, scope: Scope, body: bytes) -> tuple[Answer, float]:
        """Return the answer and the seconds it takes; a write is done before the wait, so it happens once."""
        today = datetime.now(UTC).date()
        segments = [unquote(segment) for segment in scope["path"].strip("/").split("/")]
        match "GET" if scope["method"] == "HEAD" else scope["method"], segments:
            case "GET", ["healthz"]:
                return (200, {"status": "ok"}), 0.0
            case "GET", ["v1", "models"]:
                return chat_model.models(), 0.0
            case "POST", ["v1", "chat", "completions"]:
                return chat_model.completion(body, created=int(time.time())), self.model_delay_seconds
            case "POST", ["tools", "refunds" | "pages" as tool]:
                return self.ledger.write(tool, _header(scope, b"idempotency-key"), body), self.tool_delay_seconds
            case "GET", ["tools", "pages", slug]:
                return self.ledger.page(slug), self.tool_delay_seconds
            case "GET", ["tools", "parcels", number]:
                return _found(shop.parcel(number, today), f"order {number}"), self.tool_delay_seconds
            case "GET", ["sources", "orders", number]:
                return _found(shop.order(number, today), f"order {number}"), self.tool_delay_seconds
            case "GET", ["sources", "sales"]:
                query = parse_qs(scope["query_string"].decode("latin-1"))
                metric, period = query.get("metric", [""])[0], query.get("period", [""])[0]
                rows = shop.sales(metric, period, today)
                return _found(rows, f"row for {metric} in {period}"), self.tool_delay_seconds
        return problem(404, "There is nothing here."), 0.0


def _found(data: dict[str, object] | None, what: str) -> Answer:
    return (200, data) if data is not None else problem(404, f"There is no {what[:80]}.")


def _header(scope: Scope, name: bytes) -> str:
    return next((value.decode("latin-1") for key, value in scope["headers"] if key == name), "")


async def _body(receive: Receive) -> bytes | None:
    """Return the request's body, or None when it is too large."""
    body = b""
    while True:
        message = await receive()
        part: bytes = message.get("body", b"")
        body += part
        if len(body) > MAX_BODY_BYTES:
            return None
        if not message.get("more_body", False):
            return body
