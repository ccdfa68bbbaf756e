"""The second step of signing in, and the places where somebody is signed in."""

import re
import time
from base64 import b32decode
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django_otp.oath import TOTP

from dispatchdesk.accounts import second_step
from dispatchdesk.accounts.actors import actor_of
from dispatchdesk.accounts.models import DeskSession, SecondStep, User
from dispatchdesk.accounts.views import PENDING, PENDING_SECONDS
from routing.errors import NotAllowed

PASSWORD = "correct horse battery"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


@pytest.fixture
def olga(transactional_db: None) -> User:
    return User.objects.create_user("olga", password=PASSWORD, role="operator")


def code_of(user: User, steps: int = 0) -> str:
    """The code that the user's app shows now, or so many times 30 s from now."""
    totp = TOTP(b32decode(second_step.secret_of(SecondStep.objects.get(user=user))))
    totp.time = time.time() + 30 * steps
    return f"{totp.token():06d}"


def turned_on(user: User) -> list[str]:
    """Turn it on with an earlier code, so that the present one is still unused; the recovery codes."""
    actor = actor_of(user)
    second_step.begin(actor=actor)
    return second_step.confirm(actor=actor, code=code_of(user, -1))


def password_given(user: User, then: str = "/reviews/") -> Client:
    client = Client()
    given = {"username": user.username, "password": PASSWORD, "next": then}
    assert client.post("/sign-in/", given).headers["Location"] == "/sign-in/code/"
    return client


def is_in(client: Client) -> bool:
    return client.get("/").status_code == 200


def test_turning_it_on_by_the_page_shows_a_picture_and_recovery_codes_once(olga: User) -> None:
    client = Client()
    client.force_login(olga)
    page = client.post("/settings/people/sign-in/second/begin/", follow=True)
    assert 'src="data:image/svg+xml' in page.content.decode()
    assert client.post("/settings/people/sign-in/second/", {"code": "000000"}).status_code == 422
    SecondStep.objects.update(throttling_failure_count=0)
    page = client.post("/settings/people/sign-in/second/", {"code": code_of(olga)})
    codes = re.findall(r"<li><code[^>]*>([\w-]+)</code>", page.content.decode())
    assert len(codes) == second_step.RECOVERY_CODES
    assert page.headers["Cache-Control"] == "no-store"
    # Once it is on, its secret is shown to nobody any more.
    assert client.get("/settings/people/sign-in/second/").status_code == 302
    assert is_in(client)


def test_a_secret_that_was_shown_and_not_used_is_never_the_one_that_counts(olga: User) -> None:
    seen = second_step.secret_of(second_step.begin(actor=actor_of(olga)))
    turned_on(olga)
    assert second_step.secret_of(SecondStep.objects.get()) != seen


def test_the_password_alone_opens_nothing(olga: User) -> None:
    turned_on(olga)
    client = password_given(olga)
    assert not is_in(client)
    assert client.post("/sign-in/code/", {"code": "12345"}).status_code == 422
    assert not is_in(client)


def test_the_code_leads_to_where_one_was_going_and_works_once(olga: User) -> None:
    turned_on(olga)
    first, second = password_given(olga), password_given(olga)
    before = first.session.session_key
    code = code_of(olga)
    assert first.post("/sign-in/code/", {"code": f"{code[:3]} {code[3:]}"}).headers["Location"] == "/reviews/"
    assert is_in(first)
    assert first.session.session_key != before
    assert second.post("/sign-in/code/", {"code": code}).status_code == 422
    assert not is_in(second)


def test_a_recovery_code_works_once(olga: User) -> None:
    code = turned_on(olga)[0]
    first, second = password_given(olga), password_given(olga)
    assert first.post("/sign-in/code/", {"code": code.upper()}).status_code == 302
    assert second.post("/sign-in/code/", {"code": code}).status_code == 422


def test_guessing_codes_takes_longer_each_time(olga: User) -> None:
    turned_on(olga)
    client = password_given(olga)
    client.post("/sign-in/code/", {"code": "999999"})
    SecondStep.objects.update(throttling_failure_count=6)
    page = client.post("/sign-in/code/", {"code": code_of(olga)}).content.decode()
    assert "Wait 32 seconds" in page
    assert not is_in(client)


def test_a_new_password_ends_what_the_old_one_began(olga: User) -> None:
    turned_on(olga)
    client = password_given(olga)
    olga.set_password("another long one 7")
    olga.save()
    assert client.post("/sign-in/code/", {"code": code_of(olga)}).headers["Location"].startswith("/sign-in/?next=")
    assert not is_in(client)


