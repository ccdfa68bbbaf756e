"""Lets the board count a column without its rows, and keeps finished work out of that index."""

from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models
from django.db.models import F, Q


class Migration(migrations.Migration):
    """The index of each column by due time is made anew beside the old one, which then goes."""

    atomic = False

    dependencies = [("routing", "0014_roomier")]

    operations = [
        AddIndexConcurrently(
            "workitem",
            models.Index(
                "state",
                F("due_at").asc(nulls_last=True),
                F("id"),
                name="item_by_due",
                include=["owner_since"],
                condition=~Q(state__in=["done", "stopped"]),
            ),
        ),
        RemoveIndexConcurrently("workitem", "item_column"),
    ]
