"""Empties what reviews and verdicts hold of a requester; who decided what, when, and on which digest stays."""

from collections.abc import Mapping
from datetime import datetime

from reviews.models import Review, Verdict
from routing.models import Destination, WorkItem, WorkType


def erase(item: WorkItem, words: str, now: datetime) -> None:
    """Empty the reviews of a locked item, and withdraw those that are still open; ``words`` say why."""
    slugs = {*Destination.objects.values_list("slug", flat=True), *WorkType.objects.values_list("slug", flat=True)}
    Review.objects.filter(item=item, status=Review.OPEN).update(
        status=Review.WITHDRAWN, closed_at=now, closed_because=words, claimed_by=None, lease_expires_at=None
    )
    # No review shows its proposal any more, so it is of none of the kinds that are drawn.
    Review.objects.filter(item=item).update(question=words, reason="", proposal={"kind": "erased"})
    for verdict in Verdict.objects.filter(review__item=item):
        kind = verdict.proposal.get("kind")
        verdict.proposal = {"kind": kind, **_places(verdict.proposal, slugs)}
        verdict.correction = _places(verdict.correction or {}, slugs) or None
        verdict.body, verdict.comment = {}, ""
        verdict.save(update_fields=["proposal", "correction", "body", "comment"])


def _places(proposal: Mapping[str, object], slugs: set[str]) -> dict[str, object]:
    """Return where a proposal sends work, which is the desk's own and tells nothing of the requester."""
    return {name: proposal[name] for name in ("type", "destination") if proposal.get(name) in slugs}
