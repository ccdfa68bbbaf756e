"""Working time: how long something takes when nights, weekends and holidays do not count."""

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

DAY_MINUTES = 24 * 60
LONGEST_LOOK_DAYS = 4_000  # ten years and more; a service level ends within it or not at all
Span = tuple[int, int]  # minutes of a day, from and until


class NoWorkingTime(Exception):
    """Nobody works within the next ten years by these hours."""


@dataclass(frozen=True)
class WorkingTime:
    """The hours in which people work: spans of minutes by weekday (0 is Monday) in a time zone, but for holidays.

    Spans of a day are in order and do not touch. Where the clock is put forward or back, real minutes count.
    """

    zone: ZoneInfo
    hours: Mapping[int, tuple[Span, ...]]
    holidays: Container[date] = frozenset()

    def after(self, start: datetime, minutes: int) -> datetime:
        """Return when this many working minutes are over; the start of the next span when none are asked for.

        Raises NoWorkingTime when that is more than ten years away.
        """
        left = timedelta(minutes=minutes)
        for opens, closes in self._spans(start):
            begins = max(opens, start)
            if closes - begins >= left and closes > begins:
                return begins + left
            left -= max(timedelta(0), closes - begins)
        raise NoWorkingTime

    def between(self, start: datetime, end: datetime) -> int:
        """Return how many working minutes lie between two moments, whole ones; 0 when they stand the other way."""
        worked = timedelta(0)
        for opens, closes in self._spans(start):
            if opens >= end:
                break
            worked += max(timedelta(0), min(closes, end) - max(opens, start))
        return int(worked.total_seconds() // 60)

    def _spans(self, start: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Yield the spans that end after ``start``, as moments in UTC."""
        first = start.astimezone(self.zone).date()
        for number in range(LONGEST_LOOK_DAYS):
            day = first + timedelta(days=number)
            if day in self.holidays:
                continue
            for opens, closes in self.hours.get(day.weekday(), ()):
                moments = self._moment(day, opens), self._moment(day, closes)
                if moments[1] > start:
                    yield moments

    def _moment(self, day: date, minute: int) -> datetime:
        if minute == DAY_MINUTES:
            day, minute = day + timedelta(days=1), 0
        return datetime.combine(day, time(minute // 60, minute % 60), tzinfo=self.zone).astimezone(UTC)


ROUND_THE_CLOCK = WorkingTime(ZoneInfo("UTC"), dict.fromkeys(range(7), ((0, DAY_MINUTES),)))
