"""The board's page and its parts."""

from dataclasses import dataclass
from datetime import timedelta

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from dispatchdesk.board import queries
from dispatchdesk.board.cards import Card, microseconds
from dispatchdesk.board.choices import choices, narrowings
from dispatchdesk.board.filters import OVERDUE, Filters, read_filters
from dispatchdesk.board.paging import Cursor, read_cursor
from dispatchdesk.context import frame_of
from dispatchdesk.feed.position import current_position
from routing.domain.goals import drops
from routing.domain.roles import Actor
from routing.domain.states import STATE_LABELS, State
from routing.errors import Invalid
from routing.queries.moves import acts_of
from routing.views.access import TRIAGE, DeskRequest, page

HINTS = {
    State.INCOMING: "New requests stop here for a moment, until the rules have looked at them.",
    State.WORKING: "Requests that an AI agent, a tool or a data source works on.",
    State.WAITING: "Requests that wait for an answer, for a point in time, or for whoever holds them.",
    State.IN_REVIEW: "Requests that need a person to decide.",
    State.DONE: "What is finished today appears here.",
    State.STOPPED: "What is closed today without being done appears here.",
}
NO_MATCH = "Nothing here fits the filter."


@dataclass(frozen=True, slots=True)
class Column:
    """One column as ``board/_column.html`` shows it."""

    state: str
    label: str
    note: str
    hint: str
    cards: list[Card]
    next_cursor: str
    counted: queries.Count


@page("GET")
def board(request: DeskRequest) -> HttpResponse:
    """Show the board; for htmx its columns, more of one (``column``, ``cursor``), or the counts (``part=counts``)."""
    opens_with = getattr(request.user, "board_query", "")
    if opens_with and not request.GET and not request.htmx:
        return redirect(f"{reverse('board')}?{opens_with}")
    filters = read_filters(request.GET)
    actor, refs = request.actor, frame_of(request).refs
    if request.htmx and request.GET.get("part") == "counts":
        return _counts(actor, filters, refs)
    only = _one_column(request)
    if request.htmx and only:
        state, cursor = only
        found = queries.pages(actor, filters, refs, {state: cursor}, queries.MORE_CARDS)[state]
        part = {"cards": found.cards, "next_cursor": found.next_cursor, "state": state.value}
        return render(request, "board/_cards.html", part | {"more_query": filters.query})
    # Before anything else is read: what changes from here on comes through the feed.
    position = current_position(actor)
    cursors: dict[State, Cursor | None] = dict.fromkeys(State)
    if only:
        cursors[only[0]] = only[1]
    counted, needs = queries.counts(actor, filters, refs)
    context: dict[str, object] = {
        "columns": _columns(actor, filters, refs, cursors, counted),
        "feed_position": position,
        "more_query": filters.query,
        "needs_count": needs.label,
        "bounds": _bounds(filters),
        "filters": filters,
        "most_found": queries.MOST_FOUND if filters.words and _found(counted) >= queries.MOST_FOUND else None,
    }
    if filters.active or not request.htmx:
        offered = choices(actor, filters)
        context |= {"facets": offered.facets, "views": offered.views}
        context["narrowings"] = narrowings(filters, offered.facets)
    if request.htmx:
        return render(request, "board/_columns.html", context)
    context |= {
        "may_move": actor.role in TRIAGE,
        "acts": acts_of(actor.role),
        "drops": drops(actor.role),
        "staffs_queues": any(ref.startswith("queue:") for ref in refs),
    }
    return render(request, "board/board.html", context)


def _found(counted: dict[State, queries.Count]) -> int:
    return sum(queries.COUNTED_TO if one.count is None else one.count for one in counted.values())


def _bounds(filters: Filters) -> dict[str, int | None]:
    """Say between which due times requests are shown (microseconds since 1970), and how long that holds (seconds).

    With the day what finished today and what is due today change; what is overdue changes with every minute.
    """
    now = timezone.now()
    first, before = filters.due_between(now)
    tomorrow = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    good_for = 60 if filters.due == OVERDUE else int((tomorrow - now).total_seconds()) + 1
    return {"first": microseconds(first), "before": microseconds(before), "good_for": good_for}


def _one_column(request: HttpRequest) -> tuple[State, Cursor | None] | None:
    name = request.GET.get("column", "")
    if not name:
        return None
    if name not in set(State):
        raise Invalid("The board has no such column.", {"column": "Open the board again."})
    cursor = request.GET.get("cursor", "")
    return State(name), read_cursor(cursor) if cursor else None


def _columns(
    actor: Actor,
    filters: Filters,
    refs: frozenset[str],
    cursors: dict[State, Cursor | None],
    counted: dict[State, queries.Count],
) -> list[Column]:
    found = queries.pages(actor, filters, refs, cursors, queries.PAGE_CARDS)
    return [
        Column(
            state=state.value,
            label=STATE_LABELS[state],
            note="today" if queries.shows_today_only(state, filters) else "",
            hint=NO_MATCH if filters.active else HINTS[state],
            cards=found[state].cards,
            next_cursor=found[state].next_cursor,
            counted=counted[state],
        )
        for state in cursors
    ]


def _counts(actor: Actor, filters: Filters, refs: frozenset[str]) -> JsonResponse:
    counted, needs = queries.counts(actor, filters, refs)
    columns = {
        state.value: {"count": one.count, "label": one.label, "oldest_at": one.oldest_at}
        for state, one in counted.items()
    }
    return JsonResponse({"columns": columns, "needs": needs.label})
