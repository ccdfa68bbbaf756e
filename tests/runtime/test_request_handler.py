"""Requests to a real web server: what arrives whole, and what is answered while much else waits."""

import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
from django.conf import settings
from django.db import connection, transaction

from dispatchdesk.accounts.models import User
from dispatchdesk.request_handler import THREADS
from tests.feed.conftest import Web, _web, web  # noqa: F401 - fixtures

SHEET = "/static/css/board.css"


def sent(web: Web, head: str) -> bytes:  # noqa: F811
    """The first bytes of the answer to a request written by hand."""
    with socket.create_connection(("127.0.0.1", web.port), timeout=20) as client:
        client.sendall(f"{head}\r\nHost: 127.0.0.1:{web.port}\r\nConnection: close\r\n\r\n".encode("latin-1"))
        return client.recv(64)


def test_a_file_arrives_whole_in_part_and_without_its_body(web: Web) -> None:  # noqa: F811
    content = Path(settings.BASE_DIR, "static/css/board.css").read_bytes()
    whole, head = httpx.get(f"{web.url}{SHEET}"), httpx.head(f"{web.url}{SHEET}")
    part = httpx.get(f"{web.url}{SHEET}", headers={"Range": "bytes=10-19", "Accept-Encoding": "identity"})
    assert (whole.status_code, whole.content) == (200, content)
    assert (head.status_code, head.content, head.headers["Content-Type"]) == (200, b"", whole.headers["Content-Type"])
    assert (part.status_code, part.content) == (206, content[10:20])


@pytest.mark.parametrize("path", ["/?q=%ff%fe", "/%ff", "/items/D-1/?\xff", "//", "/static/../manage.py", "/%2e%2e/"])
def test_an_address_that_is_none_is_no_error_of_ours(web: Web, path: str) -> None:  # noqa: F811
    status = int(sent(web, f"GET {path} HTTP/1.1").split()[1])
    assert status < 500, status


def test_files_and_the_health_are_answered_while_all_threads_wait(web: Web) -> None:  # noqa: F811
    olga = User.objects.create_user("olga", role="operator")
    cookies = {settings.SESSION_COOKIE_NAME: web.session_of(olga)}
    with ThreadPoolExecutor(THREADS + 5) as people, transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("LOCK TABLE accounts_desksession IN ACCESS EXCLUSIVE MODE")
        waiting = [people.submit(httpx.get, f"{web.url}/", cookies=cookies, timeout=60) for _ in range(THREADS + 5)]
        until_connections_wait(4)
        assert httpx.get(f"{web.url}{SHEET}", timeout=5).status_code == 200
        assert httpx.get(f"{web.url}/healthz", timeout=5).json()["database"]["ok"]
        assert not any(one.done() for one in waiting)
        transaction.set_rollback(True)
    assert {one.result().status_code for one in waiting} <= {200, 302, 503}


def until_connections_wait(count: int) -> None:
    """Wait until so many connections wait for a lock."""
    statement = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    for _ in range(10_000):
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_stat_clear_snapshot()")
            cursor.execute(statement)
            if cursor.fetchone()[0] >= count:
                return
    pytest.fail("they do not wait")


def test_bodies_that_come_slowly_hold_up_nobody(web: Web) -> None:  # noqa: F811
    with ExitStack() as open_sockets:
        for _ in range(THREADS + 5):
            client = open_sockets.enter_context(socket.create_connection(("127.0.0.1", web.port), timeout=20))
            head = f"POST /api/v1/items HTTP/1.1\r\nHost: 127.0.0.1:{web.port}\r\nContent-Length: 100\r\n\r\n{{"
            client.sendall(head.encode())
        assert httpx.get(f"{web.url}/", timeout=5).status_code == 302
        assert sent(web, "GET /healthz HTTP/1.1").startswith(b"HTTP/1.1 200")
