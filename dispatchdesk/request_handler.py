"""Django's ASGI handler, with each request whole in one thread.

Nothing of ours that answers requests is asynchronous. As Django has it, such a request gets a new thread and goes from
the event loop to it and back several times, which took a third of the time of a small one.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from tempfile import SpooledTemporaryFile
from typing import Any

from django.core import signals
from django.core.exceptions import RequestAborted
from django.core.handlers.asgi import ASGIHandler, get_script_prefix
from django.http.response import FileResponse, HttpResponseBase
from django.urls import set_script_prefix

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[Mapping[str, Any]], Awaitable[None]]

# More than there are database connections: most wait for those, files and refusals need none.
THREADS = 40


class RequestHandler(ASGIHandler):
    """Answers HTTP requests, so many at once as there are threads; further ones wait."""

    def __init__(self) -> None:
        super().__init__()
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="request")

    def load_middleware(self, is_async: bool = False) -> None:  # noqa: ARG002, FBT001 - Django's signature
        """Load the middleware as for a WSGI server."""
        super().load_middleware(is_async=False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        try:
            body = await self.read_body(receive)
        except RequestAborted:
            return
        with body:
            response = await self._in_thread(self._answer, scope, body)
            try:
                await self.send_response(response, send)
            finally:
                if not response.closed:
                    await self._in_thread(response.close)

    async def _in_thread(self, act: Callable[..., Any], *given: Any) -> Any:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, copy_context().run, act, *given)

    def _answer(self, scope: Scope, body: "SpooledTemporaryFile[bytes]") -> HttpResponseBase:
        set_script_prefix(get_script_prefix(scope))
        signals.request_started.send(sender=self.__class__, scope=scope)
        request, refusal = self.create_request(scope, body)
        response = refusal if request is None else self.get_response(request)
        assert response is not None  # noqa: S101 - there is one or the other
        if isinstance(response, FileResponse):
            response.block_size = self.chunk_size
        if not response.streaming:
            # Its database connection belongs to this thread, and is free for others while the answer is sent.
            response.close()
        return response
