"""``manage.py rulebook``: rulebooks as files, checked and published from the command line."""

import json
from collections.abc import Iterable
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from dispatchdesk.management import bookwork
from dispatchdesk.management.bookwork import PROBLEMS, UNREADABLE, Refused, Report
from routing.actions.checking import Finding


class Command(BaseCommand):
    """Parse what is asked, and print what came of it."""

    help = (
        "Export, import, check, back-test and publish rulebooks. "
        "Exits with 0: fine, 1: problems, 2: cannot be read, 3: refused."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the verbs and what each takes."""
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
        export = verbs.add_parser("export", help="write a version to a file")
        export.add_argument("slug", help="the work type's short name, or first-look")
        which = export.add_mutually_exclusive_group()
        which.add_argument("--version", dest="number", type=int, metavar="N", help="this version, not the live one")
        which.add_argument("--draft", action="store_true", help="the draft, not the live version")
        export.add_argument("--format", choices=("yaml", "json"), help="else by the file's name, else yaml")
        export.add_argument("--output", type=Path, metavar="FILE", help="else standard output")

        taken = verbs.add_parser("import", help="make a file the draft")
        taken.add_argument("file", type=Path)
        taken.add_argument("--rulebook", default="", metavar="SLUG", help="another rulebook than the file names")
        taken.add_argument("--replace-draft", action="store_true", help="also when there is a draft already")

        check = verbs.add_parser("check", help="say what keeps a file or a rulebook from being published")
        check.add_argument("what", metavar="FILE|SLUG")
        check.add_argument("--draft", action="store_true", help="of a rulebook: its draft, not the live version")
        check.add_argument("--no-desk", action="store_true", help="only the form of a file; needs no database")

        publish = verbs.add_parser("publish", help="make the draft the live version")
        publish.add_argument("slug")
        publish.add_argument("--note", required=True, help="what changes, and why")

        publish.add_argument("--reason", default="", help="why there is no fresh back-test, when there is none")

        follow = verbs.add_parser("backtest", help="follow the draft over stored decisions")
        follow.add_argument("slug")
        window = follow.add_mutually_exclusive_group(required=True)
        window.add_argument("--last", type=int, metavar="N", help="over the last N decisions")
        window.add_argument("--since", type=_day, metavar="DAY", help="over those since a day, such as 2026-03-31")

        for verb in (taken, publish, follow):
            verb.add_argument("--as", dest="username", default="", help="the admin who does it; else the command line")
        for verb in (taken, check, publish, follow):
            verb.add_argument("--format", choices=("text", "json"), default="text")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Do it; every refusal becomes a sentence and an exit code."""
        as_json = options["format"] == "json" and options["verb"] != "export"
        try:
            if options["verb"] == "export":
                self._export(options)
                return
            report = _done(options)
        except Refused as error:
            self._show(as_json=as_json, ok=False, words="", parts={}, findings=error.findings)
            raise CommandError(str(error), returncode=error.code) from error
        self._show(as_json=as_json, ok=report.is_good, words=report.words, parts=report.parts, findings=report.findings)
        if not report.is_good:
            raise CommandError("Not fit to be published yet.", returncode=PROBLEMS)

    def _export(self, options: dict[str, Any]) -> None:
        path: Path | None = options["output"]
        form = options["format"] or ("json" if path and path.suffix == ".json" else "yaml")
        text = bookwork.exported(options["slug"], number=options["number"], draft=options["draft"], form=form)
        if path is None:
            self.stdout.write(text, ending="")
            return
        try:
            path.write_text(text, encoding="utf-8")
        except OSError as error:
            raise Refused(UNREADABLE, f"{path} cannot be written: {error.strerror}.") from error

    def _show(self, *, as_json: bool, ok: bool, words: str, parts: Any, findings: Iterable[Finding]) -> None:
        if as_json:
            problems = [{"pointer": one.pointer, "detail": one.detail, "level": one.level} for one in findings]
            self.stdout.write(json.dumps({"ok": ok, **parts, "problems": problems}, ensure_ascii=False))
            return
        for one in findings:
            self.stderr.write(f"{one.level}: {one.pointer or '/'}: {one.detail}")
        if words:
            self.stdout.write(words)


def _day(text: str) -> datetime:
    return datetime.combine(date.fromisoformat(text), time.min, tzinfo=timezone.get_current_timezone())


def _done(options: dict[str, Any]) -> Report:
    match options["verb"]:
        case "import":
            actor = bookwork.actor_named(options["username"])
            return bookwork.imported(
                options["file"], slug=options["rulebook"], replace=options["replace_draft"], actor=actor
            )
        case "check":
            return bookwork.checked(options["what"], draft=options["draft"], with_desk=not options["no_desk"])
        case "backtest":
            actor = bookwork.actor_named(options["username"])
            return bookwork.backtested(options["slug"], most=options["last"], since=options["since"], actor=actor)
        case _:
            actor = bookwork.actor_named(options["username"])
            return bookwork.published(options["slug"], note=options["note"], reason=options["reason"], actor=actor)
