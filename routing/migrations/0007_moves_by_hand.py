"""What an item was closed as, the runs that were given out, and the newest move by hand."""

import django.db.models.deletion
from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("routing", "0006_others_like_this"),
    ]

    operations = [
        migrations.AddField(
            model_name="workitem",
            name="closed_as",
            field=models.CharField(blank=True, db_default="", default="", max_length=10),
        ),
        migrations.AddField(
            model_name="workitem",
            name="duplicate_of",
            field=models.BigIntegerField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="workitem",
            name="newest_run",
            field=models.PositiveIntegerField(db_default=0, default=0),
        ),
        AddConstraintNotValid(
            model_name="workitem",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("closed_as", ""), ("duplicate_of__isnull", True)),
                    models.Q(("closed_as", "spam"), ("duplicate_of__isnull", True), ("state", "stopped")),
                    models.Q(
                        ("closed_as", "duplicate"),
                        ("duplicate_of__isnull", False),
                        ("state", "stopped"),
                        models.Q(("duplicate_of", models.F("id")), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="item_closed_as_valid",
            ),
        ),
        migrations.CreateModel(
            name="HandMove",
            fields=[
                (
                    "item",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="hand_move",
                        serialize=False,
                        to="routing.workitem",
                    ),
                ),
                ("version", models.PositiveIntegerField()),
                ("by_id", models.BigIntegerField(blank=True, null=True)),
                ("at", models.DateTimeField()),
                ("before", models.JSONField()),
            ],
        ),
    ]
