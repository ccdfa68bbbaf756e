"""Newer migrations build no index of a large table while it is locked against writers."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations.base import Operation
from django.db.migrations.operations.fields import AddField, AlterField
from django.db.migrations.operations.models import AddConstraint, AddIndex
from django.db.models import UniqueConstraint

# Those up to here are as they are: whoever has the desk has made them.
LAST_OLD = {"routing": 12, "reviews": 16}
LARGE = {
    "routing": {"workitem", "event", "factrevision", "decision", "step", "question", "letter", "note", "attachment"},
    "reviews": {"review", "verdict", "notice"},
}


def locks_for_long(app: str, operation: Operation) -> bool:
    """Whether an operation builds an index of a large table under a lock."""
    model = getattr(operation, "model_name_lower", getattr(operation, "model_name", ""))
    if str(model).lower() not in LARGE[app]:
        return False
    match operation:
        case AddIndexConcurrently():
            return False
        case AddIndex():
            return True
        case AddConstraint():
            return isinstance(operation.constraint, UniqueConstraint)
        case AddField() | AlterField():
            return bool(getattr(operation.field, "db_index", False) or operation.field.unique)
    return False


def test_new_indexes_of_large_tables_are_built_concurrently() -> None:
    loader = MigrationLoader(None, ignore_no_migrations=True)
    found = [
        f"{app}.{name}: {operation.describe()}"
        for (app, name), migration in loader.disk_migrations.items()
        if app in LAST_OLD and int(name[:4]) > LAST_OLD[app]
        for operation in migration.operations
        if locks_for_long(app, operation)
    ]
    assert found == []


def test_the_guard_knows_what_it_looks_for() -> None:
    """The first migrations of reviews, which are older than the rule, make plain indexes and unique constraints."""
    loader = MigrationLoader(None, ignore_no_migrations=True)
    old = loader.disk_migrations["reviews", "0009_checks"].operations
    assert [type(one).__name__ for one in old if locks_for_long("reviews", one)] == [
        "AddIndex",
        "AddConstraint",
        "AddConstraint",
    ]
    new = loader.disk_migrations["reviews", "0013_alike"].operations
    assert [one for one in new if locks_for_long("reviews", one)] == []
