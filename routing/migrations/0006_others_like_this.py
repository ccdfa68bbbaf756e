"""An index of what each version of an AI agent wrote, newest first."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("routing", "0005_public_notes"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="step",
            index=models.Index(
                condition=models.Q(("kind", "agent")), fields=["version", "created_at"], name="step_agent_version"
            ),
        ),
    ]
