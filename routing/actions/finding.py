"""Finds facts: providers that answer within the pass, and the steps that ask the others."""

import logging
from collections.abc import Iterable
from decimal import Decimal

from routing.actions.calling import READER_STEP
from routing.actions.passes import Pass
from routing.domain import templates
from routing.domain.catalogue import PortKind
from routing.domain.facts import MISSING, Fact, Status, known, lookup, value_from_json
from routing.domain.inputs import InputError, InputSpec, find_in_text, parse_value
from routing.models import Step, TableRow
from routing.queries import desk as desk_queries
from routing.queries.desk import Place
from routing.router import live
from routing.router.reading import readable

logger = logging.getLogger(__name__)

ROUTER_STEP = "router"


def find(work: Pass, names: Iterable[str]) -> tuple[bool, list[Step], set[str]]:
    """Try to provide these unknown facts.

    Returns whether something new is known already, the asking steps that must run first, and the names of the
    facts that only the requester (``input.*``) or nobody can give.
    """
    learned, steps, left = False, {}, set()
    for name in names:
        space, _, rest = name.partition(".")
        if space == "input":
            outcome = _find_input(work, rest)
        elif space == "router":
            outcome = _ask_router(work)
        elif space == "source":
            outcome = _ask_source(work, rest.partition(".")[0])
        else:
            outcome = None
        match outcome:
            case True:
                learned = True
            case Step():
                steps[outcome.name] = outcome
            case set():
                left |= outcome
            case _:
                left.add(name)
    return learned, list(steps.values()), left


Found = bool | Step | set[str] | None


def _spec(work: Pass, name: str) -> InputSpec | None:
    specs = work.desk.catalogue(work.item.work_type_id).inputs
    return next((spec for spec in specs if spec.name == name), None)


def _find_input(work: Pass, name: str) -> Found:
    spec = _spec(work, name)
    if spec is None:
        return None
    fact_name = f"input.{name}"
    today = work.now.date()
    found = find_in_text(spec, f"{work.item.title}\n{work.item.text}", today=today)
    if found is not None:
        learned = work.learn(fact_name, known(found.value), "text", quote=found.quote, doubtful=found.doubtful)
        if learned:
            return True
    elif _may_be_read(work, spec):
        return _step(work, READER_STEP, None)
    if spec.source:
        fact = lookup(work.known.facts, spec.source)
        slug = spec.source.split(".")[1]
        if fact.status is Status.UNKNOWN:
            outcome = _ask_source(work, slug)
            if outcome:
                return outcome
        elif fact.status is Status.KNOWN:
            try:
                value = parse_value(spec, fact.value, today=today)
            except InputError:
                logger.warning("item %s: %s from %s does not fit its kind", work.item.pk, fact_name, slug)
            else:
                return work.learn(fact_name, known(value), f"source:{slug}")
    if "requester" not in spec.providers:
        return work.learn(fact_name, MISSING, "desk")
    return None


def read_fact(work: Pass) -> str:
    """Return the name of the fact which says that a model has read the text for this type's inputs."""
    slug = work.item.work_type.slug if work.item.work_type else ""
    return f"text.{slug}"


def _may_be_read(work: Pass, spec: InputSpec) -> bool:
    """Whether a model is in use that has not read the text for this type yet."""
    if not desk_queries.uses_model_router() or spec not in readable([spec]):
        return False
    return lookup(work.known.facts, read_fact(work)).status is Status.UNKNOWN


def _ask_router(work: Pass) -> Found:
    if work.known.facts.get("router"):
        return None
    if desk_queries.uses_model_router():
        return _step(work, ROUTER_STEP, None)
    answer = live.suggest(f"{work.item.title}\n{work.item.text}")
    if answer is None:
        return work.learn("router", Fact(Status.UNAVAILABLE, cause="untrained"), "router:learned")
    return learn_suggestion(
        work, answer.label, Decimal(str(round(answer.confidence, 4))), answer.reason, "router:learned"
    )


def learn_suggestion(work: Pass, label: str, confidence: Decimal, reason: str, provider: str) -> bool:
    """Record what a router suggested; a label that names nothing here is off the list."""
    if label not in work.desk.types and label not in work.desk.places:
        return work.learn("router", Fact(Status.UNAVAILABLE, cause="off_list"), provider)
    if label in work.desk.types:
        work.learn_value("router.type", label, provider)
    if label in work.desk.places:
        work.learn_value("router.destination", label, provider)
    work.learn("router.confidence", known(confidence), provider)
    work.learn_value("router.reason", reason, provider)
    return work.learn("router", known(provider.partition(":")[2]), provider)


def _ask_source(work: Pass, slug: str) -> Found:
    place = work.desk.places.get(slug)
    if place is None or place.port.kind != PortKind.SOURCE:
        return None
    if work.known.facts.get(f"source.{slug}"):
        return None
    needs = {name: lookup(work.known.facts, name) for name in place.port.needs}
    unknown = {name for name, fact in needs.items() if fact.status is Status.UNKNOWN}
    if unknown:
        learned, steps, left = find(work, unknown)
        return True if learned else steps[0] if steps else left
    for fact in needs.values():
        if fact.status is not Status.KNOWN:
            return work.learn(f"source.{slug}", Fact(fact.status, cause="no_key"), f"source:{slug}")
    if place.config.get("via") == "text":
        work.learn_value(f"source.{slug}.text", str(place.config.get("text", "")), f"source:{slug}")
        return work.learn_value(f"source.{slug}", "found", f"source:{slug}")
    if place.config.get("via") == "table":
        return _read_table(work, slug, place)
    return _step(work, f"source.{slug}", place)


def _read_table(work: Pass, slug: str, place: Place) -> bool:
    provider = f"source:{slug}"
    key = templates.render_text(str(place.config["key"]), work.known.facts).strip().lower()
    row = TableRow.objects.filter(version_id=place.version_id, key=key).first()
    if row is None:
        return work.learn(f"source.{slug}", MISSING, provider)
    for column, value in row.data.items():
        work.learn(f"source.{slug}.{column}", known(value_from_json(value)), provider)
    return work.learn_value(f"source.{slug}", "found", provider)


def _step(work: Pass, name: str, place: Place | None) -> Step:
    return Step(
        item=work.item,
        run=work.item.run,
        name=name,
        kind=place.row.kind if place else name,
        destination=place.row if place else None,
        version_id=place.version_id if place else None,
        due_at=work.now,
        created_at=work.now,
    )
