"""Every queue, AI agent and tool with its main figures, for one page."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Min, Q

from reviews.models import Review
from reviews.queries.figures import measured_places, measured_queues
from reviews.queries.quality import Quality, quality_by_place
from routing.domain.roles import Actor
from routing.queries.items import in_sight


@dataclass(frozen=True, slots=True)
class QueueLine:
    """A queue with what waits in it."""

    slug: str
    name: str
    waiting: int
    oldest: datetime | None
    overdue: int


@dataclass(frozen=True, slots=True)
class PlaceLine:
    """An agent or a tool with how often it was right; ``kind`` in words."""

    slug: str
    name: str
    kind: str
    quality: Quality


def queue_lines(actor: Actor, now: datetime) -> list[QueueLine]:
    """Return the queues whose figures the person may see. One query."""
    is_open = Q(reviews__status=Review.OPEN) & in_sight(actor, "reviews__item")
    rows = measured_queues(actor).filter(destination__archived=False)
    rows = rows.annotate(
        waiting=Count("reviews", filter=is_open),
        oldest=Min("reviews__arrived_at", filter=is_open),
        overdue=Count("reviews", filter=is_open & Q(reviews__due_at__lt=now)),
    )
    return [
        QueueLine(row.slug, str(row), row.waiting, row.oldest, row.overdue)
        for row in rows.order_by("destination__name", "pk")
    ]


def place_lines(actor: Actor, now: datetime) -> list[PlaceLine]:
    """Return the agents and tools in use, and others that people judged lately. Two queries."""
    quality = quality_by_place(actor, now)
    rows = measured_places().filter(Q(archived=False) | Q(slug__in=quality))
    return [
        PlaceLine(row.slug, row.name, row.get_kind_display(), quality.get(row.slug, Quality(None)))
        for row in rows.order_by("kind", "name")
    ]
