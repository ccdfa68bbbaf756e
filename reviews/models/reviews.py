"""Reviews: what people are asked, who is looking, and what they decided."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Q
from django.db.models.fields.json import KT

from reviews.models.queues import Queue
from routing.domain.states import State
from routing.models import Decision, WorkItem


class Review(models.Model):
    """One question to the people of a queue, or to one person.

    ``order_at`` is fixed on entry as the earlier of the due time and arrival plus the longest wait of the item's
    priority; the queue is served in that order. If nobody has taken it by ``overflow_at``, another queue gets it.
    At ``tell_at`` people are told of its due time: first that it is due soon, then that it is overdue.
    ``proposal`` is what is proposed, in the shape its ``kind`` key names, and ``digest`` binds a verdict to exactly it.
    The claim is the columns ``claimed_by``, ``epoch`` and ``lease_expires_at`` of this row, so that there can be one.

    ``barred`` are the ids of people to whom it is not offered once it was approved a first time, since they may not
    give the second approval; whether they may is asked anew when they do.

    An item has one open review, and besides one for each effect of which nobody knows what became: that is asked until
    it is known, in whatever state and run the item is by then. So are checks of what has finished.

    ``eyes`` is how many people had to approve where it was before: taken to another queue, it needs no fewer.

    ``about`` are the agents and tools whose work is judged, by their slugs.
    """

    ESCALATION, ASSIGNED, CHECK = "escalation", "assigned", "check"
    KINDS = [(ESCALATION, "Escalation"), (ASSIGNED, "Task"), (CHECK, "Check")]
    OPEN, DECIDED, WITHDRAWN = "open", "decided", "withdrawn"
    UNKNOWN_OUTCOME = "unknown_outcome"
    REPORTED = "reported"
    STATUSES = [(s, s.capitalize()) for s in (OPEN, DECIDED, WITHDRAWN)]

    item = models.ForeignKey(WorkItem, on_delete=models.CASCADE, db_index=False, related_name="reviews")
    run = models.PositiveIntegerField()
    kind = models.CharField(max_length=10, choices=KINDS)
    queue = models.ForeignKey(Queue, on_delete=models.PROTECT, related_name="reviews")
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    decision = models.ForeignKey(Decision, null=True, on_delete=models.SET_NULL, related_name="+")
    rule_id = models.CharField(max_length=60, blank=True)
    cause = models.CharField(max_length=20)
    names = ArrayField(models.CharField(max_length=150), default=list, blank=True)
    question = models.CharField(max_length=300)
    reason = models.TextField(blank=True)
    proposal = models.JSONField(default=dict)
    digest = models.CharField(max_length=64)
    about = ArrayField(models.CharField(max_length=60), default=list, blank=True)

    status = models.CharField(max_length=10, choices=STATUSES, default=OPEN)
    arrived_at = models.DateTimeField()
    due_at = models.DateTimeField()
    order_at = models.DateTimeField()
    overflow_at = models.DateTimeField(null=True, blank=True)
    tell_at = models.DateTimeField(null=True, blank=True)
    claimed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    epoch = models.PositiveIntegerField(default=0)
    claimed_at = models.DateTimeField(null=True, blank=True)
    lease_expires_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    eyes = models.PositiveSmallIntegerField(default=1, db_default=1)
    barred = ArrayField(models.BigIntegerField(), default=list, blank=True)
    closed_because = models.CharField(max_length=100, blank=True)

    class Meta:
        ordering = ["order_at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["item"],
                condition=Q(status="open") & ~Q(cause="unknown_outcome") & ~Q(kind="check"),
                name="one_open_review_per_item",
            ),
            models.UniqueConstraint(
                F("item"),
                KT("proposal__step"),
                condition=Q(status="open", cause="unknown_outcome"),
                name="one_open_review_per_outcome",
            ),
            models.UniqueConstraint(
                fields=["item"], condition=Q(status="open", cause="reported"), name="one_open_report_per_item"
            ),
            models.CheckConstraint(
                condition=Q(claimed_by__isnull=True) | Q(lease_expires_at__isnull=False), name="claim_has_lease"
            ),
            models.CheckConstraint(
                condition=(Q(status="open") & Q(closed_at__isnull=True))
                | (~Q(status="open") & Q(closed_at__isnull=False)),
                name="closed_review_has_time",
            ),
        ]
        indexes = [
            models.Index(fields=["queue", "order_at", "id"], condition=Q(status="open"), name="review_next"),
            models.Index(
                fields=["queue", "rule_id", "order_at", "id"], condition=Q(status="open"), name="review_next_alike"
            ),
            # Small, so that they are chosen before PostgreSQL has counted what a burst brought in.
            models.Index(
                fields=["assignee", "order_at", "id"],
                condition=Q(status="open", assignee__isnull=False),
                name="review_given",
            ),
            models.Index(
                fields=["claimed_by"], condition=Q(status="open", claimed_by__isnull=False), name="review_held"
            ),
            models.Index(fields=["item", "-id"], name="review_item"),
            models.Index(fields=["queue", "rule_id", "-id"], condition=Q(status="decided"), name="review_decided"),
            models.Index(fields=["queue", "arrived_at"], name="review_arrived"),
            GinIndex(fields=["about"], condition=Q(status="decided"), name="review_about"),
            models.Index(fields=["queue", "closed_at"], condition=Q(status="decided"), name="review_closed"),
            models.Index(
                fields=["overflow_at"], condition=Q(status="open", overflow_at__isnull=False), name="review_overflow"
            ),
            models.Index(fields=["tell_at"], condition=Q(status="open", tell_at__isnull=False), name="review_tell"),
        ]

    def __str__(self) -> str:
        return f"review {self.pk}"

    @property
    def is_late(self) -> bool:
        """Whether this asks about an effect whose item has moved on, so that the answer moves nothing."""
        item = self.item
        awaited = (item.state, item.run, item.review_id) == (State.IN_REVIEW.value, self.run, self.pk)
        return self.cause == self.UNKNOWN_OUTCOME and not awaited

    @property
    def approvals_needed(self) -> int:
        """How many people must approve it, 1 or 2: as its queue says, and no fewer than where it was before."""
        return max(self.eyes, self.queue.eyes)

    def take_to(self, queue: Queue) -> None:
        """Point it to another queue, unsaved (``queue`` and ``eyes``)."""
        self.eyes, self.queue = self.approvals_needed, queue

    @property
    def checklist(self) -> list[str]:
        """The points of its queue's checklist to tick before it is approved; none for what has no such approval."""
        return self.queue.checklist if self.proposal.get("kind") in {"output", "calls", "continue"} else []


