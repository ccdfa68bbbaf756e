"""Migrating a desk that works: nobody waits long, and what is refused a lock is tried again."""

import io
import threading
import time
from collections.abc import Iterator

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from dispatchdesk.management.commands import migrate
from tests.desks import TestDesk

pytestmark = pytest.mark.django_db(transaction=True)

BEFORE, AFTER = "0011", "0012"


@pytest.fixture(autouse=True)
def _one_step_back() -> Iterator[None]:
    """Take the newest of routing's migrations but one back, and end up with all of them."""
    call_command("migrate", "routing", BEFORE, verbosity=0)
    yield
    call_command("migrate", verbosity=0)


class Holder(threading.Thread):
    """Somebody with a transaction that has written items, until told to end."""

    def __init__(self) -> None:
        super().__init__()
        self.holds, self.may_end = threading.Event(), threading.Event()

    def run(self) -> None:
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("UPDATE routing_workitem SET due_at = due_at")
                self.holds.set()
                self.may_end.wait(60)
        finally:
            connection.close()


class EndsTheHolder(io.StringIO):
    """The output of ``migrate``: with the first word of a table in use, the holder's transaction may end."""

    def __init__(self, holder: Holder) -> None:
        super().__init__()
        self._holder = holder

    def write(self, text: str) -> int:
        if "trying again" in text:
            self._holder.may_end.set()
        return super().write(text)


def test_writers_wait_no_longer_than_the_limit_while_a_migration_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(migrate, "LOCK_SECONDS", 0.5)
    holder, waits, stop = Holder(), [], threading.Event()
    holder.start()
    holder.holds.wait(30)

    def read_and_write() -> None:
        try:
            while not stop.is_set():
                began = time.monotonic()
                with connection.cursor() as cursor:
                    cursor.execute("UPDATE routing_workitem SET due_at = due_at WHERE id = -1")
                waits.append(time.monotonic() - began)
        finally:
            connection.close()

    writer = threading.Thread(target=read_and_write)
    writer.start()
    out = EndsTheHolder(holder)
    try:
        call_command("migrate", "routing", AFTER, stdout=out)
    finally:
        holder.may_end.set()
        stop.set()
        for thread in (holder, writer):
            thread.join(30)
    assert "a table is in use, trying again" in out.getvalue()
    assert out.getvalue().rstrip().endswith("OK")
    # Somebody did wait for the lock that was asked for.
    assert max(waits) > 0.2


def test_a_deadlock_with_somebody_who_works_is_tried_again() -> None:
    """The migration takes the decisions and then the events, somebody who looks at an item the other way round."""
    looks = threading.Event()

    def look() -> None:
        waits = "SELECT FROM pg_locks WHERE NOT granted AND relation = 'routing_event'::regclass"
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("SELECT FROM routing_event")
                looks.set()
                for _ in range(3_000):
                    cursor.execute(waits)
                    if cursor.fetchone() is not None:
                        break
                    time.sleep(0.01)
                cursor.execute("SELECT FROM routing_decision")
        finally:
            connection.close()

    looker, out = threading.Thread(target=look), io.StringIO()
    looker.start()
    looks.wait(30)
    try:
        call_command("migrate", "routing", "0013", stdout=out)
    finally:
        looker.join(30)
    assert "a table is in use, trying again" in out.getvalue()
    assert out.getvalue().rstrip().endswith("OK")


def test_a_lock_that_never_comes_is_said_and_nothing_is_made_by_halves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(migrate, "LOCK_SECONDS", 0.1)
    monkeypatch.setattr(migrate, "PAUSE_SECONDS", 0.0)
    monkeypatch.setattr(migrate, "ATTEMPTS", 2)
    holder = Holder()
    holder.start()
    holder.holds.wait(30)
    try:
        with pytest.raises(CommandError, match="A table stayed locked"):
            call_command("migrate", "routing", AFTER, stdout=io.StringIO())
    finally:
        holder.may_end.set()
        holder.join(30)
    call_command("migrate", verbosity=0)
    assert TestDesk().send("goes on").erased_at is None


def test_an_index_whose_concurrent_build_was_cut_off_is_built_anew() -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'review_next_alike'::regclass")
        call_command("migrate", verbosity=0)
        cursor.execute("SELECT count(*) FROM pg_class WHERE relname = 'review_next_alike'")
        assert cursor.fetchone() == (0,)
    call_command("migrate", "reviews", "0012", fake=True, verbosity=0)
    call_command("migrate", "reviews", "0013", verbosity=0)
    call_command("migrate", "reviews", fake=True, verbosity=0)
    with connection.cursor() as cursor:
        cursor.execute("SELECT indisvalid FROM pg_index WHERE indexrelid = 'review_next_alike'::regclass")
        assert cursor.fetchone() == (True,)
