"""Stored decisions of a rulebook as a back-test follows them, some hundred items at a time."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Max, Min, QuerySet

from routing.domain.facts import Facts
from routing.domain.replay import Past
from routing.models import Decision, FactRevision, RulebookVersion, WorkItem
from routing.queries.decisions import facts_at
from routing.queries.desk import Desk, published_rules

ITEMS_AT_ONCE = 300
_NOT_BY_RULES = frozenset({"error", "limit"})


@dataclass(frozen=True, slots=True)
class Window:
    """Which decisions count: those of the rulebook from one id to another, so that later ones do not join in."""

    rulebook_id: int
    first_id: int
    last_id: int


def _decisions(rulebook_id: int) -> QuerySet[Decision]:
    versions = RulebookVersion.objects.filter(rulebook_id=rulebook_id).values_list("pk", flat=True)
    return Decision.objects.filter(version_id__in=list(versions))


def has_history(rulebook_id: int) -> bool:
    """Return whether a version of this rulebook has decided anything yet."""
    return _decisions(rulebook_id).exists()


def window_of(rulebook_id: int, *, most: int, since: datetime | None) -> tuple[Window, int]:
    """Return the window of the last ``most`` decisions, those before a moment left out, and how many are in it.

    Those of erased items are in no story, and are not counted.
    """
    rows = _decisions(rulebook_id)
    if since is not None:
        rows = rows.filter(decided_at__gte=since)
    last = rows.aggregate(last=Max("pk"))["last"]
    if last is None:
        return Window(rulebook_id, 1, 0), 0
    ids = rows.filter(pk__lte=last).order_by("-pk").values_list("pk", flat=True)
    first = ids[most - 1 : most].first() or rows.aggregate(first=Min("pk"))["first"]
    counted = rows.filter(pk__gte=first, pk__lte=last, item__erased_at__isnull=True)
    return Window(rulebook_id, first, last), counted.count()


@dataclass(frozen=True, slots=True)
class Story:
    """One item's run: its decisions by the rulebook, oldest first, and how many of them are before the window."""

    item: WorkItem
    decisions: list[Past]
    before: int


def stories(window: Window, desk: Desk, after_item: int) -> tuple[list[Story], int]:
    """Return the runs of the next items that have decisions in the window, and the id of the last item looked at.

    In five queries, whatever they hold. No item is left when the list is empty.
    """
    counted = _decisions(window.rulebook_id).filter(pk__gte=window.first_id, pk__lte=window.last_id)
    counted = counted.filter(item_id__gt=after_item)
    ids = list(counted.order_by("item_id").values_list("item_id", flat=True).distinct()[:ITEMS_AT_ONCE])
    if not ids:
        return [], after_item
    items = WorkItem.objects.select_related("work_type").in_bulk(ids)
    revisions: dict[int, list[FactRevision]] = defaultdict(list)
    for revision in FactRevision.objects.filter(item_id__in=ids).defer("quote").order_by("item_id", "seq"):
        revisions[revision.item_id].append(revision)
    decided: dict[int, list[Decision]] = defaultdict(list)
    rows = list(Decision.objects.filter(item_id__in=ids).order_by("pk"))
    versions = RulebookVersion.objects.select_related("rulebook__work_type").defer("content")
    known = versions.in_bulk({row.version_id for row in rows if row.version_id is not None})
    for row in rows:  # one object for each version: joined, every row would make three of its own
        row.version = known[row.version_id] if row.version_id is not None else None
        decided[row.item_id].append(row)
    found = [
        story
        for item_id in ids
        if items[item_id].erased_at is None
        for story in _runs(window, desk, items[item_id], decided[item_id], revisions[item_id])
    ]
    return found, ids[-1]


def _runs(
    window: Window, desk: Desk, item: WorkItem, decided: list[Decision], revisions: list[FactRevision]
) -> Iterator[Story]:
    by_run: dict[int, list[Past]] = defaultdict(list)
    floor = 0
    for row in decided:
        if row.pk <= window.last_id and row.version is not None and row.version.rulebook_id == window.rulebook_id:
            by_run[row.run].append(_past(row, facts_at(item, desk, row, revisions, floor)))
        floor = row.position
    for run in by_run.values():
        before = sum(past.id < window.first_id for past in run)
        if before < len(run):
            yield Story(item, run, before)


def _past(row: Decision, facts: Facts) -> Past:
    return Past(
        id=row.pk,
        position=row.position,
        at=row.decided_at,
        kind=row.kind,
        rule_id=row.rule_id,
        fires=row.fires,
        sets_only=row.kind == "change" and not row.detail.get("type"),
        by_rules=row.cause not in _NOT_BY_RULES and (bool(row.rule_id) or row.kind == "review"),
        facts=facts,
        rules=published_rules(row.version_id),
    )
