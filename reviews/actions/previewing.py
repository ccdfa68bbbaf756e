"""Renders what a correction would send, without storing anything."""

from collections.abc import Mapping

from reviews.actions import sending
from reviews.models import Review
from routing import transitions
from routing.actions import calls, deciding
from routing.domain.facts import known
from routing.queries import desk as desk_queries


def preview_calls(review: Review, drafts: Mapping[str, str]) -> list[calls.Call]:
    """Return the requests as they would be with these texts in place of the drafts; raises Invalid."""
    work = deciding.begin([review.item], desk_queries.load(), transitions.database_now())[0]
    offered = review.proposal.get("drafts")
    for name, text in drafts.items():
        if isinstance(offered, Mapping) and name in offered:
            work.known.facts[name] = known(text)
    return sending.rendered_calls(work, *sending.slugs_and_params(review))
