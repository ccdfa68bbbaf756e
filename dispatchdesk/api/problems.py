"""Answers in RFC 9457's form for everything the API refuses."""

import json
import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, Throttled, ValidationError

from dispatchdesk.api.parsing import UnreadableBody
from dispatchdesk.refusals import status_of
from routing.errors import Invalid, RoutingError

logger = logging.getLogger(__name__)

CONTENT_TYPE = "application/problem+json"
RETRY_SECONDS = 5
Fields = list[dict[str, str]]


class Unreadable(Exception):
    """The request lacks something without which it cannot be read (400)."""


def problem(status: int, detail: str, *, instance: str = "", errors: Fields | None = None) -> dict[str, Any]:
    """Return the problem as data; ``errors`` has a JSON pointer and a detail for each field."""
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
    }
    if instance:
        body["instance"] = instance
    if errors:
        body["errors"] = errors
    return body


def answer(request: HttpRequest, status: int, detail: str, errors: Fields | None = None) -> HttpResponse:
    """Return the problem as a response."""
    body = problem(status, detail, instance=request.path, errors=errors)
    return HttpResponse(json.dumps(body), status=status, content_type=CONTENT_TYPE)


def refusal_problem(error: RoutingError, *, instance: str = "", prefix: str = "") -> dict[str, Any]:
    """Return what an action refused as a problem."""
    fields = error.fields if isinstance(error, Invalid) else {}
    return problem(status_of(error), str(error), instance=instance, errors=field_errors(fields, prefix))


def field_errors(fields: Mapping[str, str], prefix: str = "") -> Fields:
    """Return a form's messages with the JSON pointer of the field each is about."""
    return [
        {"pointer": name if name.startswith("/") else f"{prefix}/{name.replace('.', '/')}", "detail": detail}
        for name, detail in fields.items()
    ]


def pydantic_errors(errors: list[dict[str, Any]], *, skip: int = 0) -> Fields:
    """Return pydantic's errors with JSON pointers, leaving out the first ``skip`` parts of each place."""
    return [
        {
            "pointer": "".join(f"/{_pointer_part(part)}" for part in error["loc"][skip:]),
            "detail": str(error["msg"]).removeprefix("Value error, "),
        }
        for error in errors
    ]


def _pointer_part(part: object) -> str:
    return str(part).replace("~", "~0").replace("/", "~1").encode("utf-8", "replace").decode()


def install(api: NinjaAPI) -> None:
    """Make the API answer every exception with a problem."""
    for kind, handler in _HANDLERS.items():
        api.add_exception_handler(kind, handler)


def _refused(request: HttpRequest, error: Any) -> HttpResponse:
    fields = error.fields if isinstance(error, Invalid) else {}
    return answer(request, status_of(error), str(error), field_errors(fields))


def _unauthenticated(request: HttpRequest, _error: Any) -> HttpResponse:
    response = answer(request, 401, "Send a token that is valid: Authorization: Bearer TOKEN.")
    response.headers["WWW-Authenticate"] = "Bearer"
    return response


def _too_many(request: HttpRequest, _error: Any) -> HttpResponse:
    return answer(request, 429, "This token asks too often. Nothing was taken; send it again in a second.")


def _unreadable(request: HttpRequest, error: Any) -> HttpResponse:
    return answer(request, 400, str(error))


def _http_error(request: HttpRequest, error: Any) -> HttpResponse:
    cause = error.__cause__
    if isinstance(cause, RequestDataTooBig):
        return _too_big(request, cause)
    if isinstance(cause, UnreadableBody):
        return answer(request, 400, f"The body cannot be read. {cause}")
    return answer(request, error.status_code, str(error))


def _invalid(request: HttpRequest, error: Any) -> HttpResponse:
    if not request.body and any(one["loc"][:1] == ("body",) for one in error.errors):
        return answer(request, 400, "Send a JSON body.")
    errors: Fields = []
    # A place starts with where the value came from and, in a body, the parameter's name: ("body", "sent", "title").
    for one in error.errors:
        skip = 2 if one["loc"][:1] == ("body",) else 1
        errors.extend(pydantic_errors([one], skip=skip))
    return answer(request, 422, "The request could not be taken.", errors)


def _not_found(request: HttpRequest, _error: Any) -> HttpResponse:
    return answer(request, 404, "There is no such thing here.")


def _too_big(request: HttpRequest, _error: Any) -> HttpResponse:
    return answer(request, 413, "The body is too large.")


def _unavailable(request: HttpRequest, error: Any) -> HttpResponse:
    logger.warning("the database did not answer: %s", type(error).__name__)
    response = answer(request, 503, "The desk cannot store anything right now. Nothing was taken; send it again.")
    response.headers["Retry-After"] = str(RETRY_SECONDS)
    return response


def _failed(request: HttpRequest, error: Any) -> HttpResponse:
    logger.error("%s %s failed", request.method, request.path, exc_info=error)
    return answer(request, 500, "Something went wrong here. It was noted; try again, or ask an admin.")


_HANDLERS: dict[type[Exception], Any] = {
    RoutingError: _refused,
    AuthenticationError: _unauthenticated,
    Unreadable: _unreadable,
    Throttled: _too_many,
    HttpError: _http_error,
    ValidationError: _invalid,
    Http404: _not_found,
    RequestDataTooBig: _too_big,
    OperationalError: _unavailable,
    InterfaceError: _unavailable,
    Exception: _failed,
}
