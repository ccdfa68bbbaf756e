"""Notes on an item: internal ones never reach the requester, public ones do, without who wrote them."""

import re
from functools import partial
from typing import Any

import pytest
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from dispatchdesk.runtime.environment import EmailServer
from routing.actions import letters, moving, noting, relinking, sweeping
from routing.domain.roles import Actor, Role
from routing.errors import NotAllowed
from routing.models import Letter, Note, Question, WorkItem
from routing.requesters import page_token
from tests.desks import TestDesk, decide, fresh
from tests.items.test_item_page import KIM, SignedIn, page_of
from tests.reviews.test_claiming import at_once
from tests.routing.test_running import run_due

CANARY = "canary-internal"
SEND = {"public": "yes"}


@pytest.fixture
def asked(desk: TestDesk) -> WorkItem:
    """An item whose requester is asked for its topic."""
    item = desk.send("Where is K-1?", title="My parcel", type="support", **KIM)
    decide()
    return fresh(item)


@pytest.fixture
def olga(desk: TestDesk) -> Actor:
    return Actor(role=Role.OPERATOR, name="olga", user_id=desk.people["olga"].pk)


def link(item: WorkItem) -> str:
    return f"/r/{page_token(item)}/"


def requester_page(item: WorkItem) -> str:
    return Client().get(link(item)).content.decode()


def post(client: Client, item: WorkItem, text: str, **given: str) -> Any:
    return client.post(f"/items/{item.code}/notes/", {"text": text, **given})


def shown_key(page: str) -> str:
    found = re.search(r'name="key" value="(\w+)"', page)
    assert found is not None
    return found[1]


def test_a_note_sent_to_the_requester_stands_on_their_page_and_is_mailed(asked: WorkItem, signed_in: SignedIn) -> None:
    client = signed_in("olga")
    response = post(client, asked, "It is on its way.\r\nYou get it on Monday.", **SEND)
    assert (response.status_code, response["Location"]) == (302, f"/items/{asked.code}/#notes")
    assert "Sent to the requester" in page_of(client, asked)
    letter = Letter.objects.get(kind="note")
    assert (letter.to, letter.subject) == ("kim@example.org", f"[{asked.code}] My parcel")
    assert "It is on its way.\nYou get it on Monday." in letter.body
    assert link(asked).split(":")[0] in letter.body
    letters.send_letters()
    page = requester_page(asked)
    assert page.count("It is on its way.<br>You get it on Monday.") == page.count("It is on its way.") == 1
    assert "olga" not in page + letter.body + letter.subject


@pytest.mark.parametrize("given", [{}, {"public": ""}, {"public": "on"}, {"public": "true"}, {"public": "1"}])
def test_a_note_stays_inside_unless_the_button_that_sends_it_was_pressed(
    asked: WorkItem, signed_in: SignedIn, given: dict[str, str]
) -> None:
    assert post(signed_in("olga"), asked, CANARY, **given).status_code == 302
    assert Note.objects.get().public is False
    assert not Letter.objects.filter(kind="note").exists()
    assert "Sent to the requester" not in page_of(signed_in("olga"), asked)


def test_enter_and_the_first_button_keep_a_note_inside(asked: WorkItem, signed_in: SignedIn) -> None:
    form = page_of(signed_in("olga"), asked).partition('class="note-form"')[2].partition("</form>")[0]
    first, second = re.findall(r"<button[^>]*>", form)
    assert "name=" not in first
    assert 'name="public" value="yes"' in second


def test_a_form_sent_twice_makes_one_note_and_one_mail(asked: WorkItem, signed_in: SignedIn) -> None:
    client = signed_in("olga")
    key = shown_key(page_of(client, asked))
    assert [post(client, asked, "Hello", key=key, **SEND).status_code for _ in range(2)] == [302, 302]
    assert (Note.objects.count(), Letter.objects.filter(kind="note").count()) == (1, 1)
    other = post(client, asked, "Something else", key=key, **SEND)
    assert other.status_code == 409
    assert "Something else</textarea>" in other.content.decode()
    again = post(client, asked, "Something else", key=shown_key(other.content.decode()), **SEND)
    assert again.status_code == 302
    assert list(Note.objects.values_list("text", flat=True)) == ["Hello", "Something else"]


def test_of_many_at_the_same_moment_one_is_kept_and_mailed(asked: WorkItem, olga: Actor) -> None:
    send = partial(noting.add_note, actor=olga, item_id=asked.pk, text="Hello", public=True, key="k")
    assert at_once([send] * 6) == [Note.objects.get()] * 6
    assert Letter.objects.filter(kind="note").count() == 1


