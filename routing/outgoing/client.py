"""The one guarded HTTP client: every call that leaves the desk goes through ``send``."""

import atexit
import logging
import os
import re
import ssl
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from threading import Lock

import httpcore
import httpx
from django.conf import settings

from routing.outgoing.addresses import Resolve, named_host, named_hosts, system_addresses
from routing.outgoing.errors import Cause, OutgoingError, Sent
from routing.outgoing.messages import Request, Response
from routing.outgoing.transport import Call, guarded_pool, one_call

# httpcore's traces hold headers and addresses, which may hold secrets and personal values.
logging.getLogger("httpcore").setLevel(logging.WARNING)

MAX_REDIRECTS = 3
KEEPALIVE_SECONDS = 2.0  # shorter than servers' usual five, so that a kept connection is seldom a closed one

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_READS = frozenset({"GET", "HEAD"})
_DEFAULT_PORTS = {"http": 80, "https": 443}
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HEADER_VALUE = re.compile(r"[\t\x20-\x7e]*")
_HOST = re.compile(r"[a-z0-9._-]+|[0-9a-f:.]+")
_SAFE_ELSEWHERE = frozenset({"accept", "accept-language", "user-agent"})
_USER_AGENT = "DispatchDesk"


def _wrong(message: str) -> OutgoingError:
    """Return the error of a request that cannot be sent at all."""
    return OutgoingError(message, permanent=True, cause=Cause.UNREACHABLE, sent=Sent.NOT_SENT)


def _readable_url(text: str) -> httpx.URL:
    """Parse an address that may be called; raises OutgoingError."""
    try:
        url = httpx.URL(text)
    except (httpx.InvalidURL, TypeError, ValueError) as error:
        raise _wrong(f"the address cannot be read: {error}") from error
    if url.scheme not in _DEFAULT_PORTS:
        raise _wrong(f"only http and https addresses can be called, not “{url.scheme or 'none'}”")
    if not url.host:
        raise _wrong("the address names no host")
    if not _HOST.fullmatch(url.raw_host.decode("ascii").lower()):
        raise _wrong("the address's host cannot be read")
    if url.port is not None and not 0 < url.port < 65536:
        raise _wrong("the address's port cannot be read")
    if url.userinfo:
        raise _wrong("the address holds a user name or password; use the destination's credential instead")
    return url.copy_with(fragment=None)


def _port(url: httpx.URL) -> int:
    return url.port or _DEFAULT_PORTS[url.scheme]


def _named(url: httpx.URL) -> str:
    return named_host(url.raw_host.decode("ascii"), _port(url))


def _checked_headers(request: Request) -> dict[str, str]:
    """Return the request's headers with lower-case names; raises OutgoingError for one that cannot be sent."""
    headers = {"user-agent": _USER_AGENT, "accept": "*/*"}
    for name, value in request.headers.items():
        if not _TOKEN.fullmatch(name) or not _HEADER_VALUE.fullmatch(value):
            raise _wrong(f"the header {name!r} holds characters that a header cannot")
        headers[name.lower()] = value
    for name in ("host", "content-length", "transfer-encoding", "connection"):
        if name in headers:
            raise _wrong(f"the header {name} is set by the desk itself")
    # A compressed answer of a few bytes can unpack to gigabytes, so plain text is asked for.
    headers["accept-encoding"] = "identity"
    return headers


class GuardedClient:
    """Sends requests to globally routable addresses and to the hosts it was told to allow.

    ``allow`` holds ``host:port`` names. One instance may be used by many threads; it must not outlive a fork.
    """

    def __init__(
        self,
        allow: Iterable[str] = (),
        *,
        resolve: Resolve = system_addresses,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        self._allow = named_hosts(allow)
        context = ssl_context or httpx.create_ssl_context(trust_env=False)

        def pool(keepalive_seconds: float) -> httpcore.ConnectionPool:
            return guarded_pool(
                allow=self._allow, resolve=resolve, ssl_context=context, keepalive_seconds=keepalive_seconds
            )

        self._reads = pool(KEEPALIVE_SECONDS)
        # Writes open a connection each: on a kept one that the server closes at the same moment, nobody can tell
        # whether the write was applied.
        self._writes = pool(0.0)

    def close(self) -> None:
        """Close all connections."""
        self._reads.close()
        self._writes.close()

    def send(
        self, request: Request, *, deadline_seconds: float, max_bytes: int, follow_redirects: bool = False
    ) -> Response:
        """Send the request and return the answer, whatever its status.

        ``deadline_seconds`` bounds the whole call: names, connections, redirects and the last byte of the answer.
        At most ``max_bytes`` of body are read. Redirects are followed for GET and HEAD only, each checked anew and
        without credentials when it leaves the host, port or scheme. Raises OutgoingError.
        """
        started = time.monotonic()
        url = _readable_url(request.url)
        method = request.method.upper()
        if not _TOKEN.fullmatch(method):
            raise _wrong("the method cannot be read")
        headers = _checked_headers(request)
        follows = follow_redirects and method in _READS
        with one_call(started + deadline_seconds) as call:
            for _ in range(MAX_REDIRECTS + 1):
                status, received, body = self._answer(call, method, url, headers, request.body, max_bytes)
                location = received.get("location", "")
                if not follows or status not in _REDIRECTS or not location:
                    elapsed_ms = round((time.monotonic() - started) * 1000)
                    return Response(status, received, body, elapsed_ms, str(url))
                url, headers = self._redirected(url, location, headers)
        raise OutgoingError(
            f"{_named(url)} redirected more than {MAX_REDIRECTS} times",
            permanent=True,
            cause=Cause.UNREACHABLE,
            sent=Sent.ANSWERED,
        )

    def _redirected(
        self, source: httpx.URL, location: str, headers: dict[str, str]
    ) -> tuple[httpx.URL, dict[str, str]]:
        """Return where a redirect leads and the headers that may go there; raises OutgoingError."""
        try:
            target = _readable_url(str(source.join(location)))
        except (httpx.InvalidURL, ValueError) as error:
            raise _wrong(f"{_named(source)} redirected to an address that cannot be read") from error
        if _named(target) in self._allow and _named(source) not in self._allow:
            # Opened for the desk's own calls, not for whoever it calls to point at.
            raise _wrong(
                f"{_named(source)} redirected to {_named(target)}, which DESK_ALLOW_HOSTS opens for direct calls only"
            )
        if (source.scheme, _named(source)) != (target.scheme, _named(target)):
            headers = {
                name: value
                for name, value in headers.items()
                if name in _SAFE_ELSEWHERE or (name, value) == ("accept-encoding", "identity")
            }
        return target, headers

    def _answer(
        self, call: Call, method: str, url: httpx.URL, headers: dict[str, str], body: bytes, max_bytes: int
    ) -> tuple[int, dict[str, str], bytes]:
        """Make one request and read its answer: status, headers and body; raises OutgoingError."""
        name = _named(url)
        target = httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)
        named_headers = {"host": url.netloc.decode("ascii"), **headers}
        if body or method not in _READS:
            named_headers["content-length"] = str(len(body))
        pairs = [(key.encode("ascii"), value.encode("ascii")) for key, value in named_headers.items()]

        def over(pool: httpcore.ConnectionPool) -> tuple[int, dict[str, str], bytes]:
            with pool.stream(method, target, headers=pairs, content=body) as response:
                received = _received_headers(response.headers)
                return response.status, received, _bounded_body(response, received, name, max_bytes)

        with _errors_named(name):
            if method not in _READS:
                return over(self._writes)
            call.connected = False
            try:
                return over(self._reads)
            except (httpcore.RemoteProtocolError, httpcore.ReadError, httpcore.WriteError):
                if call.connected:
                    raise
                return over(self._writes)  # the server had just closed the kept connection


