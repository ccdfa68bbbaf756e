"""The hours in which queues decide, as they are set up."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render

from reviews.actions.calendars import remove_calendar, save_calendar
from reviews.forms.calendars import WEEKDAYS, CalendarForm, initial_of, write_hours
from reviews.models import Calendar
from routing.errors import Invalid, NotVisible
from routing.views.access import ADMINS, DeskRequest, page


@page("GET")
def calendar_list(request: DeskRequest) -> HttpResponse:
    """Every calendar with its hours and the queues that go by it."""
    lines = [
        {"calendar": row, "hours": _words(row), "queues": [str(queue) for queue in row.queues.all()]}
        for row in Calendar.objects.prefetch_related("queues__destination")
    ]
    return render(request, "settings/calendars.html", {"lines": lines})


def _words(row: Calendar) -> list[tuple[str, str]]:
    return [(WEEKDAYS[int(day)], write_hours(spans)) for day, spans in sorted(row.hours.items())]


@page("GET", "POST", roles=ADMINS)
def new(request: DeskRequest) -> HttpResponse:
    """Add a calendar."""
    return _edit(request, None)


@page("GET", "POST", roles=ADMINS)
def edit(request: DeskRequest, calendar_id: int) -> HttpResponse:
    """Change a calendar."""
    return _edit(request, _calendar(calendar_id))


def _calendar(calendar_id: int) -> Calendar:
    row = Calendar.objects.filter(pk=calendar_id).first()
    if row is None:
        raise NotVisible("There are no such working hours any more.")
    return row


def _edit(request: DeskRequest, row: Calendar | None) -> HttpResponse:
    if request.method == "GET":
        form = CalendarForm(existing=row, initial=initial_of(row) if row else None)
        return render(request, "settings/calendar_form.html", {"form": form, "calendar": row})
    form = CalendarForm(request.POST, existing=row)
    if not form.is_valid():
        return render(request, "settings/calendar_form.html", {"form": form, "calendar": row}, status=422)
    saved = save_calendar(actor=request.actor, details=form.details(), calendar_id=row.pk if row else None)
    messages.success(request, f"{saved.name} is saved. It counts for what arrives from now on.")
    return redirect("queues:calendars")


@page("POST", roles=ADMINS)
def remove(request: DeskRequest, calendar_id: int) -> HttpResponse:
    """Remove a calendar that no queue goes by."""
    row = _calendar(calendar_id)
    try:
        remove_calendar(actor=request.actor, calendar_id=row.pk)
    except Invalid as refusal:
        messages.error(request, str(refusal))
        return redirect("queues:calendars")
    messages.success(request, f"{row.name} is removed.")
    return redirect("queues:calendars")
