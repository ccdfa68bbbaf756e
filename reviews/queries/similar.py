"""Earlier reviews like one, and what people decided on them."""

import re
from dataclasses import dataclass
from datetime import datetime

from django.db.models.functions import Left

from reviews.models import Review, Verdict

LOOKED_AT, SHOWN = 60, 3
READ_CHARACTERS = 2_000
_LEAST_ALIKE = 0.1  # share of the words of both that both hold
_WORD = re.compile(r"\w{3,}")


@dataclass(frozen=True, slots=True)
class Similar:
    """A request that was alike, and the verdict on it."""

    code: str
    title: str
    words: str
    who: str
    comment: str
    at: datetime


def similar(review: Review) -> list[Similar]:
    """Return the decided reviews that are most like one, the most alike first.

    Looks at the newest ``LOOKED_AT`` that the same rule (without one: the same cause) put to the same queue about
    requests of the same type, and compares the words of the requests. Two queries.
    """
    rows = Review.objects.filter(
        status=Review.DECIDED, queue=review.queue_id, rule_id=review.rule_id, item__work_type=review.item.work_type_id
    ).filter(item__erased_at__isnull=True)
    if not review.rule_id:
        rows = rows.filter(cause=review.cause)
    rows = rows.exclude(item=review.item_id).select_related("item").only("item__title")
    rows = rows.annotate(start=Left("item__text", READ_CHARACTERS)).order_by("-pk")
    mine = _words(f"{review.item.title} {review.item.text[:READ_CHARACTERS]}")
    alike = [(_share(mine, _words(f"{row.item.title} {row.start}")), row) for row in rows[:LOOKED_AT]]
    best = sorted((pair for pair in alike if pair[0] >= _LEAST_ALIKE), key=lambda pair: -pair[0])[:SHOWN]
    verdicts = Verdict.objects.filter(review__in=[row.pk for _, row in best], undone_at__isnull=True)
    newest = {one.review_id: one for one in verdicts.select_related("by").order_by("pk")}
    return [
        Similar(
            code=row.item.code,
            title=row.item.title,
            words=newest[row.pk].words,
            who=newest[row.pk].by.display_name(),
            comment=newest[row.pk].comment,
            at=newest[row.pk].at,
        )
        for _, row in best
        if row.pk in newest
    ]


def _words(text: str) -> set[str]:
    return set(_WORD.findall(text.casefold()))


def _share(one: set[str], other: set[str]) -> float:
    return len(one & other) / len(one | other) if one | other else 0.0
