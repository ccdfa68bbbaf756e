"""Database models of reviews."""

from reviews.models.queues import Membership, Queue
from reviews.models.reviews import PassedOn, Review, Verdict

__all__ = ["Membership", "PassedOn", "Queue", "Review", "Verdict"]
