"""Keeps how many must approve a review when it is taken to another queue."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """A column with a default in the database: no row is rewritten, and older processes go on inserting."""

    dependencies = [("reviews", "0016_leaner")]

    operations = [
        migrations.AddField("review", "eyes", models.PositiveSmallIntegerField(default=1, db_default=1)),
    ]
