"""The API put together: its parser, its errors, its document and its pages."""

from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from ninja import NinjaAPI, Router
from ninja.openapi.docs import DocsBase
from ninja.openapi.schema import OpenAPISchema

from dispatchdesk.api import items, problems, review_calls
from dispatchdesk.api.access import BearerToken, PerToken
from dispatchdesk.api.parsing import StrictParser
from routing.errors import NotVisible

DESCRIPTION = (
    "Send work in, follow it, and decide what people are asked. Authenticate with a bearer token made by "
    "`manage.py create_token`. Errors are RFC 9457 problems. Long lists give `next_cursor`; send it as `cursor`."
)
_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]


class OwnDocs(DocsBase):
    """The document as a page, drawn by files that this desk serves itself."""

    def render_page(self, request: HttpRequest, api: NinjaAPI, **kwargs: object) -> HttpResponse:
        """Return the page."""
        return render(request, "api/docs.html", {"openapi_url": self.get_openapi_url(api, kwargs)})


class DeskAPI(NinjaAPI):
    """The API, whose document says that what is refused comes as a problem."""

    def get_openapi_schema(self, **given: Any) -> OpenAPISchema:
        """Return the document."""
        document = super().get_openapi_schema(**given)
        for methods in document["paths"].values():
            for operation in methods.values():
                for status, response in operation["responses"].items():
                    if int(status) >= HTTPStatus.BAD_REQUEST:
                        response["content"] = {problems.CONTENT_TYPE: response["content"]["application/json"]}
        return document


api = DeskAPI(
    title="Dispatch Desk",
    version="1",
    description=DESCRIPTION,
    docs=OwnDocs(),
    auth=BearerToken(),
    throttle=PerToken(),
    parser=StrictParser(),
    urls_namespace="api",
)
problems.install(api)
api.add_router("", items.router)
api.add_router("", review_calls.router)


_rest = Router()


@_rest.api_operation(_METHODS, "/{path:rest}", auth=None, throttle=[], include_in_schema=False)
def nothing_here(request: HttpRequest, rest: str) -> HttpResponse:  # noqa: ARG001 - ninja passes it
    """Answer what no other address takes."""
    raise NotVisible(f"There is nothing at /{rest[:100]}.")


api.add_router("", _rest)
