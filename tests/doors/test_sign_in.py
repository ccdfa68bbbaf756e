"""The door itself: where sign-in leads, whose session it is, and the practice desk's shortcut past it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings as live
from django.contrib.auth.hashers import MD5PasswordHasher
from django.test import Client
from pytest_django import Settings

from dispatchdesk.accounts.models import User
from dispatchdesk.practice.accounts import FILE_NAME, ensure_accounts
from routing.domain.roles import Role

PASSWORD = "correct-horse-battery"
ELSEWHERE = [
    "https://evil.example/",
    "//evil.example/",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "http:evil.example",
    "http:///evil.example",
    "javascript:alert(1)",
    "data:text/html,x",
    "//testserver@evil.example/",
    "https://testserver.evil.example/",
    "\t//evil.example",
    "%2f%2fevil.example",
    "/%09/evil.example",
    "http://testserver:80@evil.example/",
]


@pytest.fixture
def olga(db: None) -> User:
    return User.objects.create_user(username="olga", role=Role.OPERATOR.value, password=PASSWORD)


@pytest.mark.parametrize("address", ELSEWHERE)
def test_sign_in_leads_nowhere_else(olga: User, address: str) -> None:
    client = Client()
    given = {"username": "olga", "password": PASSWORD, "next": address}
    for response in (client.post("/sign-in/", given), client.get("/sign-in/", {"next": address})):
        assert response.status_code == 302
        target = response.headers["Location"]
        assert target.startswith(("/", "%2f")), target
        assert not target.startswith(("//", "/\\")), target


def test_a_session_given_to_somebody_is_not_theirs_once_they_sign_in(olga: User) -> None:
    attacker, victim = Client(), Client()
    attacker.get("/sign-in/")
    session = attacker.session
    session["planted"] = "x"
    session.save()
    victim.cookies[live.SESSION_COOKIE_NAME] = str(session.session_key)
    victim.post("/sign-in/", {"username": "olga", "password": PASSWORD})
    assert victim.cookies[live.SESSION_COOKIE_NAME].value != session.session_key
    assert "planted" not in victim.session
    attacker.cookies[live.SESSION_COOKIE_NAME] = str(session.session_key)
    assert attacker.get("/").status_code == 302


def test_a_new_password_ends_the_other_sessions(olga: User) -> None:
    here, there = Client(), Client()
    here.force_login(olga)
    there.force_login(olga)
    new = {"old_password": PASSWORD, "new_password1": "another-long-one-7", "new_password2": "another-long-one-7"}
    assert here.post("/settings/people/password/", new).status_code == 302
    assert [here.get("/").status_code, there.get("/").status_code] == [200, 302]


def test_unknown_wrong_and_closed_get_the_same_answer(olga: User) -> None:
    User.objects.create_user(username="gone", role=Role.ADMIN.value, password=PASSWORD, is_active=False)
    User.objects.create_user(username="shop", role=Role.INTAKE.value, password=PASSWORD)
    errors = set()
    for name, password in (("olga", "wrong"), ("nobody", "wrong"), ("gone", PASSWORD), ("shop", PASSWORD)):
        response = Client().post("/sign-in/", {"username": name, "password": password})
        errors.add((response.status_code, str(response.context["form"].non_field_errors())))
    assert len(errors) == 1


class Counted(MD5PasswordHasher):
    """Counts how often a password is hashed, which is what takes the time."""

    algorithm = "counted"
    times = 0

    def encode(self, password: str, salt: str) -> str:
        """Hash, and count it."""
        Counted.times += 1
        return super().encode(password, salt)


def test_an_unknown_name_costs_as_much_as_a_wrong_password(db: None, settings: Settings) -> None:
    settings.PASSWORD_HASHERS = [f"{__name__}.Counted"]
    User.objects.create_user(username="olga", role=Role.OPERATOR.value, password=PASSWORD)
    User.objects.create_user(username="gone", role=Role.ADMIN.value, password=PASSWORD, is_active=False)
    User.objects.create_user(username="shop", role=Role.INTAKE.value, password=None)
    hashed = {}
    for name in ("olga", "nobody", "gone", "shop"):
        before = Counted.times
        Client().post("/sign-in/", {"username": name, "password": "wrong"})
        hashed[name] = Counted.times - before
    assert hashed == dict.fromkeys(hashed, 1)


def test_scripts_read_no_cookie_and_other_sites_send_none(olga: User) -> None:
    client = Client()
    client.get("/sign-in/")
    client.post("/sign-in/", {"username": "olga", "password": PASSWORD})
    for name in (live.SESSION_COOKIE_NAME, live.CSRF_COOKIE_NAME):
        cookie = client.cookies[name]
        assert (cookie["httponly"], cookie["samesite"]) == (True, "Lax"), name


@pytest.fixture
def practice(db: None) -> Iterator[None]:
    """A practice desk, as long as the test lasts."""
    ensure_accounts()
    yield
    (Path(live.DESK_DATA) / FILE_NAME).unlink()


def continues(**extra: str) -> bool:
    """Whether "Continue as admin" opens the desk to a request like this."""
    host = extra.pop("HTTP_HOST", "127.0.0.1:8000")
    client = Client(HTTP_HOST=host, **extra)  # type: ignore[arg-type]
    offered = b"Continue as" in client.get("/sign-in/").content
    entered = client.post("/sign-in/as/", {"role": "admin"}).status_code == 302
    assert entered is offered or not entered
    return entered


def test_the_shortcut_is_open_on_this_machine_alone(practice: None) -> None:
    assert continues()
    assert continues(HTTP_HOST="localhost:8000")
    assert continues(REMOTE_ADDR="::1", HTTP_HOST="[::1]:8000")


@pytest.mark.parametrize(
    "request_of",
    [
        {"REMOTE_ADDR": "192.168.1.9"},
        {"REMOTE_ADDR": "203.0.113.9", "HTTP_X_FORWARDED_FOR": "127.0.0.1"},
        {"HTTP_X_FORWARDED_FOR": "127.0.0.1"},
        {"HTTP_X_FORWARDED_FOR": "203.0.113.9"},
        {"HTTP_FORWARDED": "for=127.0.0.1"},
        {"HTTP_X_REAL_IP": "127.0.0.1"},
        {"HTTP_VIA": "1.1 proxy"},
        {"HTTP_X_FORWARDED_HOST": "desk.example.com"},
        {"HTTP_X_FORWARDED_PROTO": "https"},
        {"HTTP_CF_CONNECTING_IP": "203.0.113.9"},
        {"HTTP_TRUE_CLIENT_IP": "203.0.113.9"},
        {"HTTP_HOST": "rebound.example:8000"},
        {"HTTP_HOST": "127.0.0.1.nip.io:8000"},
        {"HTTP_HOST": "localhost.evil.example:8000"},
        {"HTTP_HOST": "127.0.0.1:8000@evil.example"},
        {"HTTP_HOST": "192.168.1.4:8000"},
        {"REMOTE_ADDR": ""},
        {"REMOTE_ADDR": "unix:"},
    ],
)
def test_the_shortcut_is_shut_to_everybody_else(practice: None, request_of: dict[str, str]) -> None:
    assert not continues(**request_of)


@pytest.mark.parametrize(
    "changed",
    [
        {"HOST": "0.0.0.0"},  # noqa: S104 - that is the point
        {"HOST": "::"},
        {"HOST": "192.168.1.4"},
        {"PUBLIC_URL": "https://desk.example.com"},
        {"HOST": "0.0.0.0", "ALLOWED_HOSTS": ["*"]},  # noqa: S104
    ],
)
def test_the_shortcut_is_shut_on_a_desk_that_others_reach(
    practice: None, settings: Settings, changed: dict[str, object]
) -> None:
    for name, value in changed.items():
        setattr(settings, name, value)
    assert not continues()


def test_there_is_no_shortcut_on_a_real_desk(db: None) -> None:
    User.objects.create_user(username="ada", role=Role.ADMIN.value, password=PASSWORD)
    assert not continues()


def test_the_shortcut_makes_nobody_of_another_name(practice: None) -> None:
    for role in ("", "intake", "system", "requester", "root", "ADMIN", "olivia"):
        assert Client(HTTP_HOST="127.0.0.1:8000").post("/sign-in/as/", {"role": role}).status_code == 404
