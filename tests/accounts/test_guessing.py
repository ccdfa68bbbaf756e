"""Guessing passwords: one username is locked for one network, whatever the guesser says about themselves."""

import logging
from collections.abc import Iterator

import httpx
import pytest
from axes.models import AccessAttempt
from django.conf import settings
from django.test import Client

from dispatchdesk.accounts.models import User
from tests.feed.conftest import Web, _web, start_web, wait_until_up, web

__all__ = ["_web", "web"]

PASSWORD = "correct horse battery"
TRIES = settings.AXES_FAILURE_LIMIT


@pytest.fixture
def olga(transactional_db: None) -> User:
    return User.objects.create_user("olga", password=PASSWORD, role="operator")


def tries(password: str, username: str = "olga", times: int = 1, **given: str) -> int:
    """Status of the last of so many tries from 198.51.100.7 or ``REMOTE_ADDR``."""
    origin = {"REMOTE_ADDR": "198.51.100.7", **given}
    status = 0
    for number in range(times):
        forwarded = {"HTTP_X_FORWARDED_FOR": f"203.0.113.{number}", "HTTP_USER_AGENT": f"guesser {number}"}
        client = Client(**{**forwarded, **origin})  # type: ignore[arg-type]
        status = client.post("/sign-in/", {"username": username, "password": password}).status_code
    return status


def test_too_many_guesses_lock_the_name_for_that_network_alone(olga: User) -> None:
    assert tries("wrong", times=TRIES - 1) == 422
    assert tries("wrong", times=2) == 429
    # The right password opens nothing there, with whatever headers; from elsewhere it does.
    assert tries(PASSWORD, HTTP_X_FORWARDED_FOR="192.0.2.1") == 429
    assert tries(PASSWORD, REMOTE_ADDR="192.0.2.1") == 302
    User.objects.create_user("uwe", password=PASSWORD, role="operator")
    assert tries(PASSWORD, username="uwe") == 302


@pytest.fixture
def proxied(transactional_db: None) -> Iterator[Web]:
    """The web server as it runs behind a proxy on this machine."""
    server = start_web(behind_proxy=True)
    try:
        wait_until_up(server)
        yield server
    finally:
        server.process.terminate()
        server.process.wait(10)


def statuses(server: Web, forwarded: str) -> list[int]:
    """What a guesser gets, who sends ``forwarded`` with a number that changes each time."""
    found = []
    with httpx.Client(base_url=server.url, trust_env=False, timeout=20) as client:
        client.get("/sign-in/")
        for number in range(TRIES + 1):
            given = {"username": "olga", "password": "wrong", "csrfmiddlewaretoken": client.cookies["csrftoken"]}
            headers = {"X-Forwarded-For": forwarded.format(number), "Referer": f"{server.url}/sign-in/"}
            found.append(client.post("/sign-in/", data=given, headers=headers).status_code)
    return found


def test_a_guesser_who_names_another_address_each_time_is_locked_all_the_same(web: Web, olga: User) -> None:
    assert statuses(web, "203.0.113.{}")[-1] == 429


def test_behind_a_proxy_what_the_guesser_says_counts_for_nothing_and_others_are_not_locked(
    proxied: Web, olga: User
) -> None:
    assert statuses(proxied, "203.0.113.{}, 198.51.100.7")[-1] == 429
    assert statuses(proxied, "203.0.113.{}, 192.0.2.1")[:2] == [422, 422]


def test_all_addresses_of_one_ipv6_network_are_one(olga: User) -> None:
    for number in range(TRIES):
        tries("wrong", REMOTE_ADDR=f"2001:db8:1:2::{number}")
    assert tries(PASSWORD, REMOTE_ADDR="2001:db8:1:2:ffff::9") == 429
    assert tries(PASSWORD, REMOTE_ADDR="2001:db8:1:3::9") == 302


def test_an_unknown_name_is_locked_in_the_same_words(olga: User) -> None:
    answers = set()
    for name in ("olga", "nobody"):
        tries("wrong", username=name, times=TRIES)
        response = Client(REMOTE_ADDR="198.51.100.7").post("/sign-in/", {"username": name, "password": "wrong"})
        answers.add((response.status_code, response["Retry-After"], str(response.context["form"].non_field_errors())))
    [(status, seconds, words)] = answers
    assert (status, seconds) == (429, "900")
    assert "in 15 minutes" in words


@pytest.mark.parametrize(("path", "name"), [("sign-in/second/off/", "password"), ("password/", "old_password")])
def test_a_session_alone_does_not_help_to_guess_its_password(olga: User, path: str, name: str) -> None:
    client = Client(REMOTE_ADDR="198.51.100.7")
    client.force_login(olga)
    new = {"new_password1": "another long one 7", "new_password2": "another long one 7"}
    for _ in range(TRIES):
        client.post(f"/settings/people/{path}", {name: "wrong", **new})
    page = client.post(f"/settings/people/{path}", {name: PASSWORD, **new})
    assert (page.status_code, "Too many tries" in str(page.context["form"].errors)) == (422, True)
    assert client.get("/").status_code == 200
    assert tries(PASSWORD, REMOTE_ADDR="192.0.2.1") == 302


def test_signing_in_forgets_the_wrong_tries(olga: User) -> None:
    tries("wrong", times=TRIES - 1)
    assert tries(PASSWORD) == 302
    assert tries("wrong", times=TRIES - 1) == 422


def test_who_types_the_password_as_the_name_finds_it_in_no_log(olga: User, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        tries("x", username=PASSWORD, times=TRIES + 1)
    assert caplog.records
    assert PASSWORD not in caplog.text


def test_what_is_kept_of_a_locked_guesser_does_not_grow(olga: User) -> None:
    tries("wrong", times=TRIES)
    kept = sorted(AccessAttempt.objects.values_list("post_data", "failures_since_start"))
    tries("wrong", times=5)
    assert sorted(AccessAttempt.objects.values_list("post_data", "failures_since_start")) == kept
