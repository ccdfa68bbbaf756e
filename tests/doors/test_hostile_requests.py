"""Requests that no browser makes: odd headers, cookies and paths are answered, and never break the desk."""

import httpx
import pytest
from django.conf import settings
from django.test import Client

from tests.doors.world import World
from tests.feed.conftest import Web, _web, web

__all__ = ["_web", "web"]

NUL_COOKIE = '"aaaaaaaaaaaa\\000b"'  # which quoting lets a cookie hold
HEADERS: dict[str, dict[str, str]] = {
    "session with NUL": {"HTTP_COOKIE": f"{settings.SESSION_COOKIE_NAME}={NUL_COOKIE}"},
    "csrf with NUL": {"HTTP_COOKIE": f"{settings.CSRF_COOKIE_NAME}={NUL_COOKIE}"},
    "messages with NUL": {"HTTP_COOKIE": f"messages={NUL_COOKIE}"},
    "address of the page": {"HTTP_HX_REQUEST": "true", "HTTP_HX_CURRENT_URL": "http://["},
    "host": {"HTTP_HOST": "evil.example"},
    "host with a port": {"HTTP_HOST": "testserver:x"},
    "origin": {"HTTP_ORIGIN": "http://["},
    "referer": {"HTTP_REFERER": "http://["},
    "range": {"HTTP_RANGE": "bytes=99999999999999999999-"},
    "time": {"HTTP_IF_MODIFIED_SINCE": "x"},
    "language": {"HTTP_ACCEPT_LANGUAGE": "x" * 5000},
    "address": {"REMOTE_ADDR": "fe80::1%eth0"},
}
PATHS = ["/", "/sign-in/?next=%41", "/sign-in/code/", "/healthz", "/api/v1/items", "/r/x/"]


def worst(client: Client, path: str, headers: dict[str, str]) -> int:
    return max(client.get(path, **headers).status_code, client.post(path, {"a": "b"}, **headers).status_code)  # type: ignore[arg-type]


PART = '--x\r\nContent-Disposition: form-data; name="username"\r\n\r\nolga\r\n--x--\r\n'
FORMS = {"application/x-www-form-urlencoded": "username=olga&password=", "multipart/form-data; boundary=x": PART}


@pytest.mark.parametrize("kind", FORMS)
def test_forms_are_read_as_ours_whatever_charset_they_claim(web: Web, kind: str) -> None:
    with httpx.Client(base_url=web.url, trust_env=False, timeout=20) as client:
        client.get("/sign-in/")
        for charset in ("utf-8", "hex", "utf-16", "idna", "zip", "unicode_escape", "nonsense"):
            headers = {"Content-Type": f"{kind}; charset={charset}", "X-CSRFToken": client.cookies["csrftoken"]}
            for answer, status in (
                (client.get("/sign-in/?next=%2F", headers=headers), 200),
                (client.post("/sign-in/", content=FORMS[kind], headers=headers), 422),
            ):
                assert answer.status_code == status, charset
            assert 'value="olga"' in answer.text


@pytest.mark.parametrize("name", HEADERS)
def test_no_header_of_a_stranger_breaks_the_desk(db: None, name: str) -> None:
    client = Client(raise_request_exception=False)
    broken = {path for path in PATHS if worst(client, path, HEADERS[name]) >= 500}
    assert broken == set()


@pytest.mark.parametrize("name", HEADERS)
def test_no_header_of_somebody_signed_in_breaks_the_desk(world: World, name: str) -> None:
    client = world.client("admin")
    broken = {path for path in (*PATHS, "/admin/") if worst(client, path, HEADERS[name]) >= 500}
    assert broken == set()


@pytest.mark.parametrize(
    "path",
    [
        "/static/%00", "/static/..%2f..%2fsettings.py", "/static//etc/passwd", "/static/", "/static/css", "/%00",
        "/r/%00/", "/r/%ff/", "/r/new/%00/", "/notices/stop/%00/", "/items/%00/", "/palette/?q=%ff",
        "/admin/routing/workitem/%00/change/", "/admin/routing/workitem/99999999999999999999/change/",
        "/admin/routing/workitem/?p=99999999999999999999", "/admin/routing/workitem/?o=x.y",
        "/admin/accounts/user/?q=%ff",
        "/admin/routing/workitem/?state__exact=x&work_type__id__exact=99999999999999999999", "/admin/r/1/1/",
        "/admin/routing/workitem/?_to_field=title", "/admin/accounts/user/?password__startswith=a", "/admin/%ff/",
        "/admin/routing/step/?item__text__regex=(", "/admin/jsi18n/?language=x",
    ],
)  # fmt: skip
def test_no_path_breaks_the_desk(world: World, path: str) -> None:
    for role in ("anonymous", "admin"):
        assert world.client(role).get(path).status_code < 500, role
