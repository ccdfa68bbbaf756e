"""What a reviewer looks at beside the proposal: facts and where they came from, the rule, steps, earlier decisions."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.utils.text import capfirst

from reviews.models import Review, Verdict
from reviews.queries.similar import Similar, similar
from routing.domain.catalogue import Catalogue
from routing.domain.facts import HISTORY_NAMESPACES, Fact, Status, value_from_json
from routing.domain.operators import WORDS
from routing.domain.rules import Test
from routing.domain.sentences import rule_sentence, value_words
from routing.domain.templates import as_text
from routing.models import Attachment, DestinationKind, FactRevision, Note, Step
from routing.queries.decisions import decisions_of, explained, revisions_of
from routing.queries.desk import Desk
from routing.queries.facts import newest_revisions
from routing.queries.steps import output_words
from routing.queries.timeline import RESULTS, Detail, certainty, fact_words, people_names

_STEP_WORDS = {
    Step.DUE: "Waiting to run",
    Step.RUNNING: "Running",
    Step.SUCCEEDED: "Done",
    Step.FAILED: "Failed",
    Step.UNKNOWN: "No answer came back",
    Step.CANCELLED: "Not done",
}


@dataclass(frozen=True, slots=True)
class FactLine:
    """One fact with where it came from; ``quote`` holds the words of the request it was read from."""

    label: str
    value: str
    source: str
    quote: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Why:
    """The rule that asks, as a sentence, with the version it stands in."""

    sentence: str
    book: str
    lines: tuple[Detail, ...]


@dataclass(frozen=True, slots=True)
class StepLine:
    """One handoff and what came of it."""

    name: str
    kind: str
    status: str
    at: datetime
    attempts: int
    error: str
    output: str


@dataclass(frozen=True, slots=True)
class Earlier:
    """What somebody decided on this item before."""

    who: str
    words: str
    question: str
    comment: str
    at: datetime
    undone: bool


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything beside the proposal; ``answers`` are what the requester answered in their own words."""

    answers: list[FactRevision]
    facts: list[FactLine]
    steps: list[StepLine]
    earlier: list[Earlier]
    similar: list[Similar]
    notes: list[Note]
    files: list[Attachment]


def evidence(review: Review, desk: Desk) -> Evidence:
    """Return what is known about a review's item, newest last within each part."""
    item = review.item
    return Evidence(
        answers=list(FactRevision.objects.filter(item=item, name="item.answer").order_by("seq")),
        facts=_facts(review, desk),
        steps=[_step(row) for row in item.steps.select_related("destination").order_by("pk")],
        earlier=_earlier(review),
        similar=similar(review),
        notes=list(item.notes.all()),
        files=list(item.files.all()),
    )


def why(review: Review, desk: Desk) -> Why | None:
    """Return the rule that led to this question with each comparison as it was met; None when no rule did."""
    if review.decision_id is None or not review.rule_id:
        return None
    item = review.item
    found = explained(item, desk, revisions_of(item), decisions_of(item))
    one = next((one for one in found if one.row.pk == review.decision_id), None)
    if one is None or one.rule is None:
        return None
    lines = one.looked_at[-1].lines if one.looked_at and one.looked_at[-1].rule.id == one.rule.id else ()
    details = tuple(
        Detail(
            label=one.catalogue.label(line.fact),
            expected=f"{WORDS[line.op]} {value_words(Test(line.fact, line.op, line.expected))}".strip(),
            actual=fact_words(line.actual, line.fact),
            result=RESULTS[line.result],
        )
        for line in lines
    )
    return Why(rule_sentence(one.rule, one.catalogue), f"rule {one.number} of {one.title}", details)


def _facts(review: Review, desk: Desk) -> list[FactLine]:
    item = review.item
    catalogue = desk.catalogue(item.work_type_id)
    rows = newest_revisions([item.pk])
    people = people_names(_person_of(row.provider) for row in rows)
    lines = []
    for row in rows:
        space, _, rest = row.name.partition(".")
        if space in {"item", "steps"} or row.name == "router" or (space in HISTORY_NAMESPACES and row.run != item.run):
            continue
        if space in {"source", "reviews"} and "." not in rest and row.status == Status.KNOWN:
            continue
        if space == "reviews" and row.status == Status.MISSING:  # taken back by an undo
            continue
        lines.append(fact_line(row, desk, catalogue, people))
    return lines


def fact_line(row: FactRevision, desk: Desk, catalogue: Catalogue, people: Mapping[int, str]) -> FactLine:
    """Return a revision of a fact in words; ``people`` are names by user id."""
    return FactLine(
        label=capfirst(catalogue.label(row.name)),
        value=revision_words(row, catalogue),
        source=_source(row.provider, desk, people),
        quote=row.quote,
        at=row.at,
    )


def revision_words(row: FactRevision, catalogue: Catalogue) -> str:
    """Return what a revision says, in words."""
    if row.status == Status.KNOWN and row.value is None:
        return "erased"
    if row.status != Status.KNOWN:
        return fact_words(Fact(Status(row.status), cause=row.cause), row.name)
    given = value_from_json(row.value)
    value = as_text(given)
    match row.name:
        case "router.type":
            value = catalogue.types.get(value, value)
        case "router.destination":
            value = catalogue.name_of(value)
        case "router.confidence":
            value = certainty(given)
    return f"perhaps {value}; not confirmed" if row.doubtful else value


def _person_of(provider: str) -> int | None:
    kind, _, number = provider.partition(":")
    return int(number) if kind == "person" and number.isdigit() else None


def _source(provider: str, desk: Desk, people: Mapping[int, str]) -> str:
    kind, _, name = provider.partition(":")
    match kind:
        case "text":
            return "read from the request"
        case "source":
            return desk.place_name(name)
        case "agent":
            return f"written by the AI agent {desk.place_name(name)}"
        case "tool":
            return f"answered by {desk.place_name(name)}"
        case "model" | "router":
            return "the AI router's suggestion"
        case "person":
            return people.get(_person_of(provider) or 0, "somebody of the desk")
        case "requester":
            return "the requester"
        case "token":
            return "a program"
        case "rule":
            return "set by a rule"
        case "request":
            return "given with the request"
        case "desk":
            return "nobody can be asked for it"
    return provider.replace("_", " ")


def _step(row: Step) -> StepLine:
    return StepLine(
        name=row.destination.name if row.destination else "AI router",
        kind=DestinationKind(row.kind).label if row.kind in DestinationKind.values else "AI router",
        status=_STEP_WORDS[row.status],
        at=row.ended_at or row.started_at or row.created_at,
        attempts=row.attempts,
        error=row.error,
        output=output_words(row),
    )


def _earlier(review: Review) -> list[Earlier]:
    rows = Verdict.objects.filter(review__item=review.item).select_related("by", "review").order_by("at", "pk")
    return [
        Earlier(
            who=row.by.display_name(),
            words=row.words,
            question=row.review.question,
            comment=row.comment,
            at=row.at,
            undone=row.undone_at is not None,
        )
        for row in rows
    ]
