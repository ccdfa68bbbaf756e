"""Working time: nights, weekends, holidays and the change of clocks do not count."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviews.domain.working_time import ROUND_THE_CLOCK, NoWorkingTime, WorkingTime

BERLIN = ZoneInfo("Europe/Berlin")
NINE_TO_FIVE = dict.fromkeys(range(5), ((9 * 60, 12 * 60), (13 * 60, 17 * 60)))
OFFICE = WorkingTime(BERLIN, NINE_TO_FIVE, frozenset({date(2026, 12, 25)}))


def at(text: str) -> datetime:
    """A moment of the office's clock, such as "2026-11-25 16:00"."""
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN)


@pytest.mark.parametrize(
    ("start", "minutes", "end"),
    [
        ("2026-11-25 10:00", 60, "2026-11-25 11:00"),
        ("2026-11-25 11:30", 60, "2026-11-25 13:30"),  # a Wednesday, over lunch
        ("2026-11-25 16:00", 120, "2026-11-26 10:00"),
        ("2026-11-27 16:30", 60, "2026-11-30 09:30"),  # over a weekend
        ("2026-11-28 12:00", 60, "2026-11-30 10:00"),  # began on a Saturday
        ("2026-12-24 16:30", 60, "2026-12-28 09:30"),  # over a holiday and the weekend after it
        ("2026-11-25 20:00", 0, "2026-11-26 09:00"),
        ("2026-11-25 17:00", 1, "2026-11-26 09:01"),
        ("2026-11-25 16:59", 1, "2026-11-25 17:00"),
    ],
)
def test_only_working_minutes_count(start: str, minutes: int, end: str) -> None:
    assert OFFICE.after(at(start), minutes) == at(end)


def test_a_day_on_which_the_clock_is_put_back_is_an_hour_longer() -> None:
    nights = WorkingTime(BERLIN, dict.fromkeys(range(7), ((0, 24 * 60),)))
    assert nights.after(at("2026-10-25 00:00"), 24 * 60) == at("2026-10-25 23:00")
    assert nights.between(at("2026-10-25 00:00"), at("2026-10-26 00:00")) == 25 * 60


def test_where_nobody_ever_works_nothing_is_due() -> None:
    with pytest.raises(NoWorkingTime):
        WorkingTime(BERLIN, {}).after(at("2026-11-25 10:00"), 1)


_moments = st.integers(0, 365 * 24 * 60).map(
    lambda minute: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minute)
)
_minutes = st.integers(0, 20_000)


@given(_moments, _minutes)
def test_as_many_minutes_lie_between_as_were_asked_for(start: datetime, minutes: int) -> None:
    end = OFFICE.after(start, minutes)
    assert end >= start
    assert OFFICE.between(start, end) == minutes


@given(_moments, _minutes, _minutes)
def test_time_taken_in_two_parts_is_as_long_as_in_one(start: datetime, first: int, second: int) -> None:
    second += 1
    assert OFFICE.after(OFFICE.after(start, first), second) == OFFICE.after(start, first + second)


@given(_moments, _minutes)
def test_round_the_clock_every_minute_counts(start: datetime, minutes: int) -> None:
    assert ROUND_THE_CLOCK.after(start, minutes) == start + timedelta(minutes=minutes)
