"""A real web server on the test database, and viewers with real sockets."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.db import connection

from dispatchdesk.accounts.models import User
from dispatchdesk.accounts.sessions import SessionStore
from dispatchdesk.runtime.programs import web_arguments
from tests.feed.viewers import Viewer
from tests.runtime.processes import ROOT, free_port

QUIET_LOOKS = 6


@dataclass
class Web:
    """One web process."""

    port: int
    process: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    def session_of(self, user: User) -> str:
        """Sign somebody in, and return the key of their session."""
        session = SessionStore()
        session[SESSION_KEY] = str(user.pk)
        session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
        session[HASH_SESSION_KEY] = user.get_session_auth_hash()
        session.create()
        return str(session.session_key)

    def watch(self, user: User, position: str = "") -> Viewer:
        """Open the feed as this user."""
        return Viewer(self.port, session=self.session_of(user), position=position)

    def get(self, path: str, user: User, **headers: str) -> str:
        """Return a page as this user sees it."""
        cookies = {settings.SESSION_COOKIE_NAME: self.session_of(user)}
        answer = httpx.get(f"{self.url}{path}", cookies=cookies, headers=headers, timeout=20)
        assert answer.status_code == 200, answer.text
        return answer.text


def start_web(port: int = 0, *, behind_proxy: bool = False) -> Web:
    """Start the web server as the desk does, on the test database; on a free port unless one is named."""
    server = connection.settings_dict
    port = port or free_port()
    database, host = server["NAME"], server["HOST"]
    address = f"postgresql://{server['USER']}:{server['PASSWORD']}@/{database}?host={host}&port={server['PORT']}"
    keep = {name: os.environ[name] for name in ("PATH", "HOME", "DESK_DATA") if name in os.environ}
    process = subprocess.Popen(
        [sys.executable, *web_arguments(host="127.0.0.1", port=port, behind_proxy=behind_proxy)],
        cwd=ROOT,
        env=keep | {"DATABASE_URL": address, "PORT": str(port), "DATABASE_POOL_SIZE": "4"},
    )
    return Web(port, process)


def wait_until_up(web: Web) -> None:
    """Wait until it answers."""
    for _ in range(200):
        try:
            httpx.get(f"{web.url}/static/css/base.css", timeout=5)
        except httpx.TransportError:
            assert web.process.poll() is None, "the web server ended"
            time.sleep(0.05)
        else:
            return
    pytest.fail("the web server did not start")


@pytest.fixture(scope="session")
def _web(django_db_setup: None, django_db_blocker: pytest.FixtureRequest) -> Iterator[Web]:
    web = start_web()
    try:
        wait_until_up(web)
        yield web
    finally:
        web.process.terminate()
        web.process.wait(10)


@pytest.fixture
def web(_web: Web, transactional_db: None) -> Iterator[Web]:
    """The web server; what a test commits is seen by it."""
    yield _web
    wait_until_idle()


def wait_until_idle() -> None:
    """Wait until no request has been at work for a while: a page that is closed sends a last one.

    Emptying the tables beneath one ends in a deadlock of both.
    """
    busy = "SELECT FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    quiet = 0
    for _ in range(400):
        with connection.cursor() as cursor:
            cursor.execute(f"{busy} AND backend_type = 'client backend' AND state <> 'idle'")
            quiet = quiet + 1 if cursor.fetchone() is None else 0
        if quiet == QUIET_LOOKS:
            return
        time.sleep(0.03)
