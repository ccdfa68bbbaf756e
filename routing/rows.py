"""Rows at a fraction of what Django takes: many inserted at once by COPY, or read by a prepared statement."""

import json
from collections.abc import Mapping, Sequence
from typing import TypeVar

from django.db import connection
from django.db.models import JSONField, Model
from psycopg import Cursor

M = TypeVar("M", bound=Model)


def insert(rows: Sequence[Model]) -> None:
    """Insert these rows, all of one model, in the caller's transaction; the database numbers those without an id.

    They are not told that id, unlike by bulk_create: whoever needs it takes it first, with ``new_ids``.
    """
    if not rows:
        return
    meta = rows[0]._meta  # noqa: SLF001 - Django's documented name
    fields = [field for field in meta.concrete_fields if not field.has_db_default()]
    if rows[0].pk is None:
        fields.remove(meta.pk)
    names = [(field, field.attname, isinstance(field, JSONField)) for field in fields]
    quote = connection.ops.quote_name
    columns = ", ".join(quote(str(field.column)) for field in fields)
    statement = f"COPY {quote(meta.db_table)} ({columns}) FROM STDIN"
    with connection.cursor() as cursor, connection.wrap_database_errors, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(
                [
                    field.get_db_prep_save(getattr(row, name), connection) if is_json else getattr(row, name)
                    for field, name, is_json in names
                ]
            )
    for row in rows:
        state = row._state  # noqa: SLF001 - Django's documented name
        state.adding, state.db = False, connection.alias


def new_ids(model: type[Model], count: int) -> list[int]:
    """Take the next ids of a model, lowest first."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)",
            [model._meta.db_table, count],  # noqa: SLF001 - Django's documented name
        )
        return [row[0] for row in cursor.fetchall()]


def prepared(model: type[M], statement: str, values: Mapping[str, object]) -> list[M]:
    """Run a statement that PostgreSQL keeps prepared on this connection; it returns all columns of one model.

    For a statement that takes longer to plan than to run. The server binds its values, so that it must be told, or
    find out, the type of each.
    """
    with connection.wrap_database_errors, Cursor(connection.connection) as cursor:
        cursor.connection.prepare_threshold = 0
        try:
            cursor.execute(statement, values, prepare=True)
        finally:
            cursor.connection.prepare_threshold = None  # as Django leaves it
        place = {column.name: number for number, column in enumerate(cursor.description or ())}
        rows = cursor.fetchall()
    fields = model._meta.concrete_fields  # noqa: SLF001 - Django's documented name
    loads = [(place[str(field.column)], json.loads if isinstance(field, JSONField) else None) for field in fields]
    names = [field.attname for field in fields]
    return [
        model.from_db(connection.alias, names, [load(row[at]) if load and row[at] else row[at] for at, load in loads])
        for row in rows
    ]
