"""Two approvals by two people: the first is noted and the review stays open; the second lets it happen."""

from typing import TYPE_CHECKING

from reviews.actions import effects
from reviews.actions.opening import review_digest
from reviews.domain.four_eyes import why_barred
from reviews.models import Review, Verdict
from reviews.queries.hands import first_approval, hands_of, needs_two
from routing.actions.passes import Pass
from routing.domain.states import Action, State
from routing.errors import NotAllowed
from routing.models import OwnerKind
from routing.transitions import Change, Owner, ReviewPoint

if TYPE_CHECKING:
    from reviews.actions.judging import Judgement


def is_first(review: Review, kind: str) -> bool:
    """Return whether an approval of this kind needs another: none stands yet, or it changes what was approved."""
    return kind in {"approve", "correct"} and needs_two(review) and (kind == "correct" or not first_approval(review))


def check_second(review: Review, kind: str, person_id: int) -> None:
    """Raise NotAllowed when this is the second approval and the person had a hand in what is approved."""
    if kind in {"approve", "correct"} and needs_two(review):
        reason = why_barred(hands_of(review), person_id)
        if reason:
            raise NotAllowed(f"{review.item.code}: {reason}")


def note_first(work: Pass, review: Review, verdict: Verdict, judgement: "Judgement") -> None:
    """Keep the review open for somebody else, with what was corrected in it; the caller stores the verdict after."""
    if judgement.kind == "correct":
        review.proposal = effects.corrected_proposal(work, review, judgement, f"person:{verdict.by_id}")
        review.digest = review_digest(review.proposal, review.kind)
    verdict.first, verdict.approved_digest = True, review.digest
    verdict.save()
    review.barred = sorted(hands_of(review).barred)
    review.assignee = None
    review.claimed_by, review.claimed_at, review.lease_expires_at = None, None, None
    review.epoch += 1
    review.save()
    work.change = _stays(review, {"review": review.pk, "verdict": verdict.pk, "kind": "first"})


def take_back_first(work: Pass, review: Review, verdict: Verdict) -> None:
    """Make a review what it was before its first approval; whoever else looks at it is told that it has changed."""
    review.proposal, review.digest, review.barred = verdict.proposal, verdict.digest, []
    effects.take_back(work, verdict)
    work.change = _stays(review, {"review": review.pk, "verdict": verdict.pk, "kind": "first_undone"})


def _stays(review: Review, data: dict[str, object]) -> Change:
    queue = review.queue
    return Change(
        review.item,
        Action.DECIDE_REVIEW,
        State.IN_REVIEW,
        owner=Owner(OwnerKind.QUEUE, queue.slug, str(queue)),
        review=ReviewPoint(f"{queue} decides", queue.slug, review.pk),
        data=data,
    )
