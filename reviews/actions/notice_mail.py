"""Sends the notices that are due by mail: what is due to one person at one time is one mail."""

import logging
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.auth import get_user_model
from django.urls import reverse

from reviews.actions.wishes import stop_token
from reviews.domain.notices import Kind
from reviews.models import Notice, NoticeWishes, Review
from reviews.queries.colleagues import STAFF_ROLES, who_may_see
from reviews.queries.notices import sentence, wishes_of
from routing import mailing, transitions
from routing.crash_points import one_transaction, outgoing
from routing.models import WorkType
from routing.outgoing.errors import OutgoingError

logger = logging.getLogger(__name__)

MAX_ATTEMPTS = 5
MOST_LISTED = 50
_MOST_CLAIMED = 1000
_LEASE = timedelta(minutes=2)


def send_notices() -> int:
    """Send everybody what is due to them, each notice claimed before it is sent; returns how many mails were sent."""
    sent = 0
    while (rows := _claim()) is not None:
        if not rows:
            continue
        user, ids = rows[0].user, [row.pk for row in rows]
        try:
            _send(user, rows, wishes_of(user.pk))
        except OutgoingError as error:
            logger.warning("the notices for user %s were not sent: %s", user.pk, error.cause)
            _failed(ids, rows[0].mail_attempts, error)
        else:
            now = transitions.database_now()
            Notice.objects.filter(pk__in=ids).update(mail_status=Notice.SENT, mail_due_at=None, mailed_at=now)
            sent += 1
    return sent


def _claim() -> list[Notice] | None:
    """Claim for two minutes what is due to the next person; None when nothing is.

    Left out and owed no more: what was tried too often, and what the person need not be told by mail any more.
    """
    with one_transaction("notice_mail.claim"):
        now = transitions.database_now()
        due = Notice.objects.select_for_update(skip_locked=True, of=("self",)).filter(mail_due_at__lte=now)
        first = due.order_by("mail_due_at", "pk").first()
        if first is None:
            return None
        mine = due.filter(user=first.user_id).select_related("user", "item__work_type", "review__queue__destination")
        rows = list(mine.order_by("pk")[:_MOST_CLAIMED])
        given_up = [row.pk for row in rows if row.mail_attempts >= MAX_ATTEMPTS]
        wanted = [row for row in _still_wanted(rows, wishes_of(first.user_id)) if row.pk not in given_up]
        ids = [row.pk for row in wanted]
        mine_too = Notice.objects.filter(pk__in=[row.pk for row in rows])
        mine_too.filter(pk__in=given_up).update(mail_status=Notice.FAILED, mail_due_at=None)
        mine_too.exclude(pk__in=[*ids, *given_up]).update(mail_status=Notice.NONE, mail_due_at=None)
        for row in wanted:
            row.mail_attempts += 1
            row.mail_status, row.mail_due_at = Notice.SENDING, now + _LEASE
        Notice.objects.bulk_update(wanted, ["mail_attempts", "mail_status", "mail_due_at"])
    return wanted


def _still_wanted(rows: list[Notice], wishes: NoticeWishes) -> list[Notice]:
    """Return what is worth a mail now: not read yet, not settled, and about an item that the person may still see."""
    person = rows[0].user
    if not (person.is_active and person.email and person.role in STAFF_ROLES):
        return []
    seen: dict[int | None, bool] = {}
    wanted = []
    for row in rows:
        is_spam = row.item.closed_as == "spam"
        is_over = row.kind != Kind.OVERRULED and row.review is not None and row.review.status != Review.OPEN
        if row.read_at is not None or is_over or is_spam or not wishes.way(row.kind).mails:
            continue
        type_id = row.item.work_type_id
        if type_id not in seen:
            seen[type_id] = _may_see(person, row.item.work_type)
        if seen[type_id]:
            wanted.append(row)
    return wanted


def _may_see(person: Any, work_type: WorkType | None) -> bool:
    return who_may_see(get_user_model().objects.filter(pk=person.pk), work_type).exists()


def _send(user: Any, rows: list[Notice], wishes: NoticeWishes) -> None:
    kinds = {Kind(row.kind) for row in rows}
    kind = kinds.pop() if len(kinds) == 1 else None
    stop = _address("notices:stop", stop_token(user.pk, kind))
    subject = sentence(rows[0]) if len(rows) == 1 else f"{len(rows)} notices about reviews"
    parts = [_paragraph(row, ZoneInfo(wishes.zone)) for row in rows[:MOST_LISTED]]
    if len(rows) > MOST_LISTED:
        parts.append(f"And {len(rows) - MOST_LISTED} more: {_address('notices:list')}")
    parts.append(f"-- \nChoose what you are told, and how: {_address('notices:settings')}\nStop these mails: {stop}")
    headers = {"List-Unsubscribe": f"<{stop}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
    with outgoing("notice_mail.mail"):
        mailing.deliver(user.email, subject, "\n\n".join(parts) + "\n", headers=headers)


def _paragraph(row: Notice, zone: ZoneInfo) -> str:
    """Return what one notice says: code, question and due time; nothing of what the request says, its title neither."""
    lines = [sentence(row)]
    if row.review is not None:
        due = row.review.due_at.astimezone(zone)
        is_task = row.review.kind == Review.ASSIGNED  # its question repeats the title
        question = f"A task for {row.review.queue}" if is_task else " ".join(row.review.question.split())
        lines += [question, f"Due {due:%-d %B %Y, %H:%M} ({zone.key})"]
        lines.append(_address("reviews:review", row.review_id))
    return "\n".join(lines)


def _address(name: str, *args: object) -> str:
    return f"{settings.PUBLIC_URL}{reverse(name, args=args)}"


def _failed(ids: list[int], attempts: int, error: OutgoingError) -> None:
    again = not error.permanent and attempts < MAX_ATTEMPTS
    wait = transitions.database_now() + timedelta(seconds=30 * 2**attempts)
    Notice.objects.filter(pk__in=ids).update(
        mail_status=Notice.DUE if again else Notice.FAILED, mail_due_at=wait if again else None
    )
