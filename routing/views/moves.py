"""Moving items by hand: the page and dialog that offer places, and the moves of one or many with their undoing."""

from collections.abc import Sequence
from dataclasses import asdict

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from routing.actions import moving, moving_many
from routing.actions.moving_many import Result, Seen
from routing.domain.goals import GoalKind
from routing.domain.states import State
from routing.errors import Conflict, Invalid
from routing.models import WorkItem
from routing.queries.items import find_item, visible_items
from routing.queries.moves import places_to_move
from routing.views.access import DeskRequest, page
from routing.views.reviewing import review_address

MOST_DIGITS = 10
_LONGEST_GOAL, _LONGEST_REASON = 200, 2000
_ONLY = {
    "send": ("queue", "destination"),
    "working": ("destination",),
    "in_review": ("queue", "person"),
    "person": ("person",),
    "duplicate": ("duplicate",),
}
_TITLES = {"send": "Send {what} to…", "person": "Assign {what} to…", "duplicate": "{what}: duplicate of…"}


def read_version(text: str) -> int:
    """Return the version of the item that a form was made for; one that no item has when it says none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < MOST_DIGITS else -1


def _goal(request: HttpRequest) -> str:
    to = request.POST.get("to", "").replace("\x00", "")[:_LONGEST_GOAL]
    return f"{to}{request.POST.get('code', '').strip()[:30]}" if to == f"{GoalKind.DUPLICATE}:" else to


def _reason(request: HttpRequest) -> str:
    return request.POST.get("reason", "").replace("\x00", "").strip()[:_LONGEST_REASON]


@page("GET", "POST")
def move(request: DeskRequest, code: str) -> HttpResponse:
    """Offer the places an item may go to, and move it there."""
    item = find_item(request.actor, code)
    status, error = 200, ""
    if request.method == "POST":
        try:
            version = read_version(request.POST.get("version", ""))
            moving.move(
                actor=request.actor, item_id=item.pk, to=_goal(request), version=version, reason=_reason(request)
            )
        except (Conflict, Invalid) as refused:
            item.refresh_from_db()
            status, error = 409 if isinstance(refused, Conflict) else 422, str(refused)
        else:
            messages.success(request, f"{item.code} was moved.")
            return redirect(item.get_absolute_url())
    context = _offered(request, [item]) | {"error": error, "chosen": request.POST.get("to", "")}
    context |= {"code": request.POST.get("code", ""), "reason": request.POST.get("reason", "")}
    return render(request, "board/_move.html" if request.htmx else "board/move.html", context, status=status)


def _offered(request: DeskRequest, items: Sequence[WorkItem]) -> dict[str, object]:
    only = request.GET.get("only", "")
    one = items[0] if len(items) == 1 else None
    groups = places_to_move(request.actor, {State(item.state) for item in items}, one)
    what = one.code if one is not None else f"{len(items)} requests"
    return {
        "item": one,
        "items": items,
        "what": what,
        "title": _TITLES.get(only, "Move {what} to…").format(what=what),
        "move_url": reverse("routing:move", args=[one.code]) if one is not None else reverse("routing:moves"),
        "groups": [group for group in groups if group.slug in _ONLY.get(only, (group.slug,))],
    }


@page("GET", "POST")
def moves(request: DeskRequest) -> HttpResponse:
    """Offer where several items (``items``: codes) may go, and move each of them (``items``: ``CODE:VERSION``)."""
    if request.method == "GET":
        items = visible_items(request.actor, request.GET.getlist("items")[: moving_many.MOST_ITEMS])
        if not items:
            raise Invalid("Choose the requests to move on the board.", {"chosen": "none"})
        if not request.htmx:  # only scripts choose several
            return redirect("routing:move", items[0].code)
        return render(request, "board/_move.html", _offered(request, items))
    return _answer(
        moving_many.move_many(actor=request.actor, items=_seen(request), to=_goal(request), reason=_reason(request))
    )


@page("POST")
def undo(request: DeskRequest) -> HttpResponse:
    """Undo one's own move of each of these items (``items``: ``CODE:VERSION``, as the move left them)."""
    return _answer(moving_many.undo_many(actor=request.actor, items=_seen(request)))


def _seen(request: HttpRequest) -> list[Seen]:
    pairs = [text[:60].partition(":") for text in request.POST.getlist("items")]
    return [(code, read_version(version)) for code, _, version in pairs]


def _answer(results: Sequence[Result]) -> JsonResponse:
    return JsonResponse({"results": [asdict(one) | {"review_url": review_address(one.review_id)} for one in results]})
