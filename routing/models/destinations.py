"""Destinations, their versions and credentials, and the steps that hand work to them."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q

from routing.models.rulebooks import Decision
from routing.models.work import WorkItem


class DestinationKind(models.TextChoices):
    """Where work can go."""

    AGENT = "agent", "AI agent"
    TOOL = "tool", "Tool"
    SOURCE = "source", "Data source"
    QUEUE = "queue", "Queue"


class Destination(models.Model):
    """A place work can go. What it does is in its newest version; ``paused`` and ``failing`` hold items back."""

    ON, PAUSED, FAILING = "on", "paused", "failing"
    STATUSES = [(ON, "On"), (PAUSED, "Paused"), (FAILING, "Failing")]

    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=100)
    kind = models.CharField(max_length=10, choices=DestinationKind.choices)
    description = models.CharField(max_length=300, blank=True)
    status = models.CharField(max_length=10, choices=STATUSES, default=ON)
    practice = models.BooleanField(default=False)
    failures_in_a_row = models.PositiveIntegerField(default=0)
    failing_since = models.DateTimeField(null=True, blank=True)
    probe_at = models.DateTimeField(null=True, blank=True)
    archived = models.BooleanField(default=False)

    class Meta:
        ordering = ["kind", "name"]

    def __str__(self) -> str:
        return self.name


class DestinationVersion(models.Model):
    """What a destination does, from one moment on. ``config`` is checked by ``routing.forms.destinations``."""

    destination = models.ForeignKey(Destination, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    config = models.JSONField(default=dict)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(fields=["destination", "number"], name="destination_number_once"),
        ]

    def __str__(self) -> str:
        return f"{self.destination} v{self.number}"


class Credential(models.Model):
    """A secret sent in one header to one host; it can be written and never read back by people."""

    name = models.CharField(max_length=100, unique=True)
    header = models.CharField(max_length=100, default="Authorization")
    origin = models.CharField(max_length=300)
    secret = models.BinaryField()
    updated_at = models.DateTimeField()

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class TableRow(models.Model):
    """One row of a table uploaded for a data source, found by its key."""

    version = models.ForeignKey(DestinationVersion, on_delete=models.CASCADE, related_name="rows")
    key = models.CharField(max_length=200)
    data = models.JSONField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["version", "key"], name="table_key_once")]

    def __str__(self) -> str:
        return self.key


class Step(models.Model):
    """One handoff to an agent, tool, source or the model router.

    A write's ``request`` holds the very bytes that were approved (method, URL, headers, body); every attempt sends
    them with ``idempotency_key``. ``due_at`` is set while the step is due to run, which makes the row its own
    outbox entry; ``group`` and ``ordinal`` order the writes of one approval.
    """

    DUE, RUNNING, SUCCEEDED, FAILED, UNKNOWN, CANCELLED = (
        "due",
        "running",
        "succeeded",
        "failed",
        "unknown",
        "cancelled",
    )
    STATUSES = [(s, s.capitalize()) for s in (DUE, RUNNING, SUCCEEDED, FAILED, UNKNOWN, CANCELLED)]

    item = models.ForeignKey(WorkItem, on_delete=models.CASCADE, related_name="steps")
    run = models.PositiveIntegerField()
    decision = models.ForeignKey(Decision, null=True, on_delete=models.SET_NULL, related_name="steps")
    name = models.CharField(max_length=60)
    kind = models.CharField(max_length=10)
    destination = models.ForeignKey(Destination, null=True, on_delete=models.PROTECT, related_name="steps")
    version = models.ForeignKey(DestinationVersion, null=True, on_delete=models.PROTECT, related_name="+")
    writes = models.BooleanField(default=False)
    acting = models.BooleanField(default=False)
    status = models.CharField(max_length=10, choices=STATUSES, default=DUE)
    due_at = models.DateTimeField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    max_attempts = models.PositiveSmallIntegerField(default=3)
    group = models.UUIDField(null=True, blank=True)
    ordinal = models.PositiveSmallIntegerField(default=0)
    idempotency_key = models.UUIDField(default=uuid.uuid4, unique=True)
    approval_id = models.BigIntegerField(null=True, blank=True)
    digest = models.CharField(max_length=64, blank=True)
    request = models.JSONField(null=True, blank=True)
    output = models.JSONField(null=True, blank=True)
    response = models.TextField(blank=True)
    cause = models.CharField(max_length=40, blank=True)
    error = models.CharField(max_length=500, blank=True)
    tokens_in = models.PositiveIntegerField(default=0)
    tokens_out = models.PositiveIntegerField(default=0)
    elapsed_ms = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["item"],
                condition=Q(acting=True, status__in=["due", "running"], ordinal=0),
                name="one_live_acting_step",
            ),
            models.UniqueConstraint(
                fields=["approval_id", "ordinal"],
                condition=Q(approval_id__isnull=False),
                name="approval_used_once",
            ),
            models.CheckConstraint(condition=Q(due_at__isnull=True) | Q(status="due"), name="step_due_only_when_due"),
        ]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(due_at__isnull=False), name="step_due"),
            models.Index(fields=["lease_until"], condition=Q(status="running"), name="step_lease"),
            models.Index(fields=["item", "id"], name="step_item"),
            models.Index(fields=["version", "created_at"], condition=Q(kind="agent"), name="step_agent_version"),
        ]

    def __str__(self) -> str:
        return f"step {self.pk} {self.name}"
