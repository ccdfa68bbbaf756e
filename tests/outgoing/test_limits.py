"""Faults of the other side and of the wire: each ends in time, and says whether anything can have been applied."""

import gzip
import socket
import time

import pytest

from routing.outgoing.errors import Cause, OutgoingError, Sent
from routing.outgoing.messages import Request
from tests.outgoing.conftest import MakeClient
from tests.outgoing.scripted_server import Answer, endless, hang, http, json_reply, raw, reset, scripted_server, trickle

OK_HEAD = b"HTTP/1.1 200 OK\r\n"


def failure(make_client: MakeClient, answer: Answer, *, deadline_seconds: float = 5) -> tuple[OutgoingError, float]:
    """Return the error of a POST to a server that answers so, and the seconds it took."""
    with scripted_server([answer]) as server:
        client = make_client(server.name)
        started = time.monotonic()
        with pytest.raises(OutgoingError) as caught:
            client.send(
                Request("POST", server.url, {}, b'{"a": 1}'), deadline_seconds=deadline_seconds, max_bytes=10_000
            )
        return caught.value, time.monotonic() - started


def test_an_answer_comes_back_whole_with_its_status_headers_and_time(make_client: MakeClient) -> None:
    with scripted_server([json_reply({"ok": True}, status=422, x_trace="7")]) as server:
        response = make_client(server.name).send(
            Request("post", f"{server.url}/a?b=c", {"Idempotency-Key": "k1"}, b"body"),
            deadline_seconds=5,
            max_bytes=100,
        )
    assert (response.status, response.headers["x-trace"], response.text) == (422, "7", '{"ok": true}')
    assert 0 <= response.elapsed_ms < 5000
    [received] = server.received
    assert (received.method, received.target, received.body) == ("POST", "/a?b=c", b"body")
    assert received.headers["idempotency-key"] == "k1"


@pytest.mark.parametrize(
    "answer",
    [
        hang,
        trickle(b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 50),
        trickle(b"x" * 200, prefix=OK_HEAD + b"content-length: 200\r\n\r\n"),
        trickle(b"1\r\nx\r\n" * 60, prefix=OK_HEAD + b"transfer-encoding: chunked\r\n\r\n"),
        trickle(b"HTTP/1.1 100 Continue\r\n\r\n" * 9, interval_seconds=0.01),
    ],
    ids=["silence", "slow-head", "slow-body", "slow-chunks", "continues"],
)
def test_a_call_ends_at_its_deadline_and_may_have_been_applied(make_client: MakeClient, answer: Answer) -> None:
    error, seconds = failure(make_client, answer, deadline_seconds=0.5)
    assert (error.cause, error.sent, error.permanent) == (Cause.UNREACHABLE, Sent.MAYBE, False)
    assert 0.4 < seconds < 1.5


@pytest.mark.parametrize(
    "answer",
    [
        reset,
        raw(b""),
        raw(b"SSH-2.0-OpenSSH_9.2\r\n"),
        raw(OK_HEAD + b"content-length: 100\r\n\r\nhalf"),
        raw(OK_HEAD + b"transfer-encoding: chunked\r\n\r\n5\r\nhel"),
        raw(OK_HEAD + b"x: " + b"y" * 200_000 + b"\r\n\r\n"),
    ],
    ids=["reset", "closed", "not-http", "cut-body", "cut-chunk", "huge-head"],
)
def test_a_broken_connection_may_have_been_applied(make_client: MakeClient, answer: Answer) -> None:
    error, seconds = failure(make_client, answer)
    assert (error.cause, error.sent, error.permanent) == (Cause.UNREACHABLE, Sent.MAYBE, False)
    assert not error.can_repeat_write
    assert seconds < 4


@pytest.mark.parametrize(
    "answer",
    [endless(OK_HEAD + b"\r\n"), http(b"x" * 10_001), endless(OK_HEAD + b"content-length: 99999999999\r\n\r\n")],
    ids=["endless", "one-over", "announced"],
)
def test_no_more_than_the_byte_limit_is_read(make_client: MakeClient, answer: Answer) -> None:
    error, seconds = failure(make_client, answer)
    assert (error.cause, error.sent, error.permanent) == (Cause.OVER_BUDGET, Sent.ANSWERED, True)
    assert seconds < 4


