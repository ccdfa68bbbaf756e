"""What ``manage.py rulebook`` does: each function returns a report, or raises Refused with an exit code."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from dispatchdesk.accounts.actors import actor_of
from dispatchdesk.accounts.models import User
from routing.actions import backtesting, checking, importing, publishing
from routing.actions.checking import ERROR, Finding
from routing.domain import bookfile
from routing.domain.bookfile import BookFile
from routing.domain.faults import RuleError
from routing.domain.roles import DESK, Actor, Role
from routing.errors import Conflict, Invalid, NotAllowed
from routing.forms import bookfiles
from routing.models import Backtest, RulebookVersion
from routing.queries import backtests, rulebooks
from routing.queries import bookfiles as file_queries
from routing.queries import desk as desk_queries
from routing.queries.rulebooks import BookLine

PROBLEMS, UNREADABLE, REFUSED = 1, 2, 3
COMMAND_LINE = Actor(role=Role.SYSTEM, name="the command line")


@dataclass(frozen=True, slots=True)
class Report:
    """What was done: a sentence for people, the parts of the JSON object for programs, and what is to mend."""

    words: str
    parts: Mapping[str, object]
    findings: tuple[Finding, ...] = ()

    @property
    def is_good(self) -> bool:
        """Whether nothing found is an error."""
        return all(finding.level != ERROR for finding in self.findings)


class Refused(Exception):
    """Nothing was done; ``code`` is the exit code, ``findings`` say why."""

    def __init__(self, code: int, words: str, findings: Iterable[Finding] = ()) -> None:
        super().__init__(words)
        self.code = code
        self.findings = tuple(findings) or (Finding("", words),)


def actor_named(username: str) -> Actor:
    """Return the active user of this name as an actor; the command line itself for an empty name."""
    if not username:
        return COMMAND_LINE
    user = User.objects.filter(username=username, is_active=True).first()
    if user is None:
        raise Refused(UNREADABLE, f"There is no active user “{username}”.")
    return actor_of(user)


def book_line(slug: str) -> BookLine:
    """Return the rulebook of this slug; raises Refused."""
    line = rulebooks.find_book(DESK, slug)
    if line is None:
        known = ", ".join(each.slug for each in rulebooks.books(DESK))
        raise Refused(UNREADABLE, f"There is no rulebook “{slug}”. The rulebooks are: {known}.")
    return line


def read_file(path: Path) -> BookFile:
    """Read a rulebook file; raises Refused."""
    try:
        with path.open("rb") as file:
            content = file.read(bookfiles.MOST_BYTES + 1)
    except OSError as error:
        raise Refused(UNREADABLE, f"{path} cannot be read: {error.strerror}.") from error
    try:
        data = bookfiles.read_data(content, name=path.name)
    except RuleError as error:
        detail = error.problems[0].detail
        raise Refused(UNREADABLE, f"{path} cannot be read.", [Finding("", detail)]) from error
    return _whole_book(data, str(path))


def _whole_book(data: object, name: str) -> BookFile:
    try:
        return bookfile.read(data)
    except RuleError as error:
        raise Refused(PROBLEMS, f"{name} is no rulebook file yet.", _findings(error)) from error


def _findings(error: RuleError) -> list[Finding]:
    return [Finding(problem.pointer, problem.detail) for problem in error.problems]


def chosen_version(line: BookLine, *, number: int | None = None, draft: bool = False) -> RulebookVersion:
    """Return the draft, the version of this number, or the live one; raises Refused when there is none."""
    if number is not None:
        found = rulebooks.find_version(line.type_id, number)
        lacking = f"{line.name} has no version {number}."
    elif draft:
        found, lacking = line.draft, f"There is no draft of {line.name}."
    else:
        found, lacking = line.live, f"No version of {line.name} is live. Name one, or --draft."
    if found is None:
        raise Refused(REFUSED, lacking)
    return found


def book_of(line: BookLine, version: RulebookVersion) -> BookFile:
    """Return a version as a file; raises Refused when what is stored cannot be read any more."""
    try:
        return file_queries.file_of(line.slug, version)
    except RuleError as error:
        words = f"Version {version.number} of {line.name} cannot be read."
        raise Refused(PROBLEMS, words, _findings(error)) from error


def exported(slug: str, *, number: int | None, draft: bool, form: str) -> str:
    """Return a version of a rulebook as the text of a file."""
    line = book_line(slug)
    book = book_of(line, chosen_version(line, number=number, draft=draft))
    return bookfiles.write_json(book) if form == "json" else bookfiles.write_yaml(book)


def imported(path: Path, *, slug: str, replace: bool, actor: Actor) -> Report:
    """Make a file the draft of its rulebook, or of the one named."""
    book = read_file(path)
    line = book_line(slug or book.slug)
    replaces = (line.draft.pk, line.draft.revision) if replace and line.draft else None
    try:
        done = importing.import_book(actor=actor, work_type_id=line.type_id, book=book, replaces=replaces)
    except Conflict as error:
        advice = "" if replace else " Look at it, then import with --replace-draft."
        raise Refused(REFUSED, f"{error}{advice}") from error
    except NotAllowed as error:
        raise Refused(REFUSED, str(error)) from error
    count = len(book.rules.rules)
    words = (
        f"Version {done.draft.number} of {line.name} is a draft of {count} rule{'' if count == 1 else 's'}."
        f" Examples: {done.examples_added} added, {done.examples_updated} updated."
    )
    return Report(
        words,
        {
            "rulebook": line.slug,
            "version": done.draft.number,
            "revision": done.draft.revision,
            "rules": count,
            "examples_added": done.examples_added,
            "examples_updated": done.examples_updated,
        },
    )


def checked(what: str, *, draft: bool, with_desk: bool) -> Report:
    """Check a file, or a rulebook's live version or draft, as publishing would."""
    path = Path(what)
    is_file = path.suffix or path.exists() or not with_desk
    if is_file:
        book = read_file(path)
        if not with_desk:
            return _checked(book, checking.check_form(book), tried=False)
        line = rulebooks.find_book(DESK, book.slug)
        if line is None:
            return _checked(book, (Finding("/rulebook", f"There is no rulebook “{book.slug}” here."),), tried=False)
    else:
        line = book_line(what)
        book = book_of(line, chosen_version(line, draft=draft))
    found = checking.check_book(book, line.type_id)
    tried = not any(finding.level == ERROR and not finding.pointer.startswith("/examples") for finding in found)
    return _checked(book, found, tried=tried)


