"""``manage.py desk``: the whole desk from one command."""

import io
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandParser
from django.db import connection, transaction
from django.db.migrations.executor import MigrationExecutor

from dispatchdesk.accounts.people import first_admin
from dispatchdesk.models import Moment, mark
from dispatchdesk.practice.addresses import point_at
from dispatchdesk.practice.servers.place import HOST as PRACTICE_HOST
from dispatchdesk.practice.servers.place import practice_port
from dispatchdesk.runtime import environment, programs
from dispatchdesk.runtime.desk import require_free_port, run_desk
from dispatchdesk.runtime.environment import SettingError
from dispatchdesk.runtime.programs import Program
from reviews.actions.staffing import ensure_triage


class Command(BaseCommand):
    """Start everything and keep it running until Ctrl-C."""

    help = "Run the desk: embedded PostgreSQL unless DATABASE_URL is set, web, worker and sweeper. Ctrl-C stops it."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """Add ``--empty``."""
        parser.add_argument("--empty", action="store_true", help="on the first start, don't load the practice desk")

    def handle(self, *_args: Any, empty: bool, **_options: Any) -> None:
        """Run the desk."""
        accounts: list[str] = []

        def set_up() -> list[Program]:
            practice = prepare(is_practice_wanted=not empty)
            accounts.extend(practice or first_account())
            return [programs.practice_servers(logs=settings.DESK_DATA / "logs")] if practice else []

        def announce() -> None:
            self.stdout.write(f"Dispatch Desk is at {settings.PUBLIC_URL}")
            for line in accounts:
                self.stdout.write(line)
            self.stdout.write("Ctrl-C stops it.")
            self.stdout.flush()

        try:
            run_desk(
                data=Path(settings.DESK_DATA),
                host=settings.HOST,
                port=settings.PORT,
                address=settings.PUBLIC_URL,
                set_up=set_up,
                announce=announce,
            )
        except KeyboardInterrupt:
            self.stderr.write("stopped while starting")


def prepare(*, is_practice_wanted: bool) -> list[str]:
    """Migrate, load the practice desk on the very first start, and return its accounts as lines to show.

    No lines mean that the practice desk is not in use.
    """
    # The embedded database got its address after the settings were loaded. One connection, closed below, is enough
    # here: a pool's threads and spare connections would stay for as long as the desk runs.
    entry = environment.database(environment.text("DATABASE_URL"), pool_size=1)
    del entry["OPTIONS"]["pool"]
    settings.DATABASES["default"].update(entry)
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        call_command("migrate", verbosity=0)
    if not Moment.objects.filter(name=Moment.SET_UP).exists():
        # Together: a start that is interrupted in the middle of loading begins anew the next time.
        with transaction.atomic():
            if is_practice_wanted and not get_user_model().objects.exists():
                call_command("practice", "load")
            else:
                ensure_triage()
            mark(Moment.SET_UP)
    output = io.StringIO()
    call_command("practice", "accounts", stdout=output)
    lines = output.getvalue().splitlines()
    if lines:
        point_at(free_practice_port())
    connection.close()
    return lines


def first_account() -> list[str]:
    """Make an admin when none can sign in, and return lines that tell the password; none when one can."""
    made = first_admin()
    connection.close()
    if made is None:
        return []
    user, password = made
    return [f"{user.role} {user.username} {password}", "This password is shown once: change it in the settings."]


def free_practice_port() -> int:
    """Return the port where the practice model and tools will answer; raises SettingError when it can't be used."""
    try:
        port = practice_port(settings.PORT)
    except ValueError as error:
        raise SettingError(str(error)) from error
    try:
        require_free_port(PRACTICE_HOST, port)
    except SettingError as error:
        raise SettingError(
            f"port {port}, where the practice model and tools answer, is in use: free it, or choose another with "
            "PRACTICE_PORT."
        ) from error
    return port
