"""Whether what an AI agent wrote can be sent back to it."""

from reviews.models import Review, Verdict

MOST_REDONE = 2


def agents_behind(review: Review) -> list[str]:
    """Return the slugs of the agents whose texts a review's proposal shows, by name."""
    proposal = review.proposal
    match proposal.get("kind"):
        case "output":
            return [str(proposal["agent"])]
        case "calls":
            names = [name.split(".") for name in proposal.get("drafts") or {}]
            return sorted({parts[1] for parts in names if parts[0] == "steps" and len(parts) > 1})
    return []


def was_redone(review: Review) -> bool:
    """Return whether drafts of the item were sent back as often as they can be in this run, before this review."""
    rows = Verdict.objects.filter(review__item=review.item_id, review__run=review.run, kind="redo")
    return rows.exclude(review=review).count() >= MOST_REDONE


def can_redo(review: Review) -> bool:
    """Return whether an agent wrote this and can still be asked to write it anew."""
    return bool(agents_behind(review)) and not was_redone(review)