@contextmanager
def _errors_named(name: str) -> Iterator[None]:
    """Turn the errors of one exchange with this host into OutgoingError."""
    try:
        yield
    except (httpcore.ConnectTimeout, httpcore.PoolTimeout) as error:
        raise _failed(f"{name} could not be connected to in time", Sent.NOT_SENT) from error
    except httpcore.ConnectError as error:
        raise _failed(f"{name} could not be connected to: {_reason(error)}", Sent.NOT_SENT) from error
    except (httpcore.LocalProtocolError, httpcore.UnsupportedProtocol) as error:
        raise _wrong(f"the request to {name} cannot be sent as HTTP: {error}") from error
    except httpcore.TimeoutException as error:
        raise _failed(f"{name} did not answer in time", Sent.MAYBE) from error
    except httpcore.RemoteProtocolError as error:
        raise _failed(f"{name} broke off or answered something that is not HTTP", Sent.MAYBE) from error
    except httpcore.NetworkError as error:
        raise _failed(f"the connection to {name} broke: {_reason(error)}", Sent.MAYBE) from error


def _failed(message: str, sent: Sent) -> OutgoingError:
    """Return the error of a call that may go better another time."""
    return OutgoingError(message, permanent=False, cause=Cause.UNREACHABLE, sent=sent)


def _reason(error: Exception) -> str:
    """Return the operating system's words for a failed connection."""
    return str(error) or "connection lost"


def _received_headers(pairs: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Return headers by lower-case name, the values of a repeated one joined by a comma."""
    headers: dict[str, str] = {}
    for raw_name, raw_value in pairs:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


def _bounded_body(response: httpcore.Response, headers: dict[str, str], name: str, max_bytes: int) -> bytes:
    """Read the body up to the limit; raises OutgoingError when it is longer or compressed unasked."""
    encoding = headers.get("content-encoding", "identity").strip().lower()
    if encoding not in {"", "identity"}:
        raise OutgoingError(
            f"{name} answered in the encoding {encoding}, although plain was asked for",
            permanent=True,
            cause=Cause.UNPARSED,
            sent=Sent.ANSWERED,
            status=response.status,
        )
    parts: list[bytes] = []
    size = 0
    for part in response.iter_stream():
        size += len(part)
        if size > max_bytes:
            raise OutgoingError(
                f"{name} answered with more than {max_bytes:,} bytes",
                permanent=True,
                cause=Cause.OVER_BUDGET,
                sent=Sent.ANSWERED,
                status=response.status,
            )
        parts.append(part)
    return b"".join(parts)


_clients: dict[tuple[int, frozenset[str]], GuardedClient] = {}
_clients_lock = Lock()


def _client_of_process(allow: frozenset[str]) -> GuardedClient:
    """Return this process's client for an allow-list; connections are never shared across a fork."""
    key = (os.getpid(), allow)
    with _clients_lock:
        client = _clients.get(key)
        if client is None:
            client = _clients[key] = GuardedClient(allow)
        return client


@atexit.register
def _close_clients() -> None:
    for (process_id, _), client in _clients.items():
        if process_id == os.getpid():
            client.close()


def allowed_hosts() -> frozenset[str]:
    """Return the ``host:port`` names that the operator has opened by DESK_ALLOW_HOSTS."""
    return frozenset(settings.DESK_ALLOW_HOSTS)


def send(
    request: Request, *, deadline_seconds: float, max_bytes: int, follow_redirects: bool, allow: frozenset[str]
) -> Response:
    """Send through this process's pooled client; see ``GuardedClient.send``. Raises OutgoingError."""
    return _client_of_process(allow).send(
        request, deadline_seconds=deadline_seconds, max_bytes=max_bytes, follow_redirects=follow_redirects
    )