def test_a_body_of_exactly_the_limit_is_read(make_client: MakeClient) -> None:
    with scripted_server([http(b"x" * 10_000)]) as server:
        response = make_client(server.name).send(Request("GET", server.url), deadline_seconds=5, max_bytes=10_000)
    assert len(response.body) == 10_000


def test_a_compressed_answer_is_not_unpacked(make_client: MakeClient) -> None:
    bomb = gzip.compress(b"\0" * 5_000_000)
    error, _ = failure(make_client, http(bomb, content_encoding="gzip"))
    assert (error.cause, error.sent) == (Cause.UNPARSED, Sent.ANSWERED)


def test_a_refused_connection_was_not_sent_and_may_be_repeated(make_client: MakeClient) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        name = f"127.0.0.1:{listener.getsockname()[1]}"
    with pytest.raises(OutgoingError) as caught:
        make_client(name).send(Request("POST", f"http://{name}/"), deadline_seconds=5, max_bytes=100)
    assert (caught.value.sent, caught.value.permanent) == (Sent.NOT_SENT, False)
    assert caught.value.can_repeat_write


def test_a_server_that_reads_nothing_cannot_hold_a_large_body_beyond_the_deadline(make_client: MakeClient) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        name = f"127.0.0.1:{listener.getsockname()[1]}"
        started = time.monotonic()
        with pytest.raises(OutgoingError) as caught:
            make_client(name).send(
                Request("POST", f"http://{name}/", {}, b"x" * 50_000_000), deadline_seconds=0.5, max_bytes=100
            )
        assert time.monotonic() - started < 1.5
        assert caught.value.sent == Sent.MAYBE


def test_a_resolver_that_hangs_cannot_hold_the_call_beyond_its_deadline(make_client: MakeClient) -> None:
    def resolve(_host: str, _port: int) -> list[str]:
        time.sleep(3)
        return ["127.0.0.1"]

    started = time.monotonic()
    with pytest.raises(OutgoingError, match="not found in time") as caught:
        make_client(resolve=resolve).send(Request("GET", "http://slow.example/"), deadline_seconds=0.3, max_bytes=100)
    assert time.monotonic() - started < 1.5
    assert caught.value.sent == Sent.NOT_SENT


def test_the_next_address_is_tried_when_the_first_refuses(make_client: MakeClient) -> None:
    with scripted_server([http("second")]) as server:
        client = make_client(f"two.example:{server.port}", resolve=lambda _host, _port: ["::1", "127.0.0.1"])
        response = client.send(Request("GET", f"http://two.example:{server.port}/"), deadline_seconds=5, max_bytes=100)
    assert response.body == b"second"


def test_a_cookie_of_one_answer_is_not_sent_with_the_next_call(make_client: MakeClient) -> None:
    with scripted_server([http("ok", set_cookie="session=canary")]) as server:
        client = make_client(server.name)
        for _ in range(2):
            client.send(Request("GET", server.url), deadline_seconds=5, max_bytes=100)
        assert "cookie" not in server.received[1].headers


def test_a_read_on_a_kept_connection_that_the_server_closed_is_made_again(make_client: MakeClient) -> None:
    with scripted_server([http("ok"), reset, http("again")], keep_alive=True) as server:
        client = make_client(server.name)
        bodies = [client.send(Request("GET", server.url), deadline_seconds=5, max_bytes=99).body for _ in range(2)]
        assert bodies == [b"ok", b"again"]


def test_reads_keep_their_connection_and_writes_open_their_own(make_client: MakeClient) -> None:
    with scripted_server([http("ok")], keep_alive=True) as server:
        client = make_client(server.name)
        for method in ("GET", "GET", "POST", "POST"):
            client.send(Request(method, server.url), deadline_seconds=5, max_bytes=100)
        assert server.connections == 3
