"""When somebody took the review that they decided, kept with each verdict."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("reviews", "0010_high_risk"),
    ]

    operations = [
        migrations.AddField(
            model_name="verdict",
            name="taken_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
    ]
