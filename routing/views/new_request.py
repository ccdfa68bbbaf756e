"""New request: staff send one, for themselves or for somebody."""

from collections.abc import Sequence

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render

from routing.actions import attaching
from routing.actions.intake import Request
from routing.domain.inputs import InputSpec
from routing.domain.roles import Actor
from routing.errors import Conflict, Invalid
from routing.forms import inputs as controls
from routing.forms.inputs import Typed
from routing.forms.requests import NewRequestForm, form_key
from routing.models import WorkType
from routing.queries import desk as desk_queries
from routing.queries.desk import Desk
from routing.views import uploads
from routing.views.access import DeskRequest, page


@page("GET", "POST")
def new_item(request: DeskRequest) -> HttpResponse:
    """Show the form of a new request, the inputs of the chosen type alone, or receive what was filled in."""
    desk = desk_queries.load()
    types = _types(desk, request.actor)
    if request.method != "POST":
        slug = request.GET.get("type", "")
        form = NewRequestForm(types, initial={"key": form_key(), "type": slug if slug in types else ""})
        context = _context(desk, form, types.get(slug), Typed())
        return render(request, "items/_new_inputs.html" if request.htmx else "items/new.html", context)
    form = NewRequestForm(types, request.POST)
    work_type = types.get(request.POST.get("type", ""))
    specs = _specs(desk, work_type)
    chosen = uploads.sent_files(request, specs)
    typed = uploads.with_names(controls.typed(specs, request.POST), chosen)
    if "show" in request.POST:
        shown = NewRequestForm(types, initial=request.POST.dict())
        return render(request, "items/new.html", _context(desk, shown, work_type, uploads.without_names(typed, specs)))
    status, wrong = 422, dict[str, str]()
    if form.is_valid():
        try:
            received = attaching.receive_with_files(
                actor=request.actor,
                request=_request(request, form, typed),
                trigger_kind="form",
                files=uploads.all_files(request, chosen),
            )
        except Invalid as error:
            wrong = form.take(error)
        except Conflict as error:
            status = 409
            form.renew_key(f"{error} What you typed is kept: send it again to make another request.")
        else:
            assert received.item is not None  # noqa: S101 - receive raises or returns one
            messages.success(request, f"{received.item.code} is in.")
            return redirect(received.item.get_absolute_url())
    typed = uploads.without_names(typed, specs)
    return render(request, "items/new.html", _context(desk, form, work_type, typed, wrong), status=status)


def _types(desk: Desk, actor: Actor) -> dict[str, WorkType]:
    rows = sorted(desk.types.values(), key=lambda row: row.name)
    return {row.slug: row for row in rows if row.active and actor.may_see_type(row.pk)}


def _specs(desk: Desk, work_type: WorkType | None) -> Sequence[InputSpec]:
    return desk.catalogue(work_type.pk).inputs if work_type else ()


def _context(
    desk: Desk,
    form: NewRequestForm,
    work_type: WorkType | None,
    typed: Typed,
    wrong: dict[str, str] | None = None,
) -> dict[str, object]:
    catalogue = desk.catalogue(work_type.pk if work_type else None)
    return {
        "form": form,
        "work_type": work_type,
        "controls": controls.build(_specs(desk, work_type), catalogue, {}, typed, wrong or {}),
        "files_error": (wrong or {}).get("files", ""),
        "most_files": attaching.MOST_FILES,
        "most_megabytes": attaching.MOST_BYTES // 1024 // 1024,
    }


def _request(request: DeskRequest, form: NewRequestForm, typed: Typed) -> Request:
    data = form.cleaned_data
    fields = ("type", "title", "text", "priority", "requester_name", "requester_email")
    given = {name: value for name, value in controls.given(typed).items() if name not in typed.nones}
    return Request(
        title=data["title"],
        text=data["text"],
        type=data["type"],
        priority=data["priority"] or "normal",
        channel="web",
        inputs=given,
        requester_name=data["requester_name"],
        requester_email=data["requester_email"],
        key=f"form:{request.actor.user_id}:{data['key']}",
        body={name: str(data[name]) for name in fields} | {"inputs": given},
    )
