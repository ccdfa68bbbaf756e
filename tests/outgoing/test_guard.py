"""Server-side request forgery: what the guarded client refuses to call, over real sockets."""

import socket

import pytest
from pytest_django import Settings

from routing.outgoing.client import GuardedClient, allowed_hosts, send
from routing.outgoing.errors import Cause, OutgoingError, Sent
from routing.outgoing.messages import Request
from tests.outgoing.conftest import MakeClient
from tests.outgoing.scripted_server import http, scripted_server


def refusal(client: GuardedClient, url: str, *, headers: dict[str, str] | None = None) -> OutgoingError:
    with pytest.raises(OutgoingError) as caught:
        client.send(Request("GET", url, headers or {}), deadline_seconds=5, max_bytes=1000, follow_redirects=True)
    return caught.value


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.1",
        "0177.0.0.1",
        "0x7f.0.0.1",
        "2130706433",
        "0x7f000001",
        "0",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::127.0.0.1]",
        "localhost",
        "LOCALHOST.",
        "127.0.0.1.",
    ],
)
def test_a_spelling_of_this_machine_is_never_connected_to(make_client: MakeClient, host: str) -> None:
    with scripted_server([http("secret")]) as server:
        error = refusal(make_client(), f"http://{host}:{server.port}/")
        assert (error.permanent, error.cause, error.sent) == (True, Cause.UNREACHABLE, Sent.NOT_SENT) or (
            "no address" in str(error)
        )
        assert server.connections == 0


@pytest.mark.parametrize(
    "addresses",
    [["127.0.0.1"], ["10.1.2.3"], ["169.254.169.254"], ["::1"], ["8.8.8.8", "127.0.0.1"], ["64:ff9b::7f00:1"]],
)
def test_a_name_with_a_closed_address_is_refused_naming_host_port_and_setting(
    make_client: MakeClient, addresses: list[str]
) -> None:
    with scripted_server([http("secret")]) as server:
        client = make_client(resolve=lambda _host, _port: addresses)
        error = refusal(client, f"http://Shop.Example:{server.port}/")
        assert f"shop.example:{server.port} is blocked" in str(error)
        assert "DESK_ALLOW_HOSTS" in str(error)
        assert error.sent == Sent.NOT_SENT
        assert server.connections == 0


def test_a_name_that_changes_its_address_is_connected_to_where_it_was_checked(make_client: MakeClient) -> None:
    asked: list[str] = []

    def rebinding(host: str, _port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["10.0.0.1"]

    with scripted_server([http("pinned")]) as server:
        name = f"shop.example:{server.port}"
        response = make_client(name, resolve=rebinding).send(
            Request("GET", f"http://{name}/"), deadline_seconds=5, max_bytes=100
        )
        assert response.body == b"pinned"
        assert asked == ["shop.example"]
        assert server.received[0].headers["host"] == name


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.org/",
        "file:///etc/passwd",
        "gopher://127.0.0.1:70/",
        "unix:///run/docker.sock",
        "//example.org/",
        "/etc/passwd",
        "javascript:alert(1)",
        "http:///nohost",
        "http://exa mple.org/",
        "http://example.org:99999/",
        "http://example.org\r\nX: y/",
        "http://user:pw@example.org/",
        "http://example.org@127.0.0.1/",
        "",
    ],
)
def test_an_address_that_is_not_plain_http_is_refused_before_any_lookup(make_client: MakeClient, url: str) -> None:
    asked: list[str] = []

    def resolve(host: str, _port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"]

    error = refusal(make_client(resolve=resolve), url)
    assert (error.permanent, error.sent) == (True, Sent.NOT_SENT)
    assert asked == []


@pytest.mark.parametrize(
    "headers",
    [
        {"X-A": "b\r\nX-Admin: yes"},
        {"X A": "b"},
        {"X-A": "é"},
        {"É": "b"},
        {"Host": "other.example"},
        {"Content-Length": "0"},
        {"Transfer-Encoding": "chunked"},
    ],
)
def test_a_header_that_could_smuggle_is_refused(make_client: MakeClient, headers: dict[str, str]) -> None:
    with scripted_server([http()]) as server:
        error = refusal(make_client(server.name), server.url, headers=headers)
        assert (error.permanent, error.sent) == (True, Sent.NOT_SENT)
        assert server.connections == 0


def test_the_allow_list_opens_the_named_host_and_port_only(make_client: MakeClient) -> None:
    with scripted_server([http("hello")]) as opened, scripted_server([http("secret")]) as other:
        client = make_client(opened.name)
        response = client.send(Request("GET", opened.url), deadline_seconds=5, max_bytes=100)
        assert response.body == b"hello"
        for url in (other.url, f"http://localhost:{opened.port}", f"http://127.0.0.2:{opened.port}"):
            assert "is blocked" in str(refusal(client, url))
        assert (opened.connections, other.connections) == (1, 0)


def test_the_setting_opens_hosts(settings: Settings) -> None:
    with scripted_server([http("hello")]) as server:
        settings.DESK_ALLOW_HOSTS = [server.name]
        response = send(
            Request("GET", server.url),
            deadline_seconds=5,
            max_bytes=100,
            follow_redirects=False,
            allow=allowed_hosts(),
        )
        assert response.body == b"hello"


def test_a_connection_opened_under_one_allow_list_is_not_reused_under_another() -> None:
    with scripted_server([http("hello")], keep_alive=True) as server:
        request = Request("GET", server.url)
        allowed = frozenset({server.name})
        response = send(request, deadline_seconds=5, max_bytes=100, follow_redirects=False, allow=allowed)
        assert response.status == 200
        with pytest.raises(OutgoingError, match="is blocked"):
            send(request, deadline_seconds=5, max_bytes=100, follow_redirects=False, allow=frozenset())


def test_proxies_of_the_environment_are_ignored(make_client: MakeClient, monkeypatch: pytest.MonkeyPatch) -> None:
    with scripted_server([http("proxy")]) as proxy, scripted_server([http("direct")]) as server:
        for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        monkeypatch.delenv("NO_PROXY", raising=False)
        response = make_client(server.name).send(Request("GET", server.url), deadline_seconds=5, max_bytes=100)
        assert response.body == b"direct"
        assert proxy.connections == 0


def test_a_name_without_an_address_is_temporary_and_nothing_was_sent(make_client: MakeClient) -> None:
    def resolve(_host: str, _port: int) -> list[str]:
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    error = refusal(make_client(resolve=resolve), "http://nowhere.example/")
    assert (error.permanent, error.sent) == (False, Sent.NOT_SENT)
    assert "nowhere.example:80" in str(error)
