"""Refusals that leave the page as it is."""

from django.http import HttpResponse
from django_htmx.http import reswap, trigger_client_event


def said_aside(message: str, status: int, link: tuple[str, str] | None = None) -> HttpResponse:
    """Refuse what htmx sent by a message beside the page, which stays as it is with all that is typed in it.

    ``link`` is a label and an address that the message leads to.
    """
    response = reswap(HttpResponse(status=status), "none")
    toast: dict[str, object] = {"text": message, "tone": "error"}
    if link is not None:
        toast["link"] = {"label": link[0], "url": link[1]}
    trigger_client_event(response, "desk:toast", toast)
    return response
