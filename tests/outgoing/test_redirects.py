"""Redirects: each hop is checked, few are followed, and credentials stay where they belong."""

import httpx
import pytest

from routing.outgoing.errors import OutgoingError, Sent
from routing.outgoing.messages import Request
from tests.outgoing.conftest import MakeClient
from tests.outgoing.scripted_server import http, scripted_server

CREDENTIALS = {"Authorization": "Bearer canary-1", "X-Api-Key": "canary-2", "Cookie": "session=canary-3"}


def test_a_read_follows_a_redirect_within_its_host_with_its_credentials(make_client: MakeClient) -> None:
    with scripted_server([http(status=302, location="/new?x=1"), http("found")]) as server:
        response = make_client(server.name).send(
            Request("GET", f"{server.url}/old", CREDENTIALS),
            deadline_seconds=5,
            max_bytes=100,
            follow_redirects=True,
        )
        assert (response.body, response.url) == (b"found", f"{server.url}/new?x=1")
        assert server.received[1].headers["x-api-key"] == "canary-2"


def test_no_credential_follows_a_redirect_to_another_host(make_client: MakeClient) -> None:
    with scripted_server([http("elsewhere")]) as target:
        with scripted_server([http(status=302, location=f"{target.url}/take")]) as source:
            response = make_client(source.name, target.name).send(
                Request("GET", source.url, CREDENTIALS), deadline_seconds=5, max_bytes=100, follow_redirects=True
            )
        assert response.body == b"elsewhere"
        assert "canary" in str(source.received[0].headers)
        assert "canary" not in str(target.received[0].headers)


def test_a_redirect_to_this_machine_is_refused(make_client: MakeClient) -> None:
    with scripted_server([http("secret")]) as internal:
        redirect = http(status=302, location=internal.url)
        with scripted_server([redirect]) as server, pytest.raises(OutgoingError, match="is blocked") as caught:
            make_client(server.name).send(
                Request("GET", server.url), deadline_seconds=5, max_bytes=100, follow_redirects=True
            )
        assert caught.value.permanent
        assert internal.connections == 0


@pytest.mark.parametrize(
    "location", ["file:///etc/passwd", "ftp://127.0.0.1/", "http://a:b@127.0.0.1/", "http://[", "http://\x7f/"]
)
def test_a_redirect_to_something_else_than_plain_http_is_refused(make_client: MakeClient, location: str) -> None:
    with scripted_server([http(status=302, location=location)]) as server:
        with pytest.raises(OutgoingError) as caught:
            make_client(server.name).send(
                Request("GET", server.url), deadline_seconds=5, max_bytes=100, follow_redirects=True
            )
        assert caught.value.permanent
        assert len(server.received) == 1


def test_a_host_that_is_not_on_the_list_cannot_point_at_one_that_is(make_client: MakeClient) -> None:
    client = make_client("crm.internal:8080")
    # A public host cannot be had in a test, so the hop is asked for directly.
    with pytest.raises(OutgoingError, match="opens for direct calls only") as caught:
        client._redirected(httpx.URL("http://public.example/"), "http://crm.internal:8080/all", {})
    assert caught.value.permanent


def test_a_read_follows_three_redirects_and_not_a_fourth(make_client: MakeClient) -> None:
    again = http(status=307, location="/again")
    with scripted_server([again, again, again, http("end")]) as server:
        request = Request("GET", server.url)
        response = make_client(server.name).send(request, deadline_seconds=5, max_bytes=100, follow_redirects=True)
        assert response.body == b"end"
    with scripted_server([again]) as server:
        with pytest.raises(OutgoingError, match="more than 3 times") as caught:
            make_client(server.name).send(
                Request("GET", server.url), deadline_seconds=5, max_bytes=100, follow_redirects=True
            )
        assert caught.value.sent == Sent.ANSWERED
        assert len(server.received) == 4


def test_a_write_answered_by_an_unreadable_redirect_still_has_its_answer(make_client: MakeClient) -> None:
    with scripted_server([http(status=302, location="http://\x7f/")]) as server:
        response = make_client(server.name).send(Request("POST", server.url), deadline_seconds=5, max_bytes=100)
        assert response.status == 302


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_write_follows_no_redirect(make_client: MakeClient, method: str, status: int) -> None:
    with scripted_server([http(status=status, location="/again"), http("done")]) as server:
        response = make_client(server.name).send(
            Request(method, server.url, {}, b"{}"), deadline_seconds=5, max_bytes=100, follow_redirects=True
        )
        assert response.status == status
        assert len(server.received) == 1
