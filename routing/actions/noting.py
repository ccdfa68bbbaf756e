"""Notes: what people tell each other about an item; they never reach the requester."""

from routing import transitions
from routing.domain.roles import Actor
from routing.errors import Invalid, NotAllowed
from routing.models import Note

LONGEST_NOTE = 10_000


def add_note(*, actor: Actor, item_id: int, text: str) -> Note:
    """Keep a note on an item; raises Invalid when it is empty or too long, NotAllowed for anybody but staff."""
    if not actor.is_staff_member:
        raise NotAllowed("Only people of this desk write notes.")
    if not text.strip() or len(text) > LONGEST_NOTE:
        raise Invalid("Write something first, of at most 10,000 characters.", {"text": "empty or too long"})
    return Note.objects.create(
        item_id=item_id,
        by_id=actor.user_id,
        by_name=actor.name[:150],
        text=text.strip(),
        at=transitions.database_now(),
    )
