"""Writes docs/states.md from the table of states; ``--check`` only says whether it is current."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from routing.domain.roles import Role
from routing.domain.states import STATE_LABELS, TABLE, Action, State

TARGET = Path("docs/states.md")
SHOWN_ROLES = (Role.SYSTEM, Role.OPERATOR, Role.REVIEWER, Role.ADMIN, Role.REQUESTER)


def document() -> str:
    """Return the page: which action moves an item from which state to which, and who may make the move."""
    lines = [
        "# States of an item",
        "",
        "Generated from `routing/domain/states.py` by `manage.py states_doc`. Every change of state goes through",
        "`routing/transitions.py`, which refuses whatever is not in this table.",
        "",
        "| from | action | to | who |",
        "|---|---|---|---|",
    ]
    for state in State:
        for action in Action:
            move = TABLE.get((state, action))
            if move is None:
                continue
            targets = ", ".join(STATE_LABELS[target].lower() for target in State if target in move.targets)
            roles = ", ".join("the desk" if r is Role.SYSTEM else r.value for r in SHOWN_ROLES if r in move.roles)
            lines.append(f"| {STATE_LABELS[state].lower()} | {action.value.replace('_', ' ')} | {targets} | {roles} |")
    return "\n".join(lines) + "\n"


class Command(BaseCommand):
    """Keeps docs/states.md in step with the code."""

    help = "Write docs/states.md from the table of states."

    def add_arguments(self, parser: CommandParser) -> None:
        """Add --check."""
        parser.add_argument("--check", action="store_true", help="only fail when the page is not current")

    def handle(self, **options: Any) -> None:
        """Write or check the page."""
        path = Path(settings.BASE_DIR) / TARGET
        if options["check"]:
            if not path.is_file() or path.read_text() != document():
                raise CommandError(f"{TARGET} is not current: run manage.py states_doc")
            return
        path.write_text(document())
