"""Adds the indexes that the next review is found by, while people work."""

from django.conf import settings
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    """Reviews given to one person, and reviews that are held."""

    atomic = False

    dependencies = [
        ("reviews", "0013_alike"),
        ("routing", "0006_others_like_this"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="review",
            index=models.Index(
                condition=models.Q(("assignee__isnull", False), ("status", "open")),
                fields=["assignee", "order_at", "id"],
                name="review_given",
            ),
        ),
        AddIndexConcurrently(
            model_name="review",
            index=models.Index(
                condition=models.Q(("claimed_by__isnull", False), ("status", "open")),
                fields=["claimed_by"],
                name="review_held",
            ),
        ),
    ]
