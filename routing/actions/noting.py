"""Notes: what people tell each other about an item, and what they write to its requester."""

import uuid

from django.db import transaction

from routing import nudges, transitions
from routing.actions import asking
from routing.crash_points import one_transaction
from routing.domain.roles import Actor
from routing.errors import Conflict, Invalid, NotAllowed
from routing.models import Note, WorkItem
from routing.requesters import page_link

LONGEST_NOTE = 10_000


def add_note(*, actor: Actor, item_id: int, text: str, public: bool = False, key: str = "") -> Note:
    """Keep a note on an item; a public one is also mailed to the requester, whose page shows it.

    The same ``key`` on the same item returns the note that is there and mails nothing; raises Conflict when that one
    says something else. Raises Invalid when the text is empty or too long, there is nobody to send it to or the item is
    spam or was erased, NotAllowed for anybody but staff.
    """
    if not actor.is_staff_member:
        raise NotAllowed("Only people of this desk write notes.")
    text = text.replace("\r\n", "\n").strip()
    if not text or len(text) > LONGEST_NOTE:
        raise Invalid("Write something first, of at most 10,000 characters.", {"text": "empty or too long"})
    with one_transaction("noting.add_note"):
        item, now = transitions.lock_one(item_id), transitions.database_now()
        if item.erased_at is not None:
            raise Invalid(f"The personal data of {item.code} was erased: nothing is noted on it any more.")
        note, created = Note.objects.get_or_create(
            item_id=item_id,
            key=key or uuid.uuid4().hex,
            defaults={
                "by_id": actor.user_id,
                "by_name": actor.name[:150],
                "text": text,
                "public": public,
                "at": now,
            },
        )
        if not created and (note.text, note.public) != (text, public):
            raise Conflict("This form was sent before, with something else in it.")
        if created and public:
            if item.closed_as == "spam":
                raise Invalid(f"{item.code} is closed as spam, so nothing is mailed. Reopen it first.")
            if not item.requester_email:
                raise Invalid("There is no e-mail address to send it to. Add it as a note instead.")
            asking.letter(item, "note", now, _letter_body(item, text)).save()
            transaction.on_commit(nudges.send_letters)
    return note


def _letter_body(item: WorkItem, text: str) -> str:
    greeting = f"Hello {item.requester_name}," if item.requester_name else "Hello,"
    return (
        f"{greeting}\n\nwe have a message for you about your request “{item.title}”:\n\n{text}\n\n"
        f"You can see how it stands here:\n{page_link(item)}\n\nYour request is {item.code}.\n"
    )
