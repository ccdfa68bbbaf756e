"""What nobody takes in time is handed to another queue; it keeps its age and its due time."""

from datetime import datetime

from django.db.models import Q

from reviews.models import Review
from routing import transitions
from routing.crash_points import one_transaction
from routing.domain.roles import DESK
from routing.domain.states import Action, State
from routing.models import OwnerKind
from routing.transitions import Change, Owner, ReviewPoint

_BATCH = 200


def hand_on_overdue(now: datetime) -> None:
    """Hand on the reviews that nobody holds and whose queue has had its time; each in a transaction of its own."""
    free = Q(claimed_by__isnull=True) | Q(lease_expires_at__lte=now)
    due = Review.objects.filter(free, status=Review.OPEN, overflow_at__lte=now, assignee__isnull=True)
    for review_id, item_id in list(due.order_by("overflow_at").values_list("pk", "item_id")[:_BATCH]):
        _hand_on(review_id, item_id)


def _hand_on(review_id: int, item_id: int) -> None:
    with one_transaction("overflowing.hand_on"):
        item = transitions.lock_one(item_id)
        review = Review.objects.select_for_update().get(pk=review_id)
        now = transitions.database_now()
        held = review.claimed_by_id is not None and review.lease_expires_at and review.lease_expires_at > now
        is_due = review.overflow_at is not None and review.overflow_at <= now
        if review.status != Review.OPEN or held or not is_due or review.assignee_id is not None:
            return
        queue = review.queue.overflow
        review.overflow_at = None  # once: queues that hand on to one another would play ball with it
        if queue is None or queue.destination.archived:
            review.save(update_fields=["overflow_at"])
            return
        review.take_to(queue)
        review.claimed_by, review.claimed_at, review.lease_expires_at = None, None, None
        review.epoch += 1
        review.save(
            update_fields=["queue", "eyes", "overflow_at", "claimed_by", "claimed_at", "lease_expires_at", "epoch"]
        )
        if item.state != State.IN_REVIEW or item.review_id != review.pk:
            return
        change = Change(
            item,
            Action.HAND_ON,
            State.IN_REVIEW,
            owner=Owner(OwnerKind.QUEUE, queue.slug, str(queue)),
            review=ReviewPoint(f"{queue} decides", queue.slug, review.pk),
            data={"review": review.pk},
        )
        transitions.apply([change], DESK, now)
