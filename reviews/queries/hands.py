"""Two approvals: whether a review needs them, who gave the first, and who had a hand in what is approved."""

from dataclasses import dataclass

from django.db.models import Q

from reviews.domain.four_eyes import Hands, why_barred
from reviews.models import Review, Verdict
from reviews.queries.people import staff_of
from routing.models import FactRevision

# What is approved; facts that people fill in, tasks they do and outcomes they find out about are no approvals.
_APPROVED = frozenset({"route", "continue", "output", "calls", "retry"})


def needs_two(review: Review) -> bool:
    """Return whether two people must approve this."""
    return review.approvals_needed > 1 and review.proposal.get("kind") in _APPROVED


def first_approval(review: Review) -> Verdict | None:
    """Return the first approval of exactly what the review proposes now, when it stands."""
    rows = review.verdicts.filter(first=True, undone_at__isnull=True, approved_digest=review.digest)
    return rows.select_related("by").order_by("pk").last()


def hands_of(review: Review) -> Hands:
    """Return who had a hand in a review's item in the run that it asks about, and in this review."""
    item = review.item
    verdicts = Verdict.objects.filter(review__item=item, review__run=review.run, undone_at__isnull=True)
    of_request = Q(name__startswith="item.") | Q(name__startswith="input.")
    newest = FactRevision.objects.filter(of_request, item=item).order_by("name", "-seq").distinct("name")
    providers = [one.partition(":") for one in newest.values_list("provider", flat=True)]
    return Hands(
        created_by=item.created_by_id,
        edited_by=frozenset(int(who) for kind, _, who in providers if kind == "person"),
        corrected_by=frozenset(verdicts.filter(kind="correct").values_list("by_id", flat=True)),
        approved_by=frozenset(verdicts.filter(review=review, first=True).values_list("by_id", flat=True)),
    )


@dataclass(frozen=True, slots=True)
class Eyes:
    """Where a review that two must approve stands, for the person who looks at it.

    ``first`` is the first approval, None while there is none; ``barred`` says why this person cannot give the second
    (empty when they can, or while there is no first); ``possible`` is whether somebody can.
    """

    first: Verdict | None
    barred: str
    possible: bool


def eyes_of(review: Review, person_id: int) -> Eyes | None:
    """Return where the two approvals of an open review stand; None when one person is enough."""
    if not needs_two(review):
        return None
    first, hands = first_approval(review), hands_of(review)
    others = hands.barred if first else hands.barred | {person_id}
    return Eyes(
        first=first,
        barred=why_barred(hands, person_id) if first else "",
        possible=staff_of(review.queue).exclude(pk__in=others).exists(),
    )
