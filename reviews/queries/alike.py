"""Open reviews that ask the same thing about different items, so that they can be decided together."""

from dataclasses import dataclass

from django.db.models import QuerySet
from django.db.models.functions import Now

from reviews.models import Review
from reviews.queries.proposals import Shown, shown
from reviews.queries.waiting import offered_reviews
from routing.domain.differences import Part, word_diff
from routing.domain.roles import Actor
from routing.queries.desk import Desk

MOST = 20
_LONGEST_WORDS = 600
_EFFORT = 200_000  # for each of the texts, of which a page holds many
_KINDS = frozenset({"calls", "output", "route", "continue"})


def why_alone(review: Review, desk: Desk) -> str:
    """Return why a review is decided alone; empty when it may be decided together with others like it."""
    queue, kind = review.queue, review.proposal.get("kind")
    if kind not in _KINDS or not review.rule_id:
        return "Only what the same rule asks is decided together."
    if queue.high_risk:
        return f"{queue} is marked high-risk: each review is decided alone."
    if review.approvals_needed > 1:
        return "Two people must approve this: each review is decided alone."
    if review.checklist:
        return f"{queue} has a checklist: each review is decided alone."
    risky = [slug for slug in review.about if _is_high_risk(slug, desk)]
    if risky:
        return f"{desk.place_name(risky[0])} is marked high-risk: each review is decided alone."
    return ""


def _is_high_risk(slug: str, desk: Desk) -> bool:
    place = desk.places.get(slug)
    return place is None or bool(place.config.get("high_risk"))


def alike(actor: Actor, review: Review) -> QuerySet[Review]:
    """Return the reviews offered to the person that the same rule put to the same queue with a proposal of one shape.

    In the order in which they are served; at most ``MOST``.
    """
    proposal = review.proposal
    rows = offered_reviews(actor, Now()).filter(
        queue=review.queue_id,
        eyes=review.eyes,
        rule_id=review.rule_id,
        cause=review.cause,
        about=review.about,
        item__work_type=review.item.work_type_id,
        assignee=review.assignee_id,
        proposal__kind=proposal.get("kind"),
    )
    if proposal.get("kind") == "route":
        rows = rows.filter(proposal__type=proposal.get("type"), proposal__destination=proposal.get("destination"))
    return rows[:MOST]


@dataclass(frozen=True, slots=True)
class Line:
    """One part of a proposal; ``parts`` are its words, "added" those that are not the same in all."""

    label: str
    parts: list[Part]


@dataclass(frozen=True, slots=True)
class Card:
    """One review beside the others: what was asked, and its proposal in parts."""

    review: Review
    words: str
    lines: list[Line]


def cards(reviews: list[Review], desk: Desk) -> list[Card]:
    """Return these reviews side by side; marked is what is not the same in all of them."""
    texts = [_texts(shown(row, desk, texts={}, requests=())) for row in reviews]
    common = {name: _in_all([mine[name].text for mine in texts if name in mine]) for mine in texts for name in mine}
    return [
        Card(
            review=row,
            words=row.item.text[:_LONGEST_WORDS] or row.item.title,
            lines=[Line(one.label, _marked(common[name], one.text)) for name, one in mine.items()],
        )
        for row, mine in zip(reviews, texts, strict=True)
    ]


def _in_all(texts: list[str]) -> str:
    """Return the words that all of these texts hold, in their order."""
    first, *others = texts
    for other in others:
        first = "".join(part.text for part in word_diff(first, other, effort=_EFFORT) if part.op == "same")
    return first


def _marked(common: str, text: str) -> list[Part]:
    return [part for part in word_diff(common, text, effort=_EFFORT) if part.op != "removed"]


@dataclass(frozen=True, slots=True)
class _Text:
    label: str
    text: str


def _texts(proposal: Shown) -> dict[str, _Text]:
    """Return the parts of a proposal by names that tell them apart, also where their labels are alike."""
    found = {}
    for number, request in enumerate(proposal.requests, start=1):
        before = f"{number}. " if len(proposal.requests) > 1 else ""
        lines = "\n".join(f"{name}: {value}" for name, value in request.lines)
        found[f"lines {number}"] = _Text(f"{before}{request.name}", lines)
        if request.body:
            found[f"body {number}"] = _Text(f"{before}{request.name}: text", request.readable or request.body)
    if proposal.kind == "output":
        found |= {f"text {text.name}": _Text(text.label, text.before) for text in proposal.texts}
    if proposal.suggestion is not None:
        found["suggestion"] = _Text("Send it to", proposal.suggestion.name)
    if proposal.kind == "continue":
        found["next"] = _Text("The rules would", proposal.next_words)
    return found
