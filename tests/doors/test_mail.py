"""A mail goes to one address, with one subject line, whatever a request's title and names hold."""

import pytest
from django.core import mail
from pytest_django import Settings

from dispatchdesk.runtime.environment import EmailServer
from routing import mailing, transitions
from routing.actions import letters
from routing.models import Letter
from routing.outgoing.errors import OutgoingError, Sent
from tests.desks import TestDesk

NOT_ONE_ADDRESS = [
    "a@example.org, b@example.org",
    "a@example.org;b@example.org",
    "a@example.org\nBcc: b@example.org",
    "a@example.org\r\n\r\nHello",
    "Kim <a@example.org>",
    "a@example.org b@example.org",
    "a@[127.0.0.1]\n",
    "",
    "a",
    "a@example.org\x00",
]


@pytest.fixture(autouse=True)
def _mail_server(settings: Settings) -> None:
    settings.EMAIL_SERVER = EmailServer("localhost", 25, "", "", use_tls=False, use_ssl=False)


@pytest.mark.parametrize("to", NOT_ONE_ADDRESS)
def test_what_is_not_one_address_gets_no_mail(to: str) -> None:
    with pytest.raises(OutgoingError) as refused:
        mailing.deliver(to, "A", "B")
    assert (refused.value.sent, refused.value.permanent) == (Sent.NOT_SENT, True)
    assert mail.outbox == []


def test_a_letter_that_cannot_be_addressed_does_not_hold_up_the_others(transactional_db: None) -> None:
    item = TestDesk().send("Hello", title="One\r\nBcc: b@example.org", requester_email="kim@example.org")
    now = transitions.database_now()
    common = {"item": item, "kind": "link", "subject": "A\nBcc: b@example.org", "body": "B", "created_at": now}
    for to in ("a@example.org, b@example.org", "kim@example.org"):
        Letter.objects.create(to=to, due_at=now, **common)
    assert letters.send_letters() == 1
    assert set(Letter.objects.values_list("to", "status")) == {
        ("a@example.org, b@example.org", Letter.FAILED),
        ("kim@example.org", Letter.SENT),
    }
    [sent] = mail.outbox
    assert (sent.recipients(), sent.subject) == (["kim@example.org"], "A Bcc: b@example.org")
    assert sent.message()["Bcc"] is None
