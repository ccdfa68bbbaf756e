"""Files of an item: always as a download, never shown by the browser as part of the desk."""

from django.http import HttpResponse
from django.utils.http import content_disposition_header

from routing.errors import NotVisible
from routing.queries.items import find_item
from routing.views.access import DeskRequest, page


@page("GET")
def download(request: DeskRequest, code: str, file_id: int) -> HttpResponse:
    """Send a file as an attachment of no particular type, whatever its sender said it is."""
    item = find_item(request.actor, code)
    file = item.files.filter(pk=file_id).first()
    if file is None or not file.content.storage.exists(str(file.content.name)):
        raise NotVisible("There is no such file.")
    with file.content.open("rb") as content:
        response = HttpResponse(content.read(), content_type="application/octet-stream")
    response.headers["Content-Disposition"] = content_disposition_header(True, file.name) or "attachment"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response.headers["Cache-Control"] = "private, no-store"
    return response