# A verdict that decides its review, of which there is at most one.
DECIDES = Q(undone_at__isnull=True, first=False) & ~Q(kind="reassign")


def verdict_words(kind: str, of: str) -> str:
    """Return what a verdict of this kind, or "retype", decided on a review of that kind, in words."""
    if of == Review.CHECK and kind in {"approve", "reject"}:
        return "Found it right" if kind == "approve" else "Found it not right"
    return "Found it of another type" if kind == "retype" else dict(Verdict.KINDS).get(kind, kind)


class Verdict(models.Model):
    """What somebody decided on a review; one that was undone stays on record.

    ``digest`` is the proposal that was seen, ``approved_digest`` the one the effect must equal, after corrections.
    ``first`` marks the first of two approvals, which lets nothing happen by itself. ``taken_at`` is when the person
    took the review before deciding (None: not kept for older ones); the review itself only knows its last claim.
    """

    KINDS = [
        ("approve", "Approved"),
        ("correct", "Fixed and approved"),
        ("reassign", "Reassigned"),
        ("reject", "Declined"),
        ("ask", "Asked the requester"),
        ("redo", "Sent back to the AI agent"),
        ("complete", "Done"),
    ]

    review = models.ForeignKey(Review, on_delete=models.CASCADE, related_name="verdicts")
    kind = models.CharField(max_length=10, choices=KINDS)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    taken_at = models.DateTimeField(null=True, blank=True)
    at = models.DateTimeField()
    epoch = models.PositiveIntegerField()
    digest = models.CharField(max_length=64)
    approved_digest = models.CharField(max_length=64, blank=True)
    correction = models.JSONField(null=True, blank=True)
    proposal = models.JSONField(default=dict)
    body = models.JSONField(default=dict)
    comment = models.TextField(blank=True)
    first = models.BooleanField(default=False)
    hold_until = models.DateTimeField(null=True, blank=True)
    undone_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["review"], condition=DECIDES, name="one_verdict_per_review"),
        ]

    def __str__(self) -> str:
        return f"verdict {self.pk}"

    @property
    def words(self) -> str:
        """What was decided, in words."""
        return verdict_words("retype" if self.retypes else self.kind, str(self.proposal.get("kind", "")))

    @property
    def retypes(self) -> bool:
        """Whether it says that the item is of another type, which approves nothing of what was proposed."""
        is_route = self.proposal.get("kind") in {"route", "continue"}
        return self.kind == "correct" and not is_route and "type" in (self.correction or {})


class PassedOn(models.Model):
    """Somebody said "not me" or "later": the review is not offered to them again, or not before ``until``."""

    review = models.ForeignKey(Review, on_delete=models.CASCADE, related_name="passed_on")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    at = models.DateTimeField()
    until = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["review", "user"], name="passed_on_once")]

    def __str__(self) -> str:
        return f"{self.user} passed on review {self.review_id}"
