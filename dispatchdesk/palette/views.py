"""What the command palette lists for the words that were typed."""

from django.http import HttpResponse
from django.shortcuts import render

from dispatchdesk.board.filters import read_filters
from dispatchdesk.palette.queries import found_items, found_pages
from routing.queries import desk as desk_queries
from routing.views.access import DeskRequest, page


@page("GET")
def palette(request: DeskRequest) -> HttpResponse:
    """List the requests and pages that fit ``q``."""
    filters = read_filters({"q": request.GET.get("q", "")})
    context = {
        "items": found_items(request.actor, filters),
        "pages": found_pages(request.actor, filters.words, desk_queries.load()),
        "words": filters.q,
    }
    return render(request, "_frame/palette_found.html", context)
