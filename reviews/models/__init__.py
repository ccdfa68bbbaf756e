"""Database models of reviews."""

from reviews.models.notices import Notice, NoticeWishes
from reviews.models.queues import Calendar, Membership, Queue
from reviews.models.reviews import PassedOn, Review, Verdict

__all__ = ["Calendar", "Membership", "Notice", "NoticeWishes", "PassedOn", "Queue", "Review", "Verdict"]
