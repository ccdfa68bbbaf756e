"""Drops an index that another begins with as well."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    """Each review writes less."""

    dependencies = [("reviews", "0015_claims")]

    operations = [
        migrations.AlterField(
            "review",
            "item",
            models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="reviews",
                to="routing.workitem",
            ),
        ),
    ]
