"""Tells people: of due times as they come, of what was given to them, and of corrections that were overruled."""

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import InterfaceError, OperationalError, transaction

from reviews.domain.notices import Kind, Way
from reviews.models import Notice, Review, Verdict
from reviews.queries.colleagues import people_for
from reviews.queries.notices import who_answers_for, wishes_by_person
from reviews.queries.overruling import overruled_by
from reviews.queries.waiting import lock_review
from routing import transitions
from routing.crash_points import one_transaction
from routing.domain.roles import DESK, Actor
from routing.domain.states import UNDO_SECONDS
from routing.events import wake_feed
from routing.models import WorkItem

logger = logging.getLogger(__name__)

_BATCH = 100
NOW = timedelta(0)


def tell_of_due_times(now: datetime) -> None:
    """Tell of the open reviews that are due soon or overdue by now; each in a transaction of its own, each once."""
    due = Review.objects.filter(status=Review.OPEN, tell_at__lte=now).order_by("tell_at")
    for review_id, item_id in list(due.values_list("pk", "item_id")[:_BATCH]):
        try:
            _tell_of_due_time(review_id, item_id)
        except (OperationalError, InterfaceError):
            raise
        except Exception:
            logger.exception("nobody was told of the due time of review %s", review_id)


def _tell_of_due_time(review_id: int, item_id: int) -> None:
    with one_transaction("telling.tell_of_due_time"):
        # As a verdict does, the item before its review: a notice points to both.
        item = transitions.lock_one(item_id)
        locked = lock_review(DESK, review_id)
        review, now = locked.review, locked.now
        review.item = item
        if review.status != Review.OPEN or review.tell_at is None or review.tell_at > now:
            return
        is_late = review.due_at <= now
        review.tell_at = None if is_late else review.due_at
        review.save(update_fields=["tell_at"])
        _tell(Kind.OVERDUE if is_late else Kind.DUE_SOON, review, who_answers_for(review, now), now)
        transaction.on_commit(wake_feed)


def tell_of_verdict(review: Review, verdict: Verdict, actor: Actor) -> None:
    """Tell of what a verdict means to others, in the transaction that stores it: they were given it, or overruled."""
    if verdict.kind == "reassign":
        kind, ids = Kind.REASSIGNED, {review.assignee_id} - {None, actor.user_id}
    else:
        kind, ids = Kind.OVERRULED, set[int | None](overruled_by(verdict))
    if ids:
        _tell(kind, review, people_for(review).filter(pk__in=ids), verdict.at, verdict.pk)


def take_back(verdict: Verdict) -> None:
    """Forget what was told of a verdict that is undone, mails included that have not left."""
    Notice.objects.filter(review_id=verdict.review_id, about=verdict.pk).delete()


def tell_of_gift(review: Review, item: WorkItem, now: datetime) -> None:
    """Tell the person to whom a move by hand gave a review; a mail waits until the move cannot be undone any more."""
    people = people_for(review).filter(pk=review.assignee_id)
    _tell(Kind.REASSIGNED, review, people, now, -item.version, mail_after=timedelta(seconds=UNDO_SECONDS))


def take_back_gift(review: Review, item: WorkItem) -> None:
    """Forget what was told of the move that left the item at its present version."""
    Notice.objects.filter(review=review, about=-item.version).delete()


def _tell(
    kind: Kind, review: Review, people: Iterable[Any], now: datetime, about: int = 0, *, mail_after: timedelta = NOW
) -> None:
    found = list(people)
    wishes = wishes_by_person(person.pk for person in found)
    rows = []
    for person in found:
        wish = wishes[person.pk]
        if wish.way(kind) is Way.NOT:
            continue
        # Without a server or an address there is no mail to owe, today or once there is one.
        mail_at = wish.mail_at(kind, now + mail_after) if person.email and settings.EMAIL_SERVER is not None else None
        rows.append(
            Notice(
                user=person,
                kind=kind.value,
                item_id=review.item_id,
                review=review,
                about=about,
                at=now,
                mail_status=Notice.NONE if mail_at is None else Notice.DUE,
                mail_due_at=mail_at,
            )
        )
    Notice.objects.bulk_create(rows, ignore_conflicts=True)


def mark_read(*, actor: Actor, up_to: int, only: int | None = None) -> None:
    """Mark one's own notices as read: those up to the newest that was shown, or ``only`` one."""
    rows = Notice.objects.filter(user_id=actor.person_id, read_at__isnull=True)
    rows = rows.filter(pk__lte=up_to) if only is None else rows.filter(pk=only)
    rows.update(read_at=transitions.database_now())
