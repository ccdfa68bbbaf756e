"""What a work type asks for: each input in a form, its place in the order, and taking it away."""

from collections.abc import Sequence

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django_htmx.http import HttpResponseClientRedirect

from routing.actions import work_types
from routing.actions.editing import ChangedMeanwhile
from routing.domain.rulefile import read_condition
from routing.domain.sentences import condition_words
from routing.errors import Invalid, NotVisible
from routing.forms import work_types as forms
from routing.forms.condition_rows import Rows, edit_rows
from routing.forms.work_types import InputForm
from routing.models import InputField, WorkType
from routing.queries import desk as desk_queries
from routing.views.access import ADMINS, DeskRequest, page
from routing.views.seen import seen_context
from routing.views.work_types import find_type


@page("GET", "POST", roles=ADMINS)
def new_input(request: DeskRequest, slug: str) -> HttpResponse:
    """Add an input, which then is asked for last."""
    return _form(request, find_type(request, slug), None)


@page("GET", "POST", roles=ADMINS)
def edit_input(request: DeskRequest, slug: str, name: str) -> HttpResponse:
    """Change an input."""
    row = find_type(request, slug)
    field = row.inputs.filter(name=name).first()
    if field is None:
        raise NotVisible(f"{row.name} has no input “{name}”.")
    return _form(request, row, field)


def _form(request: DeskRequest, row: WorkType, field: InputField | None) -> HttpResponse:
    desk = desk_queries.load()
    catalogue = desk.catalogue(row.pk)
    sources = forms.source_choices(desk, row.pk, field.source_fact if field else "")
    if request.method == "GET":
        initial = forms.input_initial(work_types.values_of(field)) if field else {}
        form = InputForm(sources=sources, existing=field, initial=initial)
        return _show(request, row, field, form, forms.stored_rows(field, catalogue))
    groups = forms.posted_condition(request.POST)
    button = request.POST.get("button", "save")
    if button == "rewrite":
        groups = [Rows()]
    elif button != "save" and groups:
        edit_rows(groups, button.split(":"))
    if button != "save":
        form = InputForm(sources=sources, existing=field, initial=request.POST.dict())
        return _show(request, row, field, form, groups)
    form = InputForm(request.POST, sources=sources, existing=field)
    condition, readable = forms.applies_when(groups, catalogue) if groups else (field and field.applies_when, True)
    if not form.is_valid() or not readable:
        return _show(request, row, field, form, groups, status=422)
    name = field.name if field else form.cleaned_data["name"]
    try:
        values = form.values() | {"applies_when": condition}
        seen = request.POST.get("seen", "")
        work_types.save_input(
            actor=request.actor, work_type=row, name=name, values=values, new=field is None, seen=seen
        )
    except Invalid as refusal:
        for key, detail in refusal.fields.items():
            form.add_error(key if key in form.fields else None, detail)
        return _show(request, row, field, form, groups, status=422)
    except ChangedMeanwhile as conflict:
        form = InputForm(request.POST, sources=sources, existing=field, initial=forms.input_initial(conflict.stored))
        also = ["Applies when"] if condition != conflict.stored["applies_when"] else []
        return _show(request, row, field, form, groups, status=409, conflict=conflict, also=also)
    messages.success(request, f"{form.cleaned_data['label']} is saved.")
    address = reverse("routing:work_type", args=[row.slug])
    return HttpResponseClientRedirect(address) if request.htmx else redirect(address)


def _show(
    request: DeskRequest,
    row: WorkType,
    field: InputField | None,
    form: InputForm,
    groups: list[Rows],
    *,
    status: int = 200,
    conflict: ChangedMeanwhile | None = None,
    also: Sequence[str] = (),
) -> HttpResponse:
    desk = desk_queries.load()
    kept = read_condition(field.applies_when) if field and field.applies_when and not groups else None
    context: dict[str, object] = {
        "type": row,
        "input": field,
        "form": form,
        "shown": form.shown(str(form["kind"].value() or "text")),
        "groups": groups,
        "offers": {"facts": forms.facts_for_rows(groups, desk, row.pk, field.name if field else "")},
        "kept_words": condition_words(kept, desk.catalogue(row.pk)) if kept is not None else "",
    }
    if field is not None:
        context |= seen_context(request, form, work_types.values_of(field), conflict, also)
    return render(
        request, "work_types/_input.html" if request.htmx else "work_types/input.html", context, status=status
    )


@page("POST", roles=ADMINS)
def change_input(request: DeskRequest, slug: str, name: str) -> HttpResponse:
    """Move an input up or down, or take it away."""
    row = find_type(request, slug)
    action = request.POST.get("action", "")
    if action in {"up", "down"}:
        work_types.move_input(actor=request.actor, work_type=row, name=name, by=-1 if action == "up" else 1)
    elif action == "remove":
        try:
            work_types.remove_input(actor=request.actor, work_type=row, name=name)
        except Invalid as refusal:
            messages.error(request, str(refusal))
            address = reverse("routing:work_type", args=[slug])
            return HttpResponseClientRedirect(address) if request.htmx else redirect(address)
    else:
        raise NotVisible(f"An input cannot be changed by “{action[:20]}”.")
    return redirect("routing:work_type", slug)
