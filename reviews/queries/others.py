"""Others like an item: what the same rule decided, or the same version of an AI agent wrote, since a day."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db import connection
from django.db.models import Q

from reviews.domain.subjects import writers
from reviews.models import Review, Verdict
from reviews.models.reviews import DECIDES
from routing.domain.roles import Actor
from routing.errors import Invalid, NotVisible
from routing.models import Decision, DestinationKind, RulebookVersion, Step, WorkItem
from routing.queries.decided import book_slug, decision_words
from routing.queries.desk import Desk
from routing.queries.items import in_sight
from routing.queries.steps import step_words

PAGE_ROWS = 30
_LAST = datetime(9999, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Cursor:
    """The last row shown: when it was decided or written, and its id."""

    at: datetime = _LAST
    id: int = 2**63 - 1

    def __str__(self) -> str:
        return f"{self.at.isoformat()}~{self.id}"


def read_cursor(text: str) -> Cursor:
    """Read a cursor from an address; raises Invalid when it is none of ours."""
    if not text:
        return Cursor()
    at, _, number = text.partition("~")
    try:
        given = datetime.fromisoformat(at)
        # As UTC: not every offset that Python knows is one to the database.
        moment = given.astimezone(UTC) if given.tzinfo is not None else None
    except (ValueError, OverflowError):
        moment = None
    if moment is None or not (number.isascii() and number.isdecimal() and len(number) < 19):
        raise Invalid("This page of the list cannot be read any more.", {"cursor": "Open the list again."})
    return Cursor(moment, int(number))


@dataclass(frozen=True, slots=True)
class Other:
    """One item that the same rule or version worked on: what came out, and what people made of it (empty: nothing)."""

    item: WorkItem
    at: datetime
    what: str
    judged: str


@dataclass(frozen=True, slots=True)
class Others:
    """One page of others, newest first, and where the next page begins (None: there is none)."""

    rows: list[Other]
    following: Cursor | None


def deciding_version(item: WorkItem, rule_id: str, book: str) -> RulebookVersion:
    """Return the newest version whose rule of this id decided on the item; raises NotVisible when none did.

    ``book`` is the slug of the rulebook, in case rules of several have the same id; empty for whichever decided last.
    """
    rows = Decision.objects.filter(item=item, rule_id=rule_id, version__isnull=False, fires=True)
    for row in rows.select_related("version__rulebook__work_type").order_by("-pk"):
        if row.version is not None and book in {"", book_slug(row)}:
            return row.version
    raise NotVisible(f"No such rule decided on {item.code}.")


# Each version's decisions come along the index decision_rule, no more of each than a page holds.
_BY_RULE = """
SELECT found.id FROM unnest(%(versions)s::bigint[]) asked, LATERAL (
    SELECT d.id, d.decided_at FROM routing_decision d JOIN routing_workitem i ON i.id = d.item_id
    WHERE d.version_id = asked AND d.rule_id = %(rule)s AND d.fires AND d.item_id <> %(item)s
    AND d.decided_at >= %(since)s AND d.decided_at <= %(at)s AND (d.decided_at, d.id) < (%(at)s, %(id)s)
    AND (%(types)s::bigint[] IS NULL OR i.work_type_id IS NULL OR i.work_type_id = ANY(%(types)s::bigint[]))
    ORDER BY d.decided_at DESC, d.id DESC LIMIT %(most)s
) found ORDER BY found.decided_at DESC, found.id DESC LIMIT %(most)s"""


def decided_alike(
    actor: Actor, item: WorkItem, version: RulebookVersion, rule_id: str, desk: Desk, since: datetime, cursor: Cursor
) -> Others:
    """Return other items on which this rule decided since then, in any version of its rulebook."""
    values: dict[str, Any] = {
        "versions": _versions_since(version.rulebook_id, since),
        "rule": rule_id,
        "item": item.pk,
        "since": since,
        "at": cursor.at,
        "id": cursor.id,
        "types": None if actor.visible_types is None else sorted(actor.visible_types),
        "most": PAGE_ROWS + 1,
    }
    with connection.cursor() as asked:
        asked.execute(_BY_RULE, values)
        ids = [pk for (pk,) in asked.fetchall()]
    rows = Decision.objects.select_related("item__work_type").in_bulk(ids[:PAGE_ROWS])
    shown = [rows[pk] for pk in ids[:PAGE_ROWS]]
    judged = _judged_decisions(shown)
    others = [
        Other(
            one.item,
            one.decided_at,
            decision_words(one, desk, desk.catalogue(version.rulebook.work_type_id)),
            judged.get(one.pk, ""),
        )
        for one in shown
    ]
    return Others(others, Cursor(shown[-1].decided_at, shown[-1].pk) if len(ids) > PAGE_ROWS else None)


def _versions_since(rulebook_id: int, since: datetime) -> list[int]:
    """Return the versions that were live at some time since: those published since, and the one before them."""
    rows = RulebookVersion.objects.filter(rulebook_id=rulebook_id, published_at__isnull=False)
    before = rows.filter(published_at__lt=since).order_by("-published_at").values_list("pk", flat=True)[:1]
    return [*rows.filter(published_at__gte=since).values_list("pk", flat=True), *before]


def _judged_decisions(decisions: Sequence[Decision]) -> dict[int, str]:
    reviews = list(Review.objects.filter(decision__in=[one.pk for one in decisions]).only("decision_id", "status"))
    by_review = {one.pk: one.decision_id or 0 for one in reviews}
    words = {one.decision_id or 0: "Not decided yet" for one in reviews if one.status == Review.OPEN}
    for verdict in _deciding(Q(review__in=list(by_review))):
        words[by_review[verdict.review_id]] = _verdict_words(verdict)
    return words


def agent_step(item: WorkItem, slug: str, number: int) -> Step:
    """Return the item's newest step of this version of an AI agent; raises NotVisible when there is none."""
    rows = Step.objects.filter(
        item=item, kind=DestinationKind.AGENT, destination__slug=slug, version__number=number
    ).select_related("destination", "version")
    step = rows.order_by("-pk").first()
    if step is None:
        raise NotVisible(f"No such AI agent worked on {item.code}.")
    return step


