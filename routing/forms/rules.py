"""A rule as a form without code: its conditions as rows, what it does, what it sets, and why."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from django.http import QueryDict

from routing.domain import rulefile
from routing.domain.catalogue import Catalogue, PortKind
from routing.domain.checks import PRIORITIES
from routing.domain.faults import RuleError
from routing.domain.rules import (
    BY_RULE,
    SUGGESTED,
    Ask,
    Changes,
    Condition,
    Escalate,
    Finish,
    Go,
    Outcome,
    Rule,
    Stop,
    Wait,
)
from routing.domain.sentences import condition_words
from routing.forms.condition_rows import Rows, TooDeep, condition_of, edit_rows, posted_rows, prepare, rows_of
from routing.forms.numbers import whole_number
from routing.queries.desk import Desk
from routing.queries.fact_catalogue import kind_words, provider_words, values_seen
from routing.queries.fact_names import FactGroup, fact_groups
from routing.queries.texts import texts_wanted

PREFIX = "g"
DOES = (
    ("go", "Send it to a destination"),
    ("escalate", "Let people decide"),
    ("ask", "Ask the requester"),
    ("wait", "Wait"),
    ("finish", "Finish: the work is done"),
    ("stop", "Close it, not done"),
    ("", "Nothing more: only set something"),
)
UNITS = ((1440, "days"), (60, "hours"), (1, "minutes"))
_MOST_DESTINATIONS = 10


@dataclass
class RuleFields:
    """A rule as typed. ``groups`` is empty when the condition is too deep for rows, which ``kept`` then holds."""

    name: str = ""
    because: str = ""
    groups: list[Rows] = field(default_factory=lambda: [Rows()])
    kept: Condition | None = None
    do: str = "go"
    to: list[str] = field(default_factory=lambda: [""])
    approved_by: str = ""
    texts: dict[str, str] = field(default_factory=dict)
    queue: str = ""
    reason: str = ""
    about: str = ""
    inputs: list[str] = field(default_factory=list)
    wait: str = "1"
    unit: str = "1440"
    stop_reason: str = ""
    set_type: str = ""
    set_priority: str = ""
    set_tags: str = ""
    errors: dict[str, str] = field(default_factory=dict)


def fields_of(rule: Rule, catalogue: Catalogue) -> RuleFields:
    """Return a rule as the form shows it."""
    fields = RuleFields(
        name=rule.name,
        because=rule.because,
        set_type=rule.changes.type,
        set_priority=rule.changes.priority,
        set_tags=", ".join(rule.changes.tags),
    )
    try:
        fields.groups = rows_of(rule.when, catalogue)
    except TooDeep:
        fields.groups, fields.kept = [], rule.when
    _show_outcome(fields, rule.then)
    return fields


def _show_outcome(fields: RuleFields, outcome: Outcome | None) -> None:
    match outcome:
        case Go():
            fields.do, fields.to, fields.approved_by = "go", list(outcome.to), outcome.approved_by
            fields.texts = dict(outcome.params)
        case Escalate():
            fields.do, fields.queue, fields.reason, fields.about = (
                "escalate",
                outcome.queue,
                outcome.reason,
                outcome.about,
            )
        case Ask():
            fields.do, fields.inputs = "ask", list(outcome.inputs)
        case Wait(minutes=minutes):
            size = next(size for size, _ in UNITS if minutes % size == 0)
            fields.do, fields.wait, fields.unit = "wait", str(minutes // size), str(size)
        case Finish():
            fields.do = "finish"
        case Stop(reason=reason):
            fields.do, fields.stop_reason = "stop", reason
        case None:
            fields.do = ""


def posted_fields(data: QueryDict, kept: Condition | None) -> RuleFields:
    """Read a submitted form; ``kept`` is the stored condition when rows cannot show it."""
    keeps = kept is not None and data.get("keeps") == "yes"
    texts = zip(data.getlist("text-name"), data.getlist("text"), strict=False)
    return RuleFields(
        name=data.get("name", "").strip(),
        because=data.get("because", "").strip(),
        groups=[] if keeps else posted_rows(data, PREFIX),
        kept=kept if keeps else None,
        do=data.get("do", ""),
        to=data.getlist("to")[:_MOST_DESTINATIONS] or [""],
        approved_by=data.get("approved_by", ""),
        texts=dict(texts),
        queue=data.get("queue", ""),
        reason=data.get("reason", "").strip(),
        about=data.get("about", ""),
        inputs=data.getlist("inputs"),
        wait=data.get("wait", "1").strip(),
        unit=data.get("unit", "1440"),
        stop_reason=data.get("stop_reason", "").strip(),
        set_type=data.get("set_type", ""),
        set_priority=data.get("set_priority", ""),
        set_tags=data.get("set_tags", "").strip(),
    )


def edit(fields: RuleFields, command: str) -> bool:
    """Do what a button of the form says, such as ``add-row:0``; False when the form is to be saved."""
    action, *places = command.split(":")
    match action:
        case "save" | "":
            return False
        case "add-to":
            if len(fields.to) < _MOST_DESTINATIONS:
                fields.to.append("")
        case "remove-to":
            place = whole_number(places[0]) if places else None
            if place is not None and place < len(fields.to) > 1:
                del fields.to[place]
        case "rewrite":
            fields.kept, fields.groups = None, [Rows()]
        case _:
            if fields.groups:
                edit_rows(fields.groups, [action, *places])
    return True


def rule_of(fields: RuleFields, catalogue: Catalogue, *, rule_id: str, enabled: bool) -> Rule | None:
    """Return the rule that the form says; None when something cannot be read, which then is marked in the form."""
    when = fields.kept or condition_of(fields.groups, catalogue)
    then = _outcome(fields)
    if when is None or fields.errors:
        return None
    rule = Rule(
        id=rule_id,
        when=when,
        then=then,
        changes=Changes(
            type=fields.set_type,
            priority=fields.set_priority,
            tags=tuple(dict.fromkeys(tag.strip() for tag in fields.set_tags.split(",") if tag.strip())),
        ),
        name=fields.name,
        because=fields.because,
        enabled=enabled,
    )
    try:
        return rulefile.read_rule(rulefile.write_rule(rule))
    except RuleError as error:
        fields.errors["rule"] = " ".join(problem.detail for problem in error.problems)
        return None


def _outcome(fields: RuleFields) -> Outcome | None:
    match fields.do:
        case "go":
            to = tuple(slug for slug in fields.to if slug)
            _require(fields, "to", to, "Choose where it goes.")
            texts = tuple((name, text) for name, text in fields.texts.items() if name and text.strip())
            return Go(to, fields.approved_by, texts)
        case "escalate":
            _require(fields, "queue", fields.queue, "Choose who decides.")
            _require(fields, "reason", fields.reason, "Say what they decide on.")
            return Escalate(fields.queue, fields.reason, fields.about)
        case "ask":
            _require(fields, "inputs", fields.inputs, "Choose what to ask for.")
            return Ask(tuple(fields.inputs))
        case "wait":
            return Wait(_wait_minutes(fields))
        case "finish":
            return Finish()
        case "stop":
            _require(fields, "stop_reason", fields.stop_reason, "Say why it is closed.")
            return Stop(fields.stop_reason)
    if not (fields.set_type or fields.set_priority or fields.set_tags):
        fields.errors["do"] = "Say what the rule does, or what it sets."
    return None


def _require(fields: RuleFields, name: str, value: object, message: str) -> None:
    if not value:
        fields.errors[name] = message


def _wait_minutes(fields: RuleFields) -> int:
    count, unit = whole_number(fields.wait), whole_number(fields.unit)
    if count is None or unit is None:
        fields.errors["wait"] = "Give a whole number, such as 3."
        return 1
    minutes = count * unit
    if not 1 <= minutes <= rulefile.LONGEST_WAIT_MINUTES:
        fields.errors["wait"] = "Wait at least a minute, and at most ten years."
    return minutes


@dataclass(frozen=True)
class Offers:
    """What the form's lists offer."""

    facts: list[FactGroup]
    destinations: list[tuple[str, list[tuple[str, str]]]]
    approvers: list[tuple[str, str]]
    queues: list[tuple[str, str]]
    agents: list[tuple[str, str]]
    inputs: list[tuple[str, str]]
    types: list[tuple[str, str]]
    priorities: tuple[str, ...]
    writes: bool


