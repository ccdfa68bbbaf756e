"""Whom a review can be given to."""

from django.contrib.auth import get_user_model
from django.db.models import Q, QuerySet

from reviews.models import Queue, Review
from routing.domain.roles import Role
from routing.models import WorkType

STAFF_ROLES = [Role.OPERATOR.value, Role.REVIEWER.value, Role.ADMIN.value]


def people_for(review: Review) -> QuerySet:  # type: ignore[type-arg]
    """Return the active people of the desk who may see the review's item, by name."""
    rows = get_user_model().objects.filter(is_active=True, role__in=STAFF_ROLES)
    return who_may_see(rows, review.item.work_type).order_by("first_name", "last_name", "username")


def who_may_see(people: QuerySet, work_type: WorkType | None) -> QuerySet:  # type: ignore[type-arg]
    """Return those of these people who may see items of a work type (None: without one)."""
    if work_type is None or not work_type.visible_to.exists():
        return people
    return people.filter(Q(role=Role.ADMIN.value) | Q(groups__in=work_type.visible_to.all())).distinct()


def queues_for(review: Review) -> QuerySet[Queue]:
    """Return the other queues in use, by name."""
    rows = Queue.objects.select_related("destination").filter(destination__archived=False)
    return rows.exclude(pk=review.queue_id).order_by("destination__name")
