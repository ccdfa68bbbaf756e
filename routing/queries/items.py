"""One item as its page shows it: its inputs with where each value came from, and its text with quotes marked."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from django.db.models import Q

from routing.domain.causes import cause_words
from routing.domain.conditions import evaluate
from routing.domain.engine import seen_facts
from routing.domain.facts import Facts, Status, lookup, value_from_json
from routing.domain.inputs import InputSpec
from routing.domain.kleene import TRUE
from routing.domain.roles import Actor
from routing.domain.sentences import condition_words
from routing.domain.states import Action, State, available_actions
from routing.domain.templates import as_text
from routing.errors import NotVisible
from routing.models import FactRevision, Question, Step, WorkItem
from routing.queries.desk import Desk
from routing.queries.facts import Knowledge

_CODE = re.compile(r"[Dd]-([0-9]{1,18})")

ANSWER_FACT = "item.answer"
MOVES = frozenset(
    {Action.SEND_TO, Action.REQUEUE, Action.HOLD, Action.STOP, Action.CLOSE_DONE, Action.REOPEN},
)


def in_sight(actor: Actor, item: str = "") -> Q:
    """Return the condition that the actor may see the item of a row; ``item`` is the way to it: ``review__item``."""
    if actor.visible_types is None:
        return Q()
    work_type = f"{item}__work_type" if item else "work_type"
    return Q(**{f"{work_type}__isnull": True}) | Q(**{f"{work_type}__in": actor.visible_types})


def find_item(actor: Actor, code: str) -> WorkItem:
    """Return the item with this public code; raises NotVisible when there is none for this actor."""
    match = _CODE.fullmatch(code)
    item = WorkItem.objects.select_related("work_type").filter(pk=int(match[1])).first() if match else None
    if item is None or not actor.may_see_type(item.work_type_id):
        raise NotVisible(f"There is no request {code[:30]}, or you may not see it.")
    return item


_RECENT_LOOKED_AT, _RECENT_SHOWN = 500, 20


def recent_items(actor: Actor, type_id: int | None) -> list[tuple[str, str]]:
    """Return (code, title) of the newest requests of a type (None: without one) among the desk's newest 500."""
    if not actor.may_see_type(type_id):
        return []
    rows = WorkItem.objects.order_by("-pk").only("pk", "title", "work_type_id")[:_RECENT_LOOKED_AT]
    return [(row.code, row.title) for row in rows if row.work_type_id == type_id][:_RECENT_SHOWN]


def may_move(item: WorkItem, actor: Actor) -> bool:
    """Return whether this actor may move the item by hand somewhere."""
    return item.erased_at is None and not MOVES.isdisjoint(available_actions(State(item.state), actor.role))


def may_fill_in(item: WorkItem, actor: Actor) -> bool:
    """Return whether this actor may add inputs to the item as it stands."""
    return item.work_type_id is not None and Action.ADD_INPUT in available_actions(State(item.state), actor.role)


@dataclass(frozen=True, slots=True)
class InputRow:
    """One input of an item, in words.

    ``state`` is ``known``, ``doubtful`` (found in the text and not sure), ``asked``, ``unknown``, ``missing``,
    ``unavailable`` or ``not_needed``. ``source`` says who gave the value, who is asked (empty: the requester), or why
    there is none; ``at`` when. ``seq`` is
    the position of a doubtful value, ``asked_at`` when the requester was asked for it all the same.
    """

    name: str
    label: str
    required: bool
    state: str
    value: str = ""
    source: str = ""
    quote: str = ""
    at: datetime | None = None
    due_at: datetime | None = None
    seq: int = 0
    asked_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of a text; ``label`` names the input that was read from it, or is empty."""

    text: str
    label: str = ""


@dataclass(frozen=True, slots=True)
class Known:
    """What is known about an item, read once: facts, their newest revisions, questions asked, names of people.

    ``asking`` holds the steps that are due or under way, by name.
    """

    item: WorkItem
    desk: Desk
    knowledge: Knowledge
    revisions: Sequence[FactRevision]
    questions: Sequence[Question]
    people: Mapping[int, str]
    now: datetime
    asking: Mapping[str, Step] = field(default_factory=dict)

    @property
    def seen(self) -> Facts:
        """The facts as rules see them."""
        type_id = self.item.work_type_id
        return seen_facts(self.knowledge.facts, self.desk.book(type_id).rules, self.desk.catalogue(type_id), self.now)


def input_rows(known: Known) -> list[InputRow]:
    """Return a row for each declared input of the item's type, in order; reads nothing that was not read before."""
    seen = known.seen
    newest = {row.name: row for row in known.revisions if not row.doubtful}
    specs = known.desk.catalogue(known.item.work_type_id).inputs
    return [_row(spec, seen, newest.get(spec.fact), known) for spec in specs]


