"""Rows at a fraction of what Django takes: many inserted at once by COPY, or read by a prepared statement."""

import json
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, TypeVar

from django.db import connection
from django.db.models import JSONField, Model
from psycopg import Cursor

M = TypeVar("M", bound=Model)
N = TypeVar("N", bound=Model)


def insert(rows: Sequence[Model]) -> None:
    """Insert these rows, all of one model, in the caller's transaction; the database numbers those without an id.

    They are not told that id, unlike by bulk_create: whoever needs it takes it first, with ``new_ids``.
    """
    if not rows:
        return
    statement, fields = _copied(type(rows[0]), rows[0].pk is None)
    with connection.cursor() as cursor, connection.wrap_database_errors, cursor.copy(statement) as copy:
        for row in rows:
            values = row.__dict__
            copy.write_row(
                [
                    field.get_db_prep_save(values[name], connection) if is_json else values[name]
                    for field, name, is_json in fields
                ]
            )
    for row in rows:
        state = row._state  # noqa: SLF001 - Django's documented name
        state.adding, state.db = False, connection.alias


@cache
def _copied(model: type[Model], without_id: bool) -> tuple[str, list[tuple[Any, str, bool]]]:  # noqa: FBT001
    """Return the COPY statement of a model and the fields it takes, each with its attribute and whether it is JSON."""
    meta = model._meta  # noqa: SLF001 - Django's documented name
    fields = [field for field in meta.concrete_fields if not field.has_db_default()]
    if without_id:
        fields.remove(meta.pk)
    quote = connection.ops.quote_name
    columns = ", ".join(quote(str(field.column)) for field in fields)
    statement = f"COPY {quote(meta.db_table)} ({columns}) FROM STDIN"
    return statement, [(field, field.attname, isinstance(field, JSONField)) for field in fields]


def new_ids(model: type[Model], count: int) -> list[int]:
    """Take the next ids of a model, lowest first."""
    taken = "SELECT nextval(pg_get_serial_sequence(%(table)s, 'id')) FROM generate_series(1, %(count)s::int)"
    table = model._meta.db_table  # noqa: SLF001 - Django's documented name
    return [row[0] for row in read(taken, {"table": table, "count": count})]


def add(row: Model) -> None:
    """Insert one row, and tell it the id that the database gave it."""
    statement, fields = _added(type(row))
    [[row.pk]] = read(
        statement, {name: field.get_db_prep_save(getattr(row, name), connection) for field, name in fields}
    )
    row._state.adding, row._state.db = False, connection.alias  # noqa: SLF001 - Django's documented name


@cache
def _added(model: type[Model]) -> tuple[str, list[tuple[Any, str]]]:
    meta = model._meta  # noqa: SLF001 - Django's documented name
    fields = [field for field in meta.concrete_fields if field is not meta.pk and not field.has_db_default()]
    names = ", ".join(str(field.column) for field in fields)
    values = ", ".join(f"%({field.attname})s" for field in fields)
    statement = f"INSERT INTO {meta.db_table} ({names}) VALUES ({values}) RETURNING {meta.pk.column}"  # noqa: S608 - Django's names
    return statement, [(field, field.attname) for field in fields]


def change(row: Model, names: tuple[str, ...]) -> None:
    """Write these attributes of one row, foreign keys by their ids (``claimed_by_id``); raises KeyError for others."""
    statement, fields = _changed(type(row), names)
    values = {name: field.get_db_prep_save(getattr(row, name), connection) for field, name in fields}
    read(statement, values | {"pk": row.pk})


@cache
def _changed(model: type[Model], names: tuple[str, ...]) -> tuple[str, list[tuple[Any, str]]]:
    meta = model._meta  # noqa: SLF001 - Django's documented name
    by_name = {field.attname: field for field in meta.concrete_fields}
    fields = [by_name[name] for name in names]
    values = ", ".join(f"{field.column} = %({field.attname})s" for field in fields)
    statement = f"UPDATE {meta.db_table} SET {values} WHERE {meta.pk.column} = %(pk)s RETURNING 1"  # noqa: S608 - Django's names
    return statement, [(field, field.attname) for field in fields]


def columns(model: type[Model], alias: str) -> str:
    """Return all columns of a model, for a statement that reads it.

    Named one by one: with ``*`` a column that a migration adds would end the plans that others keep, in an error.
    """
    return ", ".join(f"{alias}.{field.column}" for field in model._meta.concrete_fields)  # noqa: SLF001 - as above


def read(statement: str, values: Mapping[str, object]) -> list[tuple[Any, ...]]:
    """Run a statement that PostgreSQL keeps prepared on this connection, and return its rows.

    For what every request, decision or verdict asks: put together by Django it takes several times as long. The
    server binds the values, so that it must be told, or find out, the type of each.
    """
    connection.ensure_connection()
    if connection.queries_logged:
        connection.queries_log.append({"sql": statement, "time": "0.000"})
    with connection.wrap_database_errors, Cursor(connection.connection) as cursor:
        cursor.connection.prepare_threshold = 0
        try:
            cursor.execute(statement, values, prepare=True)
        finally:
            cursor.connection.prepare_threshold = None  # as Django leaves it
        return cursor.fetchall()


def prepared(model: type[M], statement: str, values: Mapping[str, object]) -> list[M]:
    """Return rows of a model from a statement as ``read`` takes; it selects its ``columns``, in their order."""
    return [row_of(model, cells) for cells in read(statement, values)]


def row_of(model: type[M], cells: Sequence[Any]) -> M:
    """Return a row of a model from its ``columns``, in their order."""
    names, as_json = _loaded(model)
    given = list(cells)
    for at in as_json:
        if given[at] is not None:
            given[at] = json.loads(given[at])
    return model.from_db(connection.alias, names, given)


def pair_of(first: type[M], second: type[N], cells: Sequence[Any]) -> tuple[M, N]:
    """Return a row of each of two models that a statement has joined: the ``columns`` of one, then of the other."""
    names, _ = _loaded(first)
    return row_of(first, cells[: len(names)]), row_of(second, cells[len(names) :])


@cache
def _loaded(model: type[Model]) -> tuple[list[str], list[int]]:
    """Return a model's attributes in the order of its columns, and where those stand that come as JSON."""
    fields = model._meta.concrete_fields  # noqa: SLF001 - Django's documented name
    return [field.attname for field in fields], [at for at, one in enumerate(fields) if isinstance(one, JSONField)]
