"""Queues as they are set up: the list, one's page with its people, and its form."""

from django.contrib import messages
from django.db.models import Count, Q
from django.http import HttpResponse
from django.shortcuts import redirect, render

from reviews.actions import staffing
from reviews.forms.queues import QueueForm, initial_of
from reviews.models import Queue, Review
from reviews.queries.people import staff_of
from routing.actions.destinations import used_by
from routing.actions.editing import ChangedMeanwhile
from routing.errors import Invalid, NotVisible
from routing.kinds import people
from routing.views.access import ADMINS, DeskRequest, page
from routing.views.seen import seen_context


@page("GET")
def queue_list(request: DeskRequest) -> HttpResponse:
    """Every queue with how many people staff it, what waits, and what is wrong."""
    rows = Queue.objects.select_related("destination").filter(destination__archived=False)
    rows = rows.annotate(waiting=Count("reviews", filter=Q(reviews__status=Review.OPEN)))
    lines = [
        {
            "queue": row,
            "words": people().describe(row.destination),
            "waiting": row.waiting,
            "problems": people().problems(row.destination),
        }
        for row in rows
    ]
    return render(request, "settings/queues.html", {"lines": lines})


def _queue(slug: str) -> Queue:
    rows = Queue.objects.select_related("destination").filter(destination__archived=False)
    queue = rows.filter(destination__slug=slug).first()
    if queue is None:
        raise NotVisible(f"There is no queue “{slug}”.")
    return queue


@page("GET")
def queue(request: DeskRequest, slug: str) -> HttpResponse:
    """What a queue's people are told, who they are, and what is wrong."""
    row = _queue(slug)
    leads = set(row.memberships.filter(lead=True).values_list("user_id", flat=True))
    members = set(row.memberships.values_list("user_id", flat=True))
    staff = [
        {"user": person, "is_lead": person.pk in leads, "is_member": person.pk in members}
        for person in staff_of(row).order_by("first_name", "username")
    ]
    context = {
        "queue": row,
        "place": row.destination,
        "staff": staff,
        "groups": row.groups.all(),
        "problems": people().problems(row.destination),
        "used_by": used_by(slug),
        "waiting": row.reviews.filter(status=Review.OPEN).count(),
    }
    return render(request, "settings/queue.html", context)


@page("GET", "POST", roles=ADMINS)
def new(request: DeskRequest) -> HttpResponse:
    """Add a queue."""
    if request.method == "GET":
        return _form(request, QueueForm())
    form = QueueForm(request.POST)
    if not form.is_valid():
        return _form(request, form, status=422)
    slug = form.cleaned_data["slug"]
    try:
        staffing.save_queue(actor=request.actor, slug=slug, details=form.details(), new=True)
    except Invalid as refusal:
        _mark(form, refusal)
        return _form(request, form, status=422)
    messages.success(request, f"{form.cleaned_data['name']} is there. Rules can send to it now.")
    return redirect("queues:queue", slug)


@page("GET", "POST", roles=ADMINS)
def edit(request: DeskRequest, slug: str) -> HttpResponse:
    """Change a queue and its people."""
    row = _queue(slug)
    if request.method == "GET":
        return _form(request, QueueForm(existing=row, initial=initial_of(staffing.details_of(row))), row)
    form = QueueForm(request.POST, existing=row)
    if not form.is_valid():
        return _form(request, form, row, status=422)
    try:
        seen = request.POST.get("seen", "")
        staffing.save_queue(actor=request.actor, slug=slug, details=form.details(), seen=seen)
    except Invalid as refusal:
        _mark(form, refusal)
        return _form(request, form, row, status=422)
    except ChangedMeanwhile as conflict:
        form = QueueForm(request.POST, existing=row, initial=initial_of(conflict.stored))
        return _form(request, form, row, status=409, conflict=conflict)
    messages.success(request, f"{form.cleaned_data['name']} is saved.")
    return redirect("queues:queue", slug)


def _mark(form: QueueForm, refusal: Invalid) -> None:
    for name, message in refusal.fields.items():
        form.add_error(name, message)


def _form(
    request: DeskRequest,
    form: QueueForm,
    row: Queue | None = None,
    *,
    status: int = 200,
    conflict: ChangedMeanwhile | None = None,
) -> HttpResponse:
    context: dict[str, object] = {"form": form, "queue": row}
    if row is not None:
        context |= seen_context(request, form, staffing.details_of(row), conflict)
    return render(request, "settings/queue_form.html", context, status=status)


@page("POST", roles=ADMINS)
def remove(request: DeskRequest, slug: str) -> HttpResponse:
    """Take a queue out of use."""
    row = _queue(slug)
    try:
        staffing.remove_queue(actor=request.actor, slug=slug)
    except Invalid as refusal:
        messages.error(request, str(refusal))
        return redirect("queues:queue", slug)
    messages.success(request, f"{row.destination.name} is out of use.")
    return redirect("queues:list")
