"""The practice desk as `make run` starts it, and people who use it in browsers."""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import httpx
import pytest
from django.conf import settings
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, ViewportSize, expect, sync_playwright

from tests.conftest import CHROMIUM_FLAGS
from tests.runtime.processes import Desk, free_port, manage

PATIENCE_SECONDS = 30.0
Role = Literal["operator", "reviewer", "admin"]


@dataclass
class PracticeDesk:
    """The running desk, and a way to send it requests as a program does."""

    running: Desk
    token: str

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.running.port}"

    def send(self, key: str, **request: Any) -> str:
        """Send a request by the API; returns its code."""
        headers = {"Authorization": f"Bearer {self.token}", "Idempotency-Key": key}
        answer = httpx.post(f"{self.url}/api/v1/items", json=request, headers=headers, timeout=20)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["code"])

    def done_by_tools(self) -> list[dict[str, Any]]:
        """What the practice tools were made to do, oldest first: refunds paid and pages published."""
        path = self.running.data / "practice-tools.jsonl"
        return [json.loads(line)["body"] for line in path.read_text().splitlines()] if path.exists() else []


@dataclass
class Visitor:
    """Somebody with a browser of their own; what goes wrong in it and whom it asks is kept."""

    context: BrowserContext
    url: str
    wrong: list[str] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.context.on("request", lambda request: self._note_request(request.url))
        self.context.on("weberror", lambda error: self.wrong.append(f"script error: {error.error}"))
        self.context.on("console", self._note_console)
        self.context.on("dialog", lambda dialog: self.wrong.append(f"dialog: {dialog.message}"))

    def _note_request(self, url: str) -> None:
        if urlsplit(url).scheme not in {"data", "blob"} and not url.startswith(f"{self.url}/"):
            self.strangers.append(url)

    def _note_console(self, message: ConsoleMessage) -> None:
        # A page that is refused is itself reported as an error; that is asked for in tests of refusals.
        if message.type in {"error", "warning"} and "Failed to load resource" not in message.text:
            self.wrong.append(f"{message.page.url if message.page else ''}: {message.text}")

    def open(self, path: str) -> Page:
        """Open an address of the desk in a tab of its own."""
        page = self.context.new_page()
        page.goto(f"{self.url}{path}" if path.startswith("/") else path)
        return page

    def board(self) -> Page:
        """Open the board with everything on it, and wait until it is live."""
        page = self.open("/?show=all")
        expect(page.locator("#live")).to_have_attribute("data-live", "connected")
        return page


Visit = Callable[..., Visitor]


@pytest.fixture(scope="package")
def desk() -> Iterator[PracticeDesk]:
    """The practice desk with its servers quick, and without the stream of requests."""
    data = Path(settings.DESK_DATA) / "desk-story"
    running = Desk(data, practice=True, PRACTICE_PORT=str(free_port()), PRACTICE_DELAY_SECONDS="0.3")
    try:
        running.wait_until_well()
        paused = manage("practice", "pause", env=running.env)
        assert paused.returncode == 0, paused.stderr
        made = manage("create_token", "story", "--role", "operator", env=running.env)
        assert made.returncode == 0, made.stderr
        yield PracticeDesk(running, made.stdout.split()[-1])
    finally:
        running.end()


@pytest.fixture(scope="package")
def browser(chromium: str) -> Iterator[Browser]:
    """Chromium. Ended with the package: other tests use the database in this thread, and Playwright loops in it."""
    with sync_playwright() as playwright:
        expect.set_options(timeout=PATIENCE_SECONDS * 1000)
        opened = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_FLAGS)
        yield opened
        opened.close()
        expect.set_options(timeout=5_000)


@pytest.fixture
def visit(desk: PracticeDesk, browser: Browser) -> Iterator[Visit]:
    """Somebody opens a browser, signed in when a role is named. Whatever goes wrong in one fails the test."""
    visitors: list[Visitor] = []
    with ExitStack() as stack:

        def enter(role: Role | None = None, width: int = 1440) -> Visitor:
            size: ViewportSize = {"width": width, "height": 900}
            context = stack.enter_context(browser.new_context(viewport=size, reduced_motion="reduce"))
            visitors.append(visitor := Visitor(context, desk.url))
            if role:
                page = visitor.open("/sign-in/")
                page.get_by_role("button", name=f"Continue as {role}").click()
                expect(page.locator("#live")).to_have_attribute("data-live", "connected")
                page.close()
            return visitor

        yield enter
        assert [wrong for visitor in visitors for wrong in visitor.wrong] == []
        assert [url for visitor in visitors for url in visitor.strangers] == []
