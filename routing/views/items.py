"""The page of one item, its drawer beside the board, and what people add to it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from routing import requesters, transitions
from routing.actions import answering
from routing.domain.facts import value_from_json
from routing.domain.inputs import InputSpec
from routing.domain.states import State
from routing.errors import Conflict, Invalid, NotAllowed
from routing.forms import inputs as controls
from routing.forms.inputs import Typed
from routing.forms.notes import NoteForm
from routing.forms.trials import FIRST
from routing.kinds import Asked, people
from routing.models import FactRevision, Note, Question, Step, WorkItem
from routing.queries import desk as desk_queries
from routing.queries.decisions import decisions_of, explained, revisions_of
from routing.queries.facts import knowledge
from routing.queries.items import (
    InputRow,
    Known,
    duplicates_of,
    find_item,
    free_answers,
    input_rows,
    marked,
    may_answer,
    may_fill_in,
    original_of,
    people_in,
)
from routing.queries.letters import mails_of
from routing.queries.moves import MOVE_KEY, acts_of
from routing.queries.rulebooks import FIRST_LOOK
from routing.queries.steps import step_line, steps_of
from routing.queries.timeline import Entry, Names, events_of, given_to, people_names, timeline
from routing.queries.timeline_words import channel_words
from routing.views import uploads
from routing.views.access import DeskRequest, page
from routing.views.moves import read_version
from routing.views.notes import keep_note
from routing.views.reviewing import review_address

DRAWER_ENTRIES = 5


@dataclass(frozen=True, slots=True)
class _Page:
    """Everything about an item that its page and its drawer show, read in a fixed number of queries."""

    known: Known
    rows: list[InputRow]
    entries: list[Entry]
    steps: list[Step]
    notes: list[Note]
    asked: list[Asked]


def _read(request: DeskRequest, item: WorkItem) -> _Page:
    desk, now = desk_queries.load(), transitions.database_now()
    ages = {slug: int(str(place.config.get("max_age_minutes") or 0)) for slug, place in desk.places.items()}
    revisions, events = revisions_of(item), events_of(item)
    steps = steps_of(item)
    names = people_names(
        {event.actor_id for event in events} | {given_to(event) for event in events} | people_in(revisions)
    )
    known = Known(
        item=item,
        desk=desk,
        knowledge=knowledge([item], now, max_ages=ages)[item.pk],
        revisions=revisions,
        questions=list(Question.objects.filter(item=item).order_by("-pk")),
        people=names,
        now=now,
        asking={step.name: step for step in steps if step.status in {Step.DUE, Step.RUNNING}},
    )
    notes = list(item.notes.all())
    meanings = Names(
        desk, names, {step.pk: step for step in steps}, people().said(item), {note.at: note.text for note in notes}
    )
    entries = timeline(item, events, explained(item, desk, revisions, decisions_of(item)), meanings)
    return _Page(known, input_rows(known), entries, steps, notes, people().asked(request.actor, item))


def _review_url(asked: Asked) -> str:
    return review_address(asked.review_id) if asked.may_decide else ""


@page("GET")
def item_page(request: DeskRequest, code: str) -> HttpResponse:
    """Show an item: as a page, as the parts that keep up with it, or as the drawer beside the board."""
    item = find_item(request.actor, code)
    found = _read(request, item)
    context = _common(request, item, found)
    if request.htmx and request.GET.get("drawer"):
        return render(request, "board/_drawer.html", context | _drawer(found))
    return render(request, "items/_item.html" if request.htmx else "items/item.html", context | _whole(item, found))


def _common(request: DeskRequest, item: WorkItem, found: _Page) -> dict[str, object]:
    offered = acts_of(request.actor.role) if item.erased_at is None else []
    acts = [act for act in offered if State(item.state) in act.states]
    return {
        "item": item,
        "item_url": item.get_absolute_url(),
        "move_url": reverse("routing:move", args=[item.code]) if any(act.key == MOVE_KEY for act in acts) else "",
        "acts": acts,
        "answer_url": reverse("routing:answer", args=[item.code]) if may_answer(item, request.actor) else "",
        "fill_in_url": reverse("routing:fill_in", args=[item.code]) if may_fill_in(item, request.actor) else "",
        "review_url": _review_url(found.asked[0]) if found.asked else "",
        "question": found.asked[0].question if found.asked else "",
        "original": original_of(request.actor, item),
        "duplicates": duplicates_of(request.actor, item),
        "asked": [(one, _review_url(one)) for one in found.asked],
    }


def _drawer(found: _Page) -> dict[str, object]:
    missing = [
        {
            "label": row.label,
            "asked_who": row.source or "the requester",
            "asked_at": row.at if row.state == "asked" else None,
        }
        for row in found.rows
        if row.state in {"asked", "doubtful"} or (row.state == "unknown" and row.required)
    ]
    return {"missing": missing, "timeline": found.entries[::-1][:DRAWER_ENTRIES]}


def _whole(item: WorkItem, found: _Page) -> dict[str, object]:
    return {
        "rows": found.rows,
        "channel": channel_words(item.channel),
        "pieces": marked(item.text, found.rows),
        "title_pieces": marked(item.title, [row for row in found.rows if row.quote not in item.text]),
        "answers": free_answers(found.known.revisions),
        "timeline": found.entries[::-1],
        "steps": [step_line(step) for step in found.steps],
        "letters": mails_of(item),
        "notes": found.notes,
        "files": item.files.all(),
        "note_form": NoteForm(),
        "try_url": _try_address(item),
        "requester_url": requesters.page_link(item),
        "requester_path": reverse("requests:page", args=[requesters.page_token(item)]),
        "has_mail_server": settings.EMAIL_SERVER is not None,
        "is_practice": bool(getattr(settings, "PRACTICE", False)),
    }


def _try_address(item: WorkItem) -> str:
    """Return where the live rules are tried on the item as it arrived; empty while its type has none."""
    book = desk_queries.load().book(item.work_type_id)
    if book.version_id is None or item.erased_at is not None:
        return ""
    slug = item.work_type.slug if item.work_type else FIRST_LOOK
    return f"{reverse('routing:try_rules', args=[slug, book.number])}?code={item.code}&moment={FIRST}"


@page("POST")
def add_note(request: DeskRequest, code: str) -> HttpResponse:
    """Keep a note, for the people of the desk or, by the button that says so, for the requester as well."""
    item = find_item(request.actor, code)
    form, wrong = keep_note(request, item, offers_sending=True)
    if wrong:
        found = _read(request, item)
        context = _common(request, item, found) | _whole(item, found) | {"note_form": form}
        return render(request, "items/item.html", context, status=wrong)
    return redirect(f"{item.get_absolute_url()}#notes")


@page("POST")
def confirm_input(request: DeskRequest, code: str) -> HttpResponse:
    """Take a value that was read from the text and is not sure, as the person says that it is right."""
    item = find_item(request.actor, code)
    name = request.POST.get("name", "")[:60]
    rows = FactRevision.objects.filter(item=item, name=f"input.{name}").order_by("-seq")
    newest = rows.first()
    if newest is None or not newest.doubtful or str(newest.seq) != request.POST.get("seq"):
        raise Conflict(f"{item.code}: this value has been settled since you saw it.")
    answering.add_inputs(actor=request.actor, item_id=item.pk, given={name: value_from_json(newest.value)})
    return redirect(item.get_absolute_url())


@dataclass(frozen=True, slots=True)
class _Refused:
    """Why what was typed was not taken; status 0 when it was."""

    status: int = 0
    message: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)


def _record(request: DeskRequest, item: WorkItem, specs: Sequence[InputSpec], before: Typed) -> tuple[_Refused, Typed]:
    """Record what was changed; returns why not, and what was typed."""
    typed = controls.typed(specs, request.POST)
    try:
        typed = uploads.keep_files(request, item, specs, typed, request.actor.name)
        given = controls.changed(before, typed)
        if not given:
            return _Refused(422, "Nothing was changed. Fill something in, or go back to the request."), typed
        answering.add_inputs(
            actor=request.actor, item_id=item.pk, given=given, version=read_version(request.POST.get("version", ""))
        )
    except Invalid as error:
        return _Refused(422, str(error), error.fields), typed
    except Conflict as error:
        return _Refused(409, f"{error} What you typed is kept: look at it and save again."), typed
    return _Refused(), typed


@page("GET", "POST")
def fill_in(request: DeskRequest, code: str) -> HttpResponse:
    """Fill in or correct inputs for the requester; only what was changed is recorded."""
    item = find_item(request.actor, code)
    if not may_fill_in(item, request.actor):
        raise NotAllowed(f"{item.code} is {item.state_label.lower()}: there is nothing to fill in.")
    desk, now = desk_queries.load(), transitions.database_now()
    specs = desk.catalogue(item.work_type_id).inputs
    facts = knowledge([item], now)[item.pk].facts
    before = controls.present(specs, facts)
    typed = before
    refused, status = _Refused(), 200
    if request.method == "POST":
        refused, typed = _record(request, item, specs, before)
        if not refused.status:
            messages.success(request, f"{item.code}: saved.")
            return redirect(item.get_absolute_url())
        status = refused.status
        item.refresh_from_db()
    context = {
        "item": item,
        "item_url": item.get_absolute_url(),
        "message": refused.message,
        "controls": controls.build(
            specs, desk.catalogue(item.work_type_id), facts, typed, refused.fields, keep_all=True
        ),
    }
    return render(request, "items/fill_in.html", context, status=status)
