"""The reviews that wait, in the order in which they are served."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Now

from reviews.models import PassedOn, Queue, Review
from reviews.queries.people import QUEUES_OF, queues_of, queues_of_values
from routing.domain.roles import Actor
from routing.errors import NotVisible
from routing.models import Destination
from routing.queries.items import in_sight
from routing.rows import columns, pair_of, prepared, read


def waiting_reviews(actor: Actor) -> QuerySet[Review]:
    """Return the open reviews this person may decide, in the true order of their queues."""
    rows = Review.objects.filter(status=Review.OPEN).select_related(
        "item__work_type", "queue__destination", "claimed_by", "assignee"
    )
    mine = Q(queue__in=queues_of(actor).values("pk"), assignee__isnull=True) | Q(assignee_id=actor.user_id)
    return rows.filter(mine, in_sight(actor, "item")).order_by("order_at", "id")


def offered_reviews(actor: Actor, now: datetime | Now) -> QuerySet[Review]:
    """Return those of them that nobody holds and that this person has not passed on, or put off until later."""
    passed = PassedOn.objects.filter(
        Q(until__isnull=True) | Q(until__gt=now), review=OuterRef("pk"), user_id=actor.person_id
    )
    free = Q(claimed_by__isnull=True) | Q(lease_expires_at__lte=now) | Q(claimed_by_id=actor.user_id)
    return waiting_reviews(actor).filter(free & ~Exists(passed)).exclude(barred__contains=[actor.person_id])


def passed_on(actor: Actor, rows: Iterable[Review], now: datetime) -> dict[int, PassedOn]:
    """Return what this person has passed on or put off of these reviews, by review."""
    mine = PassedOn.objects.filter(review__in=rows, user_id=actor.person_id)
    return {one.review_id: one for one in mine.filter(Q(until__isnull=True) | Q(until__gt=now))}


def find_review(actor: Actor, review_id: int) -> Review | None:
    """Return the review when its item is visible to the actor, else None."""
    rows = Review.objects.select_related("item__work_type", "queue__destination", "claimed_by", "assignee")
    review = rows.filter(pk=review_id).first()
    return review if review is not None and sees(actor, review.item.work_type_id) else None


def the_review(actor: Actor, review_id: int) -> Review:
    """Return the review; raises NotVisible when there is none for this person."""
    found = find_review(actor, review_id)
    if found is None:
        raise not_visible()
    return found


def check_sight(actor: Actor, review_id: int) -> None:
    """Raise NotVisible when there is no such review for this person."""
    found = read(_TYPE, {"id": review_id})
    if not found or not sees(actor, found[0][0]):
        raise not_visible()


_TYPE = """
    SELECT w.work_type_id FROM reviews_review r JOIN routing_workitem w ON w.id = r.item_id WHERE r.id = %(id)s::bigint
"""


@dataclass(frozen=True, slots=True)
class Locked:
    """A locked review with its queue, the database's clock since, and whether who locked it staffs that queue."""

    review: Review
    now: datetime
    may_decide: bool


def lock_review(actor: Actor, review_id: int) -> Locked:
    """Lock a review, whose item the caller holds or does not need, then read its queue, the clock and the actor's part.

    Without joins: after a wait for the lock they would still show whom and what it pointed to before.
    """
    [review] = prepared(Review, _LOCK, {"id": review_id})
    [(now, may_decide, *cells)] = read(_QUEUE, queues_of_values(actor) | {"id": review.queue_id})
    review.queue, review.queue.destination = pair_of(Queue, Destination, cells)
    return Locked(review, now, may_decide)


_LOCK = f"SELECT {columns(Review, 'r')} FROM reviews_review r WHERE r.id = %(id)s::bigint FOR UPDATE"  # noqa: S608 - Django's names
_QUEUE = f"""
    SELECT clock_timestamp(), q.destination_id IN ({QUEUES_OF}), {columns(Queue, "q")}, {columns(Destination, "d")}
    FROM reviews_queue q JOIN routing_destination d ON d.id = q.destination_id WHERE q.destination_id = %(id)s::bigint
"""  # noqa: S608 - Django's names


def sees(actor: Actor, type_id: int | None) -> bool:
    """Return whether somebody may see the reviews of items of this type."""
    return actor.is_staff_member and actor.may_see_type(type_id)


def not_visible() -> NotVisible:
    """Return the error for a review that is not there for somebody."""
    return NotVisible("There is no such review, or you may not see it.")
