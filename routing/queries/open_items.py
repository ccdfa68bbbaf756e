"""Open requests that other rules would send elsewhere than where they are now."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from routing.domain.answers import follow, text_reader
from routing.domain.rules import Rulebook as Rules
from routing.domain.states import State
from routing.models import Decision, WaitKind, WorkItem
from routing.queries.decisions import escalated_by, fired_by
from routing.queries.desk import Desk, published_rules
from routing.queries.facts import knowledge
from routing.queries.trials import answer_words

MOST = 500
# What no rule of the book decided: such an item stands where a person or the desk's own limits put it.
_NOT_BY_RULES = frozenset({"error", "limit"})


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """One open request, with the sentence that its rules said and the one that the other rules say."""

    item: WorkItem
    was: str
    now: str


@dataclass(frozen=True, slots=True)
class OpenItems:
    """The open requests that would go elsewhere among the oldest ``MOST``; ``more``: not all were looked at."""

    elsewhere: list[Elsewhere]
    looked_at: int
    more: bool


def open_elsewhere(
    rulebook_id: int, type_id: int | None, rules: Rules, desk: Desk, now: datetime, ids: Sequence[int] | None = None
) -> OpenItems:
    """Return which requests of this rulebook that people or the clock hold up would now go elsewhere.

    Asked as if the newest decision of each had not been made: by the rules that made it and by these, on what is known
    now. Those that a worker has are left out, since the live rules decide about them next anyway; so are those that a
    person moved or holds. ``ids`` looks at these items only.
    """
    rows = WorkItem.objects.filter(work_type_id=type_id, state__in=[State.IN_REVIEW, State.WAITING])
    rows = rows.exclude(wait_kind=WaitKind.HOLD).select_related("work_type").order_by("pk")
    found = list((rows if ids is None else rows.filter(pk__in=ids))[: MOST + 1])
    items = found[:MOST]
    ages = {slug: int(str(place.config.get("max_age_minutes") or 0)) for slug, place in desk.places.items()}
    known = knowledge(items, now, max_ages=ages)
    history = _decisions(items)
    catalogue, elsewhere = desk.catalogue(type_id), []
    for item in items:
        past = history[item.pk]
        last = past[-1] if past else None
        if last is None or last.version_id is None or not (_is_of(last, rulebook_id) and _is_by_rule(last)):
            continue
        facts, before = known[item.pk].facts, [row for row in past[:-1] if _is_of(row, rulebook_id)]
        read = text_reader(catalogue.inputs, f"{item.title}\n{item.text}", now.date())
        fired, escalated = fired_by(before), escalated_by(before)
        position = max((fact.seq for fact in facts.values()), default=0)
        was, then = (
            follow(facts, book, catalogue, fired=fired, escalated=escalated, now=now, position=position, read=read)
            for book in (published_rules(last.version_id), rules)
        )
        if was.answer != then.answer:
            elsewhere.append(
                Elsewhere(item, answer_words(was.decision, catalogue), answer_words(then.decision, catalogue))
            )
    return OpenItems(elsewhere, len(items), len(found) > MOST)


def _decisions(items: Sequence[WorkItem]) -> dict[int, list[Decision]]:
    """Return the decisions of each item's present run, oldest first, in one query."""
    runs = {item.pk: item.run for item in items}
    found: dict[int, list[Decision]] = defaultdict(list)
    rows = Decision.objects.filter(item_id__in=list(runs)).select_related("version").defer("version__content")
    for row in rows.order_by("pk"):
        if row.run == runs[row.item_id]:
            found[row.item_id].append(row)
    return found


def _is_of(row: Decision, rulebook_id: int) -> bool:
    return row.version is not None and row.version.rulebook_id == rulebook_id


def _is_by_rule(row: Decision) -> bool:
    return row.cause not in _NOT_BY_RULES and (bool(row.rule_id) or row.kind == "review")
