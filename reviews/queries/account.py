"""The account of an item: what came in, what was known, what AI wrote, which rules decided, and what left the house."""

import re
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Generic, TypeVar

from django.utils.text import capfirst

from reviews.models import Verdict
from reviews.queries.evidence import FactLine, fact_line, revision_words
from reviews.queries.looks import Asked, asked_of, verdicts_of
from reviews.queries.proposals import Request, request_of
from routing.domain.digests import digest
from routing.domain.facts import value_from_json
from routing.domain.templates import as_text
from routing.models import Attachment, Decision, DestinationKind, FactRevision, Step, WorkItem
from routing.queries.decided import Decided, decided
from routing.queries.decisions import decisions_of, explained, revisions_of
from routing.queries.desk import Desk
from routing.queries.items import MOVES, people_in
from routing.queries.letters import Mail, mails_of
from routing.queries.steps import StepLine, step_line, steps_of
from routing.queries.timeline import Entry, Names, events_of, given_to, people_names, timeline

MOST = 200
_NOT_PART_OF_CALL = frozenset({"digest", "version_id", "with"})
_OWN_LINK = re.compile(r"(?:https?://[^\s/]{1,300})?/r/[\w:.-]+/?")
_One = TypeVar("_One")


@dataclass(frozen=True, slots=True)
class Part(Generic[_One]):
    """The newest ``MOST`` of something, oldest first, and how many earlier ones are left out."""

    rows: Sequence[_One]
    left_out: int

    def __bool__(self) -> bool:
        """Whether there is anything."""
        return bool(self.rows)


def part(rows: Sequence[_One]) -> Part[_One]:
    """Return the newest of these, which come oldest first."""
    return Part(rows[-MOST:], max(0, len(rows) - MOST))


@dataclass(frozen=True, slots=True)
class Routed:
    """What the router suggested: where to, how sure it was and why; or, in ``instead``, why it suggested nothing."""

    at: datetime
    by: str
    name: str
    sure: str
    story: str
    instead: str


@dataclass(frozen=True, slots=True)
class Handoff:
    """One step that was asked something; ``slug`` is its destination's (empty: the AI router or reader).

    ``fields`` is its output as (name, text), empty when it holds more than that: then it is told as it is stored.
    """

    step: Step
    line: StepLine
    slug: str
    model: str
    fields: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Sent:
    """One request that was to leave the house: exactly what, who approved it and when, and what came of it.

    ``exact``: what is stored is what was approved, by the digests of both.
    """

    step: Step
    line: StepLine
    request: Request
    approved_by: str
    approved_at: datetime | None
    before: str
    exact: bool
    fields: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Account:
    """Everything that an account tells, in order."""

    files: Part[Attachment]
    facts: Part[FactLine]
    looked_up: Part[Handoff]
    routed: Part[Routed]
    said: Part[Handoff]
    decided: Part[Decided]
    asked: Part[Asked]
    moved: Part[Entry]
    sent: Part[Sent]
    letters: Part[Mail]


def account(item: WorkItem, desk: Desk) -> Account:
    """Return the account of an item, in a fixed number of queries whatever happened to it."""
    revisions, decisions, steps = revisions_of(item), decisions_of(item), steps_of(item)
    moves = [event for event in events_of(item) if event.kind in MOVES]
    people = people_names(
        people_in(revisions) | {event.actor_id for event in moves} | {given_to(event) for event in moves}
    )
    names = Names(desk, people, reasons={note.at: note.text for note in item.notes.all()})
    found = decided(explained(item, desk, revisions, decisions), names)
    verdicts = verdicts_of(item)
    asking = [_handoff(step) for step in steps if not step.writes]
    return Account(
        files=part(list(item.files.all())),
        facts=part(_facts(item, desk, revisions, decisions, people)),
        looked_up=part([one for one in asking if _looks_up(one.step)]),
        routed=part(_routed(item, desk, revisions)),
        said=part([one for one in asking if not _looks_up(one.step)]),
        decided=part(found),
        asked=part(asked_of(item, desk, verdicts)),
        moved=part(timeline(item, moves, [], names)),
        sent=part(_sent(item, steps, verdicts, {one.id: one for one in found})),
        letters=part([_without_link(mail) for mail in reversed(mails_of(item)) if not mail.by_tool]),
    )


def _facts(
    item: WorkItem,
    desk: Desk,
    revisions: Sequence[FactRevision],
    decisions: Sequence[Decision],
    people: Mapping[int, str],
) -> list[FactLine]:
    """Return what some decision saw, or the next one would see, but for what stands elsewhere in the account."""
    catalogue, positions = desk.catalogue(item.work_type_id), sorted(row.position for row in decisions)
    replaced: dict[str, int] = {}
    counted = []
    for row in reversed(revisions):
        if row.doubtful:
            continue
        until = replaced.get(row.name)
        replaced[row.name] = row.seq
        at = bisect_left(positions, row.seq)
        seen = until is None or (at < len(positions) and positions[at] < until)
        if seen and _is_told_here(row):
            counted.append(fact_line(row, desk, catalogue, people))
    return counted[::-1]


