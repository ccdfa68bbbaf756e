"""Rulebooks as everybody reads them: the list, a version's rules as sentences, and trying them on an item."""

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone

from routing.errors import NotVisible
from routing.models import RulebookVersion
from routing.queries import desk as desk_queries
from routing.queries import rulebooks, trials
from routing.queries.items import find_item
from routing.queries.rulebooks import BookLine
from routing.views.access import DeskRequest, page


@page("GET")
def book_list(request: DeskRequest) -> HttpResponse:
    """Every rulebook with its live version and its draft."""
    return render(request, "rulebooks/list.html", {"books": rulebooks.books(request.actor)})


@page("GET")
def book(request: DeskRequest, slug: str) -> HttpResponse:
    """A rulebook's live rules as sentences, with its history."""
    line = visible_book(request, slug)
    return _show(request, line, line.live)


@page("GET")
def version(request: DeskRequest, slug: str, number: int) -> HttpResponse:
    """One version of a rulebook, as it was or is; the draft has its own page."""
    line = visible_book(request, slug)
    found = rulebooks.find_version(line.type_id, number)
    if found is None:
        raise NotVisible(f"{line.name} has no version {number}.")
    return _show(request, line, found)


def visible_book(request: DeskRequest, slug: str) -> BookLine:
    """Return the rulebook of this slug; raises NotVisible."""
    line = rulebooks.find_book(request.actor, slug)
    if line is None:
        raise NotVisible(f"There is no rulebook “{slug}”.")
    return line


def _show(request: DeskRequest, line: BookLine, shown: RulebookVersion | None) -> HttpResponse:
    catalogue = desk_queries.load().catalogue(line.type_id)
    rules = rulebooks.read_rules(shown) if shown else None
    context = {
        "book": line,
        "version": shown,
        "rules": rulebooks.rule_lines(rules, catalogue) if rules else [],
        "fallback": catalogue.name_of(rules.fallback_queue) if rules else "",
        "history": rulebooks.history(line.type_id),
    }
    return render(request, "rulebooks/book.html", context)


@page("GET")
def try_it(request: DeskRequest, slug: str, number: int) -> HttpResponse:
    """Which rule of a version decides a real item, with each comparison's expected and actual value."""
    line = visible_book(request, slug)
    shown = rulebooks.find_version(line.type_id, number)
    if shown is None:
        raise NotVisible(f"{line.name} has no version {number}.")
    code = request.GET.get("code", "").strip()
    context: dict[str, object] = {"book": line, "version": shown, "code": code}
    if code:
        context |= _tried(request, line, shown, code)
    status = 422 if context.get("error") else 200
    name = "rulebooks/_try.html" if request.htmx else "rulebooks/try.html"
    return render(request, name, context, status=status)


def _tried(request: DeskRequest, line: BookLine, shown: RulebookVersion, code: str) -> dict[str, object]:
    try:
        item = find_item(request.actor, code)
    except NotVisible as error:
        return {"error": str(error)}
    rules = rulebooks.read_rules(shown)
    if rules is None:
        return {"error": "These rules cannot be read."}
    choices = trials.moments(item)
    is_over = item.state in {"done", "stopped"}
    given = request.GET.get("moment", "")
    moment = given if given in {choice.value for choice in choices} else choices[0 if is_over else -1].value
    desk = desk_queries.load()
    trial = trials.try_rules(item, rules, shown.rulebook_id, desk, line.type_id, moment, timezone.now())
    return {"item": item, "moments": choices, "moment": moment, "trial": trial}
