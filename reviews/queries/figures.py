"""How a queue, an agent or a tool does: what waits, how fast it is decided, and what is decided."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.db import connection
from django.db.models import Count, Min, Q, QuerySet

from reviews.models import Queue, Review, Verdict
from reviews.models.reviews import DECIDES, verdict_words
from reviews.queries.narrowing import CAUSES
from reviews.queries.people import is_lead, queues_of
from routing.domain.roles import Actor, Role
from routing.errors import NotVisible
from routing.models import Destination, DestinationKind
from routing.queries.items import in_sight

DAYS = (1, 7, 30)
MOST_EXPORTED = 10_000

# What was decided in the time, with the verdict that closed it.
_DECIDED = """
    FROM reviews_review r JOIN routing_workitem i ON i.id = r.item_id JOIN reviews_verdict v ON v.review_id = r.id
    WHERE (%(queue)s::bigint IS NULL OR r.queue_id = %(queue)s)
    AND (%(about)s = '' OR r.about @> ARRAY[%(about)s]::varchar[]) AND r.status = 'decided' AND r.closed_at >= %(since)s
    AND v.undone_at IS NULL AND NOT v.first AND v.kind <> 'reassign'
    AND (%(types)s::bigint[] IS NULL OR i.work_type_id IS NULL OR i.work_type_id = ANY(%(types)s::bigint[]))"""
_KIND = """CASE WHEN v.kind = 'correct' AND v.proposal->>'kind' NOT IN ('route', 'continue')
    AND v.correction ? 'type' THEN 'retype' ELSE v.kind END"""
_MIX = f"SELECT {_KIND}, r.kind, count(*) {_DECIDED} GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2"
_PEOPLE = f"""
    SELECT v.by_id, count(*), percentile_cont(0.5) WITHIN GROUP (ORDER BY r.closed_at - r.claimed_at)
    {_DECIDED} GROUP BY 1 ORDER BY 2 DESC, 1"""
_TIMES = f"""
    SELECT percentile_cont(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY r.claimed_at - r.arrived_at),
        percentile_cont(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY r.closed_at - r.arrived_at)
    {_DECIDED}"""


@dataclass(frozen=True, slots=True)
class Measured:
    """What is measured: a queue, or the work of an agent or a tool (then without a queue)."""

    slug: str
    name: str
    queue_id: int | None = None

    def rows(self, actor: Actor) -> QuerySet[Review]:
        """Return the reviews of the queue, or about the work, whose types the person may see."""
        measured = Q(queue=self.queue_id) if self.queue_id else Q(about__contains=[self.slug])
        return Review.objects.filter(measured, in_sight(actor, "item"))


@dataclass(frozen=True, slots=True)
class Spread:
    """The median and the 95th percentile of durations; None when nothing was measured."""

    median: timedelta | None = None
    most: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Share:
    """How many were decided so, or by this person, and their share of all in per cent.

    ``median`` is how long the person had them, from taking to deciding.
    """

    words: str
    count: int
    percent: int
    median: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures over some days.

    ``to_claim`` runs from arrival to the last time somebody took it, ``to_verdict`` from arrival to the verdict; both
    in real time. ``people`` is None for whoever does not lead the queue.
    """

    waiting: int
    oldest: datetime | None
    overdue: int
    arrived: int
    decided: int
    to_claim: Spread
    to_verdict: Spread
    mix: list[Share]
    people: list[Share] | None


def measured_queues(actor: Actor) -> QuerySet[Queue]:
    """Return the queues whose figures this person may see: operators and admins of all, others of their own."""
    rows = Queue.objects.select_related("destination")
    if actor.role in {Role.OPERATOR, Role.ADMIN}:
        return rows
    return rows.filter(pk__in=queues_of(actor).order_by().values("pk"))


def measured_places() -> QuerySet[Destination]:
    """Return the agents and tools, whose figures anybody of the desk may see."""
    return Destination.objects.filter(kind__in=[DestinationKind.AGENT, DestinationKind.TOOL])


def queue_to_measure(actor: Actor, slug: str) -> Measured:
    """Return a queue whose figures this person may see; raises NotVisible."""
    queue = measured_queues(actor).filter(destination__slug=slug).first()
    if queue is None or not actor.is_staff_member:
        raise NotVisible("There is no such queue, or you are not in it.")
    return Measured(slug, str(queue), queue.pk)


def place_to_measure(actor: Actor, slug: str) -> Measured:
    """Return an agent or a tool whose figures this person may see; raises NotVisible."""
    place = measured_places().filter(slug=slug).first()
    if place is None or not actor.is_staff_member:
        raise NotVisible("There is no such AI agent or tool.")
    return Measured(slug, place.name)


def figures(actor: Actor, measured: Measured, days: int, now: datetime) -> Figures:
    """Return the figures over the last ``days``; a type that the person may not see is not counted."""
    since = now - timedelta(days=days)
    rows = measured.rows(actor)
    waiting = rows.filter(status=Review.OPEN).aggregate(
        waiting=Count("pk"), oldest=Min("arrived_at"), overdue=Count("pk", filter=Q(due_at__lt=now))
    )
    # By every queue, because the index of arrivals begins with the queue.
    arrived = rows.filter(queue__in=Queue.objects.all(), arrived_at__gte=since).count()
    types = None if actor.visible_types is None else sorted(actor.visible_types)
    about = "" if measured.queue_id else measured.slug
    given = {"queue": measured.queue_id, "about": about, "since": since, "types": types}
    mix = _asked(_MIX, given)
    decided = sum(count for *_, count in mix)
    [(to_claim, to_verdict)] = _asked(_TIMES, given)
    leads = measured.queue_id is not None and is_lead(actor, measured.queue_id)
    return Figures(
        **waiting,
        arrived=arrived,
        decided=decided,
        to_claim=Spread(*to_claim or ()),
        to_verdict=Spread(*to_verdict or ()),
        mix=[Share(verdict_words(kind, of), count, round(100 * count / decided)) for kind, of, count in mix],
        people=_people(_asked(_PEOPLE, given), decided) if leads else None,
    )


def _asked(query: str, given: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query, given)
        return list(cursor.fetchall())


def _people(rows: list[tuple[Any, ...]], decided: int) -> list[Share]:
    people = get_user_model().objects.in_bulk([row[0] for row in rows])
    return [Share(people[by].display_name(), count, round(100 * count / decided), median) for by, count, median in rows]


def exported(actor: Actor, measured: Measured, days: int, now: datetime) -> Iterator[list[object]]:
    """Yield the heads and then a row for each of the newest decided reviews; the person only for leads."""
    leads = measured.queue_id is not None and is_lead(actor, measured.queue_id)
    yield ["request", "question", "why", "rule", "arrived", "taken", "decided", "due", "decision", *["by"] * leads]
    reviews = measured.rows(actor).filter(status=Review.DECIDED, closed_at__gte=now - timedelta(days=days))
    rows = Verdict.objects.filter(DECIDES, review__in=reviews).select_related("review__item", "by").order_by("-pk")
    for verdict in rows[:MOST_EXPORTED]:
        review = verdict.review
        times = (review.arrived_at, review.claimed_at, review.closed_at, review.due_at)
        told = [time.isoformat(timespec="seconds") if time else "" for time in times]
        who = [verdict.by.display_name()] if leads else []
        yield [
            review.item.code,
            review.question,
            CAUSES.get(review.cause, review.cause),
            review.rule_id,
            *told,
            verdict.words,
            *who,
        ]
