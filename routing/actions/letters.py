"""Sends the letters that are due; the rows are the outbox."""

import logging
from datetime import datetime, timedelta

from django.db.models import QuerySet

from routing import mailing, transitions
from routing.crash_points import one_transaction, outgoing
from routing.models import Letter
from routing.outgoing.errors import OutgoingError

logger = logging.getLogger(__name__)

MAX_ATTEMPTS = 5


def send_letters() -> int:
    """Send every letter that is due, each claimed before it is sent; returns how many were sent."""
    sent = 0
    while letter := _claim():
        try:
            with outgoing("letters.mail"):
                mailing.deliver(letter.to, letter.subject, letter.body)
        except OutgoingError as error:
            logger.warning("letter %s was not sent: %s", letter.pk, error.cause)
            _failed(letter, error)
        else:
            Letter.objects.filter(pk=letter.pk).update(
                status=Letter.SENT, due_at=None, sent_at=transitions.database_now()
            )
            sent += 1
    return sent


def due_letters(now: datetime) -> QuerySet[Letter]:
    """Return the letters that are due; to the sender of spam none goes out while it is spam."""
    return Letter.objects.filter(due_at__lte=now).exclude(item__closed_as="spam")


def _claim() -> Letter | None:
    """Claim the next letter that is due for two minutes; one that was tried too often is given up on the way."""
    while True:
        with one_transaction("letters.claim"):
            now = transitions.database_now()
            rows = due_letters(now).select_for_update(skip_locked=True, of=("self",))
            letter = rows.order_by("due_at").first()
            if letter is None:
                return None
            letter.attempts += 1
            is_given_up = letter.attempts > MAX_ATTEMPTS
            letter.status = Letter.FAILED if is_given_up else Letter.SENDING
            letter.due_at = None if is_given_up else now + timedelta(minutes=2)
            letter.save(update_fields=["status", "due_at", "attempts"])
        if not is_given_up:
            return letter


def _failed(letter: Letter, error: OutgoingError) -> None:
    again = not error.permanent and letter.attempts < MAX_ATTEMPTS
    wait = transitions.database_now() + timedelta(seconds=30 * 2**letter.attempts)
    Letter.objects.filter(pk=letter.pk).update(
        status=Letter.DUE if again else Letter.FAILED, due_at=wait if again else None, error=str(error)[:300]
    )
