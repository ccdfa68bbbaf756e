"""What the head of every page counts for its reader."""

from dataclasses import dataclass, field

from django.db.models import Value
from django.db.models.functions import Now

from reviews.queries.notices import MOST_COUNTED, Unread, notices_of
from reviews.queries.waiting import offered_reviews
from routing.domain.roles import Actor


@dataclass(frozen=True, slots=True)
class Counts:
    """How many reviews somebody could take or holds, and what they were told and have not read; each up to 100."""

    reviews: int = 0
    unread: Unread = field(default_factory=Unread)


def counts_of(actor: Actor) -> Counts:
    """Return what waits for this person, in one query by indexes."""
    reviews = offered_reviews(actor, Now()).select_related(None).order_by()
    unread = notices_of(actor).filter(read_at__isnull=True)
    parts = [
        rows.annotate(what=Value(what)).values_list("what", "pk")[:MOST_COUNTED]
        for what, rows in (("review", reviews), ("notice", unread))
    ]
    found = list(parts[0].union(parts[1], all=True))
    notices = [pk for what, pk in found if what == "notice"]
    return Counts(len(found) - len(notices), Unread(len(notices), max(notices, default=0)))
