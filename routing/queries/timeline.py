"""An item's timeline: every move with who made it and why, oldest first."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import ROUND_DOWN, Decimal

from django.contrib.auth import get_user_model

from routing.domain.causes import cause_words
from routing.domain.conditions import Line
from routing.domain.facts import Fact, Status, Value
from routing.domain.kleene import Result
from routing.domain.operators import WORDS
from routing.domain.rules import Test
from routing.domain.sentences import rule_sentence, value_words
from routing.domain.states import STATE_LABELS, State
from routing.domain.templates import as_text
from routing.models import Event, Step, WorkItem
from routing.queries.decisions import Explained
from routing.queries.desk import Desk
from routing.queries.steps import step_name
from routing.queries.timeline_words import AFTERWARDS, CAUSES, PLAIN, VERDICTS, channel_words

LONGEST_SHOWN = 200

RESULTS = {
    Result.TRUE: "true",
    Result.FALSE: "false",
    Result.UNKNOWN: "unknown",
    Result.BLOCKED: "blocked",
    Result.NOT_APPLICABLE: "does not apply",
}


@dataclass(frozen=True, slots=True)
class Detail:
    """One condition of a rule: what it is about, what it expected and what it met, in words."""

    label: str
    expected: str
    actual: str
    result: str


@dataclass(frozen=True, slots=True)
class Looked:
    """One rule that was looked at: its name, its sentence, what it came to and its conditions."""

    name: str
    sentence: str
    outcome: str
    details: tuple[Detail, ...]


@dataclass(frozen=True, slots=True)
class Reason:
    """Why the rules answered as they did at one moment: a sentence, the deciding rule and those passed over."""

    text: str
    deciding: Looked | None
    passed: tuple[Looked, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the timeline; ``said`` is what the person wrote with it."""

    id: str
    at: datetime
    title: str
    who: str
    who_kind: str
    why: str
    said: str
    state: str
    state_label: str
    reasons: tuple[Reason, ...]
    details: tuple[Detail, ...]


@dataclass(slots=True)
class Names:
    """What the ids of events mean: people, steps, what people wrote with what they decided, and why they moved it.

    ``reasons`` holds the notes by their time: the reason of a move is kept as a note of the same moment.
    """

    desk: Desk
    people: Mapping[int, str] = field(default_factory=dict)
    steps: Mapping[int, Step] = field(default_factory=dict)
    said: Mapping[int, str] = field(default_factory=dict)
    reasons: Mapping[datetime, str] = field(default_factory=dict)


def events_of(item: WorkItem) -> list[Event]:
    """Return the item's ledger, oldest first, in one query."""
    return list(Event.objects.filter(item=item).order_by("seq"))


def people_names(ids: Iterable[int | None]) -> dict[int, str]:
    """Return the names of these users, in one query."""
    wanted = {pk for pk in ids if pk is not None}
    return {pk: user.display_name() for pk, user in get_user_model().objects.in_bulk(wanted).items()} if wanted else {}


def number_of(data: Mapping[str, object], key: str) -> int:
    """Return an id of an event's data, 0 when there is none."""
    value = data.get(key)
    return value if isinstance(value, int) else 0


def timeline(item: WorkItem, events: Sequence[Event], decisions: Sequence[Explained], names: Names) -> list[Entry]:
    """Return the item's moves, oldest first; reads nothing that was not read before."""
    left = list(decisions)
    entries = []
    for event in events:
        last = number_of(event.data, "decision")
        mine: list[Explained] = []
        while left and left[0].row.pk <= last:
            mine.append(left.pop(0))
        entries.append(_entry(item, event, mine, names))
    return entries


_WHO_KINDS = {"system": "desk", "requester": "requester"}


def _entry(item: WorkItem, event: Event, decisions: Sequence[Explained], names: Names) -> Entry:
    reasons = tuple(reason_of(one, names) for one in decisions)
    moved = event.state_from != event.state_to
    return Entry(
        id=f"move-{event.seq}",
        at=event.at,
        title=_title(item, event, decisions[-1] if decisions else None, names),
        who=_who(item, event, names),
        who_kind=_WHO_KINDS.get(event.actor_role, "person"),
        why=reasons[-1].text if reasons else "",
        said=names.reasons.get(event.at, "")
        if event.data.get("reason_given")
        else names.said.get(number_of(event.data, "verdict"), ""),
        state=event.state_to if moved else "",
        state_label=STATE_LABELS[State(event.state_to)] if moved else "",
        reasons=reasons,
        details=reasons[-1].deciding.details if reasons and reasons[-1].deciding else (),
    )


