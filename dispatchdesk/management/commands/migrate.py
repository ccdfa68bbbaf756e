"""``manage.py migrate``: Django's own, but it never makes a desk that works wait long for it."""

import time
from typing import Any

from django.core.management.base import CommandError
from django.core.management.commands.migrate import Command as DjangoMigrate
from django.db import OperationalError, connection
from psycopg.errors import DeadlockDetected, LockNotAvailable

LOCK_SECONDS = 2.0
PAUSE_SECONDS = 1.0
ATTEMPTS = 30
_ONE_AT_A_TIME = 7_361_002  # an advisory lock of the database

_HALF_BUILT = """
    SELECT format('DROP INDEX CONCURRENTLY %I.%I', n.nspname, c.relname)
    FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE NOT i.indisvalid AND n.nspname = current_schema()
"""


class Command(DjangoMigrate):
    """Wait two seconds at most for each lock, and try again; what others want of the table waits no longer than that.

    A migration that was refused a lock, or took two in another order than somebody else, is undone as a whole, so the
    next attempt goes on with it. Indexes that are built concurrently lock nobody out; they wait for as long as
    transactions that are older take.
    """

    def handle(self, *args: Any, **options: Any) -> None:
        """Migrate, one process at a time."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [_ONE_AT_A_TIME])
        try:
            self._migrate(*args, **options)
        finally:
            with connection.cursor() as cursor:
                cursor.execute("RESET lock_timeout")
                cursor.execute("SELECT pg_advisory_unlock(%s)", [_ONE_AT_A_TIME])

    def migration_progress_callback(self, action: str, migration: Any = None, fake: bool = False) -> None:  # noqa: FBT001
        """Say how long the next migration waits for locks; concurrent index builds have no limit."""
        if action in {"apply_start", "unapply_start"}:
            with connection.cursor() as cursor:
                cursor.execute(f"SET lock_timeout = {int(LOCK_SECONDS * 1000) if migration.atomic else 0}")
        super().migration_progress_callback(action, migration, fake)

    def _migrate(self, *args: Any, **options: Any) -> None:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                self._drop_half_built()
                super().handle(*args, **options)
            except OperationalError as error:
                if not isinstance(error.__cause__, LockNotAvailable | DeadlockDetected):
                    raise
                if attempt == ATTEMPTS:
                    raise CommandError(
                        "A table stayed locked, so the last migration named above was not made. Look for long "
                        "transactions in pg_stat_activity, then run migrate again."
                    ) from error
                if options["verbosity"]:
                    self.stdout.write(" a table is in use, trying again")
                time.sleep(PAUSE_SECONDS)
            else:
                return

    def _drop_half_built(self) -> None:
        """Drop indexes whose concurrent build was cut off, since they are of no use and in the way of the next."""
        with connection.cursor() as cursor:
            cursor.execute(_HALF_BUILT)
            for (statement,) in cursor.fetchall():
                cursor.execute(statement)
