"""When a review is due, and when another queue gets it."""

from collections.abc import Container, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import holidays

from reviews.domain.working_time import ROUND_THE_CLOCK, NoWorkingTime, WorkingTime
from reviews.models import Calendar, Queue, Review

CHECK_WITHIN = timedelta(days=7)
LONGEST_WAIT_MINUTES = {3: 30, 2: 2 * 60, 1: 8 * 60, 0: 24 * 60}  # of an item, by its priority; real minutes


@dataclass(frozen=True, slots=True)
class Deadlines:
    """When a review is due, its place in the order, and when another queue gets it (None: never)."""

    due_at: datetime
    order_at: datetime
    overflow_at: datetime | None


def working_time(calendar: Calendar | None) -> WorkingTime:
    """Return the hours that count for a queue with this calendar."""
    if calendar is None:
        return ROUND_THE_CLOCK
    hours = tuple((int(day), tuple((start, end) for start, end in spans)) for day, spans in calendar.hours.items())
    return _working_time(calendar.zone, hours, calendar.country, calendar.region, tuple(calendar.days_off))


@lru_cache(maxsize=100)
def _working_time(
    zone: str,
    hours: tuple[tuple[int, tuple[tuple[int, int], ...]], ...],
    country: str,
    region: str,
    off: tuple[date, ...],
) -> WorkingTime:
    return WorkingTime(ZoneInfo(zone), dict(hours), DaysOff(frozenset(off), public_holidays(country, region)))


def public_holidays(country: str, region: str) -> Container[date]:
    """Return the public holidays of a country or a part of it, every year's; raises NotImplementedError for others."""
    return holidays.country_holidays(country, subdiv=region or None) if country else frozenset()


@dataclass(frozen=True, slots=True)
class DaysOff:
    """Public holidays and the days that somebody wrote down."""

    own: frozenset[date]
    public: Container[date]

    def __contains__(self, day: object) -> bool:
        return day in self.own or (isinstance(day, date) and day in self.public)


def deadlines(queue: Queue, priority: int, now: datetime, before: Review | None = None) -> Deadlines:
    """Return the deadlines of a review that enters a queue.

    ``before`` is the review that asked the requester, or had a draft redone, and is now asked again: its clock stood
    still meanwhile and goes on, and it keeps its age.
    """
    time, longest = working_time(queue.calendar), timedelta(minutes=LONGEST_WAIT_MINUTES[priority])
    minutes, over = queue.service_minutes, queue.overflow_minutes
    if before is not None and before.closed_at is not None:
        minutes = time.between(before.closed_at, before.due_at)
        longest = max(timedelta(0), before.order_at - before.closed_at)
    due = _after(time, now, minutes)
    has_overflow = queue.overflow_id is not None and over is not None
    return Deadlines(due, min(due, now + longest), _after(time, now, over) if has_overflow and over else None)


def check_deadlines(now: datetime) -> Deadlines:
    """Return the deadlines of a check: nothing waits for it, so that it comes after what people wait for."""
    return Deadlines(now + CHECK_WITHIN, now + CHECK_WITHIN, None)


def _after(time: WorkingTime, start: datetime, minutes: int) -> datetime:
    try:
        return time.after(start, minutes)
    except NoWorkingTime:  # a calendar of nothing but holidays: better due early than never
        return start + timedelta(minutes=minutes)


def asked_before(item_ids: Iterable[int]) -> dict[int, Review]:
    """Return the newest review of each item, by its id, when it asked the requester or had an agent write anew."""
    rows = Review.objects.filter(item__in=list(item_ids)).order_by("item_id", "-pk").distinct("item_id")
    asking = Review.objects.filter(
        pk__in=rows.values("pk"), verdicts__kind__in=["ask", "redo"], verdicts__undone_at__isnull=True
    )
    return {row.item_id: row for row in asking}
