"""Destinations: the list, one's page with its versions, its form, its pause, and trying it."""

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from routing.actions import configuring, destinations
from routing.actions.trying import Tried, try_destination
from routing.domain.facts import Fact
from routing.errors import Conflict, Invalid, NotVisible
from routing.forms.destination_pages import TryForm, described
from routing.forms.destinations import FORMS, DestinationForm, HttpForm, form_class
from routing.forms.numbers import whole_number
from routing.models import DestinationVersion
from routing.queries import desk as desk_queries
from routing.queries import places
from routing.queries.desk import Place
from routing.queries.facts import knowledge
from routing.queries.items import find_item
from routing.queries.texts import texts_wanted
from routing.views.access import ADMINS, TRIAGE, DeskRequest, page


@page("GET")
def place_list(request: DeskRequest) -> HttpResponse:
    """Every destination by kind."""
    context = {"groups": places.place_groups(desk_queries.load()), "kinds": [(k, f.title) for k, f in FORMS.items()]}
    return render(request, "destinations/list.html", context)


def _place(slug: str) -> Place:
    place = places.find_place(desk_queries.load(), slug)
    if place is None:
        raise NotVisible(f"There is no destination “{slug}”.")
    return place


@page("GET")
def place(request: DeskRequest, slug: str) -> HttpResponse:
    """What a destination does now, what was before, and a form to try it."""
    return _show(request, _place(slug), TryForm(texts=texts_wanted(_place(slug))))


def _show(
    request: DeskRequest, shown: Place, form: TryForm, tried: Tried | None = None, status: int = 200
) -> HttpResponse:
    versions = places.versions_of(shown)
    context = {
        "place": shown.row,
        "kind": form_class(shown.row.kind, shown.config).title,
        "words": places.words_of(shown),
        "problems": list(places.problems(shown, desk_queries.load())),
        "parts": described(shown.row, shown.config),
        "credential": places.credential_of(shown),
        "versions": versions,
        "used_by": destinations.used_by(shown.row.slug),
        "writes": shown.port.writes,
        "form": form,
        "tried": tried,
    }
    if shown.config.get("via") == "table":
        context |= dict(zip(("row_count", "columns", "first_rows"), places.table_of(shown), strict=True))
    part = tried is not None or status == 422
    name = "destinations/_test.html" if part and request.htmx else "destinations/place.html"
    return render(request, name, context, status=status)


@page("GET")
def version(request: DeskRequest, slug: str, number: int) -> HttpResponse:
    """What an earlier version did."""
    shown = _place(slug)
    found = DestinationVersion.objects.filter(destination=shown.row, number=number).first()
    if found is None:
        raise NotVisible(f"{shown.row.name} has no version {number}.")
    context = {"place": shown.row, "version": found, "parts": described(shown.row, found.config)}
    return render(request, "destinations/version.html", context)


@page("POST", roles=ADMINS)
def try_it(request: DeskRequest, slug: str) -> HttpResponse:
    """Show the exact request for an item or some facts, and the answer; nothing that writes is sent."""
    shown = _place(slug)
    form = TryForm(request.POST, texts=texts_wanted(shown))
    if not form.is_valid():
        return _show(request, shown, form, status=422)
    try:
        facts = _facts(request, form)
    except NotVisible as error:
        form.add_error("code", str(error))
        return _show(request, shown, form, status=422)
    tried = try_destination(actor=request.actor, place=shown, facts=facts, texts=form.texts_given())
    return _show(request, shown, form, tried)


def _facts(request: DeskRequest, form: TryForm) -> Mapping[str, Fact]:
    code = form.cleaned_data["code"].strip()
    known: dict[str, Fact] = {}
    if code:
        item = find_item(request.actor, code)
        now = timezone.now()
        ages = desk_queries.load().places.items()
        max_ages = {slug: int(str(place.config.get("max_age_minutes") or 0)) for slug, place in ages}
        known = knowledge([item], now, max_ages=max_ages)[item.pk].facts
    return known | form.facts_given()


