"""Whether what an AI agent wrote can be sent back to it."""

from reviews.domain.subjects import writers
from reviews.models import Review, Verdict

MOST_REDONE = 2


def was_redone(review: Review) -> bool:
    """Return whether drafts of the item were sent back as often as they can be in this run, before this review."""
    rows = Verdict.objects.filter(review__item=review.item_id, review__run=review.run, kind="redo")
    return rows.exclude(review=review).count() >= MOST_REDONE


def can_redo(review: Review) -> bool:
    """Return whether an agent wrote this and can still be asked to write it anew."""
    return bool(writers(review.proposal)) and not was_redone(review)
