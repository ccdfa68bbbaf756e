"""Who staffs a queue; resolved when asked, never stored."""

from django.contrib.auth import get_user_model
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.expressions import RawSQL

from reviews.models import Queue
from routing.domain.roles import Actor, Role
from routing.rows import read

# In SQL, since every page and every claim asks it: put together by Django it takes three times as long.
_STAFFED = """
    SELECT queue_id FROM reviews_membership WHERE user_id = {me}
    UNION ALL
    SELECT g.queue_id FROM reviews_queue_groups g JOIN accounts_user_groups u USING (group_id) WHERE u.user_id = {me}
    UNION ALL
    SELECT destination_id FROM reviews_queue WHERE staff_role = {role}
"""
# The ids of ``queues_of`` as a part of a longer statement, given ``queues_of_values``.
QUEUES_OF = f"""
    SELECT q.destination_id AS id FROM reviews_queue q JOIN routing_destination d ON d.id = q.destination_id
    WHERE NOT d.archived AND (%(all_queues)s OR (%(staff)s
        AND q.destination_id IN ({_STAFFED.format(me="%(me)s", role="%(role)s")})))
"""  # noqa: S608 - put together from the constant above


def queues_of_values(actor: Actor) -> dict[str, object]:
    """Return what ``QUEUES_OF`` needs to know of the person."""
    staff = actor.is_staff_member and actor.user_id is not None
    return {"me": actor.person_id, "role": actor.role.value, "staff": staff, "all_queues": actor.role is Role.ADMIN}


def queues_of(actor: Actor) -> QuerySet[Queue]:
    """Return the queues whose reviews this person may decide; admins may in all of them."""
    rows = Queue.objects.select_related("destination").filter(destination__archived=False)
    if actor.role is Role.ADMIN:
        return rows
    if not actor.is_staff_member or actor.user_id is None:
        return rows.none()
    staffed = _STAFFED.format(me="%s", role="%s")
    return rows.filter(pk__in=RawSQL(staffed, [actor.user_id, actor.user_id, actor.role.value]))  # noqa: S611 - constant


def may_decide(actor: Actor, queue_id: int) -> bool:
    """Return whether this person may decide reviews of the queue."""
    return bool(read(_MAY_DECIDE, queues_of_values(actor) | {"queue": queue_id}))


_MAY_DECIDE = f"SELECT FROM ({QUEUES_OF}) AS mine WHERE mine.id = %(queue)s"


def is_lead(actor: Actor, queue_id: int) -> bool:
    """Return whether this person leads the queue; admins lead all."""
    if actor.role is Role.ADMIN:
        return True
    return Queue.objects.filter(pk=queue_id, memberships__user_id=actor.person_id, memberships__lead=True).exists()


def staff_of(queue: Queue) -> QuerySet:  # type: ignore[type-arg]
    """Return the active people who staff the queue."""
    people = get_user_model().objects.filter(is_active=True)
    staffed = Q(memberships__queue=queue) | Q(groups__in=queue.groups.all())
    if queue.staff_role:
        staffed |= Q(role=queue.staff_role)
    return people.filter(staffed).exclude(role=Role.INTAKE.value).distinct()


def unstaffed_queues() -> dict[str, str]:
    """Return the queues in use that fewer people staff than must decide, names by slug.

    In one query, and one for each queue where two must approve.
    """
    people = get_user_model().objects.filter(is_active=True).exclude(role=Role.INTAKE.value)
    rows = Queue.objects.filter(destination__archived=False).exclude(
        Exists(people.filter(memberships__queue=OuterRef("pk")))
        | Exists(
            people.filter(
                groups__in=Queue.groups.through.objects.filter(queue_id=OuterRef(OuterRef("pk"))).values("group_id")
            )
        )
        | Exists(people.filter(role=OuterRef("staff_role")))
    )
    found = dict(rows.values_list("destination__slug", "destination__name"))
    for queue in Queue.objects.filter(destination__archived=False, eyes__gt=1).select_related("destination"):
        if staff_of(queue).count() < queue.eyes:
            found[queue.slug] = str(queue)
    return found