def written_alike(actor: Actor, step: Step, since: datetime, cursor: Cursor) -> Others:
    """Return other items for which the same version of an AI agent was asked since then."""
    rows = Step.objects.filter(kind=DestinationKind.AGENT, version_id=step.version_id, created_at__gte=since)
    rows = rows.filter(in_sight(actor, "item"), created_at__lte=cursor.at)
    rows = rows.exclude(created_at=cursor.at, pk__gte=cursor.id)
    rows = rows.exclude(item=step.item_id).select_related("item__work_type").defer("request", "output", "response")
    found = list(rows.order_by("-created_at", "-pk")[: PAGE_ROWS + 1])
    shown = found[:PAGE_ROWS]
    judged = _judged_steps(shown)
    others = [Other(one.item, one.created_at, step_words(one), judged.get(one.pk, "")) for one in shown]
    return Others(others, Cursor(shown[-1].created_at, shown[-1].pk) if len(found) > PAGE_ROWS else None)


def _judged_steps(steps: Sequence[Step]) -> dict[int, str]:
    """Return the first thing that people decided on what each step wrote, by the step's id."""
    items = [one.item_id for one in steps]
    words: dict[int, str] = {}
    for verdict in _deciding(Q(review__item__in=items)):
        seen = _seen_in(verdict.review, steps)
        if seen is not None:
            words.setdefault(seen.pk, _verdict_words(verdict))
    for review in Review.objects.filter(item__in=items, status=Review.OPEN):
        seen = _seen_in(review, steps)
        if seen is not None:
            words.setdefault(seen.pk, "Not decided yet")
    return words


def _seen_in(review: Review, steps: Sequence[Step]) -> Step | None:
    """Return the step whose text a review shows: the newest of the item before it was asked."""
    agents = writers(review.proposal)
    wrote = [one for one in steps if one.item_id == review.item_id and one.name in agents]
    return max((one for one in wrote if one.created_at <= review.arrived_at), key=lambda one: one.pk, default=None)


def _deciding(which: Q) -> Iterable[Verdict]:
    return Verdict.objects.filter(which, DECIDES).select_related("by", "review").order_by("pk")


def _verdict_words(verdict: Verdict) -> str:
    return f"{verdict.words} by {verdict.by.display_name()}"