def _who(item: WorkItem, event: Event, names: Names) -> str:
    if event.actor_role == "system":
        return "Dispatch Desk"
    if event.actor_role == "requester":
        return item.requester_name or "The requester"
    if event.kind == "received":
        return item.trigger_by
    return names.people.get(
        event.actor_id or 0, "A program" if event.actor_role == "intake" else "Somebody who has left"
    )


def _title(item: WorkItem, event: Event, decision: Explained | None, names: Names) -> str:
    data = event.data
    match event.kind:
        case "received":
            return f"Came in {channel_words(str(data.get('channel', '')))}"
        case "send":
            return f"Sent to {places_words(data.get('to'), names)}"
        case "send_to" | "assign" | "take":
            return _by_hand_title(event, names)
        case "ask":
            return f"Asked the requester for {_inputs(item, data, names)}"
        case "answer":
            return f"The requester answered: {_inputs(item, data, names)}"
        case "add_input":
            return f"Filled in {_inputs(item, data, names)}"
        case "escalate" | "escalate_step" | "ask_outcome":
            return _asked_title(str(data.get("cause", "")), decision, names)
        case "step_ended":
            return _step_title(names.steps.get(number_of(data, "step")))
        case "decide_review":
            return _verdict_title(VERDICTS, event, names) + _ticked(number_of(data, "checks"))
        case "decide_outcome" | "decide_check":
            return _verdict_title(AFTERWARDS[event.kind], event, names)
    if data.get("check"):
        return f"{PLAIN[event.kind]}, and drawn to be looked at afterwards"
    return PLAIN.get(event.kind) or event.kind.replace("_", " ").capitalize()


def given_to(event: Event) -> int:
    """Return the id of the person to whom an event gave the item; 0 when it gave it to nobody."""
    kind, _, ref = str(event.data.get("to", "")).partition(":")
    return int(ref) if kind == "person" and ref.isdecimal() else 0


def _by_hand_title(event: Event, names: Names) -> str:
    person = given_to(event)
    if not person:
        place = places_words([str(event.data.get("to", "")).partition(":")[2]], names)
        if event.data.get("cause") == "approval":
            return f"To be sent to {place}, by hand: approval needed"
        return f"Sent to {place} by hand"
    return "Taken to do it" if person == event.actor_id else f"Given to {_given_to_name(event, names)}"


def _verdict_title(words: Mapping[str, str], event: Event, names: Names) -> str:
    kind, to = str(event.data.get("kind", "")), str(event.data.get("to", ""))
    if kind == "reassign" and to:
        return words[kind].replace("somebody else", _given_to_name(event, names))
    return words.get(kind, "Decided")


def _given_to_name(event: Event, names: Names) -> str:
    person = given_to(event)
    if person:
        return names.people.get(person, "somebody who left")
    return places_words([str(event.data["to"]).partition(":")[2]], names)


def _ticked(count: int) -> str:
    return f", with {count} {'check' if count == 1 else 'checks'} ticked" if count else ""


def _asked_title(cause: str, decision: Explained | None, names: Names) -> str:
    detail = decision.row.detail if decision else {}
    if cause == "escalated" and detail.get("queue"):
        return f"Asked {names.desk.place_name(str(detail['queue']))} to decide"
    if cause == "assigned":
        return f"Given to {places_words(detail.get('to'), names)} as a task"
    return CAUSES.get(cause, "A person was asked")


def _step_title(step: Step | None) -> str:
    if step is None:
        return "A step ended"
    words = {
        Step.SUCCEEDED: "is done",
        Step.FAILED: "did not work",
        Step.CANCELLED: "was stopped before it was sent",
        Step.UNKNOWN: "may or may not have gone through",
    }
    return f"{step_name(step)} {words.get(step.status, 'ended')}"


def places_words(slugs: object, names: Names) -> str:
    """Return the names of these destinations, in order."""
    wanted = [str(slug).removeprefix("source.") for slug in slugs] if isinstance(slugs, list) else []
    words = ["AI router" if slug == "router" else names.desk.place_name(slug) for slug in wanted]
    return " and ".join(words) or "its next step"


