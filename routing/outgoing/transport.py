"""The network under the guarded client: it connects to addresses it has checked, and keeps one deadline per call."""

import ssl
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

import httpcore

from routing.outgoing.addresses import NoAddressError, Resolve, addresses_within, closed_kind, named_host
from routing.outgoing.errors import Cause, OutgoingError, Sent

CONNECT_SECONDS = 10.0
"""The longest that finding and opening a connection may take, within the call's deadline."""


@dataclass(slots=True)
class Call:
    """The call under way.

    ``until`` is a moment of the monotonic clock; ``connected`` is set once the call opens a connection.
    """

    until: float
    connected: bool = False


_call: ContextVar[Call] = ContextVar("outgoing_call")


@contextmanager
def one_call(until: float) -> Iterator[Call]:
    """Bound every connect, read and write of this block by a moment of the monotonic clock."""
    call = Call(until)
    token = _call.set(call)
    try:
        yield call
    finally:
        _call.reset(token)


def _left(error: type[Exception]) -> float:
    """Return the seconds left of the call; raises the given error when there are none."""
    seconds = _call.get().until - time.monotonic()
    if seconds <= 0:
        raise error("the call's time is used up")
    return seconds


class _Stream(httpcore.NetworkStream):
    """A connection whose every operation ends with the call; timeouts per operation would let a trickle go on."""

    def __init__(self, inner: httpcore.NetworkStream) -> None:
        self._inner = inner

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002 - the deadline rules
        return self._inner.read(max_bytes, _left(httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002 - the deadline rules
        sock = self._inner.get_extra_info("socket")
        rest = memoryview(buffer)
        while rest:
            sock.settimeout(_left(httpcore.WriteTimeout))
            try:
                rest = rest[sock.send(rest) :]
            except TimeoutError as error:
                raise httpcore.WriteTimeout(str(error)) from error
            except OSError as error:
                raise httpcore.WriteError(str(error)) from error

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002 - the deadline rules
    ) -> httpcore.NetworkStream:
        seconds = min(_left(httpcore.ConnectTimeout), CONNECT_SECONDS)
        return _Stream(self._inner.start_tls(ssl_context, server_hostname, seconds))

    def get_extra_info(self, info: str) -> object:
        return self._inner.get_extra_info(info)


class _Network(httpcore.NetworkBackend):
    """Opens connections to checked addresses only.

    The address that was checked is the address connected to, so a name cannot change its mind in between; the
    request keeps its host name for the Host header and the certificate.
    """

    def __init__(self, allow: frozenset[str], resolve: Resolve) -> None:
        self._allow = allow
        self._resolve = resolve
        self._inner = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ARG002 - the deadline rules
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        _call.get().connected = True
        until = time.monotonic() + min(_left(httpcore.ConnectTimeout), CONNECT_SECONDS)
        addresses = self._permitted(host, port, until - time.monotonic())
        failure: Exception = httpcore.ConnectTimeout("no time left to connect")
        for position, address in enumerate(addresses):
            share = (until - time.monotonic()) / (len(addresses) - position)
            if share <= 0:
                break
            try:
                stream = self._inner.connect_tcp(address, port, share, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
            else:
                return _Stream(stream)
        raise failure

    def _permitted(self, host: str, port: int, timeout_seconds: float) -> list[str]:
        """Return the host's addresses when all may be called; raises OutgoingError (blocked, or no address)."""
        name = named_host(host, port)
        try:
            addresses = addresses_within(self._resolve, host, port, timeout_seconds)
        except NoAddressError as error:
            raise OutgoingError(
                f"{name} cannot be reached: {error}", permanent=False, cause=Cause.UNREACHABLE, sent=Sent.NOT_SENT
            ) from error
        if name in self._allow:
            return addresses
        for address in addresses:
            if kind := closed_kind(address):
                raise OutgoingError(
                    f"{name} is blocked: its address {address} is {kind}. "
                    f"To let the desk call it, add {name} to DESK_ALLOW_HOSTS.",
                    permanent=True,
                    cause=Cause.UNREACHABLE,
                    sent=Sent.NOT_SENT,
                )
        return addresses


def guarded_pool(
    *, allow: frozenset[str], resolve: Resolve, ssl_context: ssl.SSLContext, keepalive_seconds: float
) -> httpcore.ConnectionPool:
    """Return a connection pool over the guarded network; 0 seconds keep no connection.

    It is used without httpx's client on top, which would keep cookies between calls and read redirects of writes.
    """
    return httpcore.ConnectionPool(
        ssl_context=ssl_context,
        max_connections=None,
        max_keepalive_connections=None if keepalive_seconds else 0,
        keepalive_expiry=keepalive_seconds,
        network_backend=_Network(allow, resolve),
    )
