"""Rulebooks, their versions and examples, back-tests of drafts, and the decisions that rules made."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from routing.models.work import WorkItem, WorkType


class Rulebook(models.Model):
    """The ordered rules of a work type; the one without a type is First look."""

    work_type = models.OneToOneField(WorkType, null=True, blank=True, on_delete=models.CASCADE, related_name="rulebook")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                models.Value(1), condition=Q(work_type__isnull=True), name="one_first_look_rulebook"
            )
        ]

    def __str__(self) -> str:
        return self.work_type.name if self.work_type else "First look"


class RulebookVersion(models.Model):
    """One version of a rulebook. ``content`` is the JSON that ``routing.domain.rulefile`` reads."""

    DRAFT, PUBLISHED, RETIRED = "draft", "published", "retired"
    STATUSES = [(s, s.capitalize()) for s in (DRAFT, PUBLISHED, RETIRED)]

    rulebook = models.ForeignKey(Rulebook, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    status = models.CharField(max_length=10, choices=STATUSES, default=DRAFT)
    content = models.JSONField()
    note = models.TextField(blank=True)
    revision = models.PositiveIntegerField(default=1)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField()
    published_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    published_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(fields=["rulebook", "number"], name="rulebook_number_once"),
            models.UniqueConstraint(fields=["rulebook"], condition=Q(status="published"), name="one_published_version"),
            models.UniqueConstraint(fields=["rulebook"], condition=Q(status="draft"), name="one_draft_version"),
        ]

    def __str__(self) -> str:
        return f"{self.rulebook} v{self.number}"

    @property
    def stamp(self) -> str:
        """What a page of a draft sends back, so that a change of another draft or of a newer revision is refused."""
        return f"{self.pk}.{self.revision}"


class DraftSave(models.Model):
    """A draft as it was saved once: whose page is behind is shown what others changed. Gone when it is published."""

    version = models.ForeignKey(RulebookVersion, on_delete=models.CASCADE, related_name="saves")
    revision = models.PositiveIntegerField()
    content = models.JSONField()
    saved_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    saved_at = models.DateTimeField()

    class Meta:
        ordering = ["revision"]
        constraints = [models.UniqueConstraint(fields=["version", "revision"], name="draft_saved_once")]

    def __str__(self) -> str:
        return f"{self.version} as saved {self.revision}"


class Example(models.Model):
    """Facts with the answer that a rulebook must give to them; a red one blocks publishing.

    ``facts`` has the form that ``routing.domain.factfile`` reads, ``expected`` that of ``answers.answer_from_json``.
    ``done`` holds the ids of rules that have done their part by then; ``at`` is the moment that counts as now.
    ``item`` is the request that it was made from, whose erasure takes the example's facts along.
    """

    rulebook = models.ForeignKey(Rulebook, on_delete=models.CASCADE, related_name="examples")
    name = models.CharField(max_length=120)
    facts = models.JSONField()
    done = ArrayField(models.CharField(max_length=64), default=list, blank=True)
    at = models.DateTimeField()
    expected = models.JSONField()
    item = models.ForeignKey(WorkItem, null=True, blank=True, on_delete=models.SET_NULL, related_name="examples")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["rulebook", "name"], name="example_name_once")]

    def __str__(self) -> str:
        return self.name


class Backtest(models.Model):
    """A draft run over stored decisions, chunk by chunk, so that it can go on where a lost worker left it.

    ``content`` is the draft as it was tested; ``setup`` a digest of the live rules and destinations it was held
    against. Decisions are those of the last ``most`` ones, or since ``since``. ``cursor`` is the id of the last item
    that ``tally`` covers; ``total`` and ``seen`` count decisions. ``due_at`` is set while work on it is owed.
    """

    QUEUED, RUNNING, DONE, CANCELLED, FAILED = "queued", "running", "done", "cancelled", "failed"
    STATUSES = [(s, s.capitalize()) for s in (QUEUED, RUNNING, DONE, CANCELLED, FAILED)]

    rulebook = models.ForeignKey(Rulebook, on_delete=models.CASCADE, related_name="backtests")
    version = models.ForeignKey(RulebookVersion, null=True, on_delete=models.SET_NULL, related_name="backtests")
    revision = models.PositiveIntegerField()
    content = models.JSONField()
    setup = models.CharField(max_length=64)
    most = models.PositiveIntegerField(null=True, blank=True)
    since = models.DateTimeField(null=True, blank=True)
    status = models.CharField(max_length=10, choices=STATUSES, default=QUEUED)
    total = models.PositiveIntegerField(default=0)
    seen = models.PositiveIntegerField(default=0)
    cursor = models.BigIntegerField(default=0)
    tally = models.JSONField(default=dict)
    attempts = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    error = models.CharField(max_length=300, blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["due_at"], condition=Q(due_at__isnull=False), name="backtest_due")]

    def __str__(self) -> str:
        return f"back-test {self.pk}"


class Decision(models.Model):
    """What the rules answered for an item at one moment.

    ``position`` is the item's ``fact_seq`` it saw; the trace is recomputed from there. ``detail`` holds slugs and
    fact names only. ``rule_id`` is empty when no rule decided. ``fires``: the rule did what it says and does not
    again until a fact it reads changes; not so when it only lacked something, or a person asked the requester instead.
    """

    item = models.ForeignKey(WorkItem, on_delete=models.CASCADE, db_index=False, related_name="decisions")
    run = models.PositiveIntegerField()
    version = models.ForeignKey(RulebookVersion, null=True, on_delete=models.PROTECT, related_name="+")
    rule_id = models.CharField(max_length=60, blank=True)
    kind = models.CharField(max_length=10)
    cause = models.CharField(max_length=20, blank=True)
    position = models.PositiveIntegerField()
    detail = models.JSONField(default=dict)
    fires = models.BooleanField(default=True)
    decided_by = models.CharField(max_length=150, blank=True)
    decided_at = models.DateTimeField()

    class Meta:
        ordering = ["id"]
        indexes = [
            models.Index(fields=["item", "id"], name="decision_item"),
            models.Index(fields=["version", "rule_id", "decided_at"], name="decision_rule"),
        ]

    def __str__(self) -> str:
        return f"decision {self.pk}"
