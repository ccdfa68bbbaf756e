"""``manage.py verify_ledger``: look whether the ledger is what was written, and say what is not."""

import time
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from routing.actions import verifying


class Command(BaseCommand):
    """Verify; exit status 1 when something is wrong."""

    help = "Verify every event, item and checkpoint of the ledger. It needs the database only, and no running desk."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the file of checkpoints."""
        parser.add_argument(
            "--checkpoints", type=Path, metavar="FILE", help="what checkpoint_ledger --to wrote, from where it was kept"
        )

    def handle(self, *_args: Any, checkpoints: Path | None, **_options: Any) -> None:
        """Print what was looked at, then each fault."""
        began = time.monotonic()
        try:
            lines = checkpoints.read_text().splitlines() if checkpoints else []
            report = verifying.verify(lines)
        except OSError as error:
            raise CommandError(f"{checkpoints} can't be read ({error.strerror}).") from error
        except ValueError as error:
            raise CommandError(f"{checkpoints}: {error}.") from error
        seconds = time.monotonic() - began
        self.stdout.write(f"Looked at {report.events} events of {report.items} items in {seconds:.1f} s.")
        if report.newest:
            later = report.events - report.covered
            self.stdout.write(f"The newest checkpoint, {report.newest}, covers all but the later {max(0, later)}.")
        else:
            self.stdout.write("There is no checkpoint yet, so that a cut end does not show: see checkpoint_ledger.")
        if not report.faults.count:
            self.stdout.write("The ledger is whole.")
            return
        for line in report.faults.lines:
            self.stdout.write(f"WRONG  {line}")
        count = report.faults.count
        raise CommandError(f"The ledger is not what was written: {count} {'fault' if count == 1 else 'faults'}.")
