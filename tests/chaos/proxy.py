"""A TCP proxy that can be told to behave as a bad network does."""

import asyncio
import socket
import struct
import threading
from contextlib import suppress
from pathlib import Path

CHUNK = 65536
TRICKLED_BYTES = 200


class Proxy:
    """Forwards a loopback port to a ``(host, port)`` or to a Unix socket's path.

    ``vanish`` lets connections that are open now stall for good, as when a firewall forgets them; new ones work.

    ``mode`` is one of ``pass``, ``delay`` (each chunk waits ``seconds``), ``trickle`` (a byte at a time), ``blackhole``
    (nothing arrives, nothing is refused), ``cut`` (reset after ``cut_after`` bytes) and ``reset`` (at once). What was
    held back when the mode ends goes on, as TCP would have it.
    """

    def __init__(self, target: tuple[str, int] | Path) -> None:
        self.target = target
        self.mode = "pass"
        self.seconds = 0.3
        self.cut_after = 500
        self.port = 0
        self._loop = asyncio.new_event_loop()
        self._writers: set[asyncio.StreamWriter] = set()
        self._vanished: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.up()

    @property
    def name(self) -> str:
        """The address as ``host:port``."""
        return f"127.0.0.1:{self.port}"

    def up(self) -> None:
        """Listen, on the same port as before."""
        if self._server is None:
            self._run(self._listen())

    def down(self) -> None:
        """Refuse connections and break those that are open."""
        self._run(self._close())

    def break_all(self) -> None:
        """Break every open connection by RST."""
        self._run(self._break())

    def vanish(self) -> None:
        """Let what is open now stall without a word."""
        self._vanished |= self._writers

    def end(self) -> None:
        """Stop for good."""
        self.mode = "pass"
        self._vanished.clear()
        self.down()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    def _run(self, work: "asyncio.Future[None] | object") -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(10)  # type: ignore[arg-type]

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _close(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            server.close()
        await self._break()
        while self._writers:  # noqa: ASYNC110 - they go one by one
            await asyncio.sleep(0.01)

    async def _break(self) -> None:
        for writer in list(self._writers):
            _reset(writer)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        other: asyncio.StreamWriter | None = None
        try:
            if isinstance(self.target, Path):
                back, other = await asyncio.open_unix_connection(str(self.target))
            else:
                back, other = await asyncio.open_connection(*self.target)
            self._writers.add(other)
            pumps = [asyncio.create_task(self._pump(*pair)) for pair in ((reader, other), (back, writer))]
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
            for pump in pumps:
                pump.cancel()
        except OSError:
            _reset(writer)
        finally:
            for one in (writer, other):
                if one is not None:
                    self._writers.discard(one)
                    self._vanished.discard(one)
                    one.close()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen = 0
        with suppress(OSError):
            while data := await reader.read(CHUNK):
                seen += len(data)
                while self._holds_back(writer):  # noqa: ASYNC110 - set by another thread
                    await asyncio.sleep(0.05)
                if self.mode == "reset" or (self.mode == "cut" and seen > self.cut_after):
                    _reset(writer)
                    return
                if self.mode == "delay":
                    await asyncio.sleep(self.seconds)
                if self.mode == "trickle":
                    for byte in data[:TRICKLED_BYTES]:
                        writer.write(bytes([byte]))
                        await writer.drain()
                        await asyncio.sleep(0.01)
                    data = data[TRICKLED_BYTES:]
                writer.write(data)
                await writer.drain()

    def _holds_back(self, writer: asyncio.StreamWriter) -> bool:
        return not writer.is_closing() and (self.mode == "blackhole" or writer in self._vanished)


def _reset(writer: asyncio.StreamWriter) -> None:
    sock = writer.get_extra_info("socket")
    if sock is not None:
        with suppress(OSError):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
