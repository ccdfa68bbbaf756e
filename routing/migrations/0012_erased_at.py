"""When an item's personal data was erased."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("routing", "0011_ledger_checkpoints"),
    ]

    operations = [
        migrations.AddField(
            model_name="workitem",
            name="erased_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
    ]
