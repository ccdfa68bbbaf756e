"""What is known about an item: fact revisions, questions to the requester and files."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from routing.domain.facts import Status
from routing.models.work import WorkItem


class FactRevision(models.Model):
    """One change of one fact, with who provided it.

    ``seq`` is its position among the item's facts. ``value`` has the JSON form of ``value_to_json``. ``quote``
    holds the words of the item's text that the value came from. Erasing personal data empties ``value``
    and ``quote``.
    """

    item = models.ForeignKey(WorkItem, on_delete=models.CASCADE, db_index=False, related_name="facts")
    seq = models.PositiveIntegerField()
    run = models.PositiveIntegerField(default=1)
    name = models.CharField(max_length=150)
    status = models.CharField(max_length=12, choices=[(s.value, s.value) for s in Status])
    value = models.JSONField(null=True, blank=True)
    cause = models.CharField(max_length=40, blank=True)
    quote = models.CharField(max_length=500, blank=True)
    doubtful = models.BooleanField(default=False)
    provider = models.CharField(max_length=160)
    at = models.DateTimeField()

    class Meta:
        ordering = ["item_id", "seq"]
        constraints = [models.UniqueConstraint(fields=["item", "seq"], name="fact_seq_once")]
        indexes = [models.Index(fields=["item", "name", "-seq"], name="fact_newest")]

    def __str__(self) -> str:
        return f"{self.name} #{self.seq}"


class Question(models.Model):
    """One form sent to the requester: the inputs asked for, until when, and what became of it."""

    OPEN, ANSWERED, EXPIRED, WITHDRAWN = "open", "answered", "expired", "withdrawn"
    STATUSES = [(s, s.capitalize()) for s in (OPEN, ANSWERED, EXPIRED, WITHDRAWN)]

    item = models.ForeignKey(WorkItem, on_delete=models.CASCADE, related_name="questions")
    run = models.PositiveIntegerField()
    names = ArrayField(models.CharField(max_length=60))
    note = models.TextField(blank=True)
    status = models.CharField(max_length=10, choices=STATUSES, default=OPEN)
    asked_at = models.DateTimeField()
    due_at = models.DateTimeField()
    remind_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-asked_at"]
        constraints = [
            models.UniqueConstraint(fields=["item"], condition=Q(status="open"), name="one_open_question_per_item")
        ]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(status="open"), name="question_due"),
            models.Index(fields=["remind_at"], condition=Q(remind_at__isnull=False), name="question_remind"),
        ]

    def __str__(self) -> str:
        return f"question {self.pk}"


class Letter(models.Model):
    """A mail to a requester that is due or was sent; the row is the outbox."""

    DUE, SENDING, SENT, FAILED = "due", "sending", "sent", "failed"
    STATUSES = [(s, s.capitalize()) for s in (DUE, SENDING, SENT, FAILED)]

    item = models.ForeignKey(WorkItem, on_delete=models.CASCADE, related_name="letters")
    kind = models.CharField(max_length=20)
    to = models.EmailField()
    subject = models.CharField(max_length=250)
    body = models.TextField()
    status = models.CharField(max_length=10, choices=STATUSES, default=DUE)
    attempts = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, blank=True)
    error = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["due_at"], condition=Q(due_at__isnull=False), name="letter_due")]

    def __str__(self) -> str:
        return f"letter {self.pk}"


def file_path(attachment: "Attachment", _filename: str) -> str:
    """Return where an upload is stored: never under the name its sender gave it."""
    return f"files/{attachment.item_id}/{attachment.sha256}"


class Attachment(models.Model):
    """A file that came with a request; ``name`` is only ever shown, never used as a path."""

    item = models.ForeignKey(WorkItem, on_delete=models.CASCADE, related_name="files")
    name = models.CharField(max_length=200)
    content_type = models.CharField(max_length=100)
    size = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)
    content = models.FileField(upload_to=file_path, max_length=200)
    added_by = models.CharField(max_length=150)
    added_at = models.DateTimeField()

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return self.name


class Note(models.Model):
    """A comment on an item; only a public one is shown to the requester, without who wrote it.

    ``key`` names the form it came from (empty: none), so that a form sent twice makes one note.
    """

    item = models.ForeignKey(WorkItem, on_delete=models.CASCADE, related_name="notes")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    by_name = models.CharField(max_length=150)
    text = models.TextField()
    public = models.BooleanField(default=False)
    key = models.CharField(max_length=64, blank=True)
    at = models.DateTimeField()

    class Meta:
        ordering = ["at", "id"]
        constraints = [
            models.UniqueConstraint(fields=["item", "key"], condition=~Q(key=""), name="note_key_once_per_item")
        ]

    def __str__(self) -> str:
        return f"note {self.pk}"
