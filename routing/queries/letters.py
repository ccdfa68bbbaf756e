"""Mail to requesters: the letters of the desk, and what mail tools sent."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet

from routing.domain.roles import Actor
from routing.models import Letter, Step, WorkItem

# What only leads to the requester's page is no news on that page.
_ONLY_A_LINK = ("link", "received", "question", "reminder")


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail: to whom, what it says, and when it was sent (or is due, while ``sent`` is false)."""

    item: WorkItem
    to: str
    subject: str
    body: str
    at: datetime
    sent: bool
    error: str = ""


def mails_to_requester(item: WorkItem) -> list[Mail]:
    """Return what was sent to the item's requester besides links to their page, newest first."""
    letters = Letter.objects.filter(item=item, status=Letter.SENT).exclude(kind__in=_ONLY_A_LINK)
    steps = _mail_steps().filter(item=item)
    mails = [*_of_letters(letters.select_related("item")), *_of_steps(steps)]
    return _newest_first(mail for mail in mails if mail.to == item.requester_email)


def mails_of(item: WorkItem) -> list[Mail]:
    """Return every mail about an item, those included that are still to be sent or could not be, newest first."""
    letters = Letter.objects.filter(item=item).select_related("item")
    return _newest_first([*_of_letters(letters), *_of_steps(_mail_steps().filter(item=item))])


def outbox(actor: Actor, *, limit: int) -> list[Mail]:
    """Return the newest mails about items the actor may see, newest first."""
    letters, steps = Letter.objects.select_related("item"), _mail_steps()
    if actor.visible_types is not None:
        visible = Q(item__work_type__isnull=True) | Q(item__work_type_id__in=actor.visible_types)
        letters, steps = letters.filter(visible), steps.filter(visible)
    newest = [*_of_letters(letters.order_by("-pk")[:limit]), *_of_steps(steps.order_by("-pk")[:limit])]
    return _newest_first(newest)[:limit]


def _mail_steps() -> QuerySet[Step]:
    return Step.objects.filter(status=Step.SUCCEEDED, request__via="mail").select_related("item")


def _of_letters(letters: Iterable[Letter]) -> list[Mail]:
    return [
        Mail(one.item, one.to, one.subject, one.body, one.sent_at or one.created_at, one.sent_at is not None, one.error)
        for one in letters
    ]


def _of_steps(steps: Iterable[Step]) -> list[Mail]:
    mails = []
    for step in steps:
        request = step.request or {}
        parts = [str(request.get(part, "")) for part in ("to", "subject", "text")]
        mails.append(Mail(step.item, parts[0], parts[1], parts[2], step.ended_at or step.created_at, True))
    return mails


def _newest_first(mails: Iterable[Mail]) -> list[Mail]:
    return sorted(mails, key=lambda mail: mail.at, reverse=True)
