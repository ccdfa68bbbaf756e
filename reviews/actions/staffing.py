"""Admins set up queues: what their people are told, how long they have, and who staffs them."""

from collections.abc import Collection
from dataclasses import dataclass

from django.contrib.auth import get_user_model
from django.db import connection
from django.db.models import Exists, OuterRef, Q, QuerySet

from reviews.actions import claiming
from reviews.models import Membership, Queue, Review, Verdict
from reviews.queries.people import staff_of
from routing import transitions
from routing.actions import configuring, destinations
from routing.actions.editing import check_unchanged
from routing.crash_points import one_transaction
from routing.domain.roles import DESK, Actor, Role
from routing.errors import Invalid, NotVisible
from routing.models import Destination, DestinationKind
from routing.queries.desk import FALLBACK_QUEUE


@dataclass(frozen=True, slots=True)
class QueueDetails:
    """What a queue is and who staffs it: ``staff_role`` (empty: no role), groups, members; leads are members."""

    name: str
    description: str
    instructions: str
    checklist: tuple[str, ...]
    service_minutes: int
    lease_minutes: int
    hold_seconds: int
    calendar_id: int | None = None
    overflow_id: int | None = None
    overflow_minutes: int | None = None
    eyes: int = 1
    high_risk: bool = False
    staff_role: str = ""
    group_ids: tuple[int, ...] = ()
    member_ids: frozenset[int] = frozenset()
    lead_ids: frozenset[int] = frozenset()


_SAME_NAME = "Another queue has this name. Choose one that tells them apart."
_TOO_FEW = "Two people must approve here, and fewer than two staff the queue. Add people first."


def details_of(queue: Queue) -> QueueDetails:
    """Return what is stored of a queue; of its members those who can sign in."""
    people = dict(queue.memberships.filter(user__is_active=True).values_list("user_id", "lead"))
    return QueueDetails(
        name=queue.destination.name,
        description=queue.destination.description,
        instructions=queue.instructions,
        checklist=tuple(queue.checklist),
        service_minutes=queue.service_minutes,
        lease_minutes=queue.lease_minutes,
        hold_seconds=queue.hold_seconds,
        calendar_id=queue.calendar_id,
        overflow_id=queue.overflow_id,
        overflow_minutes=queue.overflow_minutes,
        eyes=queue.eyes,
        high_risk=queue.high_risk,
        staff_role=queue.staff_role,
        group_ids=tuple(queue.groups.order_by("name").values_list("pk", flat=True)),
        member_ids=frozenset(people),
        lead_ids=frozenset(user_id for user_id, lead in people.items() if lead),
    )


def save_queue(*, actor: Actor, slug: str, details: QueueDetails, new: bool = False, seen: str = "") -> Queue:
    """Make a queue or change one, with its people.

    ``seen`` is the fingerprint of what was edited; raises ChangedMeanwhile when something else is stored by now.
    Raises Invalid when a new one's slug is taken, when another queue in use has its name, and when fewer people
    staff it than must approve.
    """
    configuring.check_admin(actor)
    with one_transaction("staffing.save_queue"):
        with connection.cursor() as cursor:  # two who save at once would not see each other's name
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('staffing.save_queue', 0))")
        place = Destination.objects.select_for_update().filter(slug=slug).first()
        if new and place is not None:
            raise Invalid(f"“{slug}” is taken.", {"slug": "This name is taken. Choose another."})
        if place is None and not new:
            raise NotVisible(f"There is no queue “{slug}”.")
        stored = Queue.objects.select_related("destination").filter(destination=place).first() if place else None
        if stored is not None:
            check_unchanged(seen, details_of(stored), details, stored.destination.name)
        alike = Destination.objects.filter(kind=DestinationKind.QUEUE, archived=False, name__iexact=details.name)
        if alike.exclude(slug=slug).exists():
            raise Invalid(_SAME_NAME, {"name": _SAME_NAME})
        if place is None or (place.name, place.description) != (details.name, details.description):
            place = configuring.save_destination(
                actor=actor, slug=slug, name=details.name, kind="queue", config={}, description=details.description
            ).destination
        queue, _ = Queue.objects.update_or_create(
            destination=place,
            defaults={
                "instructions": details.instructions,
                "checklist": list(details.checklist),
                "service_minutes": details.service_minutes,
                "lease_minutes": details.lease_minutes,
                "hold_seconds": details.hold_seconds,
                "calendar_id": details.calendar_id,
                "overflow_id": details.overflow_id,
                "overflow_minutes": details.overflow_minutes,
                "eyes": details.eyes,
                "high_risk": details.high_risk,
                "staff_role": details.staff_role,
            },
        )
        queue.groups.set(details.group_ids)
        _set_members(queue, details.member_ids | details.lead_ids, details.lead_ids)
        if queue.eyes > 1 and staff_of(queue).count() < queue.eyes:
            raise Invalid(_TOO_FEW, {"eyes": _TOO_FEW})
    _free_of_others(actor, queue)
    return queue


