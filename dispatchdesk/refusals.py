"""Answers refused actions with a page in the user's words (404, 403, 409, 422), and a database that is away by 503."""

import sys
from collections.abc import Callable

from django.db import OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.views.defaults import server_error

from routing.errors import Conflict, Invalid, NotAllowed, NotVisible, RoutingError
from routing.views.asides import said_aside

UNREACHABLE = "The database cannot be reached. Nothing was stored; try again in a moment."

UNREADABLE = "What was sent holds a character that no text has. Nothing was stored."

STATUS = {NotVisible: 404, NotAllowed: 403, Conflict: 409, Invalid: 422}


def status_of(error: RoutingError) -> int:
    """Return the HTTP status that a refusal is answered with."""
    return next((status for kind, status in STATUS.items() if isinstance(error, kind)), 400)


class RefusalMiddleware:
    """Turns a RoutingError that a view did not handle itself into a page or, for htmx, a fragment."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass the request on, to be read as UTF-8 whatever it says: all our forms are, and some charsets are none."""
        request.encoding = "utf-8"
        return self.get_response(request)

    def process_view(self, request: HttpRequest, _view: object, _args: object, _kwargs: object) -> HttpResponse | None:
        """Answer 400 to a form or an address with a NUL, which no browser types and the database cannot hold.

        The API reads its own bodies and says itself what is wrong with them.
        """
        if request.path.startswith("/api/"):
            return None
        given = (request.GET, request.POST)
        if not any("\0" in text for data in given for _, texts in data.lists() for text in texts):
            return None
        return render(request, "refusal.html", {"message": UNREADABLE, "fields": {}}, status=400)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Answer a refusal; anything else goes on as it is."""
        if not isinstance(exception, RoutingError):
            return None
        status, is_htmx = status_of(exception), bool(getattr(request, "htmx", None))
        if is_htmx and request.method != "GET":
            return said_aside(str(exception), status)
        fields = exception.fields if isinstance(exception, Invalid) else {}
        name = "_refusal.html" if is_htmx else "refusal.html"
        return render(request, name, {"message": str(exception), "fields": fields}, status=status)


RETRY_AFTER_SECONDS = 5


def failed(request: HttpRequest) -> HttpResponse:
    """Answer an error nobody handled: 503 while the database cannot be used, else 500."""
    if not isinstance(sys.exc_info()[1], OperationalError):
        return server_error(request)
    response: HttpResponse
    if request.path.startswith("/api/"):
        body = {"type": "about:blank", "title": "Service unavailable", "status": 503, "detail": UNREACHABLE}
        response = JsonResponse(body, status=503, content_type="application/problem+json")
    else:
        response = HttpResponse(render_to_string("503.html"), status=503)
    response["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return response
