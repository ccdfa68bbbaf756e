"""``manage.py practice``: load the practice desk, show its accounts, pause its stream, and remove all of it."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from dispatchdesk.practice import accounts, loading, removing, stream
from dispatchdesk.practice.servers.place import keep_port, practice_port

ACTIONS = ("load", "accounts", "pause", "resume", "remove")


class Command(BaseCommand):
    """One action on the practice desk."""

    help = (
        "Load the practice desk, list its accounts, pause or resume its stream of requests, or remove all of it. "
        "A desk that runs must be started again after loading or removing."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the action."""
        parser.add_argument("action", choices=ACTIONS)

    def handle(self, *_args: Any, action: str, **_options: Any) -> None:
        """Do it."""
        match action:
            case "load":
                self._load()
            case "accounts":
                for line in accounts.lines():
                    self.stdout.write(line)
            case "pause" | "resume":
                if not stream.set_paused(paused=action == "pause"):
                    raise CommandError("There is no practice desk here: load it with `manage.py practice load`.")
            case "remove":
                self._remove()

    def _load(self) -> None:
        try:
            port = practice_port(settings.PORT)
            loading.load(port=port)
        except (ValueError, loading.AlreadyLoaded, loading.NotEmpty) as error:
            raise CommandError(str(error)) from error
        keep_port(settings.DESK_DATA, port)

    def _remove(self) -> None:
        for line in removing.remove():
            self.stdout.write(line)
        self.stdout.write("The practice desk is removed. Start the desk again, so that it runs without practice parts.")
        self.stdout.write("It prints an admin account then, unless another admin can sign in.")
