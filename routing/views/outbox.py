"""The outbox of a desk without a mail server: what would have been sent, with the links in it."""

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render

from routing.errors import NotVisible
from routing.queries import letters
from routing.views.access import DeskRequest, page

MOST_SHOWN = 100


@page("GET")
def outbox(request: DeskRequest) -> HttpResponse:
    """List the newest mails; a desk with a mail server has no such page."""
    if settings.EMAIL_SERVER is not None:
        raise NotVisible("Mail is sent by your mail server. Each request's page lists its letters.")
    return render(request, "items/outbox.html", {"mails": letters.outbox(request.actor, limit=MOST_SHOWN)})
