"""Others like an item: the list of those that the same rule or version of an AI agent worked on."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone

from reviews.queries.others import (
    Others,
    agent_step,
    decided_alike,
    deciding_version,
    read_cursor,
    written_alike,
)
from routing.errors import Invalid
from routing.forms.numbers import whole_number
from routing.models import WorkItem
from routing.queries import desk as desk_queries
from routing.queries.items import find_item
from routing.queries.rulebooks import read_rules
from routing.queries.timeline import rule_name
from routing.views.access import DeskRequest, page

DAYS = 30
_FIRST_DAY = date(2000, 1, 1)


@dataclass(frozen=True, slots=True)
class _Since:
    """The day from which on others are listed; ``typed`` is what was given, ``error`` what is wrong with it."""

    day: date
    typed: str
    error: str = ""

    @property
    def moment(self) -> datetime:
        return datetime.combine(self.day, time(), tzinfo=timezone.get_current_timezone())


def default_day() -> date:
    """Return the day from which on others are listed unless somebody asks for another."""
    return timezone.localdate() - timedelta(days=DAYS)


def _since(request: DeskRequest) -> _Since:
    typed, usual = request.GET.get("since", "").strip()[:20], default_day()
    if not typed:
        return _Since(usual, usual.isoformat())
    try:
        day = date.fromisoformat(typed)
    except ValueError:
        day = None
    if day is None or day < _FIRST_DAY:
        words = f"“{typed}” is no day since 2000, written as {usual.isoformat()}. Shown is what came since that day."
        return _Since(usual, typed, words)
    return _Since(day, day.isoformat())


@page("GET")
def others(request: DeskRequest, code: str) -> HttpResponse:
    """List what the same rule decided, or the same version of an AI agent wrote, for other items."""
    item = find_item(request.actor, code)
    since = _since(request)
    asked = {name: request.GET.get(name, "")[:100] for name in ("rule", "book", "agent", "version")}
    heading, found = _found(request, item, asked, since)
    kept = {name: value for name, value in asked.items() if value}
    following = urlencode({**kept, "since": since.day.isoformat(), "after": str(found.following)})
    context = {
        "item": item,
        "heading": heading,
        "kept": kept,
        "since": since,
        "others": found,
        "following": following if found.following else "",
    }
    return render(request, "account/others.html", context, status=422 if since.error else 200)


def _found(request: DeskRequest, item: WorkItem, asked: dict[str, str], since: _Since) -> tuple[str, Others]:
    cursor = read_cursor(request.GET.get("after", "")[:80])
    if asked["rule"]:
        version = deciding_version(item, asked["rule"], asked["book"])
        rules = read_rules(version)
        numbered = enumerate(rules.rules, start=1) if rules else ()
        name = next((rule_name(number, rule.name) for number, rule in numbered if rule.id == asked["rule"]), "A rule")
        heading = f"{name} of {version.rulebook} decided on these"
        desk = desk_queries.load()
        return heading, decided_alike(request.actor, item, version, asked["rule"], desk, since.moment, cursor)
    if asked["agent"]:
        step = agent_step(item, asked["agent"], whole_number(asked["version"]) or 0)
        heading = f"{step.destination}, version {step.version.number if step.version else 0}, wrote for these"
        return heading, written_alike(request.actor, step, since.moment, cursor)
    raise Invalid(
        f"Open this list from the account of {item.code}: there you say whether a rule or an AI agent is meant."
    )
