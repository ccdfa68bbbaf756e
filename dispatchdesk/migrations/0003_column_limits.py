"""Adds the limits of columns. Views that were kept while the board opened on everything say so from now on."""

from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def say_everything(apps: Apps, _: BaseDatabaseSchemaEditor) -> None:
    """Write ``show=all`` into the queries of views that do not say what they show."""
    views = apps.get_model("dispatchdesk", "SavedView").objects.exclude(query__startswith="show=")
    for view in views:
        view.query = f"show=all&{view.query}".removesuffix("&")
        view.save(update_fields=["query"])
    people = apps.get_model("accounts", "User").objects.exclude(board_query="")
    for person in people.exclude(board_query__startswith="show="):
        person.board_query = f"show=all&{person.board_query}"
        person.save(update_fields=["board_query"])


class Migration(migrations.Migration):
    """Limits of columns, and views that say what they show."""

    dependencies = [("dispatchdesk", "0002_saved_views"), ("accounts", "0002_board_query")]

    operations = [
        migrations.CreateModel(
            name="ColumnLimit",
            fields=[
                ("state", models.CharField(max_length=10, primary_key=True, serialize=False)),
                ("most", models.PositiveSmallIntegerField()),
            ],
        ),
        migrations.RunPython(say_everything, migrations.RunPython.noop),
    ]
