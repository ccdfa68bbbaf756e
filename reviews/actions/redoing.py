"""Sends what AI agents wrote back to them, with a note on what to change."""

from reviews.domain.subjects import writers
from reviews.models import Review
from reviews.queries.redone import was_redone
from routing.actions import outcomes
from routing.actions.passes import Pass
from routing.errors import Invalid
from routing.models import Step


def redo(work: Pass, review: Review, note: str) -> None:
    """Have the agents behind a proposal write anew; what they write is asked about again.

    Raises Invalid without a note, when no agent wrote this or one is gone, and when it was redone twice.
    """
    if not note.strip():
        raise Invalid("Say what should be different.", {"comment": "empty"})
    agents = writers(review.proposal)
    if not agents:
        raise Invalid("No AI agent wrote this, so none can redo it.")
    if was_redone(review):
        raise Invalid("This was redone twice already. Fix it yourself, decline it, or give it to somebody else.")
    steps = []
    for slug in agents:
        done = work.item.steps.filter(name=slug, run=work.item.run, status=Step.SUCCEEDED).order_by("pk").last()
        place = work.desk.places.get(slug)
        if done is None or place is None:
            raise Invalid(f"{work.desk.place_name(slug)} is no longer there.")
        steps.append((place, done))
    if review.decision is not None:  # so that the same rule asks about what comes back
        review.decision.fires = False
        review.decision.save(update_fields=["fires"])
    outcomes.send_back(work, steps, note.strip())
