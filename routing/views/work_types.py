"""Work types: the list, one's page with what it asks for, and their forms."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render

from routing.actions import work_types
from routing.actions.editing import ChangedMeanwhile
from routing.domain.sentences import condition_words
from routing.errors import Invalid, NotVisible
from routing.forms.work_types import TypeForm, initial_of
from routing.models import WorkType
from routing.queries import desk as desk_queries
from routing.views.access import ADMINS, DeskRequest, page
from routing.views.seen import seen_context


@page("GET")
def type_list(request: DeskRequest) -> HttpResponse:
    """Every work type."""
    rows = [row for row in WorkType.objects.prefetch_related("inputs") if request.actor.may_see_type(row.pk)]
    return render(request, "work_types/list.html", {"types": rows})


def find_type(request: DeskRequest, slug: str) -> WorkType:
    """Return the work type of this slug; raises NotVisible."""
    row = WorkType.objects.filter(slug=slug).first()
    if row is None or not request.actor.may_see_type(row.pk):
        raise NotVisible(f"There is no work type “{slug}”.")
    return row


@page("GET")
def work_type(request: DeskRequest, slug: str) -> HttpResponse:
    """What a type is and what it asks for, in order."""
    row = find_type(request, slug)
    catalogue = desk_queries.load().catalogue(row.pk)
    lines = [
        {
            "row": field,
            "applies": condition_words(spec.applies_when, catalogue) if spec.applies_when is not None else "",
            "source": catalogue.label(field.source_fact) if field.source_fact else "",
        }
        for field in row.inputs.order_by("position", "id")
        for spec in [desk_queries.input_spec(field)]
    ]
    context = {"type": row, "inputs": lines, "groups": row.visible_to.all()}
    name = "work_types/_inputs.html" if request.htmx else "work_types/type.html"
    return render(request, name, context)


@page("GET", "POST", roles=ADMINS)
def new_type(request: DeskRequest) -> HttpResponse:
    """Declare a work type."""
    if request.method == "GET":
        return render(request, "work_types/form.html", {"form": TypeForm()})
    form = TypeForm(request.POST)
    if form.is_valid():
        slug = form.cleaned_data["slug"]
        try:
            row = work_types.save_type(actor=request.actor, slug=slug, details=form.details(), new=True)
        except Invalid as refusal:
            form.add_error("slug", refusal.fields["slug"])
        else:
            messages.success(request, f"{row.name} is there. Say what it asks for, then write its rules.")
            return redirect("routing:work_type", row.slug)
    return render(request, "work_types/form.html", {"form": form}, status=422)


@page("GET", "POST", roles=ADMINS)
def edit_type(request: DeskRequest, slug: str) -> HttpResponse:
    """Change a work type."""
    row = find_type(request, slug)
    if request.method == "GET":
        return _form(request, TypeForm(existing=row, initial=initial_of(work_types.details_of(row))), row)
    form = TypeForm(request.POST, existing=row)
    if not form.is_valid():
        return _form(request, form, row, status=422)
    try:
        seen = request.POST.get("seen", "")
        work_types.save_type(actor=request.actor, slug=slug, details=form.details(), seen=seen)
    except ChangedMeanwhile as conflict:
        form = TypeForm(request.POST, existing=row, initial=initial_of(conflict.stored))
        return _form(request, form, row, status=409, conflict=conflict)
    messages.success(request, f"{form.cleaned_data['name']} is saved.")
    return redirect("routing:work_type", slug)


def _form(
    request: DeskRequest, form: TypeForm, row: WorkType, *, status: int = 200, conflict: ChangedMeanwhile | None = None
) -> HttpResponse:
    seen = seen_context(request, form, work_types.details_of(row), conflict)
    return render(request, "work_types/form.html", {"form": form, "type": row} | seen, status=status)
