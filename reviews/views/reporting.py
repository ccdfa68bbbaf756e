"""Reporting a problem with a finished item."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render

from reviews.forms.reports import ReportForm
from routing.actions.reporting import report_problem, suspects
from routing.errors import Conflict, Invalid
from routing.queries.items import find_item
from routing.views.access import DeskRequest, page


@page("GET", "POST")
def report(request: DeskRequest, code: str) -> HttpResponse:
    """Ask what is wrong with an item, and have people look at it."""
    item = find_item(request.actor, code)
    form = ReportForm(request.POST or None, steps=suspects(item, item.run))
    context = {"item": item, "form": form}
    if not form.is_valid():
        return render(request, "reviews/report.html", context, status=422 if request.method == "POST" else 200)
    given = form.cleaned_data
    try:
        found = report_problem(actor=request.actor, item_id=item.pk, text=given["text"], place=given.get("place", ""))
    except (Conflict, Invalid) as error:
        form.add_error(None, str(error))
        return render(request, "reviews/report.html", context, status=409 if isinstance(error, Conflict) else 422)
    messages.success(request, f"{found.queue_name} looks at {item.code}. What you wrote is in its notes, too.")
    return redirect(item.get_absolute_url())
