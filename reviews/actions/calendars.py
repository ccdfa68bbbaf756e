"""Admins set up the hours in which queues decide."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from reviews.domain.working_time import Span
from reviews.models import Calendar
from routing.actions import configuring
from routing.crash_points import one_transaction
from routing.domain.roles import Actor
from routing.errors import Invalid


@dataclass(frozen=True, slots=True)
class CalendarDetails:
    """When people work: spans of minutes of the day by weekday (0 is Monday), and the days off."""

    name: str
    zone: str
    hours: Mapping[int, tuple[Span, ...]]
    country: str = ""
    region: str = ""
    days_off: tuple[date, ...] = ()


def save_calendar(*, actor: Actor, details: CalendarDetails, calendar_id: int | None = None) -> Calendar:
    """Make a calendar or change one. What waits keeps its due time; what arrives from now on has the new one."""
    configuring.check_admin(actor)
    if not any(details.hours.values()):
        raise Invalid("Give hours for at least one day.", {"hours": "none"})
    row = Calendar.objects.get(pk=calendar_id) if calendar_id is not None else Calendar()
    row.name, row.zone, row.country, row.region = details.name, details.zone, details.country, details.region
    row.hours = {str(day): [list(span) for span in spans] for day, spans in details.hours.items()}
    row.days_off = list(details.days_off)
    row.save()
    return row


def remove_calendar(*, actor: Actor, calendar_id: int) -> None:
    """Remove a calendar; raises Invalid while queues go by it."""
    configuring.check_admin(actor)
    with one_transaction("calendars.remove_calendar"):
        row = Calendar.objects.select_for_update().get(pk=calendar_id)
        names = [str(queue) for queue in row.queues.select_related("destination")]
        if names:
            raise Invalid(f"{', '.join(names)} {'goes' if len(names) == 1 else 'go'} by {row.name}.")
        row.delete()
