"""Adds the index that finds requests by the words in them, without stopping intake while it is built."""

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.operations import AddIndexConcurrently
from django.contrib.postgres.search import SearchVector
from django.db import migrations


class Migration(migrations.Migration):
    """The index of words."""

    atomic = False

    dependencies = [("routing", "0001_initial")]

    operations = [
        AddIndexConcurrently(
            model_name="workitem",
            index=GinIndex(SearchVector("title", "text", config="simple"), name="item_words"),
        ),
    ]
