"""Files of an item: always as a download, never shown by the browser as part of the desk."""

from django.http import FileResponse, HttpResponse

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
    response = FileResponse(
        file.content.open("rb"), as_attachment=True, filename=file.name, content_type="application/octet-stream"
    )
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response.headers["Cache-Control"] = "private, no-store"
    return response  # type: ignore[return-value]
