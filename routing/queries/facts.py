"""The facts of items, read as revisions and given to the engine as one mapping each."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from routing.domain.facts import HISTORY_NAMESPACES, Fact, Status, known, value_from_json
from routing.models import FactRevision, Priority, WorkItem
from routing.rows import columns, prepared

MODEL_PROVIDERS = ("agent:", "model:")


@dataclass(slots=True)
class Knowledge:
    """What is known about one item.

    ``doubtful`` holds values found in the text that nobody confirmed yet; ``by_model`` the names of facts whose
    value a model wrote.
    """

    facts: dict[str, Fact] = field(default_factory=dict)
    doubtful: dict[str, FactRevision] = field(default_factory=dict)
    by_model: set[str] = field(default_factory=set)

    def forget_history(self) -> None:
        """Forget what was done and approved, as for an item that begins a new run."""
        for known_names in (self.facts, self.doubtful):
            for name in [name for name in known_names if name.partition(".")[0] in HISTORY_NAMESPACES]:
                del known_names[name]
                self.by_model.discard(name)


def newest_revisions(item_ids: Iterable[int], *, until: Mapping[int, int] | None = None) -> list[FactRevision]:
    """Return the newest revision of each fact of these items, in one query.

    What is learned late of an earlier run is older than all that its item's present run knows.
    ``until`` maps an item's id to a position: revisions after it are not looked at (for one item only).
    """
    if until is None:
        return prepared(FactRevision, _NEWEST, {"ids": list(item_ids)})
    [(item_id, position)] = until.items()
    rows = FactRevision.objects.filter(item_id__in=list(item_ids)).filter(item_id=item_id, seq__lte=position)
    return list(rows.order_by("item_id", "name", "-run", "-seq").distinct("item_id", "name"))


_NEWEST = f"""
    SELECT DISTINCT ON (f.item_id, f.name) {columns(FactRevision, "f")} FROM routing_factrevision f
    WHERE f.item_id = ANY(%(ids)s::bigint[]) ORDER BY f.item_id, f.name, f.run DESC, f.seq DESC
"""  # noqa: S608 - Django's names


def knowledge(
    items: Sequence[WorkItem],
    now: datetime,
    *,
    max_ages: Mapping[str, int] | None = None,
    until: Mapping[int, int] | None = None,
) -> dict[int, Knowledge]:
    """Return what is known about each item at this moment.

    ``max_ages`` maps a data source's slug to minutes: older answers of it are unknown again. What older runs did
    or approved no longer counts.
    """
    by_item = {item.pk: item for item in items}
    found = {item.pk: Knowledge() for item in items}
    oldest = {f"source.{slug}": now - timedelta(minutes=age) for slug, age in (max_ages or {}).items() if age}
    for row in newest_revisions(by_item, until=until):
        item = by_item[row.item_id]
        space, _, rest = row.name.partition(".")
        if space in HISTORY_NAMESPACES and row.run != item.run:
            continue
        if space == "source" and row.at < oldest.get(f"source.{rest.partition('.')[0]}", row.at):
            continue
        mine = found[row.item_id]
        if row.doubtful:
            mine.doubtful[row.name] = row
            continue
        status = Status(row.status)
        value = value_from_json(row.value) if status is Status.KNOWN else None
        mine.facts[row.name] = Fact(status, value, row.seq, row.cause)
        if row.provider.startswith(MODEL_PROVIDERS):
            mine.by_model.add(row.name)
    for item in items:
        add_item_values(found[item.pk], item, now)
    return found


def add_item_values(known_of_item: Knowledge, item: WorkItem, now: datetime) -> None:
    """Add the facts that are always there to what is known about an item."""
    facts = known_of_item.facts
    for name, value in item_values(item, now).items():
        earlier = facts.get(name)
        seq = earlier.seq if earlier else 0
        facts[name] = known(value, seq) if value != "" else Fact(Status.MISSING, None, seq)


def item_values(item: WorkItem, now: datetime) -> dict[str, str | datetime | tuple[str, ...]]:
    """Return the facts that are always there: the item's own columns, and the time."""
    return {
        "item.code": item.code,
        "item.type": item.work_type.slug if item.work_type else "",
        "item.title": item.title,
        "item.text": item.text,
        "item.channel": item.channel,
        "item.priority": Priority(item.priority).label.lower(),
        "item.tags": tuple(item.tags),
        "item.requester_name": item.requester_name,
        "item.requester_email": item.requester_email,
        "item.created_at": item.created_at,
        "now": now,
    }
