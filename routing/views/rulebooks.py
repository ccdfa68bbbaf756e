"""Rulebooks as everybody reads them: the list, a version's rules as sentences, and trying them on an item."""

from django.http import HttpResponse
from django.shortcuts import render

from routing.errors import Invalid, NotVisible
from routing.forms import trials as trial_forms
from routing.models import RulebookVersion
from routing.queries import desk as desk_queries
from routing.queries import rulebooks, trials
from routing.queries.fact_catalogue import fact_lines
from routing.queries.items import recent_items
from routing.queries.rule_reports import rule_reports
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
    reports = {}
    if rules and shown and shown.status == RulebookVersion.PUBLISHED:
        reports = rule_reports(shown.rulebook_id, [rule.id for rule in rules.rules])
    context = {
        "book": line,
        "version": shown,
        "rules": rulebooks.rule_lines(rules, catalogue, reports) if rules else [],
        "fallback": catalogue.name_of(rules.fallback_queue) if rules else "",
        "history": rulebooks.history(line.type_id),
    }
    return render(request, "rulebooks/book.html", context)


@page("GET")
def facts(request: DeskRequest, slug: str) -> HttpResponse:
    """Every fact that rules of this rulebook may name, with its kind, who provides it and values seen lately."""
    line = visible_book(request, slug)
    version, words = line.draft or line.live, request.GET.get("q", "")[:100]
    rules = rulebooks.read_rules(version) if version else None
    groups = fact_lines(desk_queries.load(), line.type_id, rules, words)
    context = {"book": line, "version": version, "groups": groups, "words": words}
    return render(request, "rulebooks/facts.html", context)


@page("GET", "POST")
def try_it(request: DeskRequest, slug: str, number: int) -> HttpResponse:
    """What a version decides on a request, on facts or on words, with every rule; posting does the same as reading."""
    line = visible_book(request, slug)
    shown = rulebooks.find_version(line.type_id, number)
    if shown is None:
        raise NotVisible(f"{line.name} has no version {number}.")
    desk, rules = desk_queries.load(), rulebooks.read_rules(shown)
    if rules is None:
        raise Invalid("These rules cannot be read.")
    form = trial_forms.trial_of(
        request.POST if request.method == "POST" else request.GET,
        actor=request.actor,
        rulebook_id=shown.rulebook_id,
        rules=rules,
        desk=desk,
        type_id=line.type_id,
    )
    catalogue = desk.catalogue(line.type_id)
    trial = trials.try_rules(form.given, rules, catalogue) if form.given is not None else None
    context = {
        "book": line,
        "version": shown,
        "form": form,
        "ways": trial_forms.WAYS,
        "rules": rulebooks.rule_lines(rules, catalogue),
        "recent": recent_items(request.actor, line.type_id) if form.way == "request" else [],
        "trial": trial,
    }
    name = "rulebooks/_tried.html" if request.htmx else "rulebooks/try.html"
    return render(request, name, context, status=422 if form.errors else 200)
