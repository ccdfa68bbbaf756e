"""The figures of a queue, on a page and as a table to download."""

import csv
import io

from django.http import HttpResponse
from django.shortcuts import render

from reviews.domain.durations import lasting
from reviews.queries.figures import DAYS, Spread, exported, figures, queue_to_measure
from routing.forms.numbers import whole_number
from routing.transitions import database_now
from routing.views.access import DeskRequest, page

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@page("GET")
def queue_figures(request: DeskRequest, slug: str) -> HttpResponse:
    """Show what waits in a queue, how fast it is decided and what is decided."""
    queue, days = queue_to_measure(request.actor, slug), _days(request)
    found = figures(request.actor, queue, days, database_now())
    context = {
        "queue": queue,
        "figures": found,
        "days": days,
        "all_days": DAYS,
        "flows": [
            ("Came", found.arrived, rate(found.arrived, days)),
            ("Decided", found.decided, rate(found.decided, days)),
        ],
        "times": [("Taken after", _spread(found.to_claim)), ("Decided after", _spread(found.to_verdict))],
        "people": [(one, lasting(one.median)) for one in found.people] if found.people is not None else None,
    }
    return render(request, "reviews/figures.html", context)


@page("GET")
def download_figures(request: DeskRequest, slug: str) -> HttpResponse:
    """Send the decided reviews of a queue as CSV; no cell is taken for a formula."""
    queue, days = queue_to_measure(request.actor, slug), _days(request)
    text = io.StringIO()
    writer = csv.writer(text)
    for row in exported(request.actor, queue, days, database_now()):
        writer.writerow([guarded(str(cell)) for cell in row])
    response = HttpResponse(text.getvalue(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{queue.slug}-{days}-days.csv"'
    return response


def guarded(cell: str) -> str:
    """Return a cell that no spreadsheet runs: what would begin a formula is put behind an apostrophe."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def rate(count: int, days: int) -> str:
    """Return how many that is an hour; a day, when it is less than one an hour."""
    hours = days * 24
    return f"{count / hours:,.1f} an hour" if count >= hours else f"{count / days:,.1f} a day"


def _days(request: DeskRequest) -> int:
    days = whole_number(request.GET.get("days", ""))
    return days if days in DAYS else 7


def _spread(spread: Spread) -> tuple[str, str]:
    return lasting(spread.median), lasting(spread.most) if spread.most is not None else ""
