"""Rulebooks as files in the browser: taken out by everybody, taken in as a draft by admins."""

from functools import cache
from pathlib import Path

from django.conf import settings
from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import content_disposition_header

from routing.actions.importing import Imported, import_book
from routing.domain.bookfile import BookFile
from routing.domain.digests import digest
from routing.domain.faults import Problem, RuleError
from routing.domain.rules import Rulebook as Rules
from routing.errors import Conflict, Invalid, NotVisible
from routing.forms import bookfiles
from routing.queries import bookfiles as file_queries
from routing.queries import desk as desk_queries
from routing.queries import rulebooks
from routing.queries.rulebooks import BookLine
from routing.views.access import ADMINS, DeskRequest, page
from routing.views.rulebooks import visible_book

_FORMS = {
    "yaml": (bookfiles.write_yaml, "application/yaml; charset=utf-8"),
    "json": (bookfiles.write_json, "application/json; charset=utf-8"),
}
_MOST_SHOWN = 100


@cache
def _schema_text() -> str:
    return Path(settings.BASE_DIR, "docs", "rulebook.schema.json").read_text(encoding="utf-8")


@page("GET")
def schema(request: DeskRequest) -> HttpResponse:  # noqa: ARG001 - a view's signature
    """The JSON Schema of rulebook files."""
    return HttpResponse(_schema_text(), content_type="application/schema+json; charset=utf-8")


@page("GET")
def export(request: DeskRequest, slug: str, number: int, form: str) -> HttpResponse:
    """One version as a file, always as a download."""
    line = visible_book(request, slug)
    version = rulebooks.find_version(line.type_id, number)
    if version is None or form not in _FORMS:
        raise NotVisible(f"{line.name} has no version {number} as {form[:20]}.")
    write, content_type = _FORMS[form]
    try:
        text = write(file_queries.file_of(slug, version))
    except RuleError as error:
        raise Invalid(f"Version {number} of {line.name} cannot be read any more, so there is no file of it.") from error
    response = HttpResponse(text, content_type=content_type)
    name = f"{slug}-version-{number}.{form}"
    response.headers["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cache-Control"] = "private, no-store"
    return response


@page("GET", "POST", roles=ADMINS)
def import_file(request: DeskRequest, slug: str) -> HttpResponse:
    """Take a file in as the draft; one that is there already is shown against it first."""
    line = visible_book(request, slug)
    if request.method == "GET":
        return _show(request, line, "")
    text = request.POST.get("text", "")
    file = request.FILES.get("file")
    name = ""
    try:
        if isinstance(file, UploadedFile):
            name = file.name or ""
            content = file.read(bookfiles.MOST_BYTES + 1)
            text = content[: bookfiles.MOST_BYTES].decode("utf-8-sig", "replace")
            book = bookfiles.read_book(content, name=name)
        else:
            book = bookfiles.read_book(text)
    except RuleError as error:
        return _show(request, line, text, status=422, problems=error.problems)
    return _take(request, line, text, book)


def _take(request: DeskRequest, line: BookLine, text: str, book: BookFile) -> HttpResponse:
    """Import what was read, unless the page must first show what it would replace or whose rules they are."""
    draft = line.draft
    shown = _digest_of(text, line)
    must_ask = draft is not None or book.slug != line.slug
    if must_ask and request.POST.get("seen") != shown:
        was_asked = bool(request.POST.get("seen"))
        return _ask(request, line, text, book, shown, status=409 if was_asked else 200)
    try:
        done = import_book(
            actor=request.actor,
            work_type_id=line.type_id,
            book=book,
            replaces=(draft.pk, draft.revision) if draft else None,
        )
    except Conflict:
        line = visible_book(request, line.slug)
        return _ask(request, line, text, book, _digest_of(text, line), status=409)
    messages.success(request, _words(line, book, done))
    return redirect("routing:draft", line.slug)


def _digest_of(text: str, line: BookLine) -> str:
    """Return what binds an answer to what the page showed: the text and the draft's revision."""
    draft = line.draft
    same = text.replace("\r\n", "\n").strip()
    return digest([same, draft.pk if draft else 0, draft.revision if draft else 0])


def _words(line: BookLine, book: BookFile, done: Imported) -> str:
    count = len(book.rules.rules)
    words = f"The file is the draft of {line.name} now: {count} rule{'' if count == 1 else 's'}."
    if book.examples:
        words += f" Examples: {done.examples_added} added, {done.examples_updated} updated."
    return words


def _ask(request: DeskRequest, line: BookLine, text: str, book: BookFile, shown: str, *, status: int) -> HttpResponse:
    """Show whose rules they are and how they differ from the draft, and ask whether to go on."""
    draft = line.draft
    catalogue = desk_queries.load().catalogue(line.type_id)
    before = (rulebooks.read_rules(draft) or Rules((), "")) if draft else None
    return _show(
        request,
        line,
        text,
        status=status,
        seen=shown,
        changed=status == 409,
        other=book.slug if book.slug != line.slug else "",
        changes=rulebooks.draft_changes(before, book.rules, catalogue) if draft else None,
        examples=len(book.examples),
    )


def _show(
    request: DeskRequest,
    line: BookLine,
    text: str,
    *,
    status: int = 200,
    problems: tuple[Problem, ...] = (),
    **more: object,
) -> HttpResponse:
    context = {
        "book": line,
        "text": text,
        "problems": problems[:_MOST_SHOWN],
        "more_problems": max(0, len(problems) - _MOST_SHOWN),
    }
    return render(request, "rulebooks/import.html", context | more, status=status)
