"""``manage.py create_token``: make a bearer token for a program."""

from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from dispatchdesk.accounts.models import TOKEN_ROLES, User
from dispatchdesk.accounts.tokens import make_token
from reviews.models import Membership, Queue
from routing.domain.roles import Role


class Command(BaseCommand):
    """Print a new token once."""

    help = "Make a token by which a program acts as user NAME, made if absent. It is printed once, as the last word."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the name, the role and the queues."""
        parser.add_argument("name", help="the user the program acts as")
        parser.add_argument("--role", required=True, choices=[value for value, _ in TOKEN_ROLES])
        parser.add_argument(
            "--queue",
            action="append",
            default=[],
            metavar="SLUG",
            help="a queue the user joins; may be given again. A reviewer without one joins every practice queue",
        )

    def handle(self, *_args: Any, name: str, role: str, queue: list[str], **_options: Any) -> None:
        """Make user, memberships and token together."""
        with transaction.atomic():
            user = _user(name, role)
            for one in _queues(role, queue):
                Membership.objects.get_or_create(queue=one, user=user)
            token = make_token(user=user, role=Role(role), name=name)
        self.stdout.write(f"Keep this token for {name} ({role}), it is not shown again: {token}")


def _user(name: str, role: str) -> User:
    user = User.objects.filter(username=name).first()
    if user is None:
        user = User(username=name, role=role)
        user.set_unusable_password()
        try:
            user.full_clean()
        except ValidationError as error:
            raise CommandError(f"“{name}” cannot be a username: {' '.join(error.messages)}") from error
        user.save()
    if not user.is_active:
        raise CommandError(f"The account {name} is closed: open it again under Settings, or choose another name.")
    return user


def _queues(role: str, slugs: list[str]) -> list[Queue]:
    rows = Queue.objects.select_related("destination").filter(destination__archived=False)
    if not slugs:
        return list(rows.filter(destination__practice=True)) if role == Role.REVIEWER else []
    found = {row.slug: row for row in rows}
    for slug in slugs:
        if slug not in found:
            known = ", ".join(sorted(found)) or "none"
            raise CommandError(f"There is no queue “{slug}”. The queues are: {known}.")
    return [found[slug] for slug in slugs]
