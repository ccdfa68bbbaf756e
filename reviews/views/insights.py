"""Insights: how the queues, the AI agents and the tools do."""

from django.http import HttpResponse
from django.shortcuts import render

from reviews.queries.insights import place_lines, queue_lines
from reviews.queries.quality import WEEKS
from routing.transitions import database_now
from routing.views.access import DeskRequest, page


@page("GET")
def insights(request: DeskRequest) -> HttpResponse:
    """Show what waits in each queue, and how often the work of each agent and tool was right."""
    now = database_now()
    context = {"queues": queue_lines(request.actor, now), "places": place_lines(request.actor, now), "weeks": WEEKS}
    return render(request, "reviews/insights.html", context)
