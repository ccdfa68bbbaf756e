"""One rule of a draft in a form without code; its buttons add and remove rows, with and without JavaScript."""

from collections.abc import Mapping

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django_htmx.http import HttpResponseClientRedirect

from routing.actions import publishing
from routing.domain.differences import word_diff
from routing.domain.rules import All, Rule
from routing.domain.sentences import rule_sentence
from routing.errors import Conflict, Invalid, NotVisible
from routing.forms import drafts, rules
from routing.forms.rules import RuleFields
from routing.models import RulebookVersion
from routing.queries import desk as desk_queries
from routing.queries import rulebooks
from routing.queries.rulebooks import BookLine
from routing.views.access import ADMINS, DeskRequest, page
from routing.views.drafts import draft_of, posted_revision, saved_meanwhile
from routing.views.rulebooks import visible_book


@page("GET", "POST", roles=ADMINS)
def new_rule(request: DeskRequest, slug: str) -> HttpResponse:
    """Write a new rule, which then stands last."""
    line = visible_book(request, slug)
    if line.draft is None and request.method == "GET":
        return redirect("routing:rulebook", slug)
    return _form(request, line, draft_of(line), None)


@page("GET", "POST", roles=ADMINS)
def edit_rule(request: DeskRequest, slug: str, rule_id: str) -> HttpResponse:
    """Change one rule."""
    line = visible_book(request, slug)
    shown = draft_of(line)
    rule = _stored(shown, rule_id)
    if rule is None and request.method == "GET":
        raise NotVisible("This rule is no longer in the draft.")
    return _form(request, line, shown, rule or Rule(rule_id, All()))


def _stored(draft: RulebookVersion, rule_id: str) -> Rule | None:
    book = rulebooks.read_rules(draft)
    return next((rule for rule in book.rules if rule.id == rule_id), None) if book else None


def _form(request: DeskRequest, line: BookLine, draft: RulebookVersion, rule: Rule | None) -> HttpResponse:
    catalogue = desk_queries.load().catalogue(line.type_id)
    if request.method == "GET":
        fields = rules.fields_of(rule, catalogue) if rule else RuleFields()
        return _show(request, line, draft, rule, fields)
    stamp = request.POST.get("revision", "")
    fields = rules.posted_fields(request.POST, rule.when if rule else None)
    if rules.edit(fields, request.POST.get("button", "save")):
        return _show(request, line, draft, rule, fields, stamp=stamp)
    rule_id = rule.id if rule else drafts.new_rule_id()
    written = rules.rule_of(fields, catalogue, rule_id=rule_id, enabled=rule.enabled if rule else True)
    if written is None:
        return _show(request, line, draft, rule, fields, stamp=stamp, status=422)
    try:
        publishing.save_draft(
            actor=request.actor,
            rulebook_id=draft.rulebook_id,
            content=drafts.with_rule(draft.content, written),
            revision=posted_revision(request, draft),
        )
    except Conflict:
        line = visible_book(request, line.slug)
        draft = draft_of(line)
        stored = _stored(draft, rule_id)
        ours, theirs = rule_sentence(written, catalogue), rule_sentence(stored, catalogue) if stored else ""
        conflict = {
            "meanwhile": saved_meanwhile(request, line),
            "parts": word_diff(theirs, ours),
            "deleted": not stored,
        }
        return _show(request, line, draft, rule, fields, conflict=conflict, status=409)
    except Invalid as refusal:
        fields.errors["rule"] = " ".join(refusal.fields.values()) or str(refusal)
        return _show(request, line, draft, rule, fields, stamp=stamp, status=422)
    messages.success(request, "The rule is in the draft. It takes effect when the draft is published.")
    address = f"{reverse('routing:draft', args=[line.slug])}#rule-{rule_id}"
    return HttpResponseClientRedirect(address) if request.htmx else HttpResponseRedirect(address)


def _show(
    request: DeskRequest,
    line: BookLine,
    draft: RulebookVersion,
    rule: Rule | None,
    fields: RuleFields,
    *,
    status: int = 200,
    stamp: str = "",
    conflict: Mapping[str, object] | None = None,
) -> HttpResponse:
    desk = desk_queries.load()
    context = {
        "book": line,
        "version": draft,
        "stamp": stamp or draft.stamp,
        "rule": rule,
        "fields": fields,
        "offers": rules.offers(fields, desk, line.type_id),
        "does": rules.DOES,
        "units": [(str(size), name) for size, name in rules.UNITS],
        "kept_words": rules.described(fields, desk.catalogue(line.type_id)),
        "conflict": conflict,
    }
    name = "rulebooks/_rule.html" if request.htmx else "rulebooks/rule.html"
    return render(request, name, context, status=status)
