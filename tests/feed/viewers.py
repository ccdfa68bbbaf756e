"""A viewer of the feed with a real socket, and the board as its browser would keep it."""

import json
import re
import time
from contextlib import ExitStack, suppress
from typing import Any, Self
from urllib.parse import quote

from django.conf import settings
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

CARD = re.compile(r'<li class="card" id="card-(D-\d+)".*? data-version="(\d+)" data-state="(\w+)"')
PATIENCE_SECONDS = 15.0


class Viewer:
    """A socket at the feed. Frames are read when asked for."""

    def __init__(
        self, port: int, *, session: str = "", position: str = "", origin: str | None = "own", path: str = "/ws/feed"
    ) -> None:
        own = f"http://127.0.0.1:{port}"
        headers = {"Cookie": f"{settings.SESSION_COOKIE_NAME}={session}"} if session else {}
        query = f"?position={quote(position)}" if position else ""
        connecting = connect(
            f"ws://127.0.0.1:{port}{path}{query}",
            origin=own if origin == "own" else origin,  # type: ignore[arg-type]
            additional_headers=headers,
            max_size=None,
            ping_interval=None,  # a viewer who is busy with something else is no dead one
            proxy=None,
        )
        self._open = ExitStack()
        self.socket = self._open.enter_context(connecting)
        self.position = position
        self._beside: list[dict[str, Any]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._open.close()

    def frame(self, seconds: float = PATIENCE_SECONDS) -> dict[str, Any]:
        """The next frame."""
        self._beside = []
        frame: dict[str, Any] = json.loads(self.socket.recv(timeout=seconds))
        self.position = frame["position"]
        return frame

    def closed_with(self, seconds: float = 40.0) -> int:
        """The code the server closes with, whatever comes before."""
        deadline = time.monotonic() + seconds
        with suppress(ConnectionClosed):
            while True:
                self.socket.recv(timeout=deadline - time.monotonic())
        code = self.socket.close_code
        assert code is not None
        return code

    def card(self, code: str, seconds: float = PATIENCE_SECONDS) -> dict[str, Any]:
        """The next thing said about one item; what the same frame says of others is kept for the next call."""
        deadline = time.monotonic() + seconds
        cards = self._beside
        while time.monotonic() < deadline:
            for card in cards:
                if card["code"] == code:
                    self._beside = [other for other in cards if other is not card]
                    return card
            cards = self.frame(deadline - time.monotonic()).get("cards", [])
        raise AssertionError(f"nothing was said about {code}")


def board_of(html: str) -> dict[str, tuple[int, str]]:
    """The cards of a page as code -> (version, state)."""
    return {code: (int(version), state) for code, version, state in CARD.findall(html)}


def replay(board: dict[str, tuple[int, str]], frame: dict[str, Any]) -> None:
    """Change the board as the browser does: the newest version wins, a removal takes the card away."""
    for card in frame.get("cards", []):
        held = board.get(card["code"])
        if held is not None and held[0] > card["version"]:
            continue
        if card.get("remove"):
            board.pop(card["code"], None)
        else:
            board.update(board_of(card["html"]))


def position_of(html: str) -> str:
    """The position a board's page is true for."""
    match = re.search(r'data-feed-position="([^"]+)"', html)
    assert match is not None
    return match[1]
