"""The practice desk's own controls: its stream of requests, and its guide."""

from django.http import HttpResponse
from django.shortcuts import redirect

from dispatchdesk.practice import guide, stream
from routing.errors import NotVisible
from routing.views.access import DeskRequest, page


@page("POST")
def stream_switch(request: DeskRequest) -> HttpResponse:
    """Pause the stream of practice requests (``paused`` is ``1``), or let it go on."""
    if not stream.set_paused(paused=request.POST.get("paused") == "1"):
        raise NotVisible("There is no practice desk here.")
    return redirect("board")


@page("POST")
def guide_switch(request: DeskRequest) -> HttpResponse:
    """Put the guide away (``shown`` is ``0``), or bring it back."""
    guide.show(shown=request.POST.get("shown") == "1")
    return redirect("board")
