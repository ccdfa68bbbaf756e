"""Django's ASGI handler, with each request whole in one thread.

Nothing of ours that answers requests is asynchronous. As Django has it, such a request gets a new thread and goes from
the event loop to it and back several times, which took a third of the time of a small one.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from typing import IO, Any

from django.conf import settings
from django.core import signals
from django.core.exceptions import RequestAborted
from django.core.handlers.asgi import ASGIHandler, get_script_prefix
from django.http import HttpResponse, HttpResponseBase
from django.urls import set_script_prefix

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[Mapping[str, Any]], Awaitable[None]]

# Each waits for one of the pool's connections; the more can wait, the longer is a request kept that nobody waits for.
THREADS = settings.DATABASE_POOL_SIZE + 30
# What needs none of the pool's connections is answered while all others wait for one.
APART = (settings.STATIC_URL, "/healthz")
THREADS_APART = 5


class RequestHandler(ASGIHandler):
    """Answers HTTP requests, so many at once as there are threads; further ones wait."""

    def __init__(self) -> None:
        super().__init__()
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="request")
        self._threads_apart = ThreadPoolExecutor(THREADS_APART, thread_name_prefix="request-apart")

    def load_middleware(self, is_async: bool = False) -> None:  # noqa: ARG002, FBT001 - Django's signature
        """Load the middleware as for a WSGI server."""
        super().load_middleware(is_async=False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        try:
            body = await self.read_body(receive)
        except RequestAborted:
            return
        threads = self._threads_apart if scope["path"].startswith(APART) else self._threads
        answer = partial(copy_context().run, self._answer, scope, body)
        response = await asyncio.get_running_loop().run_in_executor(threads, answer)
        await self.send_response(response, send)

    def _answer(self, scope: Scope, body: IO[bytes]) -> HttpResponseBase:
        """Return the whole answer; the thread's database connection is free for others before it is sent."""
        with body:
            set_script_prefix(get_script_prefix(scope))
            signals.request_started.send(sender=self.__class__, scope=scope)
            request, refusal = self.create_request(scope, body)
            response = refusal if request is None else self.get_response(request)
            assert response is not None  # noqa: S101 - there is one or the other
            whole = response
            if response.streaming:  # only files are: the loop would have them read by the thread that all sockets share
                whole = HttpResponse(b"".join(response), status=response.status_code, headers=response.headers)
                whole.cookies = response.cookies
            response.close()
        return whole
