"""A server on a real loopback socket that answers each call by the next line of a script, faults included."""

import json
import socket
import ssl
import struct
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from threading import Event, Thread

Answer = Callable[[socket.socket, Event], None]


@dataclass(frozen=True, slots=True)
class Received:
    """One request as it came over the wire; header names are lower-case."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> dict[str, object]:
        loaded: dict[str, object] = json.loads(self.body)
        return loaded


@dataclass(slots=True)
class ScriptedServer:
    port: int
    received: list[Received] = field(default_factory=list)
    connections: int = 0

    @property
    def name(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"http://{self.name}"


def http(body: bytes | str = b"", status: int = 200, **headers: str) -> Answer:
    """Answer properly; keyword names become header names."""
    payload = body.encode() if isinstance(body, str) else body
    fields = {"content-length": str(len(payload))} | {name.replace("_", "-"): value for name, value in headers.items()}
    head = f"HTTP/1.1 {status} Scripted\r\n" + "".join(f"{name}: {value}\r\n" for name, value in fields.items())

    def answer(connection: socket.socket, _: Event) -> None:
        connection.sendall(head.encode("latin-1") + b"\r\n" + payload)

    return answer


def json_reply(data: object, status: int = 200, **headers: str) -> Answer:
    return http(json.dumps(data), status, content_type="application/json", **headers)


def completion(content: str | None, *, finish_reason: str = "stop", **message: object) -> Answer:
    """Answer as a chat completions provider whose model wrote this content."""
    return json_reply(
        {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "model": "scripted-1",
            "choices": [
                {
                    "index": 0,
                    "finish_reason": finish_reason,
                    "message": {"role": "assistant", "content": content, **message},
                }
            ],
            "usage": {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18},
        }
    )


def hang(_: socket.socket, stopped: Event) -> None:
    """Never answer."""
    stopped.wait()


def reset(connection: socket.socket, _: Event) -> None:
    """Break the connection off by RST after the request was read."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    raise ConnectionAbortedError


def raw(data: bytes) -> Answer:
    """Send these bytes and close."""

    def answer(connection: socket.socket, _: Event) -> None:
        connection.sendall(data)

    return answer


def trickle(data: bytes, *, prefix: bytes = b"", interval_seconds: float = 0.05) -> Answer:
    """Send the prefix at once, then a byte at a time: every single read succeeds."""

    def answer(connection: socket.socket, stopped: Event) -> None:
        connection.sendall(prefix)
        for byte in data:
            connection.sendall(bytes([byte]))
            if stopped.wait(interval_seconds):
                return

    return answer


def endless(prefix: bytes) -> Answer:
    """Send a body that does not end."""

    def answer(connection: socket.socket, stopped: Event) -> None:
        connection.sendall(prefix)
        while not stopped.is_set():
            connection.sendall(b"x" * 65536)

    return answer


def _read_request(stream: socket.SocketIO) -> Received | None:
    """Read one request with a Content-Length body from an unbuffered stream; None when the peer has gone."""
    data = b""
    while b"\r\n\r\n" not in data:
        part = stream.read(65536)
        if not part:
            return None
        data += part
    head, _, body = data.partition(b"\r\n\r\n")
    request_line, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    while len(body) < int(headers.get("content-length", "0")):
        body += stream.read(65536) or b""
    method, target, _ = request_line.split(" ", 2)
    return Received(method, target, headers, body)


@contextmanager
def scripted_server(
    script: Sequence[Answer], *, keep_alive: bool = False, ssl_context: ssl.SSLContext | None = None
) -> Iterator[ScriptedServer]:
    """Serve on a free loopback port; the last line of the script answers all further calls."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = ScriptedServer(port=listener.getsockname()[1])
    stopped = Event()
    threads: list[Thread] = []
    open_connections: set[socket.socket] = set()

    def converse(connection: socket.socket) -> None:
        with suppress(OSError):
            if ssl_context is not None:
                connection = ssl_context.wrap_socket(connection, server_side=True)
            connection.settimeout(30)
            open_connections.add(connection)
            with connection, connection.makefile("rb", buffering=0) as stream:
                while (request := _read_request(stream)) is not None:
                    server.received.append(request)
                    script[min(len(server.received), len(script)) - 1](connection, stopped)
                    if not keep_alive:
                        return
        open_connections.discard(connection)
        with suppress(OSError):
            connection.close()

    def accept() -> None:
        while not stopped.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            server.connections += 1
            thread = Thread(target=converse, args=(connection,), daemon=True)
            thread.start()
            threads.append(thread)

    acceptor = Thread(target=accept, daemon=True)
    acceptor.start()
    try:
        yield server
    finally:
        stopped.set()
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        acceptor.join(5)
        for connection in list(open_connections):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in threads:
            thread.join(5)
