"""Adds the indexes that the board's orders and filters read along, without stopping intake while they are built."""

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models
from django.db.models import F, Q

OPEN = ~Q(state__in=["done", "stopped"])
DUE = (F("due_at").asc(nulls_last=True), F("id"))


class Migration(migrations.Migration):
    """The indexes and statistics by age, priority, type, trigger, owner and tag."""

    atomic = False

    dependencies = [("routing", "0008_duplicates")]

    operations = [
        AddIndexConcurrently("workitem", models.Index("state", "created_at", "id", name="item_by_age", condition=OPEN)),
        AddIndexConcurrently(
            "workitem", models.Index("state", F("priority").desc(), *DUE, name="item_by_priority", condition=OPEN)
        ),
        AddIndexConcurrently("workitem", models.Index("state", "work_type", *DUE, name="item_by_type", condition=OPEN)),
        AddIndexConcurrently(
            "workitem", models.Index("state", "trigger_kind", *DUE, name="item_by_trigger", condition=OPEN)
        ),
        AddIndexConcurrently(
            "workitem",
            models.Index("owner_kind", "owner_ref", "state", *DUE, name="item_by_owner", condition=OPEN),
        ),
        RemoveIndexConcurrently("workitem", "item_owner"),
        # Kind, name and state of an owner go together: taken as independent, queues look nearly empty, and a column is
        # sorted as a whole instead of read along its index.
        migrations.RunSQL(
            "CREATE STATISTICS item_owner_by_state (mcv) ON state, owner_kind, owner_ref FROM routing_workitem",
            "DROP STATISTICS item_owner_by_state",
        ),
        AddIndexConcurrently("workitem", GinIndex(fields=["tags"], name="item_tags", condition=~Q(tags=[]))),
    ]