def test_without_an_address_there_is_nobody_to_send_it_to(desk: TestDesk, signed_in: SignedIn) -> None:
    item, client = desk.send("Hello", type="support"), signed_in("olga")
    assert "Send to the requester" not in page_of(client, item)
    response = post(client, item, "My words", **SEND)
    assert response.status_code == 422
    assert "There is no e-mail address to send it to." in response.content.decode()
    assert "My words</textarea>" in response.content.decode()
    assert not Note.objects.exists()


@pytest.mark.parametrize(("text", "words"), [("  ", "Write something first."), ("x" * 10_001, "This text has 10001.")])
@pytest.mark.parametrize("given", [{}, SEND])
def test_what_cannot_be_kept_says_why_and_stays(
    asked: WorkItem, signed_in: SignedIn, text: str, words: str, given: dict[str, str]
) -> None:
    response = post(signed_in("olga"), asked, text, **given)
    assert response.status_code == 422
    assert words in response.content.decode()
    assert f"{text}</textarea>" in response.content.decode()
    assert not Note.objects.exists()


STATES = [
    ("destination:look", "working"),
    ("state:waiting", "waiting"),
    ("queue:support", "in_review"),
    ("state:done", "done"),
    ("state:incoming", "incoming"),
    ("state:stopped", "stopped"),
]


def test_in_every_state_the_requester_reads_public_notes_alone(desk: TestDesk, asked: WorkItem, olga: Actor) -> None:
    add = partial(noting.add_note, actor=olga, item_id=asked.pk)
    add(text=CANARY)
    add(text="message one", public=True)
    add(text="message two", public=True)
    pages = [requester_page(asked), Client().post(link(asked), {"input_topic": "none of these"}).content.decode()]
    admin = Actor(role=Role.ADMIN, name="ada", user_id=desk.people["ada"].pk)
    for to, state in STATES:
        moving.move(actor=admin, item_id=asked.pk, to=to, reason=f"{CANARY} too")
        assert fresh(asked).state == state
        pages += [requester_page(asked), Client().get(f"{link(asked)}?thanks=1").content.decode()]
    pages.append(Client().post(link(asked), {"answer": "late"}).content.decode())
    for page in pages:
        assert re.findall(rf"message \w+(?=</p>)|{CANARY}|olga|ada\b", page) == ["message one", "message two"]


def test_no_mail_after_an_internal_note_holds_it(
    desk: TestDesk, asked: WorkItem, olga: Actor, settings: Settings
) -> None:
    settings.EMAIL_SERVER = EmailServer("localhost", 25, "", "", use_tls=False, use_ssl=False)
    desk.destination(
        "reply", "tool", via="mail", effect="write", rule_may_approve=True,
        to="{{ item.requester_email }}", subject="News", text="{{ item.title }}: {{ item.text }}",
    )  # fmt: skip
    desk.work_type("news", {"name": "day", "required": True})
    when = {"fact": "input.day", "op": "known"}
    desk.rules("news", {"when": when, "then": {"do": "go", "to": ["reply"], "approved_by": "rule"}})
    item = desk.send("Hello", type="news", **KIM)
    noting.add_note(actor=olga, item_id=item.pk, text=CANARY)
    decide()
    Question.objects.filter(item=item).update(remind_at=timezone.now())
    sweeping.sweep()
    relinking.send_link(item.pk)
    noting.add_note(actor=olga, item_id=item.pk, text="A message", public=True)
    Client().post(link(item), {"input_day": "Monday"})
    run_due()
    letters.send_letters()
    kinds = {letter.kind for letter in Letter.objects.filter(item=item)}
    assert kinds == {"question", "reminder", "link", "note", "reply"}
    assert len(mail.outbox) >= len(kinds)
    for sent in mail.outbox:
        assert not re.search(rf"{CANARY}|olga", f"{sent.subject} {sent.body}")


def test_a_requester_cannot_write_notes(asked: WorkItem) -> None:
    for path in (link(asked), f"{link(asked)}notes/", f"/items/{asked.code}/notes/"):
        Client().post(path, {"text": "From Kim", "input_topic": "delivery", **SEND})
    with pytest.raises(NotAllowed):
        noting.add_note(actor=Actor(role=Role.REQUESTER, name="Kim"), item_id=asked.pk, text="From Kim")
    assert not Note.objects.exists()


def test_the_requesters_page_takes_as_many_queries_for_three_messages_as_for_one(asked: WorkItem, olga: Actor) -> None:
    counts = []
    for number in range(3):
        noting.add_note(actor=olga, item_id=asked.pk, text=f"Message {number}", public=True)
        with CaptureQueriesContext(connection) as queries:
            requester_page(asked)
        counts.append(len(queries))
    assert len(set(counts)) == 1