def _inputs(item: WorkItem, data: Mapping[str, object], names: Names) -> str:
    given = data.get("inputs")
    catalogue = names.desk.catalogue(item.work_type_id)
    words = [catalogue.label(f"input.{name}") for name in given] if isinstance(given, list) else []
    return ", ".join(words) or "their question"


def reason_of(one: Explained, names: Names) -> Reason:
    """Return why the rules decided so: a sentence, and each rule that was looked at."""
    traces = [
        Looked(
            name=rule_name(trace.number, trace.rule.name),
            sentence=rule_sentence(trace.rule, one.catalogue),
            outcome="already done, and nothing it reads has changed since"
            if trace.already_fired
            else RESULTS[trace.result],
            details=tuple(_detail(line, one) for line in trace.lines),
        )
        for trace in one.looked_at
    ]
    decides = bool(one.looked_at) and one.rule is not None and one.looked_at[-1].rule.id == one.rule.id
    return Reason(
        text=_why(one, names),
        deciding=traces[-1] if decides else None,
        passed=tuple(traces[:-1] if decides else traces),
    )


def rule_name(number: int, name: str) -> str:
    """Return what a rule is called: Rule 2, “Refunds”."""
    return f"Rule {number}, “{name}”" if name else f"Rule {number}"


def _why(one: Explained, names: Names) -> str:
    row = one.row
    if one.rule is None:
        return _why_without_rule(one, names)
    rule = f"{rule_name(one.number, one.rule.name)} of {one.title}"
    if row.fires:
        return f"{rule}: {rule_sentence(one.rule, one.catalogue)}"
    return f"{rule}: {one.reason}" if one.reason and row.kind != "need" else lacks_words(one, rule)


def lacks_words(one: Explained, rule: str) -> str:
    """Return what a rule that did not fire lacks; ``rule`` is what it is called there."""
    labels = _labels(one.row.detail.get("facts"), one)
    if one.row.kind == "need":
        return f"{rule} needs {labels or 'more'}."
    return f"{rule} needs {labels}, which could not be had." if labels else f"{rule} could not be applied."


def _why_without_rule(one: Explained, names: Names) -> str:
    row = one.row
    if row.rule_id:
        return f"A rule of {one.title} that has been removed since."
    if row.kind == "go":
        done = "To be sent" if "approved_by" in row.detail else "Sent"
        return f"{done} by hand to {places_words(row.detail.get('to'), names)}, not by a rule."
    if row.cause == "no_rule":
        return f"No rule of {one.title} decides."
    words = CAUSES.get(row.cause, "")
    return f"{words}." if words else ""


def _labels(facts: object, one: Explained) -> str:
    return " and ".join(one.catalogue.label(str(name)) for name in facts) if isinstance(facts, list) else ""


def _detail(line: Line, one: Explained) -> Detail:
    value = value_words(Test(line.fact, line.op, line.expected))
    return Detail(
        label=one.catalogue.label(line.fact),
        expected=f"{WORDS[line.op]} {value}".strip(),
        actual=fact_words(line.actual, line.fact),
        result=RESULTS[line.result],
    )


def fact_words(fact: Fact, name: str) -> str:
    """Return what is known of the fact of this name, in words; long texts are cut, a certainty is in per cent."""
    match fact.status:
        case Status.KNOWN:
            text = certainty(fact.value) if name == "router.confidence" else as_text(fact.value)
            return f"{text[:LONGEST_SHOWN]}…" if len(text) > LONGEST_SHOWN else text
        case Status.MISSING:
            return "none"
        case Status.UNKNOWN:
            return "not known yet"
        case Status.UNAVAILABLE:
            because = cause_words(fact.cause)
            return f"could not be had: {because}" if because else "could not be had"


def certainty(value: Value) -> str:
    """Return a share as per cent with at most one decimal, cut rather than rounded: 79.97 % is not 80 %."""
    if not isinstance(value, Decimal | int):
        return as_text(value)
    percent = (Decimal(value) * 100).quantize(Decimal("0.1"), ROUND_DOWN)
    return f"{percent:f} %".replace(".0 %", " %")
