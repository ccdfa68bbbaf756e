"""Work types with their declared inputs, and the work items themselves."""

from functools import cache

from django.conf import settings
from django.contrib.auth.models import Group
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector
from django.db import models
from django.db.models import F, Q
from django.urls import reverse

from routing.domain.states import STATE_LABELS, State

INPUT_KINDS = [
    ("text", "Text"),
    ("long_text", "Long text"),
    ("number", "Number"),
    ("money", "Money"),
    ("choice", "Choice"),
    ("date", "Date"),
    ("email", "E-mail"),
    ("url", "Web address"),
    ("file", "File"),
]


@cache
def _page() -> str:
    """Return the address of an item's page, with braces for its code."""
    return reverse("routing:item", args=["CODE"]).replace("CODE", "{}")


def item_address(code: str) -> str:
    """Return the address of an item's page, put together once: a board or a batch asks for many."""
    return _page().format(code)


class Priority(models.IntegerChoices):
    """How much sooner than others; stored as a number so that an index orders by it."""

    LOW = 0, "Low"
    NORMAL = 1, "Normal"
    HIGH = 2, "High"
    URGENT = 3, "Urgent"


class OwnerKind(models.TextChoices):
    """Who must act now."""

    DESK = "desk", "Dispatch Desk"
    STEP = "step", "Destination"
    REQUESTER = "requester", "Requester"
    QUEUE = "queue", "Queue"
    PERSON = "person", "Person"
    CLOCK = "clock", "Clock"
    NOBODY = "nobody", "Nobody"


class WaitKind(models.TextChoices):
    """What a waiting item waits for."""

    REQUESTER = "requester", "The requester's answer"
    TIME = "time", "A point in time"
    HOLD = "hold", "A person who holds it"


class WorkType(models.Model):
    """A kind of work: its inputs, rulebook, service level and who may see it."""

    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=100)
    description = models.TextField(blank=True)
    service_level_minutes = models.PositiveIntegerField(default=24 * 60)
    question_due_minutes = models.PositiveIntegerField(default=3 * 24 * 60)
    move_limit = models.PositiveSmallIntegerField(default=30)
    public_form = models.BooleanField(default=False)
    active = models.BooleanField(default=True)
    visible_to = models.ManyToManyField(Group, blank=True, related_name="+")

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class InputField(models.Model):
    """One input a work type declares. Rules call it ``input.<name>``.

    ``applies_when`` is a condition as rules write it, or null. ``source_fact`` names the source fact that may
    provide it, such as ``source.orders.amount``. ``pattern`` finds it in the item's own text.
    """

    work_type = models.ForeignKey(WorkType, on_delete=models.CASCADE, related_name="inputs")
    position = models.PositiveSmallIntegerField(default=0)
    name = models.SlugField()
    label = models.CharField(max_length=100)
    kind = models.CharField(max_length=10, choices=INPUT_KINDS, default="text")
    hint = models.CharField(max_length=300, blank=True)
    required = models.BooleanField(default=False)
    choices = ArrayField(models.CharField(max_length=100), default=list, blank=True)
    currency = models.CharField(max_length=3, blank=True)
    applies_when = models.JSONField(null=True, blank=True)
    pattern = models.CharField(max_length=500, blank=True)
    source_fact = models.CharField(max_length=100, blank=True)
    ask_requester = models.BooleanField(default=True)

    class Meta:
        ordering = ["position", "id"]
        constraints = [models.UniqueConstraint(fields=["work_type", "name"], name="input_name_once_per_type")]

    def __str__(self) -> str:
        return self.label


_OPEN = ~Q(state__in=["done", "stopped"])
_DUE = (F("due_at").asc(nulls_last=True), F("id"))


