"""Gives what people are asked about an item to one person when it is moved by hand, and takes that back."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, cast

from django.contrib.auth import get_user_model
from django.db.models import Q, QuerySet

from reviews.actions import telling
from reviews.models import Queue, Review
from reviews.queries.colleagues import STAFF_ROLES, who_may_see
from reviews.queries.people import staff_of
from routing.domain.roles import Actor, Role
from routing.domain.states import State
from routing.errors import Conflict, Invalid, NotAllowed
from routing.kinds import Opened, Person
from routing.models import WorkItem
from routing.queries.desk import FALLBACK_QUEUE

_KEPT = ("queue_id", "assignee_id", "claimed_by_id")
_TIMES = ("claimed_at", "lease_expires_at", "overflow_at")


def withdrawable(items: Sequence[WorkItem]) -> QuerySet[Review]:
    """Return the open reviews of these items that a move ends: not checks, nor what became of effects."""
    rows = Review.objects.filter(item__in=[item.pk for item in items], status=Review.OPEN)
    return rows.exclude(cause=Review.UNKNOWN_OUTCOME).exclude(kind=Review.CHECK)


def standing(item: WorkItem) -> list[dict[str, object]]:
    """Return the open reviews of a locked item that a move may change, as JSON data."""
    rows = Review.objects.select_for_update().filter(item=item, status=Review.OPEN)
    found = rows.filter(Q(pk__in=withdrawable([item]).values("pk")) | Q(pk=item.review_id or 0))
    return [
        {"id": row.pk, "epoch": row.epoch}
        | {name: getattr(row, name) for name in _KEPT}
        | {name: moment and moment.isoformat() for name in _TIMES for moment in [getattr(row, name)]}
        for row in found.order_by("pk")
    ]


def put_back(item: WorkItem, before: Sequence[Mapping[str, object]], actor: Actor, now: datetime) -> None:
    """Open again what stood before a move, and withdraw what it opened; raises Conflict when that cannot be."""
    was = {cast("int", row["id"]): row for row in before}
    assignees = [cast("int", row["assignee_id"]) for row in before if row["assignee_id"]]
    if get_user_model().objects.filter(pk__in=assignees, is_active=False).exists():
        raise Conflict(f"{item.code} was given to somebody whose account is closed by now, so this cannot be undone.")
    begun = Review.objects.select_for_update().filter(item=item, status=Review.OPEN)
    # What nobody knows of an effect stays asked, though a move may have made it what its item waits for.
    for review in begun.filter(Q(pk__in=withdrawable([item]).values("pk")) | Q(pk__in=was)):
        _check_untouched(review, was.get(review.pk), actor, now)
        telling.take_back_gift(review, item)
        if review.pk not in was:
            review.status, review.closed_at, review.closed_because = Review.WITHDRAWN, now, "the move was undone"
            review.claimed_by, review.lease_expires_at = None, None
            review.save()
    for review_id, row in was.items():
        given = {name: row[name] for name in (*_KEPT, *_TIMES)}
        Review.objects.filter(pk=review_id).update(
            status=Review.OPEN, closed_at=None, closed_because="", **cast("dict[str, Any]", given)
        )


def _check_untouched(review: Review, was: Mapping[str, object] | None, actor: Actor, now: datetime) -> None:
    held = review.lease_expires_at is not None and review.lease_expires_at > now
    same = was is not None and was["epoch"] == review.epoch
    if held and not same and review.claimed_by_id != actor.user_id:
        raise Conflict(f"{review.item.code}: {review.claimed_by} is looking at it already, so this cannot be undone.")


def _staff(item: WorkItem | None) -> QuerySet:  # type: ignore[type-arg]
    rows = get_user_model().objects.filter(is_active=True, role__in=STAFF_ROLES)
    return who_may_see(rows, item.work_type) if item is not None else rows


def _person(user: Any) -> Person:
    return Person(user.pk, user.username, user.display_name())


def takers(item: WorkItem | None) -> list[Person]:
    """Return whom an item can be given to, by name: those who may see it, and decide what is asked or take a task."""
    review = _awaited(item) if item is not None else None
    queues = [review.queue] if review is not None else list(Queue.objects.filter(destination__archived=False))
    able = Q(role=Role.ADMIN.value)
    for queue in queues:
        able |= Q(pk__in=staff_of(queue).values("pk"))
    rows = _staff(item).filter(able).order_by("first_name", "last_name", "username")
    return [_person(user) for user in rows.exclude(pk__in=review.barred if review else [])]


def person(item: WorkItem, username: str, user_id: int) -> Person:
    """Return the person of this name or id; raises Invalid unless they work here and may see the item."""
    user = _staff(item).filter(Q(pk=user_id) if user_id else Q(username=username)).first()
    if user is None:
        raise Invalid(f"{item.code}: nobody who may see it is called “{username}”.", {"to": "unknown person"})
    return _person(user)


def _awaited(item: WorkItem) -> Review | None:
    """Return the open review that an item in review waits for."""
    if item.state != State.IN_REVIEW:
        return None
    rows = Review.objects.filter(pk=item.review_id or 0, item=item, status=Review.OPEN)
    return rows.select_related("queue__destination").first()


def give(item: WorkItem, person: Person, actor: Actor, now: datetime) -> Opened | None:
    """Give the review that a locked item waits for to a person who decides there; None when it waits for none."""
    found = _awaited(item)
    if found is None:
        return None
    review = Review.objects.select_for_update().get(pk=found.pk)
    queue = found.queue
    user = (
        staff_of(queue).filter(pk=person.id).first() or _staff(item).filter(pk=person.id, role=Role.ADMIN.value).first()
    )
    if user is None:
        who = "you do" if person.id == actor.user_id else f"{person.name} does"
        raise Invalid(f"{item.code}: {who} not decide in {queue}.", {"to": "not in the queue"})
    if person.id in review.barred:
        raise Invalid(f"{item.code}: somebody else must approve this, not {person.name}.", {"to": "had a hand in it"})
    held = review.lease_expires_at is not None and review.lease_expires_at > now
    if held and review.claimed_by_id not in {None, person.id}:
        raise Conflict(f"{item.code}: {review.claimed_by} is looking at it.")
    if actor.role is Role.REVIEWER and review.assignee_id not in {None, actor.user_id}:
        raise NotAllowed(f"{item.code}: it was given to {review.assignee}.")
    review.assignee_id, review.overflow_at = person.id, None
    if not held:
        review.claimed_by, review.claimed_at, review.lease_expires_at = None, None, None
        review.epoch += 1
    review.passed_on.filter(user=person.id).delete()
    review.save()
    return Opened(review.pk, queue.slug, queue.destination.name)


def queue_for(person: Person) -> str:
    """Return the queue for a person's task: Triage where they staff it, else the first by name that they staff."""
    rows = Queue.objects.filter(destination__archived=False).select_related("destination")
    is_admin = get_user_model().objects.filter(pk=person.id, role=Role.ADMIN.value).exists()
    slugs = [queue.slug for queue in rows if is_admin or staff_of(queue).filter(pk=person.id).exists()]
    if not slugs:
        raise Invalid(f"{person.name} is in no queue. Add them to one, or send it to a queue.", {"to": "no queue"})
    return FALLBACK_QUEUE if FALLBACK_QUEUE in slugs else slugs[0]


def tell_given(item: WorkItem, actor: Actor, now: datetime) -> None:
    """Tell the person to whom the review of a moved item was given, unless they gave it themselves."""
    review = Review.objects.filter(pk=item.review_id or 0).exclude(assignee=actor.user_id).first()
    if review is not None and review.assignee_id is not None:
        telling.tell_of_gift(review, item, now)
