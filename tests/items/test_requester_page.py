"""The requester's signed page: who gets in, what it shows, and how answers are taken."""

import logging
import re
from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core import signing
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from dispatchdesk.logs import HideLinks
from reviews.actions import claiming, judging
from reviews.actions.judging import Judgement
from reviews.models import Review
from routing import requesters
from routing.actions import answering, letters, noting
from routing.domain.roles import Actor, Role
from routing.models import Attachment, FactRevision, InputField, Letter, Question, WorkItem, WorkType
from tests.desks import TestDesk, decide, fresh

KIM: dict[str, Any] = {"requester_email": "kim@example.org", "requester_name": "Kim"}


ADMIN = Actor(role=Role.ADMIN, name="ada")


@pytest.fixture
def asked(desk: TestDesk) -> WorkItem:
    """An item that waits for its requester to say order number, topic and, for a refund, the amount."""
    item = desk.send("It has not come.", title="My parcel", type="support", **KIM)
    decide()
    assert fresh(item).state == "waiting"
    return item


def link(item: WorkItem) -> str:
    """Return the path of the requester's page."""
    return f"/r/{requesters.page_token(item)}/"


def given(item: WorkItem) -> dict[str, object]:
    """Return the newest value of each input, MISSING ones as their status."""
    rows = FactRevision.objects.filter(item=item, name__startswith="input.").order_by("seq")
    return {row.name: row.value if row.status == "known" else row.status for row in rows}


def test_the_page_shows_the_request_and_what_is_asked(asked: WorkItem) -> None:
    page = Client().get(link(asked)).content.decode()
    assert "My parcel" in page
    assert "It has not come." in page
    assert "It starts with K." in page
    assert page.count("I don't have this<") == 3
    assert "data-applies=" in page


def test_opening_the_page_changes_nothing(asked: WorkItem) -> None:
    before = fresh(asked).version
    for method in ("get", "head"):
        getattr(Client(), method)(link(asked))
    assert (fresh(asked).version, Question.objects.get().status) == (before, "open")
    assert Client().get(f"{link(asked)}again/").status_code == 405


def test_an_answer_is_taken_and_thanked_for(asked: WorkItem) -> None:
    address = link(asked)
    response = Client().post(address, {"input_order_number": "K-7", "input_topic": "delivery"}, follow=True)
    assert response.redirect_chain == [(f"{address}?thanks=1", 302)]
    assert "We have your answer." in response.content.decode()
    assert "We are working on it" in response.content.decode()
    assert given(asked) == {"input.order_number": "K-7", "input.topic": "delivery"}
    assert Question.objects.get().status == "answered"


def test_an_input_that_applies_must_be_answered(asked: WorkItem) -> None:
    response = Client().post(link(asked), {"input_order_number": "K-7", "input_topic": "refund"})
    page = response.content.decode()
    assert response.status_code == 422
    assert "Please answer, or choose “I don&#x27;t have this”." in page
    assert 'value="K-7"' in page
    assert "<option selected>refund</option>" in page
    assert (given(asked), fresh(asked).state) == ({}, "waiting")


def test_an_answer_that_cannot_be_used_says_why_and_is_kept(asked: WorkItem) -> None:
    sent = {"input_order_number": "K-7", "input_topic": "refund", "input_amount": "<much>"}
    response = Client().post(link(asked), sent)
    assert response.status_code == 422
    assert 'value="&lt;much&gt;"' in response.content.decode()
    assert 'id="input_amount_error"' in response.content.decode()


def test_who_does_not_have_it_says_so(asked: WorkItem) -> None:
    sent = {"none_order_number": "1", "input_topic": "delivery"}
    assert Client().post(link(asked), sent).status_code == 302
    assert given(asked) == {"input.order_number": "missing", "input.topic": "delivery"}


def test_answering_twice_says_thank_you_and_changes_nothing(asked: WorkItem) -> None:
    sent = {"input_order_number": "K-7", "input_topic": "delivery"}
    assert Client().post(link(asked), sent).status_code == 302
    again = Client().post(link(asked), sent)
    assert again.status_code == 409
    assert "Nothing more is needed for this request at the moment." in again.content.decode()
    assert given(asked)["input.order_number"] == "K-7"


def test_another_answer_from_a_second_window_is_said_to_be_unused_and_shown(asked: WorkItem) -> None:
    sent = {"input_order_number": "K-7", "input_topic": "delivery"}
    assert Client().post(link(asked), sent).status_code == 302
    again = Client().post(link(asked), sent | {"input_order_number": "K-8 <b>", "answer": "And hurry"})
    page = again.content.decode()
    assert again.status_code == 409
    assert "This was answered already, so what you sent just now was not used." in page
    assert "<dd>K-8 &lt;b&gt;</dd>" in page
    assert "<dd>And hurry</dd>" in page
    assert "Nothing more is needed for this request" not in page
    assert given(asked)["input.order_number"] == "K-7"
    without = Client().post(link(asked), {"input_topic": "delivery", "none_order_number": "1"})
    assert without.context["answer"].unused == [("Order number", "I don't have this")]


