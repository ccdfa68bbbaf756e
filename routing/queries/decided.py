"""Decisions as an account of an item tells them: what came out, by which rule of which version, and why."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.text import capfirst

from routing.domain.catalogue import Catalogue
from routing.domain.rules import BY_RULE, Go
from routing.domain.sentences import duration, rule_sentence
from routing.models import Decision
from routing.queries.decisions import Explained
from routing.queries.desk import Desk
from routing.queries.rulebooks import FIRST_LOOK
from routing.queries.timeline import Detail, Names, lacks_words, places_words, reason_of, rule_name
from routing.queries.timeline_words import CAUSES


@dataclass(frozen=True, slots=True)
class Decided:
    """One decision: what came out, the rule (empty: none) and its rulebook by slug, name and version, and why.

    ``fires``: the rule did what it says, so that the decision counts among those of the rule. ``digests`` are those of
    the requests that the rule itself approved.
    """

    id: int
    at: datetime
    outcome: str
    rule: str
    rule_id: str
    fires: bool
    book: str
    book_name: str
    version: int
    type_id: int | None
    why: str
    met: tuple[Detail, ...]
    digests: tuple[str, ...]


def decided(explained: Sequence[Explained], names: Names) -> list[Decided]:
    """Return these decisions in words, in their order; reads nothing that was not read before."""
    return [_decided(one, names) for one in explained]


def _decided(one: Explained, names: Names) -> Decided:
    row, reason = one.row, reason_of(one, names)
    book = row.version.rulebook if row.version else None
    return Decided(
        id=row.pk,
        at=row.decided_at,
        outcome=outcome_words(one, names),
        rule=rule_name(one.number, one.rule.name) if one.rule else "",
        rule_id=row.rule_id,
        fires=row.fires,
        book=book_slug(row),
        book_name=str(book) if book else "",
        version=row.version.number if row.version else 0,
        type_id=book.work_type_id if book else None,
        why=_why(one, reason.text),
        met=reason.deciding.details if reason.deciding else (),
        digests=tuple(map(str, row.detail.get("digests") or ())),
    )


def _why(one: Explained, text: str) -> str:
    """Return the rule's sentence, or why it could not do what it says; without its name, which stands before."""
    if one.rule is None:
        return text
    if one.row.fires:
        return rule_sentence(one.rule, one.catalogue)
    return one.reason if one.reason and one.row.kind != "need" else lacks_words(one, "It")


def book_slug(row: Decision) -> str:
    """Return the slug of the rulebook that decided, read with its work type; empty when none did."""
    if row.version is None:
        return ""
    work_type = row.version.rulebook.work_type
    return work_type.slug if work_type else FIRST_LOOK


def outcome_words(one: Explained, names: Names) -> str:
    """Say what a decision came to, without why; who approves is added from its rule."""
    words, then = decision_words(one.row, names.desk, one.catalogue), one.rule.then if one.rule else None
    if one.row.kind != "go" or not isinstance(then, Go) or not then.approved_by:
        return words
    if then.approved_by != BY_RULE:
        return f"{words}, once {one.catalogue.name_of(then.approved_by)} approves"
    return f"{words}, approved by the rule itself" if "digests" in one.row.detail else f"{words}, once people approve"


def decision_words(row: Decision, desk: Desk, catalogue: Catalogue) -> str:
    """Say what a stored decision came to, by what it holds itself."""
    detail = row.detail
    match row.kind:
        case "go":
            return f"Send to {places_words(detail.get('to'), Names(desk))}"
        case "need":
            facts = detail.get("facts")
            labels = [catalogue.label(str(name)) for name in facts] if isinstance(facts, list) else []
            return f"Find out {' and '.join(labels) or 'what is missing'} first"
        case "review" if row.cause in {"", "escalated"}:
            return f"{desk.place_name(str(detail.get('queue', '')))} decides"
        case "review":
            return CAUSES.get(row.cause, "A person decides")
        case "wait":
            return f"Wait {duration(int(str(detail.get('minutes') or 0)))}"
        case "finish":
            return "Finish"
        case "stop":
            return "Close it, not done"
    return _changed(detail, desk)


def _changed(detail: Mapping[str, object], desk: Desk) -> str:
    slug, tags = str(detail.get("type") or ""), detail.get("tags")
    parts = [f"set the type to {desk.types[slug].name if slug in desk.types else slug}"] if slug else []
    if detail.get("priority"):
        parts.append(f"set the priority to {detail['priority']}")
    if isinstance(tags, list) and tags:
        parts.append(f"add {', '.join(str(tag) for tag in tags)} as tags")
    return capfirst(" and ".join(parts) or "change nothing")
