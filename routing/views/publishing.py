"""Publishing a draft with all that speaks for and against it, going back, and deciding open requests again."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render

from routing import transitions
from routing.actions import deciding_again, publishing
from routing.domain.rules import Rulebook as Rules
from routing.errors import Conflict, Invalid, NotVisible
from routing.forms.numbers import whole_number
from routing.models import RulebookVersion
from routing.queries import desk as desk_queries
from routing.queries import rulebooks
from routing.queries.open_items import open_elsewhere
from routing.queries.rulebooks import BookLine
from routing.views.access import ADMINS, STAFF, DeskRequest, page
from routing.views.drafts import draft_of, posted_revision, saved_meanwhile
from routing.views.rulebooks import visible_book

_SHOWN = 10


@page("GET", "POST", roles=ADMINS)
def publish(request: DeskRequest, slug: str) -> HttpResponse:
    """Show what publishing the draft changes, and make it the live version."""
    line = visible_book(request, slug)
    if request.method == "GET":
        return redirect("routing:rulebook", slug) if line.draft is None else _show(request, line, line.draft)
    shown = draft_of(line)
    note, reason = request.POST.get("note", ""), request.POST.get("reason", "")
    kept = {"note": note, "reason": reason}
    try:
        published = publishing.publish(
            actor=request.actor, version_id=shown.pk, note=note, reason=reason, revision=posted_revision(request, shown)
        )
    except Conflict as refusal:
        line = visible_book(request, slug)
        since = saved_meanwhile(request, line)
        return _show(request, line, draft_of(line), status=409, error=str(refusal), meanwhile=since, **kept)
    except Invalid as refusal:
        wrong = {"note_error": refusal.fields.get("note", ""), "reason_error": refusal.fields.get("reason", "")}
        return _show(request, line, shown, status=422, error=str(refusal), **kept, **wrong)
    return _now_live(request, line, published)


def _show(
    request: DeskRequest, line: BookLine, shown: RulebookVersion, *, status: int = 200, **more: object
) -> HttpResponse:
    desk = desk_queries.load()
    catalogue = desk.catalogue(line.type_id)
    rules = rulebooks.read_rules(shown) or Rules((), "")
    live = rulebooks.read_rules(line.live) if line.live else None
    elsewhere = open_elsewhere(shown.rulebook_id, line.type_id, rules, desk, transitions.database_now())
    context = {
        "book": line,
        "version": shown,
        "changes": rulebooks.draft_changes(live, rules, catalogue),
        "readiness": publishing.readiness(shown),
        "open_items": elsewhere,
        "shown_items": elsewhere.elsewhere[:_SHOWN],
        "note": shown.note,
    }
    return render(request, "rulebooks/publish.html", context | more, status=status)


def _now_live(request: DeskRequest, line: BookLine, published: RulebookVersion) -> HttpResponse:
    """Lead to the open requests that the new version would send elsewhere, or to the rules when there are none."""
    messages.success(request, f"{line.name}, version {published.number}, is live now.")
    rules = rulebooks.read_rules(published) or Rules((), "")
    now = transitions.database_now()
    if open_elsewhere(published.rulebook_id, line.type_id, rules, desk_queries.load(), now).elsewhere:
        return redirect("routing:open_items", line.slug, published.number)
    return redirect("routing:rulebook", line.slug)


@page("POST", roles=ADMINS)
def roll_back(request: DeskRequest, slug: str, number: int) -> HttpResponse:
    """Make a new live version of a retired one."""
    line = visible_book(request, slug)
    return _now_live(request, line, publishing.roll_back(actor=request.actor, version_id=_version(line, number).pk))


def _version(line: BookLine, number: int) -> RulebookVersion:
    found = rulebooks.find_version(line.type_id, number)
    if found is None:
        raise NotVisible(f"{line.name} has no version {number}.")
    return found


@page("GET", roles=STAFF)
def open_items(request: DeskRequest, slug: str, number: int) -> HttpResponse:
    """The open requests that a version would send elsewhere than where they are."""
    line = visible_book(request, slug)
    version = _version(line, number)
    rules = rulebooks.read_rules(version) or Rules((), "")
    found = open_elsewhere(version.rulebook_id, line.type_id, rules, desk_queries.load(), transitions.database_now())
    context = {"book": line, "version": version, "open_items": found}
    return render(request, "rulebooks/open_items.html", context)


@page("POST", roles=ADMINS)
def decide_again(request: DeskRequest, slug: str, number: int) -> HttpResponse:
    """Have the live rules decide again about the chosen open requests."""
    line = visible_book(request, slug)
    version = _version(line, number)
    ids = [pk for pk in map(whole_number, request.POST.getlist("item")) if pk is not None]
    if not ids:
        raise Invalid("Choose at least one request.")
    done = deciding_again.decide_again(actor=request.actor, version_id=version.pk, item_ids=ids)
    if done < len(set(ids)):
        left = len(set(ids)) - done
        messages.info(request, f"{left} had moved on meanwhile and {'was' if left == 1 else 'were'} left alone.")
    if done:
        messages.success(request, f"{done} request{'' if done == 1 else 's'} will be decided again now.")
    return redirect("routing:open_items", slug, number)