_PLURALS = ((PortKind.QUEUE, "Queues"), (PortKind.AGENT, "AI agents"), (PortKind.TOOL, "Tools"))


def offers(fields: RuleFields, desk: Desk, type_id: int | None) -> Offers:
    """Return what the lists offer, and make the fields ready to be shown: fitting comparisons, the texts needed."""
    catalogue = desk.catalogue(type_id)
    facts = fact_groups(desk, type_id)
    prepare(fields.groups, catalogue, {fact.name for group in facts for fact in group.facts})
    _offer_values(fields, type_id, catalogue)
    _prepare_texts(fields, desk)
    ports = catalogue.ports.values()
    places = [(word, [(port.slug, port.name) for port in ports if port.kind is kind]) for kind, word in _PLURALS]
    places.append(("By the router", [(SUGGESTED, "Wherever the router suggests")]))
    known = {slug for _, choices in places for slug, _ in choices}
    places.append(("No longer there", [(slug, slug) for slug in fields.to if slug and slug not in known]))
    queues = list(catalogue.queues.items())
    chosen = [catalogue.port(slug) for slug in fields.to]
    return Offers(
        facts=facts,
        destinations=[(word, choices) for word, choices in places if choices],
        approvers=[*((slug, f"{name} approves") for slug, name in queues), (BY_RULE, "This rule approves it")],
        queues=_with_gone(queues, [fields.queue]),
        agents=_with_gone([(p.slug, p.name) for p in ports if p.kind is PortKind.AGENT], [fields.about]),
        inputs=_with_gone([(spec.name, spec.label) for spec in catalogue.inputs], fields.inputs),
        types=_with_gone(list(catalogue.types.items()), [fields.set_type.replace("router.type", "")]),
        priorities=PRIORITIES,
        writes=bool(fields.approved_by) or any(port is not None and port.writes for port in chosen),
    )


