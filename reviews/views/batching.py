"""Several reviews that ask the same, side by side, decided with one verdict for the ticked ones."""

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from reviews.actions import judging
from reviews.actions.batching import decide_together
from reviews.actions.judging import Judgement
from reviews.models import Review
from reviews.queries.alike import alike, cards, why_alone
from reviews.queries.waiting import the_review
from reviews.views.workbench import narrowed
from routing.errors import Conflict, Invalid, NotAllowed, NotVisible
from routing.forms.numbers import whole_number
from routing.queries import desk as desk_queries
from routing.transitions import database_now
from routing.views.access import DeskRequest, page

_LONGEST_REASON = 2000


@page("GET", "POST")
def together(request: DeskRequest, review_id: int) -> HttpResponse:
    """Show the reviews like this one side by side, and decide those that were ticked."""
    first = the_review(request.actor, review_id)
    if request.method == "GET":
        return _show(request, first)
    reason = request.POST.get("reason", "").strip()
    kind = request.POST.get("verdict", "")
    if kind == "reject" and not 0 < len(reason) <= _LONGEST_REASON:
        return _show(request, first, error=f"Say why, in at most {_LONGEST_REASON:,} characters.", status=422)
    try:
        done = decide_together(
            actor=request.actor,
            review_id=review_id,
            digests=_ticked(request),
            judgement=Judgement(kind, comment=reason if kind == "reject" else ""),
        )
    except Invalid as error:
        return _show(request, first, error=str(error), status=422)
    held = [one.verdict.hold_until for one in done if one.verdict is not None and one.verdict.hold_until is not None]
    left = int((min(held) - database_now()).total_seconds()) if held else 0
    context = {
        "first": first,
        "decided": [one for one in done if one.verdict is not None],
        "left": [one for one in done if one.verdict is None],
        "kind": kind,
        "seconds_left": max(0, left),
        "narrowing": narrowed(request),
    }
    return render(request, "reviews/together_done.html", context)


def _ticked(request: DeskRequest) -> dict[int, str]:
    ids = [whole_number(given) for given in request.POST.getlist("tick")]
    return {pk: request.POST.get(f"digest-{pk}", "") for pk in ids if pk is not None}


def _show(request: DeskRequest, first: Review, *, error: str = "", status: int = 200) -> HttpResponse:
    desk = desk_queries.load()
    alone = why_alone(first, desk)
    if alone:
        raise NotAllowed(alone)
    rows = list(alike(request.actor, first))
    context = {
        "first": first,
        "cards": cards(rows, desk),
        "kind": first.proposal.get("kind"),
        "ticked": set(_ticked(request)),
        "reason": request.POST.get("reason", ""),
        "error": error,
        "narrowing": narrowed(request),
    }
    return render(request, "reviews/together.html", context, status=status)


@page("POST")
def undo_together(request: DeskRequest, review_id: int) -> HttpResponse:
    """Take back those approvals of a batch whose effects have not left the house."""
    the_review(request.actor, review_id)
    undone, late = [], []
    for pk in _ticked(request):
        try:
            undone.append(judging.undo(actor=request.actor, review_id=pk).item.code)
        except Conflict as error:
            late.append(str(error))
        except NotVisible:  # nothing of it may be said; the others are still taken back
            continue
    if undone:
        messages.success(request, f"Undone. Nothing was sent; yours again: {', '.join(undone)}.")
    for words in late:
        messages.error(request, words)
    return HttpResponseRedirect(reverse("reviews:home") + narrowed(request).query, status=303)
