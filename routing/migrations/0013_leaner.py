"""Drops indexes that others begin with as well, and leaves room in the pages of items, which are changed again and again."""

import django.db.models.deletion
from django.db import migrations, models


def item(on_delete: object, related_name: str) -> models.ForeignKey:  # type: ignore[type-arg]
    """Return the foreign key without an index of its own."""
    return models.ForeignKey(db_index=False, on_delete=on_delete, related_name=related_name, to="routing.workitem")  # type: ignore[call-overload, no-any-return]


class Migration(migrations.Migration):
    """Each change of an item, its events, facts and decisions writes less."""

    dependencies = [("routing", "0012_erased_at")]

    operations = [
        migrations.AlterField("decision", "item", item(django.db.models.deletion.CASCADE, "decisions")),
        migrations.AlterField("event", "item", item(django.db.models.deletion.PROTECT, "events")),
        migrations.AlterField("factrevision", "item", item(django.db.models.deletion.CASCADE, "facts")),
        migrations.RunSQL(
            "ALTER TABLE routing_workitem SET (fillfactor = 75)", "ALTER TABLE routing_workitem RESET (fillfactor)"
        ),
    ]
