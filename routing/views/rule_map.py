"""The map of a rulebook: who gets what after what, drawn and as a table."""

from django.http import HttpResponse
from django.shortcuts import render

from routing.domain.flow import flow
from routing.domain.flow_picture import picture
from routing.errors import Invalid, NotVisible
from routing.queries import desk as desk_queries
from routing.queries import rulebooks
from routing.views.access import DeskRequest, page
from routing.views.rulebooks import visible_book


@page("GET")
def rulebook_map(request: DeskRequest, slug: str, number: int) -> HttpResponse:
    """Draw one version of a rulebook."""
    line = visible_book(request, slug)
    shown = rulebooks.find_version(line.type_id, number)
    if shown is None:
        raise NotVisible(f"{line.name} has no version {number}.")
    rules = rulebooks.read_rules(shown)
    if rules is None:
        raise Invalid("These rules cannot be read.")
    drawn = flow(rules, desk_queries.load().catalogue(line.type_id))
    rows = [
        {
            "way": way,
            "starts": [drawn.places[key].label for key in way.starts],
            "to": [drawn.places[key].label for key in way.to],
        }
        for way in drawn.ways
    ]
    context = {"book": line, "version": shown, "picture": picture(drawn), "rows": rows}
    return render(request, "rulebooks/map.html", context)
