"""Past decisions with why the rules answered so, recomputed from the facts each one saw."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from routing.domain.catalogue import Catalogue
from routing.domain.conditions import evaluate, trace
from routing.domain.engine import seen_facts
from routing.domain.explain import RuleTrace, explain
from routing.domain.facts import HISTORY_NAMESPACES, UNKNOWN, Fact, Status, known, value_from_json
from routing.domain.rulefile import RuleError
from routing.domain.rules import Rule, Rulebook
from routing.models import Decision, FactRevision, WorkItem
from routing.queries.desk import Desk, published_rules
from routing.queries.facts import item_values

_STATUSES = {status.value: status for status in Status}
# What a rule sets later was otherwise before; the first priority is not kept.
_BEFORE_RULES: dict[str, Fact] = {"item.priority": UNKNOWN, "item.tags": known(())}


@dataclass(frozen=True, slots=True)
class Explained:
    """One decision with its rule and the rules looked at, the deciding one last.

    ``title`` names rulebook and version, ``number`` counts the book's rules from 1 (0: no rule decided). The trace is
    empty when the rulebook can no longer be read. ``reason`` is what the rules said, when they still say the same.
    """

    row: Decision
    title: str
    catalogue: Catalogue
    number: int = 0
    rule: Rule | None = None
    reason: str = ""
    looked_at: tuple[RuleTrace, ...] = ()


def decisions_of(item: WorkItem) -> list[Decision]:
    """Return the item's decisions with their rulebooks, oldest first, in one query."""
    rows = Decision.objects.filter(item=item).select_related("version__rulebook__work_type")
    return list(rows.defer("version__content").order_by("pk"))


def revisions_of(item: WorkItem) -> list[FactRevision]:
    """Return every change of the item's facts, oldest first, in one query."""
    return list(FactRevision.objects.filter(item=item).order_by("seq"))


def explained(
    item: WorkItem, desk: Desk, revisions: Sequence[FactRevision], decisions: Iterable[Decision]
) -> list[Explained]:
    """Return these decisions (all of the item, oldest first) explained; reads nothing that was not read before."""
    found: list[Explained] = []
    before: list[Decision] = []
    for row in decisions:
        floor = before[-1].position if before else 0
        found.append(_explain(item, desk, row, before, revisions, floor))
        before.append(row)
    return found


def _saw(revisions: Sequence[FactRevision], row: Decision, floor: int) -> list[FactRevision]:
    """Return the revisions a decision saw: up to its position, without what its own rule set."""
    seen = [revision for revision in revisions if revision.seq <= row.position]
    while seen and seen[-1].seq > floor and seen[-1].provider == "rule" and seen[-1].at == row.decided_at:
        seen.pop()
    return seen


def _explain(
    item: WorkItem,
    desk: Desk,
    row: Decision,
    before: Sequence[Decision],
    revisions: Sequence[FactRevision],
    floor: int,
) -> Explained:
    version = row.version
    type_id = version.rulebook.work_type_id if version else None
    plain = Explained(row, str(version) if version else "No rules yet", desk.catalogue(type_id))
    if version is None:
        return plain
    try:
        book = published_rules(version.pk)
    except RuleError:
        return plain
    number, rule = next(((n, r) for n, r in enumerate(book.rules, start=1) if r.id == row.rule_id), (0, None))
    if item.erased_at is not None:
        return replace(plain, number=number, rule=rule)
    facts = facts_at(item, desk, row, revisions, floor)
    mine = [one for one in before if one.run == row.run and _book_of(one) == version.rulebook_id]
    explanation = explain(
        facts, book, plain.catalogue, fired=fired_by(mine), escalated=escalated_by(mine), now=row.decided_at
    )
    same = explanation.decision.rule_id == row.rule_id and explanation.decision.kind.value == row.kind
    looked_at = explanation.rules if same else _alone(number, rule, facts, book, plain, row)
    reason = explanation.decision.reason if same else ""
    return replace(plain, number=number, rule=rule, reason=reason, looked_at=looked_at)


def _alone(
    number: int, rule: Rule | None, facts: dict[str, Fact], book: Rulebook, plain: Explained, row: Decision
) -> tuple[RuleTrace, ...]:
    """Return the trace of the deciding rule alone, where the set-up has changed so much that the rest would mislead."""
    if rule is None:
        return ()
    seen = seen_facts(facts, book, plain.catalogue, row.decided_at)
    return (RuleTrace(number, rule, evaluate(rule.when, seen), False, trace(rule.when, seen)),)


def _book_of(row: Decision) -> int | None:
    return row.version.rulebook_id if row.version else None


def fired_by(rows: Iterable[Decision]) -> dict[str, int]:
    """Return, by rule, the position at which it fired last; the decisions are of one rulebook and run."""
    fired: dict[str, int] = {}
    for row in rows:
        if row.fires and row.rule_id:
            fired[row.rule_id] = max(fired.get(row.rule_id, 0), row.position)
    return fired


def escalated_by(rows: Iterable[Decision]) -> dict[str, int]:
    """Return, by rule, how often it made a review; the decisions are of one rulebook and run."""
    counts: dict[str, int] = {}
    for row in rows:
        if row.kind == "review":
            counts[row.rule_id] = counts.get(row.rule_id, 0) + 1
    return counts


def facts_at(
    item: WorkItem, desk: Desk, row: Decision, revisions: Sequence[FactRevision], floor: int
) -> dict[str, Fact]:
    """Return the facts as they were when the decision was made; ``floor`` is the position of the one before."""
    seen = sorted(_saw(revisions, row, floor), key=lambda revision: (revision.run, revision.seq))
    newest = {revision.name: revision for revision in seen}
    later = {revision.name for revision in revisions} - set(newest)
    facts: dict[str, Fact] = {}
    for name, revision in newest.items():
        space, _, rest = name.partition(".")
        if revision.doubtful or (space in HISTORY_NAMESPACES and revision.run != row.run):
            continue
        if space == "source" and _too_old(desk, rest.partition(".")[0], row, revision):
            continue
        status = _STATUSES[revision.status]
        value = value_from_json(revision.value) if status is Status.KNOWN else None
        facts[name] = Fact(status, value, revision.seq, revision.cause)
    for name, present in item_values(item, row.decided_at).items():
        if name in newest:
            continue
        facts[name] = known(present) if present != "" else Fact(Status.MISSING)
    work_type = row.version.rulebook.work_type if row.version else None
    seq = newest["item.type"].seq if "item.type" in newest else 0
    facts["item.type"] = known(work_type.slug, seq) if work_type else Fact(Status.MISSING, None, seq)
    return facts | {name: before for name, before in _BEFORE_RULES.items() if name in later}


def _too_old(desk: Desk, slug: str, row: Decision, revision: FactRevision) -> bool:
    place = desk.places.get(slug)
    minutes = int(str(place.config.get("max_age_minutes") or 0)) if place else 0
    return bool(minutes) and revision.at < row.decided_at - timedelta(minutes=minutes)
