"""Whom a review can be given to, and who may see it."""

from django.contrib.auth import get_user_model
from django.db.models import Q, QuerySet

from reviews.models import Queue, Review
from reviews.queries.hands import needs_two
from reviews.queries.people import staff_of
from routing.domain.roles import Role
from routing.models import WorkType

STAFF_ROLES = [Role.OPERATOR.value, Role.REVIEWER.value, Role.ADMIN.value]


def people_for(review: Review) -> QuerySet:  # type: ignore[type-arg]
    """Return the active people of the desk who may see the review's item, by name."""
    rows = get_user_model().objects.filter(is_active=True, role__in=STAFF_ROLES)
    return who_may_see(rows, review.item.work_type).order_by("first_name", "last_name", "username")


def takers_of(review: Review) -> QuerySet:  # type: ignore[type-arg]
    """Return whom an open review can be given to, by name.

    Where two must approve these are the people of its queue and admins, without those who had a hand in what was
    approved first: so nobody who approved chooses an outsider as the second.
    """
    rows = people_for(review)
    if not needs_two(review):
        return rows
    staff = Q(pk__in=staff_of(review.queue).values("pk")) | Q(role=Role.ADMIN.value)
    return rows.filter(staff).exclude(pk__in=review.barred)


def who_may_see(people: QuerySet, work_type: WorkType | None) -> QuerySet:  # type: ignore[type-arg]
    """Return those of these people who may see items of a work type (None: without one)."""
    if work_type is None or not work_type.visible_to.exists():
        return people
    return people.filter(Q(role=Role.ADMIN.value) | Q(groups__in=work_type.visible_to.all())).distinct()


def queues_for(review: Review) -> QuerySet[Queue]:
    """Return the other queues in use, by name."""
    rows = Queue.objects.select_related("destination").filter(destination__archived=False)
    return rows.exclude(pk=review.queue_id).order_by("destination__name")
