"""``manage.py train_router``: train the learned router on labelled requests."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from dispatchdesk.management.tables import rows_of, slugs_of
from reviews.actions.staffing import ensure_triage, make_queue
from routing.actions import training
from routing.domain.roles import DESK, Role
from routing.errors import RoutingError
from routing.models import Destination, WorkType

_SLUG = re.compile(r"[A-Za-z0-9_-]{1,50}")


class Command(BaseCommand):
    """Train, store and report."""

    help = "Train the router on a CSV file of requests labelled with slugs of destinations or work types."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the file and its columns."""
        parser.add_argument("file", type=Path)
        parser.add_argument("--text", required=True, metavar="COLUMN", help="the column with the request")
        parser.add_argument("--label", required=True, metavar="COLUMN", help="the column that says where it belongs")
        parser.add_argument("--out-of-scope", metavar="VALUE", help="the label of requests that belong nowhere")
        parser.add_argument(
            "--make-queues",
            action="store_true",
            help="make a queue for each label that is no destination or type yet; “Big team” is called big-team",
        )

    def handle(
        self,
        *_args: Any,
        file: Path,
        text: str,
        label: str,
        out_of_scope: str | None,
        make_queues: bool,
        **_options: Any,
    ) -> None:
        """Train on the file."""
        rows = list(rows_of(file, [text, label]))
        nowhere = (out_of_scope or "").strip()
        labels = [row[label].strip() for row in rows]
        slugs = iter(slugs_of([one for one in labels if one != nowhere]))
        try:
            with transaction.atomic():
                stored, report = training.train_router(
                    actor=DESK,
                    texts=[row[text] for row in rows],
                    labels=[one if one == nowhere else next(slugs) for one in labels],
                    out_of_scope=out_of_scope,
                )
                lacking = _without_place(stored.labels)
                if make_queues:
                    _make_queues(lacking)
        except RoutingError as error:
            raise CommandError(str(error)) from error
        for line in report:
            self.stdout.write(line)
        if lacking and make_queues:
            self.stdout.write(f"Made {len(lacking)} queues, staffed by reviewers: {', '.join(lacking)}.")
        elif lacking:
            self.stderr.write(
                f"No destination or work type is called {', '.join(lacking)}: requests that belong there go to people."
                " Make them, or train again with --make-queues."
            )


def _without_place(labels: Sequence[str]) -> list[str]:
    known = set(Destination.objects.filter(archived=False).values_list("slug", flat=True))
    known |= set(WorkType.objects.values_list("slug", flat=True))
    return [label for label in labels if label not in known]


def _make_queues(slugs: Sequence[str]) -> None:
    """Make these queues, and Triage when there is none: what the router is unsure about must go somewhere."""
    for slug in slugs:
        if not _SLUG.fullmatch(slug):
            raise CommandError(
                f"“{slug}” cannot name a queue: use at most 50 letters, digits, hyphens and underscores as labels."
            )
    for slug in slugs:
        make_queue(slug, staff_role=Role.REVIEWER.value)
    ensure_triage()
