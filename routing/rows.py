"""Rows at a fraction of what Django takes: many inserted by COPY; few written, or some read, by prepared statements."""

import json
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, TypeVar

from django.db import DEFAULT_DB_ALIAS, connection, connections
from django.db.models import JSONField, Model
from psycopg import Cursor

M = TypeVar("M", bound=Model)
N = TypeVar("N", bound=Model)

# So many go in one INSERT; COPY takes two round trips. No more, for a plan is kept for each number of rows and each mix
# of values and NULLs among them, and a connection keeps a hundred.
_FEW = 2


def insert(rows: Sequence[Model]) -> None:
    """Insert these rows, all of one model, in the caller's transaction; the database numbers those without an id.

    More than ``_FEW`` are not told that id, unlike by bulk_create: whoever needs it calls ``add_all``. What a row
    points to was stored before the row was made.
    """
    if not rows:
        return
    ids = _insert(type(rows[0]), rows[0].pk is None, [row.__dict__ for row in rows])
    for row in rows:
        state = row._state  # noqa: SLF001 - Django's documented name
        state.adding, state.db = False, DEFAULT_DB_ALIAS
    if ids:
        for row, number in zip(rows, ids, strict=True):
            row.pk = number


def insert_values(model: type[Model], rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows of a model by their attributes, without an id; for what nobody needs as a row of the model."""
    if rows:
        _insert(model, True, rows)


def _insert(model: type[Model], without_id: bool, rows: Sequence[Mapping[str, Any]]) -> list[Any]:  # noqa: FBT001
    """Insert rows; returns the ids of a few, in one round trip, and none of many, which go by COPY in two."""
    if len(rows) <= _FEW:
        statement, fields = _added(model, without_id, len(rows))
        values = {f"{name}_{n}": value for n, row in enumerate(rows) for name, value in _values(row, fields).items()}
        return [number for (number,) in read(statement, values)]
    statement, fields = _copied(model, without_id)
    with connection.cursor() as cursor, connection.wrap_database_errors, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(list(_values(row, fields).values()))
    return []


def add_all(rows: Sequence[Model]) -> None:
    """Insert these rows, all of one model, and tell each the id that it has from now on."""
    if len(rows) > _FEW:
        for row, number in zip(rows, new_ids(type(rows[0]), len(rows)), strict=True):
            row.pk = number
    insert(rows)


def new_ids(model: type[Model], count: int) -> list[int]:
    """Take the next ids of a model, lowest first."""
    taken = "SELECT nextval(pg_get_serial_sequence(%(table)s, 'id')) FROM generate_series(1, %(count)s::int)"
    table = model._meta.db_table  # noqa: SLF001 - Django's documented name
    return [row[0] for row in read(taken, {"table": table, "count": count})]


def change(row: Model, names: tuple[str, ...]) -> None:
    """Write these attributes of one row, foreign keys by their ids (``claimed_by_id``); raises KeyError for others."""
    statement, fields = _changed(type(row), names)
    read(statement, _values(row.__dict__, fields) | {"pk": row.pk})


Fields = dict[str, Any]  # by attribute: the field where it writes JSON, else None


def _values(row: Mapping[str, Any], fields: Fields) -> dict[str, Any]:
    return {
        name: row[name] if field is None else field.get_db_prep_save(row[name], connection)
        for name, field in fields.items()
    }


def new(model: type[M], **given: object) -> M:
    """Return a new row of a model by its attributes, foreign keys by their ids; calling the model takes twice as long.

    Raises TypeError for what is no attribute of it.
    """
    constants, made = _defaults(model)
    values = constants | {name: make() for name, make in made.items()} | given
    if len(values) > len(constants):
        raise TypeError(f"{model.__name__} has no {', '.join(sorted(given.keys() - constants.keys()))}.")
    return model(*values.values())


@cache
def _defaults(model: type[Model]) -> tuple[dict[str, Any], dict[str, Callable[[], Any]]]:
    """Return what a new row holds, by attribute, and what makes those values that no two rows may share."""
    fields = model._meta.concrete_fields  # noqa: SLF001 - Django's documented name
    made = {field.attname: field.default for field in fields if field.has_default() and callable(field.default)}
    return {field.attname: field.get_default() for field in fields}, made


def _fields(fields: Sequence[Any]) -> tuple[list[str], Fields]:
    """Return the columns of some fields, and the fields as ``_values`` takes them."""
    by_name = {field.attname: field if isinstance(field, JSONField) else None for field in fields}
    return [connection.ops.quote_name(field.column) for field in fields], by_name


def _written(model: type[Model], without_id: bool) -> list[Any]:  # noqa: FBT001
    """Return the fields that new rows bring a value for: all but those that the database alone fills in."""
    meta = model._meta  # noqa: SLF001 - Django's documented name
    fields = [field for field in meta.concrete_fields if field.has_default() or not field.has_db_default()]
    return [field for field in fields if not (without_id and field is meta.pk)]


@cache
def _copied(model: type[Model], without_id: bool) -> tuple[str, Fields]:  # noqa: FBT001
    names, fields = _fields(_written(model, without_id))
    return f"COPY {model._meta.db_table} ({', '.join(names)}) FROM STDIN", fields  # noqa: SLF001 - as above


@cache
def _added(model: type[Model], without_id: bool, count: int) -> tuple[str, Fields]:  # noqa: FBT001
    meta = model._meta  # noqa: SLF001 - Django's documented name
    names, fields = _fields(_written(model, without_id))
    values = ", ".join(f"({', '.join(f'%({name}_{n})s' for name in fields)})" for n in range(count))
    return (
        f"INSERT INTO {meta.db_table} ({', '.join(names)}) VALUES {values} RETURNING {meta.pk.column}",  # noqa: S608 - Django's names
        fields,
    )


@cache
def _changed(model: type[Model], attributes: tuple[str, ...]) -> tuple[str, Fields]:
    meta = model._meta  # noqa: SLF001 - Django's documented name
    by_name = {field.attname: field for field in meta.concrete_fields}
    names, fields = _fields([by_name[name] for name in attributes])
    values = ", ".join(f"{name} = %({field})s" for name, field in zip(names, fields, strict=True))
    return f"UPDATE {meta.db_table} SET {values} WHERE {meta.pk.column} = %(pk)s RETURNING 1", fields  # noqa: S608 - as above


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
    wrapper = connections[DEFAULT_DB_ALIAS]  # once: ``connection`` is looked up anew at each attribute
    wrapper.ensure_connection()
    if wrapper.queries_logged:
        wrapper.queries_log.append({"sql": statement, "time": "0.000"})
    raw = wrapper.connection
    with wrapper.wrap_database_errors, Cursor(raw) as cursor:
        raw.prepare_threshold = 0
        try:
            cursor.execute(statement, values, prepare=True)
        finally:
            raw.prepare_threshold = None  # as Django leaves it
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
    return model.from_db(DEFAULT_DB_ALIAS, names, given)


def pair_of(first: type[M], second: type[N], cells: Sequence[Any]) -> tuple[M, N]:
    """Return a row of each of two models that a statement has joined: the ``columns`` of one, then of the other."""
    names, _ = _loaded(first)
    return row_of(first, cells[: len(names)]), row_of(second, cells[len(names) :])


@cache
def _loaded(model: type[Model]) -> tuple[list[str], list[int]]:
    """Return a model's attributes in the order of its columns, and where those stand that come as JSON."""
    fields = model._meta.concrete_fields  # noqa: SLF001 - Django's documented name
    return [field.attname for field in fields], [at for at, one in enumerate(fields) if isinstance(one, JSONField)]
