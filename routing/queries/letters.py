"""Mail about items: the letters of the desk, those included that mail tools sent."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from routing.domain.roles import Actor
from routing.models import Letter, WorkItem
from routing.queries.items import in_sight

# What only leads to the requester's page, or stands on it anyway, is no news there.
_ON_THEIR_PAGE = ("link", "received", "question", "reminder", "note")


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail: to whom, what it says, and when it was sent (or is due, while ``sent`` is false).

    ``by_tool``: a mail tool sent it, whose step tells so too.
    """

    item: WorkItem
    to: str
    subject: str
    body: str
    at: datetime
    sent: bool
    error: str = ""
    by_tool: bool = False


@dataclass(frozen=True, slots=True)
class Message:
    """What people of the desk wrote to the requester; who wrote it stays in the desk."""

    text: str
    at: datetime


def messages_to_requester(item: WorkItem) -> list[Message]:
    """Return the item's public notes, newest last."""
    return [Message(*row) for row in item.notes.filter(public=True).values_list("text", "at")]


def mails_to_requester(item: WorkItem) -> list[Mail]:
    """Return what was sent to the item's requester besides links to their page, newest first."""
    letters = Letter.objects.filter(item=item, to=item.requester_email, status=Letter.SENT)
    return _newest_first(letters.exclude(kind__in=_ON_THEIR_PAGE).select_related("item"))


def mails_of(item: WorkItem) -> list[Mail]:
    """Return every mail about an item, those included that are still to be sent or could not be, newest first."""
    return _newest_first(Letter.objects.filter(item=item).select_related("item"))


def outbox(actor: Actor, *, limit: int) -> list[Mail]:
    """Return the newest mails about items the actor may see, newest first."""
    letters = Letter.objects.filter(in_sight(actor, "item")).select_related("item")
    return _newest_first(letters.order_by("-pk")[:limit])


def _newest_first(letters: Iterable[Letter]) -> list[Mail]:
    mails = [
        Mail(
            one.item,
            one.to,
            one.subject,
            one.body,
            one.sent_at or one.created_at,
            one.sent_at is not None,
            one.error,
            one.kind == "reply",
        )
        for one in letters
    ]
    return sorted(mails, key=lambda mail: mail.at, reverse=True)
