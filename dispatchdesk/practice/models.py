"""The practice desk's own state, and which items are its."""

from django.db import models

from routing.models import WorkItem


class PracticeDesk(models.Model):
    """The one row that is there while the practice desk is in use.

    ``turn`` counts what the stream has sent; ``next_at`` is when it sends the next, unless ``stream_paused``.
    """

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    loaded_at = models.DateTimeField()
    stream_paused = models.BooleanField(default=False)
    next_at = models.DateTimeField()
    turn = models.PositiveIntegerField(default=0)
    guide_dismissed = models.BooleanField(default=False)

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="one_practice_desk")]

    def __str__(self) -> str:
        return "practice desk"


class PracticeItem(models.Model):
    """An item of the practice company; ``story`` names the path it shows, ``past`` that it came as history."""

    item = models.OneToOneField(WorkItem, primary_key=True, on_delete=models.CASCADE, related_name="practice")
    story = models.SlugField()
    past = models.BooleanField(default=False)

    class Meta:
        indexes = [models.Index(fields=["story"], condition=models.Q(past=False), name="practice_story")]

    def __str__(self) -> str:
        return f"{self.story} {self.item_id}"