def test_the_password_counts_for_some_minutes_and_while_the_account_is_open(olga: User) -> None:
    turned_on(olga)
    late, closed = password_given(olga), password_given(olga)
    session = late.session
    session[PENDING][2] -= PENDING_SECONDS + 1
    session.save()
    code = {"code": code_of(olga)}
    assert late.post("/sign-in/code/", code).headers["Location"].startswith("/sign-in/?next=")
    User.objects.update(is_active=False)
    assert closed.post("/sign-in/code/", code).headers["Location"].startswith("/sign-in/?next=")
    User.objects.update(is_active=True)
    assert not is_in(late)
    assert closed.post("/sign-in/code/", code).headers["Location"] == "/reviews/"


def test_who_planted_a_session_is_not_asked_for_the_code_of_somebody_else(olga: User) -> None:
    turned_on(olga)
    planted = Client()
    planted.get("/sign-in/")
    session = planted.session
    session["planted"] = "x"
    session.save()
    victim = Client()
    for client in (planted, victim):
        client.cookies["sessionid"] = str(session.session_key)
    victim.post("/sign-in/", {"username": olga.username, "password": PASSWORD})
    assert victim.get("/sign-in/code/").status_code == 200
    assert planted.get("/sign-in/code/").headers["Location"] == "/sign-in/"


def test_turning_it_off_takes_the_password_or_an_admin(olga: User) -> None:
    turned_on(olga)
    client = Client()
    client.force_login(olga)
    assert client.post("/settings/people/sign-in/second/off/", {"password": "wrong"}).status_code == 422
    assert second_step.is_asked_of(olga)
    client.post("/settings/people/sign-in/second/off/", {"password": PASSWORD})
    assert not second_step.is_asked_of(olga)
    turned_on(olga)
    uwe = User.objects.create_user("uwe", password=PASSWORD, role="reviewer")
    with pytest.raises(NotAllowed):
        second_step.turn_off(actor=actor_of(uwe), user_id=olga.pk)
    second_step.turn_off(actor=actor_of(User.objects.create_user("ada", role="admin")), user_id=olga.pk)
    assert not second_step.is_asked_of(olga)
    turned_on(olga)
    call_command("turn_off_second_step", "olga", stdout=StringIO())
    assert not second_step.is_asked_of(olga)


def test_neither_secret_nor_recovery_codes_can_be_read_in_the_database(olga: User) -> None:
    codes = turned_on(olga)
    secret = second_step.secret_of(SecondStep.objects.get())
    with connection.cursor() as cursor:
        cursor.execute("SELECT convert_from(secret, 'UTF8'), recovery::text FROM accounts_secondstep")
        stored = str(cursor.fetchone())
    for hidden in (secret, second_step.plain(codes[0]), codes[0]):
        assert hidden not in stored
        assert hidden.encode().hex() not in stored


def signed_in(user: User, **given: str) -> Client:
    client = Client(**given)  # type: ignore[arg-type]
    client.post("/sign-in/", {"username": user.username, "password": PASSWORD})
    return client


def test_people_see_where_they_are_signed_in_and_end_it(olga: User) -> None:
    here = signed_in(olga)
    there = signed_in(olga, HTTP_USER_AGENT=FIREFOX, REMOTE_ADDR="198.51.100.7")
    page = here.get("/settings/people/sign-in/").content.decode()
    assert "Firefox on Linux" in page
    assert "198.51.100.7" in page
    assert str(there.session.session_key) not in page
    [handle] = re.findall(r'name="session" value="(\w+)"', page)
    here.post("/settings/people/sign-in/end/", {"session": handle})
    assert [is_in(here), is_in(there)] == [True, False]


@pytest.mark.parametrize("address", ["unknown", "198.51.100.7:4711"])
def test_what_a_proxy_says_instead_of_an_address_keeps_nobody_out(olga: User, address: str) -> None:
    assert is_in(signed_in(olga, REMOTE_ADDR=address))
    assert DeskSession.objects.get().address is None


def test_one_signs_out_everywhere_else_and_an_admin_signs_out_anybody(olga: User) -> None:
    clients = [signed_in(olga) for _ in range(3)]
    clients[0].post("/settings/people/sign-in/end/")
    assert [is_in(client) for client in clients] == [True, False, False]
    admin = Client()
    admin.force_login(User.objects.create_user("ada", role="admin"))
    admin.post(f"/settings/people/{olga.pk}/sign-out/")
    assert [is_in(clients[0]), is_in(admin)] == [False, True]


def test_nobody_ends_the_session_of_somebody_else(olga: User) -> None:
    mine = signed_in(olga)
    uwe = User.objects.create_user("uwe", password=PASSWORD, role="admin")
    theirs = signed_in(uwe)
    handle = re.findall(
        r'name="session" value="(\w+)"', signed_in(uwe).get("/settings/people/sign-in/").content.decode()
    )
    mine.post("/settings/people/sign-in/end/", {"session": handle[0]})
    assert is_in(theirs)


def test_a_session_says_when_it_was_last_used(olga: User) -> None:
    client = signed_in(olga)
    DeskSession.objects.update(seen_at="2020-01-01T00:00:00Z")
    is_in(client)
    assert DeskSession.objects.get().seen_at.year > 2020