def _row(spec: InputSpec, seen: Facts, revision: FactRevision | None, known: Known) -> InputRow:
    fact = lookup(seen, spec.fact)
    row = InputRow(spec.name, spec.label, spec.required, fact.status.value)
    doubtful = known.knowledge.doubtful.get(spec.fact)
    if doubtful is not None and fact.status is Status.UNKNOWN:
        value = as_text(value_from_json(doubtful.value))
        asked = _asked(row, known.questions)
        return replace(
            row,
            state="doubtful",
            value=value,
            quote=doubtful.quote,
            at=doubtful.at,
            seq=doubtful.seq,
            asked_at=asked.at if asked.state == "asked" else None,
        )
    if spec.applies_when is not None and fact.status in {Status.MISSING, Status.UNKNOWN}:
        words = f"only when {condition_words(spec.applies_when, known.desk.catalogue(known.item.work_type_id))}"
        if fact.cause == "not_applicable":
            return replace(row, state="not_needed", source=words)
        if fact.status is Status.UNKNOWN and evaluate(spec.applies_when, seen) is not TRUE:
            row = replace(row, required=False, source=f"needed {words}")
    if fact.status is Status.UNKNOWN or revision is None:
        step = known.asking.get(".".join(spec.source.split(".")[:2])) if spec.source else None
        if step is not None and step.destination is not None:
            return replace(row, state="asked", source=step.destination.name, at=step.created_at)
        return _asked(row, known.questions)
    who = provider_words(revision.provider, known)
    if fact.status is Status.KNOWN:
        value = as_text(fact.value) or "erased"
        return replace(row, value=value, source=who, quote=revision.quote, at=revision.at)
    because = cause_words(revision.cause)
    return replace(row, source=f"{who}: {because}" if because else who, at=revision.at)


def _asked(row: InputRow, questions: Sequence[Question]) -> InputRow:
    """Say when the requester was asked for this, if ever; the newest question comes first."""
    question = next((one for one in questions if row.name in one.names), None)
    if question is None:
        return row
    if question.status == Question.OPEN:
        return replace(row, state="asked", source="", at=question.asked_at, due_at=question.due_at)
    return replace(row, source="the requester was asked and did not answer", at=question.asked_at)


_PROVIDERS = {
    "text": "the request's own words",
    "requester": "the requester",
    "request": "given with the request",
    "desk": "nobody can be asked for it",
    "rule": "a rule",
}


def provider_words(provider: str, known: Known) -> str:
    """Return who provided a value, in words."""
    kind, _, rest = provider.partition(":")
    match kind:
        case "person":
            return known.people.get(int(rest) if rest.isdigit() else 0, "somebody who has left")
        case "source" | "agent" | "tool":
            return known.desk.place_name(rest)
        case "router" | "model":
            return "the AI router"
        case "token":
            return "a program"
    return _PROVIDERS.get(kind, kind)


def people_in(revisions: Iterable[FactRevision]) -> set[int]:
    """Return the ids of the people who gave values."""
    ids = (row.provider.removeprefix("person:") for row in revisions if row.provider.startswith("person:"))
    return {int(part) for part in ids if part.isdigit()}


def free_answers(revisions: Iterable[FactRevision]) -> list[FactRevision]:
    """Return what the requester wrote in answer to questions that named no input, oldest first."""
    return [row for row in revisions if row.name == ANSWER_FACT and row.value is not None]


def marked(text: str, rows: Iterable[InputRow]) -> list[Piece]:
    """Return the text in pieces, the first place of each quote marked with the input that was read from it."""
    places = []
    for row in rows:
        start = text.find(row.quote) if row.quote and row.state in {"known", "doubtful"} else -1
        if start >= 0:
            places.append((start, start + len(row.quote), row.label))
    pieces, end = [], 0
    for start, stop, label in sorted(places):
        if start < end:
            continue
        pieces += [Piece(text[end:start]), Piece(text[start:stop], label)]
        end = stop
    return [piece for piece in (*pieces, Piece(text[end:])) if piece.text]
