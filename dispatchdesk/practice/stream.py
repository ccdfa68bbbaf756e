"""The gentle stream: a request now and then, while nobody paused it and not too many of them wait for people."""

import logging
from datetime import timedelta

from django.db import transaction
from django.db.models.functions import Now

from dispatchdesk.practice import requests
from dispatchdesk.practice.models import PracticeDesk, PracticeItem
from routing import transitions
from routing.domain.states import State
from routing.errors import RoutingError

logger = logging.getLogger(__name__)

EVERY = timedelta(seconds=45)
# An unattended desk fills no database: the stream holds while this many of its requests wait for somebody.
MOST_WAITING = 30


def tick() -> bool:
    """Send the next request when it is due; returns whether one was sent. One cheap query when nothing is due.

    Safe to call from several processes: one of them sends.
    """
    if not PracticeDesk.objects.filter(stream_paused=False, next_at__lte=Now()).exists():
        return False
    with transaction.atomic():
        desk = PracticeDesk.objects.select_for_update(skip_locked=True).filter(pk=1).first()
        now = transitions.database_now()
        if desk is None or desk.stream_paused or desk.next_at > now:
            return False
        desk.next_at = now + EVERY
        is_full = waiting() >= MOST_WAITING
        sent = None if is_full else _send(desk.turn)
        desk.turn += not is_full
        desk.save(update_fields=["next_at", "turn"])
        return sent is not None


def _send(turn: int) -> PracticeItem | None:
    """Send one request; a desk that was changed may refuse it, and the stream goes on with the next."""
    sent = requests.of_stream(turn)
    try:
        with transaction.atomic():
            [item] = requests.send([sent])
    except RoutingError as error:
        logger.warning("practice request %s was refused: %s", turn, type(error).__name__)
        return None
    return PracticeItem.objects.create(item=item, story=sent.story)


def waiting() -> int:
    """Return how many practice requests wait for people or requesters."""
    rows = PracticeItem.objects.filter(past=False)
    in_review = rows.filter(item__state=State.IN_REVIEW).count()
    return in_review + rows.filter(item__state=State.WAITING, item__wake_at__isnull=True).count()


def set_paused(*, paused: bool) -> bool:
    """Pause the stream or let it go on; returns whether there is a practice desk."""
    next_at = transitions.database_now() + timedelta(seconds=5)
    return bool(PracticeDesk.objects.update(stream_paused=paused, next_at=next_at))
