"""The draft of a rulebook: begun, its rules moved, copied, switched and deleted, checked, published or thrown away."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render

from routing.actions import publishing
from routing.actions.drafting import start_draft
from routing.domain.rules import Rulebook as Rules
from routing.errors import Conflict, Invalid, NotVisible
from routing.forms import drafts
from routing.forms.numbers import whole_number
from routing.models import RulebookVersion
from routing.queries import desk as desk_queries
from routing.queries import rulebooks
from routing.queries.findings import draft_findings
from routing.queries.rulebooks import BookLine, Meanwhile
from routing.views.access import ADMINS, DeskRequest, page
from routing.views.rulebooks import visible_book


@page("POST", roles=ADMINS)
def start(request: DeskRequest, slug: str) -> HttpResponse:
    """Begin a draft from the live rules, or from the version ``from`` to go back to it."""
    line = visible_book(request, slug)
    number = whole_number(request.POST.get("from", ""))
    source = rulebooks.find_version(line.type_id, number) if number is not None else None
    start_draft(actor=request.actor, work_type_id=line.type_id, from_version_id=source.pk if source else None)
    return redirect("routing:draft", slug)


@page("GET", roles=ADMINS)
def draft(request: DeskRequest, slug: str) -> HttpResponse:
    """The draft with what must be mended, and how it differs from the live rules."""
    line = visible_book(request, slug)
    if line.draft is None:
        return redirect("routing:rulebook", slug)
    return show_draft(request, line, line.draft)


def draft_of(line: BookLine) -> RulebookVersion:
    """Return the rulebook's draft; raises Conflict when somebody has published it or thrown it away."""
    if line.draft is None:
        raise Conflict(
            f"There is no draft of {line.name} any more: it was published or thrown away meanwhile. Start one to go on."
        )
    return line.draft


def show_draft(
    request: DeskRequest, line: BookLine, shown: RulebookVersion, *, status: int = 200, **more: object
) -> HttpResponse:
    """Draw the draft: the whole page, or the part that htmx replaces."""
    catalogue = desk_queries.load().catalogue(line.type_id)
    rules = rulebooks.read_rules(shown) or Rules((), "")
    live = rulebooks.read_rules(line.live) if line.live else None
    findings = draft_findings(shown)
    errors = sum(finding.level == "error" for finding in findings)
    context = {
        "book": line,
        "version": shown,
        "rules": rulebooks.rule_lines(rules, catalogue),
        "findings": findings,
        "book_findings": any(not finding.rule for finding in findings),
        "fault_count": errors,
        "warning_count": len(findings) - errors,
        "fallback": rules.fallback_queue,
        "queues": catalogue.queues,
        "changes": rulebooks.draft_changes(live, rules, catalogue),
    }
    name = "rulebooks/_draft.html" if request.htmx else "rulebooks/draft.html"
    return render(request, name, context | more, status=status)


@page("POST", roles=ADMINS)
def change_rule(request: DeskRequest, slug: str, rule_id: str) -> HttpResponse:
    """Move, copy, switch or delete one rule of the draft; ``to`` is where a dragged one was dropped."""
    line = visible_book(request, slug)
    action = request.POST.get("action", "")
    if action not in drafts.ACTIONS:
        raise NotVisible(f"A rule cannot be changed by “{action[:20]}”.")
    to = whole_number(request.POST.get("to", "")) if action == drafts.MOVE else 0
    if to is None:
        raise Invalid("A rule is moved to a place in the list: give a whole number, from 0.")
    return _save(request, line, lambda content: drafts.edited(content, action, rule_id, to))


@page("POST", roles=ADMINS)
def change_fallback(request: DeskRequest, slug: str) -> HttpResponse:
    """Choose the queue that gets what no rule decides."""
    line = visible_book(request, slug)
    queue = request.POST.get("queue", "")
    return _save(request, line, lambda content: drafts.with_fallback(content, queue))


def _save(request: DeskRequest, line: BookLine, change: drafts.Change) -> HttpResponse:
    shown = draft_of(line)
    try:
        saved = publishing.save_draft(
            actor=request.actor,
            rulebook_id=shown.rulebook_id,
            content=change(shown.content),
            revision=posted_revision(request, shown),
        )
    except Conflict:
        line = visible_book(request, line.slug)
        return show_draft(
            request, line, draft_of(line), status=409, conflict=True, meanwhile=saved_meanwhile(request, line)
        )
    if request.htmx:
        return show_draft(request, line, saved)
    return redirect("routing:draft", line.slug)


def posted_revision(request: DeskRequest, draft: RulebookVersion) -> int:
    """Return the revision of this draft that the page showed; 0, which fits none, when it showed another draft."""
    of, _, revision = request.POST.get("revision", "").partition(".")
    return (whole_number(revision) or 0) if of == str(draft.pk) else 0


def saved_meanwhile(request: DeskRequest, line: BookLine) -> Meanwhile | None:
    """Return what others saved since the page that was posted; None when it showed another draft."""
    shown = draft_of(line)
    catalogue = desk_queries.load().catalogue(line.type_id)
    return rulebooks.saved_since(shown, posted_revision(request, shown), catalogue)


@page("POST", roles=ADMINS)
def discard(request: DeskRequest, slug: str) -> HttpResponse:
    """Throw the draft away."""
    line = visible_book(request, slug)
    shown = draft_of(line)
    publishing.discard_draft(actor=request.actor, version_id=shown.pk)
    messages.success(request, f"The draft of {line.name} is thrown away. The live rules are as they were.")
    return redirect("routing:rulebook", slug)
