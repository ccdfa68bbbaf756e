"""Notices: what somebody is told about reviews, in the app and by mail, and how they want to be told."""

from datetime import datetime
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import models
from django.db.models import Q

from reviews.domain.notices import Kind, Way, next_digest
from reviews.models.reviews import Review
from routing.models import WorkItem
from routing.models.ledger import CurrentXid, Xid8Field

KINDS = [
    (Kind.DUE_SOON.value, "Due soon"),
    (Kind.OVERDUE.value, "Overdue"),
    (Kind.REASSIGNED.value, "Given to me"),
    (Kind.OVERRULED.value, "My fix was overruled"),
]
WAYS = [
    (Way.AT_ONCE.value, "Here, and by mail at once"),
    (Way.DIGEST.value, "Here, and in the daily mail"),
    (Way.APP.value, "Only here"),
    (Way.NOT.value, "Not at all"),
]


class Notice(models.Model):
    """One thing that one person is told once.

    ``about`` tells apart what can happen to a review more than once: the id of the verdict that reassigned or
    overruled, minus the item's version for a move by hand that gave it away, 0 for its due time. The row is the outbox
    too: a mail is owed while ``mail_due_at`` is set, and one mail may hold several notices. ``xid`` is what the feed
    finds new rows by.
    """

    NONE, DUE, SENDING, SENT, FAILED = "none", "due", "sending", "sent", "failed"
    MAIL_STATUSES = [(s, s.capitalize()) for s in (NONE, DUE, SENDING, SENT, FAILED)]

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notices")
    kind = models.CharField(max_length=20, choices=KINDS)
    item = models.ForeignKey(WorkItem, on_delete=models.CASCADE, related_name="+")
    review = models.ForeignKey(Review, null=True, on_delete=models.CASCADE, related_name="notices")
    about = models.BigIntegerField(default=0)
    at = models.DateTimeField()
    read_at = models.DateTimeField(null=True, blank=True)
    mail_status = models.CharField(max_length=10, choices=MAIL_STATUSES, default=NONE)
    mail_due_at = models.DateTimeField(null=True, blank=True)
    mail_attempts = models.PositiveSmallIntegerField(default=0)
    mailed_at = models.DateTimeField(null=True, blank=True)
    xid = Xid8Field(db_default=CurrentXid())

    class Meta:
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["user", "review", "kind", "about"], name="told_once")]
        indexes = [
            models.Index(fields=["user", "-id"], name="notice_of_user"),
            models.Index(fields=["user", "-id"], condition=Q(read_at__isnull=True), name="notice_unread"),
            models.Index(fields=["mail_due_at"], condition=Q(mail_due_at__isnull=False), name="notice_mail_due"),
            models.Index(fields=["xid"], name="notice_xid"),
        ]

    def __str__(self) -> str:
        return f"notice {self.pk}"


class NoticeWishes(models.Model):
    """How one person is told of each kind, and when their daily mail goes out; without a row, as the defaults say.

    Mail at once only when somebody gives one a review: that is a colleague who counts on it, and it is rare. A day's
    overdue reviews and overruled fixes are one mail. *Due soon* is told where one works: the daily mail would tell it
    when it is over.
    """

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, primary_key=True, on_delete=models.CASCADE, related_name="notice_wishes"
    )
    due_soon = models.CharField(max_length=10, choices=WAYS, default=Way.APP.value)
    overdue = models.CharField(max_length=10, choices=WAYS, default=Way.DIGEST.value)
    reassigned = models.CharField(max_length=10, choices=WAYS, default=Way.AT_ONCE.value)
    overruled = models.CharField(max_length=10, choices=WAYS, default=Way.DIGEST.value)
    digest_hour = models.PositiveSmallIntegerField(default=8)
    zone = models.CharField(max_length=60, default="UTC")

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(digest_hour__lte=23), name="digest_hour_of_day")]

    def __str__(self) -> str:
        return f"wishes of {self.user_id}"

    def way(self, kind: str) -> Way:
        """Return how the person is told of this kind."""
        return Way(getattr(self, Kind(kind).value))

    def mail_at(self, kind: str, now: datetime) -> datetime | None:
        """Return when a notice of this kind goes out by mail; None when it does not."""
        match self.way(kind):
            case Way.AT_ONCE:
                return now
            case Way.DIGEST:
                return next_digest(self.digest_hour, ZoneInfo(self.zone), now)
        return None
