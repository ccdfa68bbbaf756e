"""What somebody was told, who is to be told, and in which words."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from reviews.domain.notices import Kind
from reviews.models import Membership, Notice, NoticeWishes, PassedOn, Review
from reviews.queries.colleagues import people_for
from reviews.queries.people import staff_of
from routing.domain.roles import Actor
from routing.queries.items import in_sight

MOST_TOLD = 20
MOST_COUNTED = 100

_WORDS = {
    Kind.DUE_SOON: "{code} is due soon",
    Kind.OVERDUE: "{code} is overdue",
    Kind.REASSIGNED: "{code} was given to you",
    Kind.OVERRULED: "Your fix of {code} was overruled",
}


@dataclass(frozen=True, slots=True)
class Unread:
    """How many notices somebody has not read, counted up to 100, and the newest of them (0: there is none)."""

    count: int = 0
    newest: int = 0


def sentence(notice: Notice) -> str:
    """Return what a notice tells, in one line; it holds the item's code and nothing of its text."""
    return _WORDS[Kind(notice.kind)].format(code=notice.item.code)


def notices_of(actor: Actor) -> QuerySet[Notice]:
    """Return what this person was told about items they may still see, newest first."""
    return Notice.objects.filter(in_sight(actor, "item"), user_id=actor.person_id).order_by("-pk")


def wishes_of(user_id: int) -> NoticeWishes:
    """Return how somebody wants to be told; the defaults, not stored, when they never chose."""
    return NoticeWishes.objects.filter(user_id=user_id).first() or NoticeWishes(user_id=user_id)


def wishes_by_person(user_ids: Iterable[int]) -> dict[int, NoticeWishes]:
    """Return the same for several people, in one query."""
    ids = list(user_ids)
    found = {row.user_id: row for row in NoticeWishes.objects.filter(user_id__in=ids)}
    return {user_id: found.get(user_id) or NoticeWishes(user_id=user_id) for user_id in ids}


def who_answers_for(review: Review, now: datetime) -> list[Any]:
    """Return the people to be told of the due time of an open review; all are active and may see its item.

    The one who holds it or else to whom it was given; else the leads of its queue; else those of its staff who could
    take it now, which leaves out who passed it on and who may not give the second approval. At most 20.
    """
    seeing = people_for(review)
    is_held = review.lease_expires_at is not None and review.lease_expires_at > now
    for person_id in (review.claimed_by_id if is_held else None, review.assignee_id):
        person = seeing.filter(pk=person_id).first() if person_id is not None else None
        if person is not None:
            return [person]
    staff = seeing.filter(pk__in=staff_of(review.queue).values("pk"))
    leads = Membership.objects.filter(queue=review.queue_id, user=OuterRef("pk"), lead=True)
    passed = PassedOn.objects.filter(Q(until__isnull=True) | Q(until__gt=now), review=review, user=OuterRef("pk"))
    offered = staff.exclude(pk__in=review.barred).exclude(Exists(passed))
    return list(staff.filter(Exists(leads))[:MOST_TOLD]) or list(offered[:MOST_TOLD])
