"""Examples of a rulebook: listed against its draft or live rules, written, kept from a trial, and deleted."""

import json
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from routing.actions import examples as actions
from routing.domain.answers import answer_to_json
from routing.domain.catalogue import Catalogue
from routing.domain.rules import Rulebook as Rules
from routing.errors import Invalid, NotVisible
from routing.forms import examples as forms
from routing.forms import trials as trial_forms
from routing.forms.examples import ExampleForm
from routing.models import Example, RulebookVersion
from routing.queries import desk as desk_queries
from routing.queries import rulebooks, trials
from routing.queries.examples import ExampleResult, example_results, result_of
from routing.queries.rulebooks import BookLine
from routing.views.access import ADMINS, DeskRequest, page
from routing.views.rulebooks import visible_book


def _held_against(line: BookLine) -> tuple[RulebookVersion, Rules, Catalogue]:
    """Return the draft, or the live version when there is none, with its rules; raises NotVisible without either."""
    version = line.draft or line.live
    rules = rulebooks.read_rules(version) if version is not None else None
    if version is None or rules is None:
        raise NotVisible(f"{line.name} has no rules yet. Write the first ones, then keep examples of them.")
    return version, rules, desk_queries.load().catalogue(line.type_id)


@page("GET")
def example_list(request: DeskRequest, slug: str) -> HttpResponse:
    """Every example, and whether the draft (else the live version) gives the answer that must come out."""
    line = visible_book(request, slug)
    version, rules, catalogue = _held_against(line)
    results = example_results(version.rulebook_id, rules, catalogue)
    context = {
        "book": line,
        "version": version,
        "lines": [(result, try_address(line, version, result)) for result in results],
        "red": sum(not result.green for result in results),
    }
    return render(request, "rulebooks/examples.html", context)


def try_address(line: BookLine, version: RulebookVersion, result: ExampleResult) -> str:
    """Return where an example is tried on a version."""
    now = {"now": {"datetime": result.example.at.isoformat()}}
    facts = json.dumps(now | result.example.facts, ensure_ascii=False)
    query = urlencode({"facts": facts, "done": result.example.done}, doseq=True)
    return f"{reverse('routing:try_rules', args=[line.slug, version.number])}?{query}"


@page("GET", "POST", roles=ADMINS)
def new_example(request: DeskRequest, slug: str) -> HttpResponse:
    """Write an example."""
    return _form(request, visible_book(request, slug), None)


@page("GET", "POST", roles=ADMINS)
def edit_example(request: DeskRequest, slug: str, example_id: int) -> HttpResponse:
    """Change an example."""
    line = visible_book(request, slug)
    return _form(request, line, _example(line, example_id))


def _example(line: BookLine, example_id: int) -> Example:
    row = Example.objects.filter(pk=example_id, rulebook__work_type_id=line.type_id).first()
    if row is None:
        raise NotVisible(f"{line.name} has no such example.")
    return row


def _form(request: DeskRequest, line: BookLine, example: Example | None) -> HttpResponse:
    version, rules, catalogue = _held_against(line)
    if request.method == "GET":
        form = forms.shown_example(example, catalogue) if example else ExampleForm()
        return _show(request, line, version, rules, catalogue, example, form)
    form = forms.posted_example(request.POST)
    read = forms.read(form, catalogue)
    if read is None:
        return _show(request, line, version, rules, catalogue, example, form, status=422)
    try:
        actions.save_example(
            actor=request.actor,
            rulebook_id=version.rulebook_id,
            example_id=example.pk if example else None,
            name=form.name,
            facts=read[0],
            expected=read[1],
            done=form.done,
        )
    except Invalid as refusal:
        form.errors = refusal.fields
        return _show(request, line, version, rules, catalogue, example, form, status=422)
    messages.success(request, f"The example “{form.name}” is kept.")
    return redirect("routing:examples", line.slug)


def _show(
    request: DeskRequest,
    line: BookLine,
    version: RulebookVersion,
    rules: Rules,
    catalogue: Catalogue,
    example: Example | None,
    form: ExampleForm,
    *,
    status: int = 200,
) -> HttpResponse:
    forms.offer(form, rules, catalogue)
    context = {
        "book": line,
        "version": version,
        "example": example,
        "form": form,
        "rules": rulebooks.rule_lines(rules, catalogue),
    }
    return render(request, "rulebooks/example.html", context, status=status)


@page("POST", roles=ADMINS)
def delete_example(request: DeskRequest, slug: str, example_id: int) -> HttpResponse:
    """Delete an example."""
    row = _example(visible_book(request, slug), example_id)
    actions.delete_example(actor=request.actor, rulebook_id=row.rulebook_id, example_id=row.pk)
    messages.success(request, f"The example “{row.name}” is deleted.")
    return redirect("routing:examples", slug)


@page("POST", roles=ADMINS)
def keep_example(request: DeskRequest, slug: str, number: int) -> HttpResponse:
    """Keep what is tried as an example that must go on coming out like this."""
    line = visible_book(request, slug)
    version = rulebooks.find_version(line.type_id, number)
    rules = rulebooks.read_rules(version) if version is not None else None
    if version is None or rules is None:
        raise NotVisible(f"{line.name} has no version {number}.")
    desk = desk_queries.load()
    catalogue = desk.catalogue(line.type_id)
    form = trial_forms.trial_of(
        request.POST,
        actor=request.actor,
        rulebook_id=version.rulebook_id,
        rules=rules,
        desk=desk,
        type_id=line.type_id,
    )
    if form.given is None:
        raise Invalid(" ".join(form.errors) or "There is nothing to keep: give facts first.")
    trial = trials.try_rules(form.given, rules, catalogue)
    if trial.followed.answer is None:
        raise Invalid("These rules come to no end here, so this cannot be an example.")
    facts, done = forms.kept_facts(trial.given, rules, catalogue)
    kept = Example(name="", facts=facts, done=done, at=form.given.now, expected=answer_to_json(trial.followed.answer))
    found = result_of(kept, rules, catalogue)
    if not found.green:
        raise Invalid(
            f"This cannot be an example: what happened before counts here. By the facts alone: {found.actual}"
        )
    row = actions.keep_example(
        actor=request.actor,
        rulebook_id=version.rulebook_id,
        name=f"{form.item.code}: {found.expected}" if form.item else found.expected,
        example=kept,
        item_id=form.item.pk if form.item else None,
    )
    messages.success(request, f"Kept as the example “{row.name}”. A draft that answers otherwise is not published.")
    return redirect("routing:examples", slug)
