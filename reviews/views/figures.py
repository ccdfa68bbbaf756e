"""The figures of queues, AI agents and tools, on pages and as tables to download."""

import csv
import io
from collections.abc import Iterable

from django.http import HttpResponse
from django.shortcuts import render

from reviews.domain.durations import lasting
from reviews.queries.figures import DAYS, Measured, Spread, exported, figures, place_to_measure, queue_to_measure
from reviews.queries.quality import WEEKS, weekly_quality
from routing.forms.numbers import whole_number
from routing.transitions import database_now
from routing.views.access import DeskRequest, page

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@page("GET")
def queue_figures(request: DeskRequest, slug: str) -> HttpResponse:
    """Show what waits in a queue, how fast it is decided and what is decided."""
    return _show(request, queue_to_measure(request.actor, slug))


@page("GET")
def place_figures(request: DeskRequest, slug: str) -> HttpResponse:
    """Show how often the work of an agent or a tool was right, and how fast people decide on it."""
    measured = place_to_measure(request.actor, slug)
    weeks = weekly_quality(request.actor, slug, database_now())
    return _show(request, measured, {"weeks": weeks, "most_weeks": WEEKS})


def _show(request: DeskRequest, measured: Measured, more: dict[str, object] | None = None) -> HttpResponse:
    days = _days(request)
    found = figures(request.actor, measured, days, database_now())
    context = {
        "measured": measured,
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
    return render(request, "reviews/figures.html", context | (more or {}))


@page("GET")
def download_figures(request: DeskRequest, slug: str) -> HttpResponse:
    """Send the decided reviews of a queue as CSV."""
    return _download(request, queue_to_measure(request.actor, slug))


@page("GET")
def download_place_figures(request: DeskRequest, slug: str) -> HttpResponse:
    """Send the decided reviews about the work of an agent or a tool as CSV."""
    return _download(request, place_to_measure(request.actor, slug))


def _download(request: DeskRequest, measured: Measured) -> HttpResponse:
    days = _days(request)
    rows = exported(request.actor, measured, days, database_now())
    return as_csv(f"{measured.slug}-{days}-days.csv", rows)


@page("GET")
def download_quality(request: DeskRequest, slug: str) -> HttpResponse:
    """Send how often the work of an agent or a tool was right, week by week, as CSV."""
    measured = place_to_measure(request.actor, slug)
    rows: list[list[object]] = [["week from", "found", "right", "checked", "percent right", "95 % from", "95 % to"]]
    for one in weekly_quality(request.actor, slug, database_now()):
        if one.week is None:
            continue
        for sort, part in (("asked", one.asked), ("spot check", one.spot_check), ("reported", one.reported)):
            if part.checked:
                shares = [f"{share:.1f}" for share in (part.percent, part.low, part.high)]
                rows.append([one.week.isoformat(), sort, part.right, part.checked, *shares])
    return as_csv(f"{measured.slug}-weeks.csv", rows)


def as_csv(name: str, rows: Iterable[Iterable[object]]) -> HttpResponse:
    """Return rows as a CSV file to download; no cell is taken for a formula."""
    text = io.StringIO()
    writer = csv.writer(text)
    for row in rows:
        writer.writerow([guarded(str(cell)) for cell in row])
    response = HttpResponse(text.getvalue(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
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