class WorkItem(models.Model):
    """One piece of work. Its state, owner and review point are written by ``routing.transitions`` alone.

    ``version`` counts changes (and is the order of its events); ``run`` counts stops, moves and reopenings, and
    ``newest_run`` is the highest that was given out where a move that was undone has gone back below it;
    ``fact_seq`` is the position of its newest fact. ``decide_due_at`` is set while it is due for a decision,
    which makes the row its own outbox entry. At ``erased_at`` its requester's personal data was erased; it is never
    worked on again. ``locked_type_id`` is no column: the type it had when it was locked, so that whoever saw it by that
    type is told. ``closed_as`` says as what it was closed: ``spam``, or ``duplicate`` of the item with the id
    ``duplicate_of``.
    """

    locked_type_id: int | None = None

    work_type = models.ForeignKey(WorkType, null=True, blank=True, on_delete=models.PROTECT, related_name="items")
    title = models.CharField(max_length=200)
    text = models.TextField(blank=True)
    channel = models.CharField(max_length=30, default="web")
    priority = models.PositiveSmallIntegerField(choices=Priority.choices, default=Priority.NORMAL)
    tags = ArrayField(models.CharField(max_length=50), default=list, blank=True)
    requester_name = models.CharField(max_length=150, blank=True)
    requester_email = models.EmailField(blank=True)

    trigger_kind = models.CharField(max_length=20)
    trigger_by = models.CharField(max_length=150)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True, blank=True)
    erased_at = models.DateTimeField(null=True, blank=True)

    state = models.CharField(max_length=10, choices=[(s.value, STATE_LABELS[s]) for s in State])
    owner_kind = models.CharField(max_length=10, choices=OwnerKind.choices, default=OwnerKind.DESK)
    owner_ref = models.CharField(max_length=150, blank=True)
    owner_name = models.CharField(max_length=150, default="Dispatch Desk")
    owner_since = models.DateTimeField()
    review_queue = models.CharField(max_length=50, blank=True)
    review_id = models.BigIntegerField(null=True, blank=True)
    review_label = models.CharField(max_length=200, blank=True)
    wait_kind = models.CharField(max_length=12, choices=WaitKind.choices, blank=True)
    wake_at = models.DateTimeField(null=True, blank=True)

    closed_as = models.CharField(max_length=10, blank=True, default="", db_default="")
    duplicate_of = models.BigIntegerField(null=True, blank=True)

    run = models.PositiveIntegerField(default=1)
    newest_run = models.PositiveIntegerField(default=0, db_default=0)
    version = models.PositiveIntegerField(default=0)
    fact_seq = models.PositiveIntegerField(default=0)
    moves_left = models.PositiveSmallIntegerField(default=30)
    question_rounds = models.PositiveSmallIntegerField(default=0)
    decide_due_at = models.DateTimeField(null=True, blank=True)
    decide_lease_until = models.DateTimeField(null=True, blank=True)
    decide_attempts = models.PositiveSmallIntegerField(default=0)
    chain_head = models.BinaryField(default=b"")

    intake_token_id = models.BigIntegerField(null=True, blank=True)
    intake_key = models.CharField(max_length=255, blank=True)
    intake_digest = models.BinaryField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=[s.value for s in State]), name="item_state_valid"),
            models.CheckConstraint(condition=Q(priority__lte=3), name="item_priority_valid"),
            models.CheckConstraint(
                condition=(Q(state="waiting") & ~Q(wait_kind="")) | (~Q(state="waiting") & Q(wait_kind="")),
                name="item_waits_for_something",
            ),
            models.CheckConstraint(
                condition=Q(decide_due_at__isnull=True) | Q(state="incoming"), name="item_due_only_incoming"
            ),
            models.CheckConstraint(
                condition=Q(closed_as="", duplicate_of__isnull=True)
                | Q(closed_as="spam", duplicate_of__isnull=True, state="stopped")
                | Q(closed_as="duplicate", duplicate_of__isnull=False, state="stopped") & ~Q(duplicate_of=F("id")),
                name="item_closed_as_valid",
            ),
            models.UniqueConstraint(
                fields=["intake_token_id", "intake_key"], condition=~Q(intake_key=""), name="item_intake_key_once"
            ),
        ]
        indexes = [
            models.Index(fields=["decide_due_at"], condition=Q(decide_due_at__isnull=False), name="item_due"),
            models.Index(fields=["wake_at"], condition=Q(wake_at__isnull=False), name="item_wake"),
            # With the time that the board's counts tell of, which then need no row.
            models.Index("state", *_DUE, name="item_by_due", include=["owner_since"], condition=_OPEN),
            models.Index(fields=["state", "-updated_at"], name="item_recent"),
            models.Index(fields=["duplicate_of"], name="item_duplicates", condition=Q(duplicate_of__isnull=False)),
            models.Index("state", "created_at", "id", name="item_by_age", condition=_OPEN),
            models.Index("state", F("priority").desc(), *_DUE, name="item_by_priority", condition=_OPEN),
            models.Index("state", "work_type", *_DUE, name="item_by_type", condition=_OPEN),
            models.Index("state", "trigger_kind", *_DUE, name="item_by_trigger", condition=_OPEN),
            models.Index("owner_kind", "owner_ref", "state", *_DUE, name="item_by_owner", condition=_OPEN),
            GinIndex(fields=["tags"], name="item_tags", condition=~Q(tags=[])),
            GinIndex(SearchVector("title", "text", config="simple"), name="item_words"),
        ]

    def __str__(self) -> str:
        return self.code

    def get_absolute_url(self) -> str:
        """Return the address of the item's page."""
        return item_address(self.code)

    @property
    def code(self) -> str:
        """The public code, such as ``D-1042``."""
        return f"D-{self.pk}"

    @property
    def state_label(self) -> str:
        """The state in the words of the screens."""
        return STATE_LABELS[State(self.state)]

    @property
    def closed_label(self) -> str:
        """What it was closed as, in a word; empty when it is open or just closed."""
        return self.closed_as.capitalize()

    @property
    def next_run(self) -> int:
        """The number of a new run: one that none of its runs ever had."""
        return max(self.run, self.newest_run) + 1

    @property
    def priority_label(self) -> str:
        """The priority in words."""
        return Priority(self.priority).label

    @property
    def type_name(self) -> str:
        """The work type's name, or "No type yet"."""
        return self.work_type.name if self.work_type else "No type yet"
