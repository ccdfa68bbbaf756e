"""The few facts about the desk itself that outlive a process."""

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
