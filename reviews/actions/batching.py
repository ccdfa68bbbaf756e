"""Decides several reviews that ask the same with one verdict, each by itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from reviews.actions import claiming, judging
from reviews.actions.judging import Judgement
from reviews.models import Review, Verdict
from reviews.queries.alike import MOST, alike, why_alone
from reviews.queries.waiting import find_review, the_review
from routing.domain.roles import Actor
from routing.errors import Conflict, Invalid, NotAllowed, NotVisible
from routing.queries import desk as desk_queries


@dataclass(frozen=True, slots=True)
class Decided:
    """What became of one ticked review: its verdict, or why it was left as it is."""

    review: Review
    verdict: Verdict | None
    refused: str = ""


def decide_together(
    *, actor: Actor, review_id: int, digests: Mapping[int, str], judgement: Judgement
) -> Sequence[Decided]:
    """Approve or decline the ticked reviews among those like ``review_id``; ``digests`` says what was seen of each.

    Each is taken and decided in its own transaction: one that somebody else holds, or that has changed since it was
    seen, is left as it is and keeps none of the others; one that the actor may see no more is left out. Raises
    NotVisible without such a review, NotAllowed when it must be decided alone, and Invalid for another verdict, or when
    none or too many are ticked.
    """
    first = the_review(actor, review_id)
    reason = why_alone(first, desk_queries.load())
    if reason:
        raise NotAllowed(reason)
    if judgement.kind not in {"approve", "reject"}:
        raise Invalid("Several are only approved or declined together.", {"verdict": "approve or reject"})
    if not digests or len(digests) > MOST:
        raise Invalid(f"Tick at least one, and at most {MOST}.", {"tick": "none or too many"})
    ids = {row.pk for row in alike(actor, first)}
    found = [_decide(actor, pk, digest, judgement, is_alike=pk in ids) for pk, digest in sorted(digests.items())]
    return [one for one in found if one is not None]


def _decide(actor: Actor, review_id: int, digest: str, judgement: Judgement, *, is_alike: bool) -> Decided | None:
    review = find_review(actor, review_id)
    if review is None:
        return None
    if not is_alike:
        words = claiming.closed_words(review) if review.status != Review.OPEN else "this is not offered to you any more"
        return _left(review, words)
    # Asked of each anew: the first ones take their time, and one may have come to another queue meanwhile.
    reason = why_alone(review, desk_queries.load())
    if reason:
        return _left(review, reason)
    try:
        claimed = claiming.claim(actor=actor, review_id=review_id)
    except (Conflict, NotAllowed) as error:
        return _left(review, str(error))
    except NotVisible:
        return None
    try:
        verdict = judging.judge(
            actor=actor, review_id=review_id, epoch=claimed.epoch, digest=digest, judgement=judgement
        )
    except (Conflict, Invalid, NotAllowed) as error:
        if claimed.epoch != review.epoch:  # else it was theirs before, and somewhere they write on it
            claiming.release(actor=actor, review_id=review_id, epoch=claimed.epoch)
        return _left(review, str(error))
    return Decided(review, verdict)


def _left(review: Review, words: str) -> Decided:
    return Decided(review, None, words.removeprefix(f"{review.item.code}: "))
