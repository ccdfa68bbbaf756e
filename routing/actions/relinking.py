"""Sends a requester the link to their page again, to the address the request came with and no other."""

from datetime import timedelta

from django.db import transaction

from routing import nudges, transitions
from routing.actions import asking
from routing.crash_points import one_transaction
from routing.models import Letter, WorkItem
from routing.requesters import page_link

NOT_AGAIN_WITHIN = timedelta(minutes=10)


def link_body(item: WorkItem, opening: str) -> str:
    """Return the text of a letter that leads to the requester's page."""
    greeting = f"Hello {item.requester_name}," if item.requester_name else "Hello,"
    return (
        f"{greeting}\n\n{opening}\n\nYou can see how it stands here:\n{page_link(item)}\n\n"
        f"Your request is {item.code}.\n"
    )


def send_link(item_id: int) -> None:
    """Send the link again, unless that was done just now or there is no address to send it to."""
    with one_transaction("relinking.send_link"):
        item = transitions.lock_one(item_id)
        now = transitions.database_now()
        recent = Letter.objects.filter(item=item, kind="link", created_at__gt=now - NOT_AGAIN_WITHIN)
        if not item.requester_email or item.closed_as == "spam" or recent.exists():
            return
        asking.letter(item, "link", now, link_body(item, f"here is a new link for your request “{item.title}”.")).save()
        transaction.on_commit(nudges.send_letters)