def _checked(book: BookFile, found: tuple[Finding, ...], *, tried: bool) -> Report:
    rules, examples = len(book.rules.rules), len(book.examples)
    errors = sum(finding.level == ERROR for finding in found)
    tries = f"{examples} example{'' if examples == 1 else 's'} {'tried' if tried else 'not tried'}"
    words = f"{rules} rule{'' if rules == 1 else 's'}, {tries}, {errors} error{'' if errors == 1 else 's'}."
    parts = {"rulebook": book.slug, "rules": rules, "examples": examples, "examples_tried": tried}
    return Report(words, parts, found)


def published(slug: str, *, note: str, reason: str, actor: Actor) -> Report:
    """Publish a rulebook's draft."""
    line = book_line(slug)
    draft = chosen_version(line, draft=True)
    signed = f"{note.strip()} (from the command line)" if actor is COMMAND_LINE and note.strip() else note
    try:
        live = publishing.publish(actor=actor, version_id=draft.pk, note=signed, reason=reason, revision=draft.revision)
    except Invalid as error:
        typed = {"note", "reason"}  # no places in the rulebook
        found = [Finding("" if place in typed else place, detail) for place, detail in error.fields.items()]
        raise Refused(PROBLEMS, str(error), found) from error
    except (Conflict, NotAllowed) as error:
        raise Refused(REFUSED, str(error)) from error
    words = f"Version {live.number} of {line.name} is live."
    return Report(words, {"rulebook": line.slug, "version": live.number})


def backtested(slug: str, *, most: int | None, since: datetime | None, actor: Actor) -> Report:
    """Follow a rulebook's draft over stored decisions, here and now, and say what came out."""
    line = book_line(slug)
    draft = chosen_version(line, draft=True)
    try:
        row = backtesting.start_backtest(actor=actor, version_id=draft.pk, most=most, since=since)
    except Invalid as error:
        raise Refused(UNREADABLE, str(error)) from error
    except (Conflict, NotAllowed) as error:
        raise Refused(REFUSED, str(error)) from error
    while row.status in backtesting.ACTIVE:
        backtesting.run_backtest(row.pk)
        row.refresh_from_db()
    if row.status != Backtest.DONE:
        raise Refused(REFUSED, row.error or "The back-test was cancelled.")
    found = backtests.report_of(row, desk_queries.load().catalogue(line.type_id))
    words = (
        f"{found.elsewhere} of {found.compared} decisions would have gone elsewhere; {found.not_followed} could not be"
        f" followed, {found.skipped} were left out. People judged {found.judged}: the draft agrees with"
        f" {found.draft_agrees}, the live rules with {found.live_agrees}."
    )
    asked = [{"words": text, "times": count} for text, count in found.asked]
    figures = ("compared", "same", "elsewhere", "not_followed", "skipped", "judged", "draft_agrees", "live_agrees")
    parts = {name: getattr(found, name) for name in figures} | {"asked": asked}
    return Report(words, {"rulebook": line.slug, "version": draft.number, "backtest": row.pk, **parts})
