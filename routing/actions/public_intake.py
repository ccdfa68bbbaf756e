"""Takes requests from the public form of a work type: bounded in number, and answered by mail."""

from collections.abc import Sequence
from datetime import timedelta

from django.db import transaction

from routing import nudges, transitions
from routing.actions import asking
from routing.actions.attaching import Upload, receive_with_files
from routing.actions.intake import Request
from routing.actions.relinking import link_body
from routing.crash_points import one_transaction
from routing.domain.roles import Actor, Role
from routing.errors import RoutingError
from routing.models import WorkItem

CHANNEL = "public form"
WINDOW = timedelta(minutes=10)
MOST_IN_WINDOW = 60
MOST_PER_ADDRESS = 5
LOOKED_AT = 500


class TooMany(RoutingError):
    """More requests came by public forms than one desk takes at a time."""


def receive_public(*, request: Request, files: Sequence[Upload]) -> WorkItem:
    """Receive a request of somebody without an account and send them the link to their page.

    Raises TooMany when too many came within ten minutes (of all, or with this address; counted among the newest 500
    items), Invalid with a message per field, and Conflict when the form was sent before with other words.
    """
    actor = Actor(role=Role.REQUESTER, name=request.requester_name or request.requester_email)
    with one_transaction("public_intake.receive_public"):
        now = transitions.database_now()
        newest = WorkItem.objects.order_by("-pk").values_list("channel", "requester_email", "created_at")[:LOOKED_AT]
        addresses = [address for channel, address, at in newest if channel == CHANNEL and at > now - WINDOW]
        mine = addresses.count(request.requester_email.strip())
        if len(addresses) >= MOST_IN_WINDOW or mine >= MOST_PER_ADDRESS:
            raise TooMany("Too many requests came in at once. Please send this again in ten minutes.")
        received = receive_with_files(actor=actor, request=request, trigger_kind="form", files=files)
        item = received.item
        assert item is not None  # noqa: S101 - receive raises or returns one
        if received.created:
            body = link_body(item, f"thank you, we have your request “{item.title}”.")
            asking.letter(item, "received", now, body).save()
            transaction.on_commit(nudges.send_letters)
    return item
