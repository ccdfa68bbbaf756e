"""Who may open a page: every view is wrapped by ``page``, which names its methods and roles."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_http_methods
from django_htmx.http import HttpResponseClientRedirect
from django_htmx.middleware import HtmxDetails

from routing.domain.roles import Actor, Role
from routing.errors import NotAllowed
from routing.views.asides import said_aside

STAFF = frozenset({Role.OPERATOR, Role.REVIEWER, Role.ADMIN})
TRIAGE = frozenset({Role.OPERATOR, Role.ADMIN})
ADMINS = frozenset({Role.ADMIN})


class DeskRequest(HttpRequest):
    """A request of somebody who is signed in; the actor is set by the accounts' middleware."""

    actor: Actor
    htmx: HtmxDetails


_Params = ParamSpec("_Params")
_View = Callable[Concatenate[DeskRequest, _Params], HttpResponse]


def page(
    *methods: str, roles: frozenset[Role] = STAFF
) -> Callable[[_View[_Params]], Callable[Concatenate[HttpRequest, _Params], HttpResponse]]:
    """Allow these methods to people with one of these roles; an expired session leads to the sign-in page.

    The roles are kept on the view as ``roles``, which the table of routes is checked against.
    """

    def decorate(view: _View[_Params]) -> Callable[Concatenate[HttpRequest, _Params], HttpResponse]:
        @wraps(view)
        def checked(request: HttpRequest, /, *args: _Params.args, **kwargs: _Params.kwargs) -> HttpResponse:
            actor: Actor | None = getattr(request, "actor", None)
            if actor is None:
                return _to_sign_in(request)
            if actor.role not in roles:
                raise NotAllowed("Your role does not open this page.")
            response = view(request, *args, **kwargs)  # type: ignore[arg-type]
            patch_vary_headers(response, ["HX-Request"])
            return response

        limited = require_http_methods(list(methods))(checked)
        limited.roles = roles  # type: ignore[attr-defined]
        return limited

    return decorate


ANYBODY = frozenset(Role)
_OpenView = Callable[Concatenate[HttpRequest, _Params], HttpResponse]


def open_page(
    *methods: str,
) -> Callable[[_OpenView[_Params]], Callable[Concatenate[HttpRequest, _Params], HttpResponse]]:
    """Allow these methods to everybody, signed in or not: what the page shows depends on its address alone.

    Such a page is neither kept by caches nor listed by search engines.
    """

    def decorate(view: _OpenView[_Params]) -> Callable[Concatenate[HttpRequest, _Params], HttpResponse]:
        @wraps(view)
        def open_to_all(request: HttpRequest, /, *args: _Params.args, **kwargs: _Params.kwargs) -> HttpResponse:
            response = view(request, *args, **kwargs)
            response.headers["Cache-Control"] = "no-store"
            response.headers["X-Robots-Tag"] = "noindex, nofollow"
            return response

        limited = require_http_methods(list(methods))(open_to_all)
        limited.roles = ANYBODY  # type: ignore[attr-defined]
        return limited

    return decorate


def _to_sign_in(request: HttpRequest) -> HttpResponse:
    """Lead to the sign-in page, but never away from what was typed and sent."""
    here = request.get_full_path()
    if getattr(request, "htmx", None):
        try:
            shown = request.htmx.current_url_abs_path or here  # type: ignore[attr-defined]
        except ValueError:  # no address at all: not htmx but somebody says so
            shown = here
        address = redirect_to_login(shown)["Location"]
        if request.method != "GET":
            words = "You are signed out. What you typed is still here: copy it before you sign in again."
            return said_aside(words, 401, link=("Sign in", address))
        return HttpResponseClientRedirect(address)
    return redirect_to_login(here)