def _is_told_here(row: FactRevision) -> bool:
    space, _, rest = row.name.partition(".")
    if space in {"steps", "reviews", "router", "text"}:
        return False
    return not (space == "source" and "." not in rest and row.status == "known")


def _routed(item: WorkItem, desk: Desk, revisions: Sequence[FactRevision]) -> list[Routed]:
    catalogue = desk.catalogue(item.work_type_id)
    by_moment: dict[datetime, dict[str, FactRevision]] = {}
    for row in revisions:
        if row.name.partition(".")[0] == "router":
            by_moment.setdefault(row.at, {})[row.name] = row
    found = []
    for at, rows in by_moment.items():
        words = {name: revision_words(row, catalogue) for name, row in rows.items()}
        whole = rows.get("router")
        provider = next(iter(rows.values())).provider
        found.append(
            Routed(
                at=at,
                by="The router that learned on this desk" if provider == "router:learned" else "A model as the router",
                name=words.get("router.type") or words.get("router.destination", ""),
                sure=words.get("router.confidence", ""),
                story=words.get("router.reason", ""),
                instead=words["router"] if whole is not None and whole.status != "known" else "",
            )
        )
    return found


def _handoff(step: Step) -> Handoff:
    model = str((step.request or {}).get("model", ""))
    slug = step.destination.slug if step.destination else ""
    return Handoff(step, step_line(step), slug, model, _fields(step.output))


def _fields(output: object) -> list[tuple[str, str]]:
    """Return an output that is but names and plain values in lines; nothing when it is more."""
    if not isinstance(output, dict) or any(isinstance(value, dict | list) for value in output.values()):
        return []
    return [(capfirst(name.replace("_", " ")), as_text(value_from_json(value))) for name, value in output.items()]


def _looks_up(step: Step) -> bool:
    return step.kind in {DestinationKind.TOOL, DestinationKind.SOURCE}


def _sent(
    item: WorkItem, steps: Sequence[Step], verdicts: Sequence[Verdict], by_id: Mapping[int, Decided]
) -> list[Sent]:
    by_verdict = {one.pk: one for one in verdicts}
    writes = [step for step in steps if step.writes]
    groups: dict[int, list[Step]] = {}
    for step in writes:
        groups.setdefault(step.approval_id or 0, []).append(step)
    found = []
    for step in writes:
        verdict, request = by_verdict.get(step.approval_id or 0), dict(step.request or {})
        if verdict is not None:
            approved_by, approved_at, matches = _approved_by_person(verdict, groups[verdict.pk])
        else:
            approved_by, approved_at, matches = _approved_by_rule(step, by_id.get(step.decision_id or 0))
        found.append(
            Sent(
                step=step,
                line=step_line(step),
                request=request_of({"name": step.name, **request}) if request else Request(step.name, (), "", ""),
                approved_by=approved_by,
                approved_at=approved_at,
                before=_approved_before(verdict, verdicts),
                exact=matches and (item.erased_at is not None or _digest_of(request) == step.digest),
                fields=_fields(step.output),
            )
        )
    return found


def _approved_by_person(verdict: Verdict, group: list[Step]) -> tuple[str, datetime | None, bool]:
    """Return who approved these requests, when, and whether they are what was approved."""
    digests = [one.digest for one in sorted(group, key=lambda one: one.ordinal)]
    return verdict.by.display_name(), verdict.at, digest(digests) == verdict.approved_digest


def _approved_by_rule(step: Step, decision: Decided | None) -> tuple[str, datetime | None, bool]:
    """Return which rule approved this request itself, when, and whether it is what was approved."""
    if decision is None:
        return "", None, False
    return f"{decision.rule} of {decision.book_name} itself", decision.at, step.digest in decision.digests


def _digest_of(request: Mapping[str, object]) -> str:
    """Return the digest of a stored request as it was when it was rendered."""
    return digest({name: value for name, value in request.items() if name not in _NOT_PART_OF_CALL})


def _approved_before(verdict: Verdict | None, verdicts: Sequence[Verdict]) -> str:
    """Return who gave the first of two approvals; empty where one was enough."""
    if verdict is None:
        return ""
    firsts = [one for one in verdicts if one.first and one.review_id == verdict.review_id and one.undone_at is None]
    return firsts[-1].by.display_name() if firsts else ""


def _without_link(mail: Mail) -> Mail:
    """Return a mail without the address of the requester's page, which lets in whoever holds the paper."""
    body = _OWN_LINK.sub("(the requester's own link)", mail.body)
    return replace(mail, body=body)
