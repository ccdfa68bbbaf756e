"""People who look at the live board: each keeps it as a browser does, loses its socket, sleeps and comes back."""

import random
import threading
import time
from contextlib import suppress

import httpx
from django.conf import settings
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from tests.feed.viewers import Viewer, board_of, position_of, replay

LOOK_SECONDS = 1.0


class Board(threading.Thread):
    """One viewer."""

    def __init__(self, port: int, session: str, seed: int) -> None:
        super().__init__(daemon=True)
        self.board: dict[str, tuple[int, str]] = {}
        self.position = self.first_position = ""
        self.connections = self.reloads = 0
        self.asleep = threading.Event()
        self.ended = threading.Event()
        self._port, self._session = port, session
        self._chance = random.Random(seed)
        self._viewer: Viewer | None = None

    def fetch(self) -> tuple[dict[str, tuple[int, str]], str]:
        """Fetch the page: the board, and the position it is true for."""
        cookies = {settings.SESSION_COOKIE_NAME: self._session}
        answer = httpx.get(f"http://127.0.0.1:{self._port}/", cookies=cookies, timeout=15).raise_for_status()
        return board_of(answer.text), position_of(answer.text)

    def lose(self) -> None:
        """Lose the socket, as when a laptop leaves its network."""
        viewer = self._viewer
        if viewer is not None:
            with suppress(OSError):
                viewer.socket.socket.shutdown(2)

    def run(self) -> None:
        """Look until told to stop."""
        while not self.ended.is_set():
            try:
                if not self.position:
                    self.board, self.position = self.fetch()
                    self.first_position = self.position
                with Viewer(self._port, session=self._session, position=self.position) as self._viewer:
                    self.connections += 1
                    self._follow(self._viewer)
            except (httpx.HTTPError, OSError, ConnectionClosed, InvalidHandshake, EOFError):
                self.ended.wait(self._chance.uniform(0.1, 1.0))

    def _follow(self, viewer: Viewer) -> None:
        while not self.ended.is_set():
            if self.asleep.is_set():
                time.sleep(0.2)
                continue
            try:
                frame = viewer.frame(LOOK_SECONDS)
            except TimeoutError:
                continue
            if frame["type"] == "reload":
                self.reloads += 1
                self.board, self.position = self.fetch()
            else:
                replay(self.board, frame)
                self.position = frame["position"]


Shown = dict[str, tuple[int, str]]


def differences(shown: Shown, fetched: Shown, held: Shown) -> list[str]:
    """Return where a board differs from what the database holds, and lacks what the page fetched anew shows."""
    wrong = [f"{code} is {seen}, not {held.get(code)}" for code, seen in shown.items() if held.get(code) != seen]
    return wrong + [f"{code} is missing" for code in fetched if code not in shown]
