"""Reviews and queues as JSON, a page in a fixed number of queries."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db.models import Count, Min, Q

from dispatchdesk.api.plain_values import moment, moment_or_none
from reviews.models import Queue, Review, Verdict
from routing import transitions
from routing.domain.roles import Actor
from routing.queries.items import in_sight


def review_answers(reviews: Sequence[Review]) -> list[dict[str, Any]]:
    """Return each review as JSON, in order; they come with item, queue, claimant and assignee."""
    now = transitions.database_now()
    standing: dict[int, Verdict] = {}
    first: dict[tuple[int, str], Verdict] = {}
    verdicts = Verdict.objects.filter(review__in=[row.pk for row in reviews], undone_at__isnull=True)
    for verdict in verdicts.exclude(kind="reassign").select_related("by").order_by("pk"):
        if verdict.first:
            first[verdict.review_id, verdict.approved_digest] = verdict
        else:
            standing[verdict.review_id] = verdict
    return [_review(row, standing.get(row.pk), first.get((row.pk, row.digest)), now) for row in reviews]


def review_answer(review_id: int) -> dict[str, Any]:
    """Return one review as the database now has it."""
    rows = Review.objects.select_related("item", "queue__destination", "claimed_by", "assignee")
    return review_answers([rows.get(pk=review_id)])[0]


def _review(row: Review, verdict: Verdict | None, first: Verdict | None, now: datetime) -> dict[str, Any]:
    is_held = row.claimed_by is not None and row.lease_expires_at is not None and row.lease_expires_at > now
    return {
        "id": row.pk,
        "epoch": row.epoch,
        "digest": row.digest,
        "kind": row.kind,
        "item": row.item.code,
        "queue": row.queue.slug,
        "question": row.question,
        "reason": row.reason,
        "proposal": row.proposal,
        "status": row.status,
        "claimed_by": row.claimed_by.username if row.claimed_by is not None and is_held else None,
        "assignee": row.assignee.username if row.assignee is not None else None,
        "lease_expires_at": moment_or_none(row.lease_expires_at) if is_held else None,
        "due_at": moment(row.due_at),
        "approvals_needed": row.approvals_needed,
        "first_approval": _verdict(first, now) if first is not None else None,
        "verdict": _verdict(verdict, now) if verdict is not None else None,
    }


def _verdict(verdict: Verdict, now: datetime) -> dict[str, Any]:
    is_held = verdict.hold_until is not None and verdict.hold_until > now
    return {
        "verdict": verdict.kind,
        "by": verdict.by.username,
        "at": moment(verdict.at),
        "undo_until": moment_or_none(verdict.hold_until) if is_held else None,
    }


def queue_answers(actor: Actor) -> list[dict[str, Any]]:
    """Return every queue with what is open in it and visible to the actor, in one query."""
    counted = Q(reviews__status=Review.OPEN) & in_sight(actor, "reviews__item")
    rows = Queue.objects.filter(destination__archived=False).select_related("destination")
    now = transitions.database_now()
    return [
        {
            "slug": row.slug,
            "name": row.destination.name,
            "depth": row.depth,
            "oldest_age_seconds": int((now - row.oldest).total_seconds()) if row.oldest else None,
        }
        for row in rows.annotate(
            depth=Count("reviews", filter=counted), oldest=Min("reviews__arrived_at", filter=counted)
        ).order_by("destination__name", "pk")
    ]
