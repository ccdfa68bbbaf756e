"""The append-only ledger of events with its checkpoints, and desk-wide switches and the trained router."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Func

from routing.models.work import WorkItem


class Xid8Field(models.Field):  # type: ignore[type-arg]
    """PostgreSQL's 64-bit transaction id; the feed finds new rows by it."""

    def db_type(self, connection: object) -> str:  # noqa: ARG002 - Django calls it by this name
        """Return the column type."""
        return "xid8"


class CurrentXid(Func):
    """The id of the transaction that inserts the row."""

    function = "pg_current_xact_id"
    template = "%(function)s()"
    arity = 0


class Event(models.Model):
    """One line of an item's ledger: ids, states and enumerated reasons, never text by people or models.

    ``seq`` is the item's version after the event. ``hash`` chains it to the item's previous event.
    """

    item = models.ForeignKey(WorkItem, on_delete=models.PROTECT, db_index=False, related_name="events")
    seq = models.PositiveIntegerField()
    kind = models.CharField(max_length=30)
    actor_role = models.CharField(max_length=10)
    actor_id = models.BigIntegerField(null=True, blank=True)
    state_from = models.CharField(max_length=10, blank=True)
    state_to = models.CharField(max_length=10)
    old_type_id = models.BigIntegerField(null=True, blank=True)
    new_type_id = models.BigIntegerField(null=True, blank=True)
    data = models.JSONField(default=dict)
    at = models.DateTimeField()
    hash = models.BinaryField(max_length=32)
    xid = Xid8Field(db_default=CurrentXid())

    class Meta:
        ordering = ["item_id", "seq"]
        constraints = [models.UniqueConstraint(fields=["item", "seq"], name="event_seq_once")]
        indexes = [models.Index(fields=["xid"], name="event_xid")]

    def __str__(self) -> str:
        return f"event {self.item_id}/{self.seq}"


class LedgerCheckpoint(models.Model):
    """What the ledger held at one moment, signed; ``routing.domain.sealing`` says what its fields mean."""

    number = models.PositiveIntegerField(primary_key=True)
    at = models.DateTimeField()
    items = models.BigIntegerField()
    events = models.BigIntegerField()
    last_event = models.BigIntegerField()
    heads = models.CharField(max_length=64)
    previous = models.CharField(max_length=64, blank=True)
    signature = models.CharField(max_length=128)

    class Meta:
        ordering = ["number"]

    def __str__(self) -> str:
        return f"checkpoint {self.number}"


class LedgerPage(models.Model):
    """A thousand items as the newest checkpoint saw them, so that one that differs can be named."""

    number = models.BigIntegerField(primary_key=True)
    digest = models.BinaryField(max_length=32)
    leaves = models.BinaryField()

    def __str__(self) -> str:
        return f"page {self.number}"


class HandMove(models.Model):
    """The newest move by hand of an item, and how the item stood before, so that it can be undone for some seconds.

    ``version`` is the item's after the move. ``before`` is what ``routing.actions.undoing`` makes of the item: its own
    columns, its open question and reviews, its steps that had not ended, and the label that the router learns from.
    """

    item = models.OneToOneField(WorkItem, primary_key=True, on_delete=models.CASCADE, related_name="hand_move")
    version = models.PositiveIntegerField()
    by_id = models.BigIntegerField(null=True, blank=True)
    at = models.DateTimeField()
    before = models.JSONField()

    def __str__(self) -> str:
        return f"move of item {self.item_id}"


class DeskSwitches(models.Model):
    """The one row of desk-wide switches."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    writes_paused = models.BooleanField(default=False)
    writes_paused_by = models.CharField(max_length=150, blank=True)
    writes_paused_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="one_row_of_switches")]

    def __str__(self) -> str:
        return "desk switches"


class RouterModel(models.Model):
    """A trained router, stored as bytes without pickle; the newest one is live."""

    content = models.BinaryField()
    labels = ArrayField(models.CharField(max_length=60))
    report = models.JSONField(default=dict)
    rows = models.PositiveIntegerField()
    practice = models.BooleanField(default=False)
    trained_at = models.DateTimeField()

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"router model {self.pk}"


class RouterLabel(models.Model):
    """A person's choice of where an item belongs, kept to train the router with."""

    item = models.OneToOneField(WorkItem, on_delete=models.CASCADE, related_name="router_label")
    label = models.CharField(max_length=60)
    by_name = models.CharField(max_length=150)
    at = models.DateTimeField()

    class Meta:
        ordering = ["-at"]

    def __str__(self) -> str:
        return self.label
