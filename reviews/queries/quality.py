"""How often the work of agents and tools is right, as people found it."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.conf import settings
from django.db import connection

from reviews.domain.intervals import share_interval
from routing.domain.roles import Actor

WEEKS = 12

# A tool did right when its request went out, with or without other words in it; an agent, when its words were kept.
# Neither did where the item was found to be of another type: then nothing that was proposed is used.
_JUDGED = """
    SELECT subject, date_trunc('week', r.closed_at AT TIME ZONE %(zone)s)::date,
        CASE WHEN r.kind = 'check' THEN r.cause ELSE 'asked' END,
        count(*) FILTER (WHERE CASE
            WHEN coalesce(v.proposal->'calls' @> jsonb_build_array(jsonb_build_object('destination', subject)), false)
            THEN v.kind <> 'reject' AND NOT coalesce(v.correction ? 'type', false)
            ELSE v.kind = 'approve' AND fixed.first IS NULL END),
        count(*)
    FROM reviews_review r JOIN routing_workitem i ON i.id = r.item_id JOIN reviews_verdict v ON v.review_id = r.id
    CROSS JOIN unnest(r.about) AS subject
    LEFT JOIN LATERAL (SELECT f.first FROM reviews_verdict f WHERE f.review_id = r.id
        AND f.first AND f.kind = 'correct' AND f.undone_at IS NULL LIMIT 1) fixed ON true
    WHERE r.status = 'decided' AND r.closed_at >= %(since)s AND r.about <> '{}'
    AND (%(slug)s = '' OR (r.about @> ARRAY[%(slug)s]::varchar[] AND subject = %(slug)s))
    AND v.undone_at IS NULL AND NOT v.first AND v.kind IN ('approve', 'correct', 'reject', 'redo')
    AND (v.kind <> 'redo' OR v.proposal->'calls' IS NULL
        OR NOT v.proposal->'calls' @> jsonb_build_array(jsonb_build_object('destination', subject)))
    AND (%(types)s::bigint[] IS NULL OR i.work_type_id IS NULL OR i.work_type_id = ANY(%(types)s::bigint[]))
    GROUP BY 1, 2, 3"""


@dataclass(frozen=True, slots=True)
class Right:
    """How many of the checked were right; ``low`` and ``high`` are the 95 % interval of the share, in per cent."""

    right: int = 0
    checked: int = 0

    @property
    def percent(self) -> float:
        """The share that was right, in per cent; 0 when nothing was checked."""
        return 100 * self.right / self.checked if self.checked else 0.0

    @property
    def low(self) -> float:
        """The lower end of the interval."""
        return 100 * share_interval(self.right, self.checked)[0]

    @property
    def high(self) -> float:
        """The upper end of the interval."""
        return 100 * share_interval(self.right, self.checked)[1]

    def __add__(self, other: "Right") -> "Right":
        """Return both together."""
        return Right(self.right + other.right, self.checked + other.checked)


_NOTHING = Right()


@dataclass(frozen=True, slots=True)
class Quality:
    """One week, or all of them (``week`` None).

    ``asked`` is what people were asked before it happened, ``spot_check`` what was drawn by chance afterwards,
    ``reported`` what somebody said was wrong. They are kept apart: only the drawn ones stand for all that nobody saw.
    """

    week: date | None
    asked: Right = _NOTHING
    spot_check: Right = _NOTHING
    reported: Right = _NOTHING


def weekly_quality(actor: Actor, slug: str, now: datetime) -> list[Quality]:
    """Return what an agent or a tool did right, the newest of the last ``WEEKS`` weeks first and then all of them.

    Weeks without any are left out. One query.
    """
    weeks: dict[date, dict[str, Right]] = defaultdict(dict)
    for _, week, sort, right, checked in _judged(actor, slug, now):
        weeks[week][sort] = Right(right, checked)
    found = [Quality(week, **parts) for week, parts in sorted(weeks.items(), reverse=True)]
    return [*found, _together(found)] if found else []


def quality_by_place(actor: Actor, now: datetime) -> dict[str, Quality]:
    """Return what each agent and tool did right in the last ``WEEKS`` weeks, by slug. One query."""
    places: dict[str, dict[str, Right]] = defaultdict(lambda: defaultdict(Right))
    for slug, _, sort, right, checked in _judged(actor, "", now):
        places[slug][sort] += Right(right, checked)
    return {slug: Quality(None, **parts) for slug, parts in places.items()}


def _together(found: list[Quality]) -> Quality:
    parts = [(one.asked, one.spot_check, one.reported) for one in found]
    asked, spot, reported = (sum(column, _NOTHING) for column in zip(*parts, strict=True))
    return Quality(None, asked, spot, reported)


def _judged(actor: Actor, slug: str, now: datetime) -> list[tuple[str, date, str, int, int]]:
    types = None if actor.visible_types is None else sorted(actor.visible_types)
    since = now - timedelta(weeks=WEEKS)
    with connection.cursor() as cursor:
        cursor.execute(_JUDGED, {"zone": settings.TIME_ZONE, "since": since, "slug": slug, "types": types})
        return list(cursor.fetchall())
