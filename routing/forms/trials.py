"""What rules are tried on, as people give it: a request by its code, facts as lines or JSON, or a request's words."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal

from django.http import QueryDict
from django.utils import timezone

from routing.domain.conditions import NOW
from routing.domain.facts import MISSING, Fact, Facts, known
from routing.domain.roles import Actor
from routing.domain.rules import Rulebook
from routing.errors import NotVisible
from routing.forms.fact_lines import read_lines
from routing.models import WorkItem
from routing.queries.desk import Desk, uses_model_router
from routing.queries.items import find_item
from routing.queries.trials import Given, Moment, given_by_item, moments
from routing.router import live

WAYS = {"request": "A request", "facts": "Facts", "text": "Words"}
FIRST = "first"  # as a moment: when the request was decided first
LONGEST_TITLE, LONGEST_TEXT = 200, 20_000


@dataclass
class TrialForm:
    """What was typed, and what came of it: ``given`` is None while nothing can be tried."""

    way: str
    code: str = ""
    moment: str = ""
    facts: str = ""
    done: list[str] = field(default_factory=list)
    title: str = ""
    text: str = ""
    errors: list[str] = field(default_factory=list)
    item: WorkItem | None = None
    moments: list[Moment] = field(default_factory=list)
    given: Given | None = None


def trial_of(
    data: QueryDict, *, actor: Actor, rulebook_id: int, rules: Rulebook, desk: Desk, type_id: int | None
) -> TrialForm:
    """Read what was typed, and work out what the rules are tried on or what is wrong with it.

    A link that only names a code or facts chooses the way by that. Items that the actor may not see are not there.
    """
    form, now = _posted(data), timezone.now()
    match form.way:
        case "request" if form.code:
            _fill_by_item(form, actor, rulebook_id, desk, now)
        case "facts" if form.facts.strip():
            lines = read_lines(form.facts, desk.catalogue(type_id))
            form.errors = lines.errors
            ids = {rule.id for rule in rules.rules}
            form.done = [rule_id for rule_id in form.done if rule_id in ids]
            if not lines.errors:
                moment = lines.facts.get(NOW)
                at = moment.value if moment is not None and isinstance(moment.value, datetime) else now
                form.given = given_by_facts(lines.facts, form.done, at)
        case "text" if form.title or form.text:
            if len(form.text) > LONGEST_TEXT:
                form.errors = [f"At most {LONGEST_TEXT:,} characters can be tried."]
            else:
                form.given = given_by_text(form.title, form.text, desk, type_id, now)
        case "facts" if "facts" in data:
            form.errors = ["Write what is known, one fact a line, to try these rules on."]
        case "text" if "title" in data:
            form.errors = ["Write a title or some words to try these rules on."]
    return form


def _posted(data: QueryDict) -> TrialForm:
    way = data.get("way", "")
    if way not in WAYS:
        way = "facts" if "facts" in data else "text" if "text" in data else "request"
    return TrialForm(
        way,
        code=data.get("code", "").strip(),
        moment=data.get("moment", ""),
        facts=data.get("facts", ""),
        done=data.getlist("done"),
        title=data.get("title", "").strip()[:LONGEST_TITLE],
        text=data.get("text", "").strip(),
    )


def _fill_by_item(form: TrialForm, actor: Actor, rulebook_id: int, desk: Desk, now: datetime) -> None:
    try:
        form.item = item = find_item(actor, form.code)
    except NotVisible as error:
        form.errors = [str(error)]
        return
    form.moments = moments(item)
    if form.moment not in {choice.value for choice in form.moments}:
        is_over = item.state in {"done", "stopped"} or form.moment == FIRST
        form.moment = form.moments[0 if is_over else -1].value
    form.given = given_by_item(item, rulebook_id, desk, form.moment, now)


def given_by_facts(facts: Facts, done: Iterable[str], now: datetime) -> Given:
    """Return facts as they were typed, with the rules that count as having done their part."""
    always = {"item.priority": known("normal"), "item.tags": known(()), "item.created_at": known(now)}
    return Given({**always, **facts}, dict.fromkeys(done, 1), {}, now)


def given_by_text(title: str, text: str, desk: Desk, type_id: int | None, now: datetime) -> Given:
    """Return what the desk would know about a request with these words without asking anybody."""
    words = f"{title}\n{text}"
    slug = next((row.slug for row in desk.types.values() if row.pk == type_id), None)
    facts = {
        "item.title": known(title),
        "item.text": known(text),
        "item.type": known(slug) if slug else MISSING,
        **suggested_facts(words, desk),
    }
    return replace(given_by_facts(facts, (), now), text=words)


def suggested_facts(text: str, desk: Desk) -> dict[str, Fact]:
    """Return what the learned router suggests for a text as facts; none while the model is asked instead."""
    answer = None if uses_model_router() else live.suggest(text)
    if answer is None or (answer.label not in desk.types and answer.label not in desk.places):
        return {}
    facts = {"router": known("learned"), "router.confidence": known(Decimal(str(round(answer.confidence, 4))))}
    if answer.label in desk.types:
        facts["router.type"] = known(answer.label)
    if answer.label in desk.places:
        facts["router.destination"] = known(answer.label)
    return facts
