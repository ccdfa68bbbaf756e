"""The few facts about the desk itself that outlive a process, and what people keep of the board: views, and limits."""

from django.conf import settings
from django.db import models
from django.db.models.functions import Now


class Moment(models.Model):
    """When something last happened to the desk: it was set up, its worker answered, its sweeper swept."""

    SET_UP = "set_up"
    WORKER = "worker"
    SWEEPER = "sweeper"

    name = models.CharField(max_length=20, primary_key=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.name} at {self.at.isoformat()}"


def mark(name: str) -> None:
    """Note by the database's clock that something has just happened."""
    Moment.objects.bulk_create(
        [Moment(name=name, at=Now())], update_conflicts=True, unique_fields=["name"], update_fields=["at"]
    )


class SavedView(models.Model):
    """A view of the board that somebody keeps: its filters as the query of its address. A shared one is everybody's."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="saved_views")
    name = models.CharField(max_length=60)
    query = models.CharField(max_length=1000)
    shared = models.BooleanField(default=False)

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["owner", "name"], name="view_name_once")]

    def __str__(self) -> str:
        return self.name


class ColumnLimit(models.Model):
    """How many requests a column of the board should hold at most."""

    state = models.CharField(max_length=10, primary_key=True)
    most = models.PositiveSmallIntegerField()

    def __str__(self) -> str:
        return f"{self.most} in {self.state}"
