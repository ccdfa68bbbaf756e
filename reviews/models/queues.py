"""Queues: who is asked, and how."""

from django.conf import settings
from django.contrib.auth.models import Group
from django.contrib.postgres.fields import ArrayField
from django.db import models

from routing.models import Destination

ROLE_CHOICES = [("operator", "Operators"), ("reviewer", "Reviewers"), ("admin", "Admins")]


class Calendar(models.Model):
    """When people work, so that a queue's time to decide does not run at night, at weekends and on holidays.

    ``hours`` maps weekdays ("0" is Monday) to lists of [from, until] in minutes of the day. Holidays are those of
    ``country`` (ISO 3166, with an optional ``region`` of it) and ``days_off``.
    """

    name = models.CharField(max_length=100, unique=True)
    zone = models.CharField(max_length=60)
    hours = models.JSONField()
    country = models.CharField(max_length=2, blank=True)
    region = models.CharField(max_length=10, blank=True)
    days_off = ArrayField(models.DateField(), default=list, blank=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Queue(models.Model):
    """The people's side of a destination of kind queue.

    Its staff are its members, the members of its groups, and everybody with ``staff_role``; this is resolved when
    asked. ``hold_seconds`` is how long an approved effect waits for an undo before it leaves the house. The minutes to
    decide in are those of ``calendar`` (None: of any hour). What nobody took for ``overflow_minutes`` of them is handed
    to ``overflow``. ``eyes`` is how many people must approve: 1 or 2. In a ``high_risk`` queue each review is decided
    alone.
    """

    destination = models.OneToOneField(
        Destination,
        primary_key=True,
        on_delete=models.CASCADE,
        related_name="queue",
        limit_choices_to={"kind": "queue"},
    )
    groups = models.ManyToManyField(Group, blank=True, related_name="+")
    staff_role = models.CharField(max_length=10, choices=ROLE_CHOICES, blank=True)
    instructions = models.TextField(blank=True)
    checklist = ArrayField(models.CharField(max_length=200), default=list, blank=True)
    service_minutes = models.PositiveIntegerField(default=4 * 60)
    calendar = models.ForeignKey(Calendar, null=True, blank=True, on_delete=models.PROTECT, related_name="queues")
    overflow = models.ForeignKey("self", null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    overflow_minutes = models.PositiveIntegerField(null=True, blank=True)
    eyes = models.PositiveSmallIntegerField(default=1)
    high_risk = models.BooleanField(default=False)
    lease_minutes = models.PositiveSmallIntegerField(default=10)
    hold_seconds = models.PositiveSmallIntegerField(default=10)

    class Meta:
        ordering = ["destination__name"]
        constraints = [models.CheckConstraint(condition=models.Q(eyes__in=[1, 2]), name="queue_eyes")]

    def __str__(self) -> str:
        return self.destination.name

    @property
    def slug(self) -> str:
        """The slug rules use."""
        return self.destination.slug


class Membership(models.Model):
    """One person in one queue; a lead may take over claims and sees figures per person."""

    queue = models.ForeignKey(Queue, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")
    lead = models.BooleanField(default=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["queue", "user"], name="member_once")]

    def __str__(self) -> str:
        return f"{self.user} in {self.queue}"
