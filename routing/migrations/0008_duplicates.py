"""An index of duplicates, and the check of what an item was closed as, neither of which blocks writers."""

from django.contrib.postgres.operations import AddIndexConcurrently, ValidateConstraint
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("routing", "0007_moves_by_hand"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="workitem",
            index=models.Index(
                condition=models.Q(("duplicate_of__isnull", False)), fields=["duplicate_of"], name="item_duplicates"
            ),
        ),
        ValidateConstraint(model_name="workitem", name="item_closed_as_valid"),
    ]
