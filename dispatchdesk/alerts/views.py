"""The strip of alerts alone, which open pages fetch again."""

from django.http import HttpResponse
from django.shortcuts import render

from routing.views.access import DeskRequest, page


@page("GET")
def alert_strip(request: DeskRequest) -> HttpResponse:
    """Show what holds work up now."""
    return render(request, "_frame/alerts.html")
