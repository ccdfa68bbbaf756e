"""The page on which admins erase the personal data of a requester: first it says what that is, then it is done."""

from django.http import HttpResponse
from django.shortcuts import render

from dispatchdesk.privacy.erasing import erase_requester
from dispatchdesk.privacy.forms import EraseForm
from routing.actions.erasing import items_of
from routing.domain.states import OPEN_STATES
from routing.queries.items import find_item
from routing.views.access import ADMINS, DeskRequest, page

MOST_SHOWN = 20


@page("GET", "POST", roles=ADMINS)
def erase(request: DeskRequest) -> HttpResponse:
    """Show whose data would go, and erase it once the address is typed again. Addresses stay out of web addresses."""
    if request.method == "GET":
        code = request.GET.get("item", "")
        initial = {"email": find_item(request.actor, code).requester_email} if code else {}
        return _answer(request, {"form": EraseForm(initial=initial, label_suffix="")})
    form = EraseForm(request.POST, label_suffix="")
    if not form.is_valid():
        return _answer(request, {"form": form}, status=422)
    email = form.cleaned_data["email"]
    if "erase" in request.POST and form.is_confirmed():
        done = erase_requester(actor=request.actor, email=email)
        return _answer(request, {"form": EraseForm(label_suffix=""), "done": done})
    status = 200
    if "erase" in request.POST:
        form.add_error("again", "This is not the address above.")
        status = 422
    form.fields["again"].required = True  # from now on it is asked for
    rows = items_of(request.actor, email)
    context = {
        "form": form,
        "email": email,
        "count": rows.count(),
        "open": rows.filter(state__in=OPEN_STATES).count(),
        "items": rows[:MOST_SHOWN],
    }
    return _answer(request, context, status=status)


def _answer(request: DeskRequest, context: dict[str, object], status: int = 200) -> HttpResponse:
    response = render(request, "privacy/erase.html", context, status=status)
    response["Cache-Control"] = "no-store"
    return response
