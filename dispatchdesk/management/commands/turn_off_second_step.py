"""``manage.py turn_off_second_step``: for an admin who lost both app and recovery codes."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from dispatchdesk.accounts import second_step
from dispatchdesk.accounts.models import User
from routing.domain.roles import DESK


class Command(BaseCommand):
    """Let somebody sign in with the password alone again."""

    help = "Turn off the second step of signing in for user NAME, who lost both app and recovery codes."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the name."""
        parser.add_argument("name", help="their username")

    def handle(self, *_args: Any, name: str, **_options: Any) -> None:
        """Turn it off."""
        user = User.objects.filter(username=name).first()
        if user is None:
            raise CommandError(f"Nobody has the username {name}.")
        second_step.turn_off(actor=DESK, user_id=user.pk)
        self.stdout.write(f"{name} signs in with the password alone until they turn the second step on again.")
