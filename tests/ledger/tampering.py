"""Somebody who can write to the database, and perhaps has SECRET_KEY too."""

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from routing.events import chain_hash, event_body
from routing.models import Event, LedgerCheckpoint, LedgerPage, WorkItem


@contextmanager
def owner_of_the_server() -> Iterator[CursorWrapper]:
    """Take the backstop and the foreign keys away for one transaction, as the server's owner can."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        yield cursor


def execute(*statements: str, **values: Any) -> None:
    """Run these in one transaction, without the backstop; ``%(name)s`` stands for a value."""
    with owner_of_the_server() as cursor:
        for statement in statements:
            cursor.execute(statement, values or None)


@contextmanager
def copies_of(*tables: str) -> Iterator[Callable[[], None]]:
    """Copy these tables, and hand over what puts them back as they were."""
    execute(*(f"CREATE TEMP TABLE copy_{table} AS TABLE {table}" for table in tables))

    def put_back() -> None:
        for table in tables:
            execute(f"DELETE FROM {table}", f"INSERT INTO {table} SELECT * FROM copy_{table}")  # noqa: S608

    yield put_back
    execute(*(f"DROP TABLE copy_{table}" for table in tables))


def stamp_anew(item: WorkItem) -> None:
    """Write an item's whole chain anew with the desk's own key."""
    with owner_of_the_server() as cursor:
        head = b""
        for event in Event.objects.filter(item=item).order_by("seq"):
            head = chain_hash(head, event_body(vars(event)))
            cursor.execute("UPDATE routing_event SET hash = %s WHERE id = %s", [head, event.pk])
        cursor.execute("UPDATE routing_workitem SET chain_head = %s WHERE id = %s", [head, item.pk])


def forget_checkpoints() -> None:
    """Remove the checkpoints that the database holds."""
    LedgerCheckpoint.objects.all().delete()
    LedgerPage.objects.all().delete()


def verified(*arguments: str | Path) -> tuple[bool, str]:
    """Run ``manage.py verify_ledger``; whether it was green, and the lines it printed."""
    out = io.StringIO()
    try:
        call_command("verify_ledger", *map(str, arguments), stdout=out)
    except CommandError:
        return False, out.getvalue()
    return True, out.getvalue()


def faults(*arguments: str | Path) -> list[str]:
    """Run it and return what it found wrong."""
    is_green, lines = verified(*arguments)
    found = [line.removeprefix("WRONG  ") for line in lines.splitlines() if line.startswith("WRONG")]
    assert is_green is not bool(found)
    return found