def _free_of_others(actor: Actor, queue: Queue) -> None:
    """Offer to the queue what is held by or was given to people who do not decide there, unless one who does gave it.

    In transactions of their own: whoever decides locks items before a queue.
    """
    given = Verdict.objects.filter(review=OuterRef("pk"), kind="reassign", body__to__startswith="person:")
    rows = queue.reviews.filter(~Exists(given), status=Review.OPEN)
    held = rows.exclude(assignee=None, claimed_by=None).values_list("assignee", "claimed_by")
    admins = get_user_model().objects.filter(role=Role.ADMIN.value, is_active=True)
    able = {*staff_of(queue).values_list("pk", flat=True), *admins.values_list("pk", flat=True), None}
    for user_id in {one for pair in held for one in pair} - able:
        free_reviews_of(actor=actor, user_id=user_id, reviews=rows)


def make_queue(slug: str, *, staff_role: str) -> None:
    """Make a queue that everybody with a role staffs, named after its slug; one that is there stays as it is."""
    name = slug.replace("_", " ").replace("-", " ").strip().capitalize() or slug
    version = configuring.save_destination(actor=DESK, slug=slug, name=name, kind=DestinationKind.QUEUE, config={})
    Queue.objects.get_or_create(destination=version.destination, defaults={"staff_role": staff_role})


def ensure_triage() -> None:
    """Make Triage, staffed by operators, when there is none: what no rule decides must go somewhere."""
    if not Queue.objects.filter(destination__slug=FALLBACK_QUEUE).exists():
        make_queue(FALLBACK_QUEUE, staff_role=Role.OPERATOR.value)


def free_reviews_of(*, actor: Actor, user_id: int, reviews: QuerySet[Review] | None = None) -> None:
    """Offer what waits for this person alone to the queues again, and end their claims: they can decide it no more.

    Of all reviews, or of some.
    """
    configuring.check_admin(actor)
    mine = Q(assignee_id=user_id) | Q(claimed_by_id=user_id)
    of = Review.objects.all() if reviews is None else reviews
    with one_transaction("staffing.free_reviews_of"):
        now = transitions.database_now()
        waiting = list(of.filter(mine, status=Review.OPEN).order_by("item_id").values_list("pk", "item_id"))
        items = {item.pk: item for item in transitions.lock([item_id for _, item_id in waiting])}
        for review_id, item_id in waiting:
            review = Review.objects.select_for_update().get(pk=review_id)
            if review.status != Review.OPEN:
                continue
            if review.assignee_id == user_id:
                claiming.return_to_queue(review, items[item_id], actor, now)
            if review.claimed_by_id == user_id:
                review.claimed_by, review.claimed_at, review.lease_expires_at = None, None, None
                review.epoch += 1
            review.save(update_fields=["assignee", "claimed_by", "claimed_at", "lease_expires_at", "epoch"])


def _set_members(queue: Queue, member_ids: Collection[int], lead_ids: Collection[int]) -> None:
    people = get_user_model().objects.exclude(role=Role.INTAKE.value).filter(pk__in=member_ids)
    kept = set(people.values_list("pk", flat=True))
    # Whoever cannot sign in at present is not in the form, and is in their queues when they come back.
    queue.memberships.filter(user__is_active=True).exclude(user_id__in=kept).delete()
    for user_id in sorted(kept):
        Membership.objects.update_or_create(queue=queue, user_id=user_id, defaults={"lead": user_id in lead_ids})


def remove_queue(*, actor: Actor, slug: str) -> None:
    """Take a queue out of use. Raises Invalid while reviews wait in it or live rules send to it."""
    configuring.check_admin(actor)
    with one_transaction("staffing.remove_queue"):
        waiting = Review.objects.filter(queue__destination__slug=slug, status=Review.OPEN).count()
        if waiting:
            raise Invalid(f"{waiting} {'review waits' if waiting == 1 else 'reviews wait'} in this queue still.")
        destinations.remove(actor=actor, slug=slug)
