"""The page of saved views: keep the one that is shown, choose the one the board opens with, delete."""

from django import forms
from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse

from dispatchdesk.board import saved_views
from dispatchdesk.board.choices import choices, narrowings
from dispatchdesk.board.filters import read_filters
from dispatchdesk.board.saved_views import LONGEST_NAME, clean_query
from routing.errors import Invalid
from routing.forms.numbers import whole_number
from routing.views.access import DeskRequest, page


class ViewForm(forms.Form):
    """The name of a view and who has it; its filters come along hidden."""

    name = forms.CharField(label="Name", max_length=LONGEST_NAME)
    shared = forms.BooleanField(label="Everybody of the desk can open it", required=False)
    opens = forms.BooleanField(label="The board opens with it for me", required=False)
    query = forms.CharField(widget=forms.HiddenInput, required=False, max_length=1000)


@page("GET", "POST")
def view_list(request: DeskRequest) -> HttpResponse:
    """Show the views this person has, and keep the one whose filters the address names."""
    if request.method == "GET":
        return _show(request, ViewForm(initial={"query": clean_query(request.GET.get("query", ""))}))
    form = ViewForm(request.POST)
    if not form.is_valid():
        return _show(request, form, status=422)
    try:
        view = saved_views.save_view(actor=request.actor, **form.cleaned_data)
    except Invalid as error:
        form.add_error("name", error.fields.get("name", str(error)))
        return _show(request, form, status=422)
    messages.success(request, f"The view “{view.name}” is kept.")
    return redirect(f"{reverse('board')}?{view.query}")


def _show(request: DeskRequest, form: ViewForm, status: int = 200) -> HttpResponse:
    rows = list(saved_views.views_of(request.actor).select_related("owner"))
    filters = read_filters(QueryDict(clean_query(form["query"].value() or "")))
    context = {
        "views": rows,
        "form": form,
        "opens_with": getattr(request.user, "board_query", ""),
        "filters": filters,
        "narrowings": narrowings(filters, choices(request.actor, filters).facets),
    }
    return render(request, "board/views.html", context, status=status)


@page("POST")
def open_with(request: DeskRequest) -> HttpResponse:
    """Choose what the board opens with."""
    saved_views.open_with(actor=request.actor, view_id=whole_number(request.POST.get("view", "")))
    messages.success(request, "The board opens like that for you from now on.")
    return redirect("saved_views")


@page("POST")
def delete(request: DeskRequest, view_id: int) -> HttpResponse:
    """Delete a view."""
    view = saved_views.delete_view(actor=request.actor, view_id=view_id)
    messages.success(request, f"The view “{view.name}” is gone. The requests in it are where they were.")
    return redirect("saved_views")
