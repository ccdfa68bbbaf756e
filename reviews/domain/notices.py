"""What people are told of, in which way, and when."""

from datetime import datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

_EARLIEST = timedelta(minutes=30)


class Kind(StrEnum):
    """What a notice tells; also the names of the columns of NoticeWishes."""

    DUE_SOON = "due_soon"
    OVERDUE = "overdue"
    REASSIGNED = "reassigned"
    OVERRULED = "overruled"


class Way(StrEnum):
    """How somebody is told of one kind; whoever gets mail is told in the app too."""

    AT_ONCE = "at_once"
    DIGEST = "digest"
    APP = "app"
    NOT = "not"

    @property
    def mails(self) -> bool:
        """Whether a mail goes out at some time."""
        return self in {Way.AT_ONCE, Way.DIGEST}


def due_soon_at(arrived_at: datetime, due_at: datetime) -> datetime:
    """Return when a review is due soon: a quarter of the time to decide is left, at most 30 minutes."""
    return due_at - max(timedelta(0), min((due_at - arrived_at) / 4, _EARLIEST))


def next_digest(hour: int, zone: ZoneInfo, after: datetime) -> datetime:
    """Return when it is this hour of the day there for the next time."""
    day = after.astimezone(zone).date()
    at = datetime.combine(day, time(hour), tzinfo=zone)
    # By the clock of UTC: two times of one zone are compared by what their walls show, also when that shows one twice.
    if at.timestamp() > after.timestamp():
        return at
    return datetime.combine(day + timedelta(days=1), time(hour), tzinfo=zone)