@page("POST", roles=TRIAGE)
def set_status(request: DeskRequest, slug: str) -> HttpResponse:
    """Pause a destination, or let it go on."""
    shown = _place(slug)
    paused = request.POST.get("paused") == "yes"
    configuring.set_destination_status(actor=request.actor, slug=slug, paused=paused)
    words = "is paused: work for it waits" if paused else "is on again; what waited goes on"
    messages.success(request, f"{shown.row.name} {words}.")
    return redirect("routing:destination", slug)


@page("POST", roles=ADMINS)
def remove(request: DeskRequest, slug: str) -> HttpResponse:
    """Take a destination out of use."""
    shown = _place(slug)
    try:
        destinations.remove(actor=request.actor, slug=slug)
    except Invalid as refusal:
        messages.error(request, f"{refusal} Change those rules first.")
        return redirect("routing:destination", slug)
    messages.success(request, f"{shown.row.name} is out of use. What it did stays in the requests' history.")
    return redirect("routing:destinations")


@page("GET", "POST", roles=ADMINS)
def new(request: DeskRequest, kind: str) -> HttpResponse:
    """Make a destination of one kind."""
    if kind not in FORMS:
        raise NotVisible(f"There is no kind of destination “{kind}”.")
    made = FORMS[kind]
    if request.method == "GET":
        return _form(request, made(), kind=kind)
    form = made(request.POST, request.FILES)
    if not form.is_valid():
        return _form(request, form, kind=kind, status=422)
    return _save(request, form, form.cleaned_data["slug"], kind=kind)


@page("GET", "POST", roles=ADMINS)
def edit(request: DeskRequest, slug: str) -> HttpResponse:
    """Change a destination: each save is a new version."""
    shown = _place(slug)
    made = form_class(shown.row.kind, shown.config)
    options: dict[str, Any] = {"existing": shown.row}
    if issubclass(made, HttpForm):
        options["has_secret"] = places.credential_of(shown) is not None
    if request.method == "GET":
        return _form(request, made(initial=made.initial_of(shown.row, shown.config), **options), place=shown)
    form = made(request.POST, request.FILES, **options)
    if not form.is_valid():
        return _form(request, form, place=shown, status=422)
    return _save(request, form, slug, place=shown)


def _form(
    request: DeskRequest,
    form: DestinationForm,
    *,
    kind: str = "",
    place: Place | None = None,
    status: int = 200,
    conflict: str = "",
) -> HttpResponse:
    newest = places.versions_of(place)[0].number if place else 0
    seen = newest if conflict or request.method == "GET" else request.POST.get("seen_version", newest)
    context = {
        "form": form,
        "kind": kind,
        "place": place.row if place else None,
        "credential": places.credential_of(place) if place else None,
        "seen_version": seen,
        "conflict": conflict,
    }
    return render(request, "destinations/form.html", context, status=status)


def _save(
    request: DeskRequest, form: DestinationForm, slug: str, *, kind: str = "", place: Place | None = None
) -> HttpResponse:
    data = form.cleaned_data
    before = places.credential_of(place) if place else None
    try:
        saved = destinations.save(
            actor=request.actor,
            slug=slug,
            name=data["name"],
            kind=form.kind,
            description=data["description"],
            config=form.config(),
            new=place is None,
            seen_version=whole_number(request.POST.get("seen_version", "")),
            header=data.get("credential_header", ""),
            secret=data.get("credential_secret", ""),
            forget=bool(data.get("credential_forget")),
            rows=form.rows(),
        )
    except Invalid as refusal:
        for name in refusal.fields.keys() & form.fields.keys():
            form.add_error(name, refusal.fields[name])
        form.add_error(None, str(refusal))
        return _form(request, form, kind=kind, place=place, status=422)
    except Conflict as refusal:
        return _form(request, form, kind=kind, place=place, status=409, conflict=str(refusal))
    lost = before is not None and not data.get("credential_forget") and saved.config.get("credential") is None
    if lost and before is not None:
        messages.warning(
            request, f"The stored secret was for {before.origin} and was removed. Enter it for the new host."
        )
    messages.success(request, f"{data['name']} is saved as version {saved.number}. It counts from now on.")
    return redirect("routing:destination", slug)
