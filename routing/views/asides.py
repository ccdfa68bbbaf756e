"""Refusals that leave the page as it is."""

from django.http import HttpResponse
from django_htmx.http import reswap, trigger_client_event


def said_aside(message: str, status: int) -> HttpResponse:
    """Refuse what htmx sent by a message beside the page, which stays as it is with all that is typed in it."""
    response = reswap(HttpResponse(status=status), "none")
    trigger_client_event(response, "desk:toast", {"text": message, "tone": "error"})
    return response
