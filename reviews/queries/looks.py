"""What people were asked about an item, who looked at it for how long, and what each of them decided."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.text import capfirst

from reviews.models import Review, Verdict
from reviews.queries.proposals import Text, texts_of
from routing.domain.facts import value_from_json
from routing.domain.templates import as_text
from routing.models import WorkItem
from routing.queries.desk import Desk


@dataclass(frozen=True, slots=True)
class Look:
    """What one person decided on a review, and for how long they had it (None: not kept).

    ``changed`` are the texts they corrected, ``given`` what else they decided, as (what, value).
    """

    who: str
    words: str
    taken_at: datetime | None
    at: datetime
    lasted: timedelta | None
    comment: str
    first: bool
    undone_at: datetime | None
    changed: Sequence[Text]
    given: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Asked:
    """One question to people, and what was decided on it, oldest first."""

    review: Review
    looks: Sequence[Look]


def verdicts_of(item: WorkItem) -> list[Verdict]:
    """Return what was decided on the item's reviews, oldest first, in one query."""
    return list(Verdict.objects.filter(review__item=item).select_related("by").order_by("pk"))


def asked_of(item: WorkItem, desk: Desk, verdicts: Sequence[Verdict]) -> list[Asked]:
    """Return every question that people were asked about the item, oldest first, in one query."""
    looks: dict[int, list[Look]] = {}
    for verdict in verdicts:
        looks.setdefault(verdict.review_id, []).append(_look(item, desk, verdict))
    rows = Review.objects.filter(item=item).select_related("queue__destination", "claimed_by").order_by("pk")
    return [Asked(row, looks.get(row.pk, [])) for row in rows]


def _look(item: WorkItem, desk: Desk, verdict: Verdict) -> Look:
    return Look(
        who=verdict.by.display_name(),
        words=verdict.words,
        taken_at=verdict.taken_at,
        at=verdict.at,
        lasted=verdict.at - verdict.taken_at if verdict.taken_at else None,
        comment=verdict.comment,
        first=verdict.first,
        undone_at=verdict.undone_at,
        changed=_changed(item, desk, verdict),
        given=_given(item, desk, verdict),
    )


def _changed(item: WorkItem, desk: Desk, verdict: Verdict) -> list[Text]:
    found = []
    for kind in ("fields", "drafts"):
        before, now = _mapping(verdict.proposal, kind), _mapping(verdict.correction or {}, kind)
        texts = texts_of(item, desk, before, {name: str(text) for name, text in now.items()})
        found += [text for text in texts if text.parts]
    return found


def _given(item: WorkItem, desk: Desk, verdict: Verdict) -> list[tuple[str, str]]:
    catalogue, body, correction = desk.catalogue(item.work_type_id), verdict.body, verdict.correction or {}
    found = []
    if correction.get("type"):
        slug = str(correction["type"])
        found.append(("Type chosen", catalogue.types.get(slug, slug)))
    if correction.get("destination"):
        found.append(("Sent to", catalogue.name_of(str(correction["destination"]))))
    for name, value in _mapping(correction, "inputs").items():
        found.append((capfirst(catalogue.label(f"input.{name}")), _value(value)))
    for name, value in _mapping(body, "result").items():
        found.append((capfirst(name.replace("_", " ")), _value(value)))
    kind, _, to = str(body.get("to") or "").partition(":")
    if to:
        found.append(("Given to", desk.place_name(to) if kind == "queue" else to))
    asked = [catalogue.label(f"input.{name}") for name in _list(body, "inputs")]
    if asked:
        found.append(("Asked for", ", ".join(asked)))
    if _list(body, "checks"):
        found.append(("Ticked", "; ".join(_list(body, "checks"))))
    return found


def _value(data: object) -> str:
    try:
        return as_text(value_from_json(data))
    except ValueError:
        return str(data)


def _mapping(data: Mapping[str, object], name: str) -> dict[str, object]:
    given = data.get(name)
    return given if isinstance(given, dict) else {}


def _list(data: Mapping[str, object], name: str) -> list[str]:
    given = data.get(name)
    return [str(one) for one in given] if isinstance(given, list) else []
