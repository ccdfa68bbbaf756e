"""Signing in and out, the practice role switch, and the admin site behind the same door."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.contrib.auth.models import Group
from django.template.loader import render_to_string
from django.test import Client

from dispatchdesk.accounts.models import User
from dispatchdesk.accounts.sessions import user_of
from dispatchdesk.accounts.tokens import make_token
from dispatchdesk.practice import accounts
from routing.domain.roles import Role
from tests.desks import TestDesk

PASSWORD = "correct horse battery"


@pytest.fixture
def olga(transactional_db: None) -> User:
    return User.objects.create_user("olga", password=PASSWORD, role=Role.OPERATOR.value)


@pytest.fixture
def practice(transactional_db: None) -> Iterator[None]:
    accounts.ensure_accounts()
    yield
    accounts.forget_accounts()


def sign_in(client: Client, username: str = "olga", password: str = PASSWORD, then: str = "") -> tuple[int, str]:
    response = client.post("/sign-in/", {"username": username, "password": password, "next": then})
    return response.status_code, response.headers.get("Location", response.content.decode())


def test_signing_in_leads_to_where_one_was_going(olga: User) -> None:
    assert sign_in(Client()) == (302, "/")
    assert sign_in(Client(), then="/reviews/") == (302, "/reviews/")
    for elsewhere in ("https://example.org/", "//example.org", "/\\example.org", "javascript:alert(1)"):
        assert sign_in(Client(), then=elsewhere) == (302, "/")


def test_signing_in_starts_a_session_of_its_own(olga: User) -> None:
    client = Client()
    session = client.session
    session["planted"] = "by somebody else"
    session.save()
    planted = session.session_key
    client.cookies["sessionid"] = str(planted)
    sign_in(client)
    assert client.session.session_key != planted
    assert "planted" not in client.session
    assert not client.session.exists(str(planted))


def test_a_socket_knows_who_signed_in_under_an_earlier_secret_key(olga: User, settings: LazySettings) -> None:
    client = Client()
    sign_in(client)
    key, now = str(client.session.session_key), settings.SECRET_KEY
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "n" * 40, [now]
    assert user_of(key) == olga
    settings.SECRET_KEY_FALLBACKS = []
    assert user_of(key) is None
    # Asking took nothing away.
    settings.SECRET_KEY = now
    assert user_of(key) == olga


def test_a_wrong_password_an_unknown_name_and_a_closed_account_look_the_same(olga: User) -> None:
    User.objects.create_user("gone", password=PASSWORD, role="operator", is_active=False)
    User.objects.create_user("shop", password=PASSWORD, role="intake")
    answers = set()
    for username, password in (("olga", "wrong"), ("nobody", PASSWORD), ("gone", PASSWORD), ("shop", PASSWORD)):
        status, page = sign_in(Client(), username, password)
        assert status == 422
        answers.add(
            page.split("<form")[1].split("csrfmiddlewaretoken")[0] + page.split('role="alert"')[1].split("</div>")[0]
        )
    assert len(answers) == 1
    assert "do not fit together" in answers.pop()


def test_the_name_is_kept_and_the_password_is_not(olga: User) -> None:
    _, page = sign_in(Client(), "olga", "wrong-and-secret", "/reviews/")
    assert 'value="olga"' in page
    assert 'value="/reviews/"' in page
    assert "wrong-and-secret" not in page


def test_signing_out_needs_a_post_and_ends_the_session(olga: User) -> None:
    client = Client()
    sign_in(client)
    assert client.get("/sign-out/").status_code == 405
    assert client.post("/sign-out/").headers["Location"] == "/sign-in/"
    assert "_auth_user_id" not in client.session


def test_forms_without_their_token_change_nothing(olga: User, practice: None) -> None:
    client = Client(enforce_csrf_checks=True)
    for path in ("/sign-in/", "/sign-out/", "/sign-in/as/"):
        response = client.post(path, {"username": "olga", "password": PASSWORD, "role": "admin"})
        assert response.status_code == 403
        assert b"open for too long" in response.content


def test_the_practice_desk_offers_its_roles_on_this_machine(practice: None) -> None:
    client = Client()
    assert b"Continue as operator" in client.get("/sign-in/", headers={"Host": "127.0.0.1:8000"}).content
    for role, username in (("operator", "olivia"), ("reviewer", "ravi"), ("admin", "ada")):
        response = client.post("/sign-in/as/", {"role": role, "next": "/"}, headers={"Host": "127.0.0.1:8000"})
        assert response.status_code == 302
        assert User.objects.get(pk=client.session["_auth_user_id"]).username == username


@pytest.mark.parametrize(
    ("extra", "changed"),
    [
        ({"REMOTE_ADDR": "192.0.2.7"}, {}),
        ({"REMOTE_ADDR": ""}, {}),
        ({"HTTP_X_FORWARDED_FOR": "192.0.2.7"}, {}),
        ({}, {"HOST": "192.0.2.1"}),
        ({}, {"PUBLIC_URL": "https://desk.example.com"}),
        ({"HTTP_HOST": "desk.example.com"}, {"ALLOWED_HOSTS": ["desk.example.com"]}),
    ],
)
def test_nobody_from_elsewhere_becomes_somebody_without_a_password(
    practice: None, settings: LazySettings, extra: dict[str, str], changed: dict[str, object]
) -> None:
    for name, value in changed.items():
        setattr(settings, name, value)
    client = Client(**{"HTTP_HOST": "127.0.0.1:8000", **extra})  # type: ignore[arg-type]
    assert b"Continue as" not in client.get("/sign-in/").content
    assert client.post("/sign-in/as/", {"role": "admin"}).status_code == 404
    assert "_auth_user_id" not in client.session


def test_a_real_desk_has_no_role_switch(olga: User) -> None:
    client = Client(HTTP_HOST="127.0.0.1:8000")
    assert b"Continue as" not in client.get("/sign-in/").content
    assert client.post("/sign-in/as/", {"role": "operator"}).status_code == 404


def test_a_role_that_is_none_is_not_switched_to(practice: None) -> None:
    for role in ("system", "intake", "", "x" * 500):
        assert Client(HTTP_HOST="127.0.0.1:8000").post("/sign-in/as/", {"role": role}).status_code == 404


def test_practice_accounts_are_made_once_and_kept_privately(transactional_db: None, settings: LazySettings) -> None:
    try:
        accounts.ensure_accounts()
        first = accounts.lines()
        accounts.ensure_accounts()
        assert accounts.lines() == first
        assert [line.split()[:2] for line in first] == [
            ["operator", "olivia"],
            ["reviewer", "ravi"],
            ["admin", "ada"],
            ["reviewer", "mina"],
        ]
        for line in first:
            _, username, password = line.split()
            assert sign_in(Client(), username, password)[0] == 302
        assert (Path(settings.DESK_DATA) / accounts.FILE_NAME).stat().st_mode & 0o777 == 0o600
    finally:
        accounts.forget_accounts()


def test_the_admin_site_opens_to_admins_through_the_same_door(olga: User) -> None:
    ada = User.objects.create_user("ada", password=PASSWORD, role=Role.ADMIN.value)
    client = Client()
    assert client.get("/admin/").headers["Location"] == "/admin/login/?next=/admin/"
    assert client.get("/admin/login/?next=/admin/").headers["Location"] == "/sign-in/?next=/admin/"
    assert client.post("/admin/login/", {"username": "ada", "password": PASSWORD}).status_code == 302
    assert "_auth_user_id" not in client.session
    client.force_login(olga)
    assert client.get("/admin/routing/workitem/", follow=True).status_code == 403
    client.force_login(ada)
    assert client.get("/admin/").status_code == 200


RECORDS = ("routing/workitem", "routing/step", "routing/decision", "routing/event", "routing/factrevision")


@pytest.mark.parametrize("model", [*RECORDS, "reviews/review"])
def test_records_are_looked_at_and_never_changed_in_the_admin(transactional_db: None, model: str) -> None:
    desk = TestDesk()
    desk.queue("triage", staff_role="operator")
    item = desk.send("hello")
    client = Client()
    # Made by ``createsuperuser``, to whom Django itself refuses nothing.
    client.force_login(User.objects.create_superuser("ada", role=Role.ADMIN.value))
    assert client.get(f"/admin/{model}/").status_code == 200
    assert client.get(f"/admin/{model}/add/").status_code == 403
    page = f"/admin/routing/workitem/{item.pk}"
    assert client.get(f"{page}/change/").status_code == 200
    assert client.post(f"{page}/change/", {"state": "done"}).status_code == 403
    assert client.post(f"{page}/delete/", {"post": "yes"}).status_code == 403


@pytest.mark.parametrize("model", ["accounts/user", "auth/group"])
def test_people_and_groups_are_looked_at_in_the_admin_and_changed_under_settings(
    transactional_db: None, model: str
) -> None:
    client = Client()
    ada = User.objects.create_superuser("ada", role=Role.ADMIN.value)
    group = Group.objects.create(name="hr")
    client.force_login(ada)
    row = f"/admin/{model}/{ada.pk if model == 'accounts/user' else group.pk}"
    assert [client.get(f"/admin/{model}/").status_code, client.get(f"{row}/change/").status_code] == [200, 200]
    assert client.get(f"/admin/{model}/add/").status_code == 403
    # Not even the last admin can be made something else here.
    for action, sent in (("change", {"role": "operator", "name": "x"}), ("delete", {"post": "yes"})):
        assert client.post(f"{row}/{action}/", sent).status_code == 403


def test_a_token_is_ended_in_the_admin(transactional_db: None) -> None:
    ada = User.objects.create_user("ada", role=Role.ADMIN.value)
    make_token(user=ada, role=Role.INTAKE, name="shop")
    client, token = Client(), ada.api_tokens.get()
    client.force_login(ada)
    sent = {"revoked_at_0": "2026-01-01", "revoked_at_1": "00:00:00"}
    assert client.post(f"/admin/accounts/apitoken/{token.pk}/change/", sent).status_code == 302
    assert ada.api_tokens.get().revoked_at is not None
    assert client.get("/admin/accounts/apitoken/add/").status_code == 403


def test_an_address_that_is_none_gets_a_page_with_a_way_back(olga: User) -> None:
    client = Client()
    for signed_in in (False, True):
        if signed_in:
            client.force_login(olga)
        response = client.get("/nothing/here/")
        assert response.status_code == 404
        assert b"Back to the board" in response.content


def test_the_page_for_failures_needs_nothing_that_may_have_failed() -> None:
    assert "Something went wrong" in render_to_string("500.html")