def _offer_values(fields: RuleFields, type_id: int | None, catalogue: Catalogue) -> None:
    """Tell each row what its fact is and, where it takes one value, those that the fact had lately."""
    rows = [row for group in fields.groups for row in group.rows if row.name]
    seen = values_seen(type_id, catalogue) if rows else {}
    for row in rows:
        row.seen = seen.get(row.name, ()) if row.takes == "one" else ()
        row.about = f"{kind_words(row.name, catalogue)} · {provider_words(row.name, catalogue)}"


def _with_gone(choices: list[tuple[str, str]], chosen: Iterable[str]) -> list[tuple[str, str]]:
    """Add what was chosen and is no longer there, so that opening the form changes nothing."""
    known = {slug for slug, _ in choices}
    return [*choices, *((slug, f"{slug} (gone)") for slug in chosen if slug and slug not in known)]


def _prepare_texts(fields: RuleFields, desk: Desk) -> None:
    wanted = [name for slug in fields.to if slug in desk.places for name in texts_wanted(desk.places[slug])]
    given = {name: text for name, text in fields.texts.items() if text.strip()}
    fields.texts = {name: given.get(name, "") for name in dict.fromkeys([*wanted, *given])}


def described(fields: RuleFields, catalogue: Catalogue) -> str:
    """Return the condition that rows cannot show, in words."""
    return condition_words(fields.kept, catalogue) if fields.kept is not None else ""
