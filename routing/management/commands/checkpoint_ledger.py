"""``manage.py checkpoint_ledger``: make a signed checkpoint of the ledger now, and append it to a file."""

import os
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import OperationalError

from routing.actions import sealing
from routing.actions.covering import line_of


class Command(BaseCommand):
    """Seal the ledger as it is now."""

    help = "Make a signed checkpoint of the ledger. The sweeper makes one a day; with --to it can be kept elsewhere."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the file."""
        parser.add_argument("--to", type=Path, metavar="FILE", help="append it to this file as one line of JSON")

    def handle(self, *_args: Any, to: Path | None, **_options: Any) -> None:
        """Make it, store it, and write it down."""
        try:
            checkpoint, signature = sealing.seal()
        except OperationalError as error:
            raise CommandError(f"Not now, something writes for long: try again in a moment. ({error})") from error
        line = line_of(checkpoint, signature)
        if to is None:
            self.stdout.write(line)
            return
        try:
            with to.open("a") as file:
                file.write(f"{line}\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise CommandError(f"{to} can't be written to ({error.strerror}): the line is {line}") from error
        self.stdout.write(f"Checkpoint {checkpoint.number}: {checkpoint.events} events of {checkpoint.items} items.")