def test_whoever_has_the_link_finds_out_no_value_that_others_gave_by_guessing(asked: WorkItem) -> None:
    sent = {"input_order_number": "K-7", "input_topic": "delivery"}
    assert Client().post(link(asked), sent).status_code == 302
    decide()
    answering.add_inputs(actor=ADMIN, item_id=asked.pk, given={"order_number": "K-99"})
    guesses = [Client().post(link(asked), sent | {"input_order_number": guess}) for guess in ("K-98", "K-99", "K-7")]
    assert [bool(guess.context["answer"].unused) for guess in guesses] == [True, True, False]


def test_fields_that_were_not_asked_for_are_not_taken(asked: WorkItem, desk: TestDesk) -> None:
    Question.objects.update(names=["topic"])
    sent = {"input_topic": "delivery", "input_order_number": "K-9", "state": "done", "priority": "urgent"}
    assert Client().post(link(asked), sent).status_code == 302
    assert given(asked) == {"input.topic": "delivery"}
    assert (fresh(asked).state, fresh(asked).priority) == ("incoming", 1)


def test_what_was_read_in_the_text_is_offered_and_not_asked_anew(desk: TestDesk) -> None:
    item = desk.send("K-1 or K-2", type="support", **KIM)
    decide()
    page = Client().get(link(item)).content.decode()
    assert "What we read in your request is filled in already." in page
    assert 'value="K-1"' in page


def test_a_person_s_own_question_is_answered_in_own_words(desk: TestDesk) -> None:
    rene = Actor(role=Role.REVIEWER, name="rene", user_id=desk.people["rene"].pk)
    item = desk.send("My lawyer calls", type="support", **KIM)
    decide()
    review = claiming.claim(actor=rene, review_id=Review.objects.get(item=item).pk)
    judging.judge(
        actor=rene,
        review_id=review.pk,
        epoch=review.epoch,
        digest=review.digest,
        judgement=Judgement(kind="ask", comment="Which day did it come?"),
    )
    page = Client().get(link(item)).content.decode()
    assert "Which day did it come?" in page
    assert "rene" not in page
    assert Client().post(link(item), {"answer": " "}).status_code == 422
    assert Client().post(link(item), {"answer": "On Monday"}).status_code == 302
    assert FactRevision.objects.get(item=item, name="item.answer").value == "On Monday"
    assert fresh(item).state == "incoming"


def test_a_file_that_is_asked_for_is_kept_with_the_item(asked: WorkItem) -> None:
    InputField.objects.create(work_type=WorkType.objects.get(), name="photo", label="Photo", kind="file", position=9)
    Question.objects.update(names=["topic", "photo"])
    photo = SimpleUploadedFile("../../evil\u202egpj.exe", b"data", content_type="text/html")
    wrong = Client().post(link(asked), {"input_photo": photo})
    assert wrong.status_code == 422
    kept = re.search(r'name="kept_photo" value="([^"]*)"', wrong.content.decode())
    assert kept is not None
    assert kept[1] == "evilgpj.exe"
    assert Client().post(link(asked), {"input_topic": "delivery", "kept_photo": kept[1]}).status_code == 302
    assert given(asked)["input.photo"] == "evilgpj.exe"
    assert str(Attachment.objects.get().content.name).startswith(f"files/{asked.pk}/")


def test_a_file_that_was_never_sent_is_not_taken_for_one(asked: WorkItem) -> None:
    InputField.objects.create(work_type=WorkType.objects.get(), name="photo", label="Photo", kind="file", position=9)
    Question.objects.update(names=["photo"])
    assert Client().post(link(asked), {"kept_photo": "other.jpg", "input_photo": "other.jpg"}).status_code == 422


def test_notes_and_people_never_show(asked: WorkItem, desk: TestDesk) -> None:
    olga = Actor(role=Role.OPERATOR, name="olga", user_id=desk.people["olga"].pk)
    noting.add_note(actor=olga, item_id=asked.pk, text="a difficult customer")
    FactRevision.objects.create(
        item=asked,
        seq=99,
        name="router.reason",
        status="known",
        value="sounds rude",
        provider="model:router",
        at=timezone.now(),
    )
    page = Client().get(link(asked)).content.decode()
    for secret in ("difficult", "rude", "olga", "Triage", "Look it up", "Support v1"):
        assert secret not in page


def test_letters_show_once_they_were_sent(asked: WorkItem) -> None:
    reply = Letter(item=asked, kind="reply", to="kim@example.org", subject="News", body="It comes on Monday.")
    reply.created_at = reply.due_at = timezone.now()
    reply.save()
    assert "It comes on Monday." not in Client().get(link(asked)).content.decode()
    letters.send_letters()
    page = Client().get(link(asked)).content.decode()
    assert "It comes on Monday." in page
    assert "we need something more" not in page


def body_of(path: str, method: str = "get") -> tuple[int, str]:
    """Return status and body of a page without what differs from one response to the next."""
    response = getattr(Client(), method)(path)
    return response.status_code, re.sub(
        r'"X-CSRFToken": "[^"]*"|nonce="[^"]*"|value="\w{64}"', "", response.content.decode()
    )


