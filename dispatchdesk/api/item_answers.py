"""Items as JSON: the four facts, the inputs, and what is missing and from whom; a page in a fixed number of queries."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.conf import settings

from dispatchdesk.api.plain_values import moment, moment_or_none, plain
from reviews.models import Review
from routing import transitions
from routing.actions.passes import Pass
from routing.domain.engine import seen_facts
from routing.domain.facts import Facts, Status, lookup
from routing.domain.inputs import InputSpec
from routing.domain.states import FINAL_STATES, State
from routing.models import Priority, Question, Step, WorkItem
from routing.queries import desk as desk_queries
from routing.queries.desk import Desk
from routing.queries.facts import Knowledge, add_item_values, knowledge

_LIVE_STEPS = (Step.DUE, Step.RUNNING)


def item_answers(items: Sequence[WorkItem]) -> list[dict[str, Any]]:
    """Return each item as JSON, in order."""
    if not items:
        return []
    desk, now = desk_queries.load(), transitions.database_now()
    ids = [item.pk for item in items]
    known = knowledge(items, now)
    asked = _asked(ids)
    return [_item(item, desk, known[item.pk], asked.get(item.pk, {}), now) for item in items]


def item_answer(item: WorkItem) -> dict[str, Any]:
    """Return one item as JSON."""
    return item_answers([item])[0]


def new_item_answer(work: Pass) -> dict[str, Any]:
    """Return an item that was just taken in as JSON: nobody has been asked for anything yet."""
    if work.desk.catalogue(work.item.work_type_id).inputs:  # nothing else is answered from facts
        add_item_values(work.known, work.item, work.now)
    return _item(work.item, work.desk, work.known, {}, work.now)


_Asked = dict[str, tuple[str, datetime]]


def _asked(ids: Sequence[int]) -> dict[int, _Asked]:
    """Return who has been asked for what and when, by item and name of the fact."""
    found: dict[int, _Asked] = {}
    steps = Step.objects.filter(item__in=ids, status__in=_LIVE_STEPS, acting=False)
    for item_id, name, at in steps.values_list("item_id", "name", "created_at"):
        found.setdefault(item_id, {})[name] = (name.replace(".", ":", 1), at)
    reviews = Review.objects.filter(item__in=ids, status=Review.OPEN)
    for item_id, names, slug, at in reviews.values_list("item_id", "names", "queue__destination__slug", "arrived_at"):
        found.setdefault(item_id, {}).update(dict.fromkeys(names, (f"queue:{slug}", at)))
    questions = Question.objects.filter(item__in=ids, status=Question.OPEN)
    for item_id, names, at in questions.values_list("item_id", "names", "asked_at"):
        found.setdefault(item_id, {}).update({f"input.{name}": ("requester", at) for name in names})
    return found


def _item(item: WorkItem, desk: Desk, known: Knowledge, asked: _Asked, now: datetime) -> dict[str, Any]:
    specs = desk.catalogue(item.work_type_id).inputs
    return {
        "code": item.code,
        "type": item.work_type.slug if item.work_type else None,
        "title": item.title,
        "state": item.state,
        "closed_as": item.closed_as or None,
        "trigger": {"kind": item.trigger_kind, "by": item.trigger_by, "at": moment(item.created_at)},
        "next_owner": {"kind": item.owner_kind, "name": item.owner_name, "since": moment(item.owner_since)},
        "review_point": {
            "kind": "open" if item.review_id else "ahead" if item.review_queue else "none",
            "queue": item.review_queue or None,
            "review_id": item.review_id,
            "label": item.review_label,
        },
        "priority": Priority(item.priority).label.lower(),
        "inputs": _inputs(specs, known.facts),
        "missing": _missing(item, desk, known, asked, now),
        "version": item.version,
        "created_at": moment(item.created_at),
        "updated_at": moment(item.updated_at),
        "url": f"{settings.PUBLIC_URL}{item.get_absolute_url()}",
    }


def _inputs(specs: Sequence[InputSpec], facts: Facts) -> dict[str, object]:
    found = ((spec.name, facts.get(spec.fact)) for spec in specs)
    return {
        name: plain(fact.value) if fact.status is Status.KNOWN else None
        for name, fact in found
        if fact is not None and fact.status in {Status.KNOWN, Status.MISSING}
    }


def _missing(item: WorkItem, desk: Desk, known: Knowledge, asked: _Asked, now: datetime) -> list[dict[str, object]]:
    """Return the inputs that somebody was asked for or that must still be found, in the type's order."""
    catalogue = desk.catalogue(item.work_type_id)
    if not catalogue.inputs or State(item.state) in FINAL_STATES:
        return []
    seen = seen_facts(known.facts, desk.book(item.work_type_id).rules, catalogue, now)
    rows: list[dict[str, object]] = []
    for spec in catalogue.inputs:
        is_asked = spec.fact in asked
        status = lookup(seen, spec.fact).status
        if status is Status.KNOWN or not (is_asked or (spec.required and status is Status.UNKNOWN)):
            continue
        provider, at = asked[spec.fact] if is_asked else _next_provider(spec, item, known.facts, asked)
        rows.append({"name": spec.name, "provider": provider, "asked_at": moment_or_none(at)})
    return rows


def _next_provider(spec: InputSpec, item: WorkItem, facts: Facts, asked: _Asked) -> tuple[str, datetime | None]:
    """Say who is asked next for an input nobody was asked for yet, or what its source was asked."""
    source = ".".join(spec.source.split(".")[:2])
    if source and source in asked:
        return asked[source]
    for provider in spec.providers:
        if provider == "text" and State(item.state) is State.INCOMING:
            return "text", None
        if provider == "source" and lookup(facts, spec.source).status is Status.UNKNOWN:
            return source.replace(".", ":", 1), None
        if provider == "requester":
            return "requester", None
    return "person", None
