"""``manage.py erase_requester``: erase the personal data of one requester."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from dispatchdesk.privacy.erasing import erase_requester
from routing.actions.erasing import items_of
from routing.domain.roles import Actor, Role
from routing.domain.states import OPEN_STATES

_WHO = Actor(role=Role.ADMIN, name="manage.py erase_requester")


class Command(BaseCommand):
    """Say what would go, ask, and erase it."""

    help = "Erase the personal data of the requester with this e-mail address. It cannot be brought back."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the address, and a way round the question."""
        parser.add_argument("email")
        parser.add_argument("--yes", action="store_true", help="do not ask")

    def handle(self, *_args: Any, email: str, yes: bool, **_options: Any) -> None:
        """Do it; status 1 when something has to wait."""
        rows = items_of(_WHO, email)
        still_open = rows.filter(state__in=OPEN_STATES).count()
        self.stdout.write(f"Requests of this address: {rows.count()}. Still open, and closed first: {still_open}.")
        if not yes and input("Erase what they hold of the requester, for good? Type yes: ").strip() != "yes":
            raise CommandError("Nothing was erased.")
        done = erase_requester(actor=_WHO, email=email)
        self.stdout.write(f"Erased: {len(done.erased)}.")
        for reason in done.blocked.values():
            self.stdout.write(reason)
        if done.blocked:
            raise CommandError(f"Not erased yet: {len(done.blocked)}. Run this again then.")