@pytest.mark.parametrize(
    ("method", "ending", "status", "words"),
    [
        ("get", "", 404, "There is nothing here"),
        ("post", "", 404, "There is nothing here"),
        ("post", "problem/", 404, "There is nothing here"),
        ("post", "again/", 200, "No mail is sent"),
    ],
)
def test_every_link_that_leads_nowhere_gets_the_same_answer(
    asked: WorkItem, method: str, ending: str, status: int, words: str
) -> None:
    token = requesters.page_token(asked)
    payload, stamp, _signature = token.split(":")
    other_address = signing.dumps([asked.pk, "eve@example.org"], salt=requesters.SALT)
    other_item = signing.dumps([asked.pk + 1, "kim@example.org"], salt=requesters.SALT)
    other_use = signing.dumps([asked.pk, "kim@example.org"], salt="something else")
    altered = [f"{token[:i]}{'A' if token[i] != 'A' else 'B'}{token[i + 1 :]}" for i in range(0, len(token) - 1, 7)]
    bad = [*altered, other_address, other_item, other_use, payload, f"{payload}:{stamp}", "x", f"{token}x", "%00"]
    answers = {body_of(f"/r/{one}/{ending}", method) for one in bad}
    assert len(answers) == 1
    [(got, page)] = answers
    assert got == status
    assert words in page
    assert not Letter.objects.filter(kind="link").exists()


@pytest.fixture
def old_link(asked: WorkItem, monkeypatch: pytest.MonkeyPatch) -> str:
    """A link that was good until it expired."""
    path = link(asked)
    monkeypatch.setattr("django.core.signing.time.time", lambda: timezone.now().timestamp() + 31 * 24 * 3600)
    return path


def test_an_expired_link_shows_nothing_and_can_be_sent_again(asked: WorkItem, old_link: str) -> None:
    client = Client(enforce_csrf_checks=True)
    response = client.get(old_link)
    assert (response.status_code, "My parcel" in response.content.decode()) == (404, False)
    [again] = re.findall(r'<form method="post" action="(again/)"', response.content.decode())
    token = client.cookies["csrftoken"].value
    assert client.post(f"{old_link}{again}", {"csrfmiddlewaretoken": token}).status_code == 200
    letter = Letter.objects.get(kind="link")
    assert (letter.to, asked.code in letter.subject) == ("kim@example.org", True)
    assert "/r/" in letter.body

    first = body_of(f"{old_link}again/", "post")
    assert Letter.objects.filter(kind="link").count() == 1
    Letter.objects.filter(kind="link").update(created_at=timezone.now() - timedelta(hours=1))
    assert body_of(f"{old_link}again/", "post") == first
    assert Letter.objects.filter(kind="link").count() == 2


def test_an_answer_needs_the_form_s_own_token(asked: WorkItem) -> None:
    response = Client(enforce_csrf_checks=True).post(link(asked), {"input_topic": "delivery"})
    assert (response.status_code, given(asked)) == (403, {})


def test_the_page_is_not_kept_by_caches(asked: WorkItem) -> None:
    response = Client().get(link(asked))
    assert (response["Cache-Control"], response["X-Robots-Tag"]) == ("no-store", "noindex, nofollow")


@pytest.mark.parametrize(
    ("move", "words"), [("state:done", "It is done"), ("state:stopped", "It was closed"), ("queue:support", "looking")]
)
def test_the_status_is_said_in_plain_words(
    asked: WorkItem, signed_in: Callable[[str], Client], move: str, words: str
) -> None:
    moved = signed_in("olga").post(f"/items/{asked.code}/move/", {"to": move, "version": fresh(asked).version})
    assert moved.status_code == 302
    page = Client().get(link(asked)).content.decode()
    assert words in page
    assert 'class="ask"' not in page


def test_the_requester_of_a_duplicate_does_not_read_of_which(
    desk: TestDesk, asked: WorkItem, signed_in: Callable[[str], Client]
) -> None:
    other = desk.send("Something secret", type="support")
    sent = {"to": "duplicate:", "code": other.code, "version": fresh(asked).version}
    assert signed_in("olga").post(f"/items/{asked.code}/move/", sent).status_code == 302
    page = Client().get(link(asked)).content.decode()
    assert "handled together with another request" in page
    assert other.code not in page
    assert other.title not in page


def test_links_do_not_get_into_the_log(asked: WorkItem, old_link: str, monkeypatch: pytest.MonkeyPatch) -> None:
    log = StringIO()
    [handler] = [one for one in logging.getLogger().handlers if any(isinstance(f, HideLinks) for f in one.filters)]
    monkeypatch.setattr(handler, "stream", log)
    Client().get(old_link)
    Client(enforce_csrf_checks=True).post(old_link, {})
    assert log.getvalue().count("/r/…/") == 2
    assert requesters.page_token(asked).partition(":")[0] not in log.getvalue()
