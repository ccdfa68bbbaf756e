"""Back-tests of a rulebook's draft: started, watched, cancelled and read."""

from django.db.models.fields.json import KT
from django.http import HttpResponse
from django.shortcuts import redirect, render

from routing.actions import backtesting
from routing.errors import Invalid, NotVisible
from routing.forms.backtests import PRESETS, BacktestForm, posted_window
from routing.forms.numbers import whole_number
from routing.models import Backtest
from routing.queries import backtests
from routing.queries import desk as desk_queries
from routing.queries.rulebooks import BookLine
from routing.views.access import ADMINS, DeskRequest, page
from routing.views.drafts import draft_of
from routing.views.rulebooks import visible_book

_LISTED = 50


@page("GET")
def backtest_list(request: DeskRequest, slug: str) -> HttpResponse:
    """Every back-test of a rulebook, and the form that starts one."""
    return _list(request, visible_book(request, slug), BacktestForm())


def _list(request: DeskRequest, line: BookLine, form: BacktestForm, *, status: int = 200) -> HttpResponse:
    rows = Backtest.objects.filter(rulebook__work_type_id=line.type_id).select_related("version", "created_by")
    desk = desk_queries.load()
    context = {
        "book": line,
        "form": form,
        "presets": PRESETS,
        "standing": backtests.standing_of(line.draft, desk) if line.draft else None,
        "rows": rows.defer("content", "tally").annotate(elsewhere=KT("tally__outcomes__elsewhere"))[:_LISTED],
    }
    return render(request, "rulebooks/backtests.html", context, status=status)


@page("GET", "POST", roles=ADMINS)
def start(request: DeskRequest, slug: str) -> HttpResponse:
    """Start following the draft over stored decisions; the address of a refused one leads back to the list."""
    line = visible_book(request, slug)
    if request.method == "GET":
        return redirect("routing:backtests", slug)
    form = posted_window(request.POST)
    most, since = form.window()
    if form.errors:
        return _list(request, line, form, status=422)
    try:
        row = backtesting.start_backtest(actor=request.actor, version_id=draft_of(line).pk, most=most, since=since)
    except Invalid as refusal:
        form.errors = {form.by: str(refusal)}
        return _list(request, line, form, status=422)
    return redirect("routing:backtest", slug, row.pk)


def _backtest(line: BookLine, backtest_id: int) -> Backtest:
    rows = Backtest.objects.filter(rulebook__work_type_id=line.type_id)
    row = rows.select_related("version__rulebook", "rulebook", "created_by").filter(pk=backtest_id).first()
    if row is None:
        raise NotVisible(f"{line.name} has no such back-test.")
    return row


@page("GET")
def backtest(request: DeskRequest, slug: str, backtest_id: int) -> HttpResponse:
    """A back-test: how far it has come, or what came out."""
    line = visible_book(request, slug)
    row = _backtest(line, backtest_id)
    desk = desk_queries.load()
    begin = whole_number(request.GET.get("from", "")) or 0
    changed, more = backtests.changed_items(row, desk, request.actor, begin)
    context = {
        "book": line,
        "row": row,
        "runs": row.status in backtesting.ACTIVE,
        "fresh": backtests.is_fresh(row, row.version, desk),
        "report": backtests.report_of(row, desk.catalogue(line.type_id)),
        "changed": changed,
        "begin": begin,
        "next": begin + backtests.SHOWN if more else None,
    }
    name = "rulebooks/_backtest.html" if request.htmx else "rulebooks/backtest.html"
    return render(request, name, context)


@page("POST", roles=ADMINS)
def cancel(request: DeskRequest, slug: str, backtest_id: int) -> HttpResponse:
    """End a back-test before it is through."""
    row = _backtest(visible_book(request, slug), backtest_id)
    backtesting.cancel_backtest(actor=request.actor, backtest_id=row.pk)
    return redirect("routing:backtest", slug, row.pk)
