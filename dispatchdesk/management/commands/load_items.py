"""``manage.py load_items``: send in a CSV file of requests, and say where they went."""

import hashlib
import time
from itertools import islice
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db.models import QuerySet

from dispatchdesk.health import SILENCE_LIMIT
from dispatchdesk.management.progress import Progress
from dispatchdesk.management.tables import rows_of, slugs_of
from dispatchdesk.management.where import where_they_went
from dispatchdesk.models import Moment
from routing import transitions
from routing.actions import deciding, intake
from routing.actions.intake import FILES, MAX_TITLE, Request
from routing.domain.roles import Actor, Role
from routing.domain.states import State
from routing.errors import Conflict
from routing.models import WorkItem

BATCH = 500
POLL_SECONDS = 0.5
_MOST_REFUSALS_SHOWN = 5


class Command(BaseCommand):
    """Send in, wait, report."""

    help = "Send in each row of a CSV file as a request. Safe to run again: a row is taken once."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the file and its columns."""
        parser.add_argument("file", type=Path)
        parser.add_argument("--text", required=True, metavar="COLUMN", help="the column with the request")
        parser.add_argument("--title", metavar="COLUMN", help="the column with its title; else the text's beginning")
        parser.add_argument(
            "--type", default="", metavar="SLUG", help="the work type; else the First look rules find it"
        )
        parser.add_argument(
            "--input", action="append", default=[], metavar="NAME=COLUMN", help="an input and its column; with --type"
        )
        parser.add_argument("--wait", action="store_true", help="wait until all have settled")
        parser.add_argument("--expect", metavar="COLUMN", help="the column with the slug each should be sent to")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Load the file."""
        file: Path = options["file"]
        inputs = _inputs(options["input"])
        columns = [options["text"], options["title"], options["expect"], *inputs.values()]
        rows = list(rows_of(file, [name for name in columns if name]))
        prefix = _prefix(file)
        began = time.monotonic()
        self._send(rows, prefix, file, inputs, options)
        if options["wait"]:
            self._wait(_of_file(prefix))
            self.stdout.write(f"Settled after {time.monotonic() - began:.1f} s.")
        expected = None
        if options["expect"]:
            slugs = slugs_of([row[options["expect"]] for row in rows])
            expected = {_key(prefix, number): slug for number, slug in enumerate(slugs, start=1)}
        for line in where_they_went(_of_file(prefix), expected):
            self.stdout.write(line)

    def _send(
        self, rows: list[dict[str, str]], prefix: str, file: Path, inputs: dict[str, str], options: dict[str, Any]
    ) -> None:
        actor = Actor(role=Role.SYSTEM, name=file.name[:150], token_id=FILES)
        made = again = 0
        refused: list[str] = []
        bar = Progress(self.stderr, "Sending", len(rows))
        numbered = enumerate(rows, start=1)
        while batch := list(islice(numbered, BATCH)):
            requests = [_request(row, _key(prefix, number), inputs, options) for number, row in batch]
            for (number, _), received in zip(
                batch, intake.receive_many(actor=actor, requests=requests, trigger_kind="file"), strict=True
            ):
                if received.error is not None:
                    refused.append(f"row {number:,}: {_words(received.error)}")
                made += received.created
                again += received.item is not None and not received.created
            bar.show(batch[-1][0])
        bar.end()
        self.stdout.write(f"{made:,} received, {again:,} had been received before, {len(refused):,} refused.")
        for line in refused[:_MOST_REFUSALS_SHOWN]:
            self.stderr.write(line)
        if len(refused) > _MOST_REFUSALS_SHOWN:
            self.stderr.write(f"… and {len(refused) - _MOST_REFUSALS_SHOWN:,} more rows.")

    def _wait(self, items: QuerySet[WorkItem]) -> None:
        """Wait until none is incoming or working; decide in this process while no worker does."""
        whole = items.count()
        bar = Progress(self.stderr, "Settling", whole)
        while left := items.filter(state__in=(State.INCOMING, State.WORKING)).count():
            bar.show(whole - left)
            if _has_worker():
                time.sleep(POLL_SECONDS)
            elif not deciding.decide_due(batch_size=deciding.BATCH_SIZE) and not _somebody_decides(items):
                bar.end()
                raise CommandError(f"{left:,} wait for a worker, and none runs. Start the desk, then run this again.")
        bar.show(whole)
        bar.end()


def _inputs(given: list[str]) -> dict[str, str]:
    inputs = {}
    for one in given:
        name, equals, column = one.partition("=")
        if not (name and equals and column):
            raise CommandError(f"--input {one}: write it as NAME=COLUMN.")
        inputs[name] = column
    return inputs


def _prefix(file: Path) -> str:
    return f"file:{hashlib.sha256(file.name.encode('utf-8', 'surrogateescape')).hexdigest()[:16]}"


def _key(prefix: str, number: int) -> str:
    return f"{prefix}:{number}"


def _of_file(prefix: str) -> QuerySet[WorkItem]:
    return WorkItem.objects.filter(intake_token_id=FILES, intake_key__startswith=f"{prefix}:")


def _request(row: dict[str, str], key: str, inputs: dict[str, str], options: dict[str, Any]) -> Request:
    body: dict[str, object] = {
        "title": row[options["title"]][:MAX_TITLE] if options["title"] else "",
        "text": row[options["text"]],
        "type": options["type"],
        "inputs": {name: row[column] for name, column in inputs.items() if row[column].strip()},
    }
    return Request(**body, channel="file", key=key, body=body)  # type: ignore[arg-type]


def _words(error: Exception) -> str:
    if isinstance(error, Conflict):
        return "a file of this name had other words in this row. Rename the file to send it as a new one."
    fields = getattr(error, "fields", {})
    return " ".join([str(error), *(f"{name}: {detail}" for name, detail in fields.items())])


def _has_worker() -> bool:
    seen = Moment.objects.filter(name=Moment.WORKER).values_list("at", flat=True).first()
    return seen is not None and transitions.database_now() - seen < SILENCE_LIMIT


def _somebody_decides(items: QuerySet[WorkItem]) -> bool:
    """Whether another process holds some of them for deciding at the moment."""
    return items.filter(decide_lease_until__gt=transitions.database_now()).exists()
