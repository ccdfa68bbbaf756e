"""The outbox of a desk without a mail server."""

from collections.abc import Callable
from typing import Any

from django.contrib.auth.models import Group
from django.test import Client, override_settings

from dispatchdesk.runtime.environment import EmailServer
from routing.models import WorkType
from routing.requesters import page_token
from tests.desks import TestDesk, decide
from tests.routing.test_running import run_due

SignedIn = Callable[[str], Client]
KIM: dict[str, Any] = {"requester_email": "kim@example.org", "requester_name": "Kim"}


def test_letters_show_with_a_link_that_works(desk: TestDesk, signed_in: SignedIn) -> None:
    item = desk.send("Hello", type="support", **KIM)
    decide()
    page = signed_in("olga").get("/outbox/").content.decode()
    assert f"[{item.code}] Hello" in page
    path = page.partition('href="http')[2].partition('"')[0].partition("/r/")[2]
    assert "We need something from you" in Client().get(f"/r/{path}").content.decode()


def test_letters_about_items_for_others_do_not_show(desk: TestDesk, signed_in: SignedIn) -> None:
    desk.send("Secret plan", type="support", **KIM)
    decide()
    WorkType.objects.get(slug="support").visible_to.add(Group.objects.create(name="few"))
    assert "Secret plan" not in signed_in("olga").get("/outbox/").content.decode()
    assert "Secret plan" in signed_in("ada").get("/outbox/").content.decode()


def test_a_desk_with_a_mail_server_has_no_outbox(signed_in: SignedIn) -> None:
    server = EmailServer("mail.example.org", 25, "", "", use_tls=False, use_ssl=False)
    with override_settings(EMAIL_SERVER=server):
        assert signed_in("olga").get("/outbox/").status_code == 404
        assert 'href="/outbox/"' not in signed_in("olga").get("/settings/").content.decode()


def test_the_settings_lead_to_the_outbox(signed_in: SignedIn) -> None:
    assert 'href="/outbox/"' in signed_in("olga").get("/settings/").content.decode()


def test_mail_by_a_tool_shows_there_and_on_both_pages(desk: TestDesk, signed_in: SignedIn) -> None:
    desk.destination(
        "reply",
        "tool",
        via="mail",
        effect="write",
        rule_may_approve=True,
        to="{{ item.requester_email }}",
        subject="Found it",
        text="It comes on Monday.",
    )
    desk.work_type("news")
    desk.rules("news", {"when": {"all": []}, "then": {"do": "go", "to": ["reply"], "approved_by": "rule"}})
    item = desk.send("Hello", type="news", **KIM)
    run_due()
    for response in (
        signed_in("olga").get("/outbox/"),
        signed_in("olga").get(f"/items/{item.code}/"),
        Client().get(f"/r/{page_token(item)}/"),
    ):
        assert response.content.decode().count('<div class="letter-body">It comes on Monday.</div>') == 1
