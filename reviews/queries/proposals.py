"""A review's proposal as the workbench draws it: always from what is stored, never from the item's own text."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.utils.text import capfirst

from reviews.models import Review
from routing.domain.differences import Part, word_diff
from routing.domain.facts import Status, lookup
from routing.domain.templates import as_text
from routing.models import Step, WorkItem
from routing.queries.desk import Desk
from routing.queries.facts import knowledge
from routing.queries.steps import output_words


@dataclass(frozen=True, slots=True)
class Request:
    """One request exactly as it is sent; ``readable`` is its JSON body with line breaks, the same data."""

    name: str
    lines: tuple[tuple[str, str], ...]
    body: str
    readable: str


@dataclass(frozen=True, slots=True)
class Text:
    """One text of the proposal that can be corrected, with what a correction changes so far."""

    name: str
    label: str
    before: str
    now: str
    parts: Sequence[Part]


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Where the router would send it, how sure it is, and its own story about that."""

    name: str
    sure: str
    story: str


@dataclass(slots=True)
class Shown:
    """What the middle of the workbench shows besides the question."""

    kind: str
    requests: list[Request] = field(default_factory=list)
    texts: list[Text] = field(default_factory=list)
    suggestion: Suggestion | None = None
    next_words: str = ""
    step: Step | None = None
    writes: bool = False
    follows: list[str] = field(default_factory=list)
    agent: str = ""
    wrote: str = ""
    sent_before: list[Step] = field(default_factory=list)


def request_of(call: Mapping[str, object]) -> Request:
    """Return a stored request in lines: by mail its address and subject, by HTTP its method, URL and headers."""
    if call.get("via") == "mail":
        lines = (("To", str(call.get("to", ""))), ("Subject", str(call.get("subject", ""))))
        return Request(str(call["name"]), lines, str(call.get("text", "")), "")
    headers = call.get("headers")
    named = tuple((str(name), str(value)) for name, value in headers.items()) if isinstance(headers, Mapping) else ()
    first = (("Sends", f"{call.get('method', '')} {call.get('url', '')}"),)
    secret = (("Signed in with", "the stored credential"),) if call.get("credential") else ()
    body = str(call.get("body") or "")
    return Request(str(call["name"]), first + named + secret, body, _readable(body))


def _readable(body: str) -> str:
    try:
        return json.dumps(json.loads(body), indent=2, ensure_ascii=False)
    except ValueError:
        return ""


def shown(review: Review, desk: Desk, *, texts: Mapping[str, str], requests: Sequence[Mapping[str, object]]) -> Shown:
    """Return the proposal as it is drawn.

    ``texts`` are the corrections so far by name, ``requests`` the calls rendered with them (those stored when empty).
    """
    proposal = review.proposal
    found = Shown(kind=str(proposal.get("kind", "")))
    match found.kind:
        case "calls":
            found.requests = [request_of(call) for call in requests or proposal["calls"]]
            found.texts = texts_of(review.item, desk, proposal.get("drafts") or {}, texts)
            found.writes = True
            found.sent_before = _sent_before(review)
        case "output":
            found.texts = texts_of(review.item, desk, proposal.get("fields") or {}, texts)
            found.agent = desk.place_name(str(proposal.get("agent", "")))
        case "route":
            found.suggestion = _suggestion(review, desk)
        case "continue":
            found.next_words = str(proposal.get("next") or "go on with the rules")
        case "retry" | "outcome":
            _about_step(found, proposal)
        case "check" if proposal["step"]:
            _about_step(found, proposal)
    return found


def texts_of(item: WorkItem, desk: Desk, offered: Mapping[str, object], typed: Mapping[str, str]) -> list[Text]:
    """Return the texts that a proposal offers to correct, with what ``typed`` changes in them."""
    catalogue = desk.catalogue(item.work_type_id)
    found = []
    for name, before in offered.items():
        label = catalogue.label(name) if "." in name else name.replace("_", " ")
        now = typed.get(name, str(before))
        parts = word_diff(str(before), now) if now != before else []
        found.append(Text(name, capfirst(label), str(before), now, parts))
    return found


def _suggestion(review: Review, desk: Desk) -> Suggestion | None:
    type_slug, place = str(review.proposal.get("type") or ""), str(review.proposal.get("destination") or "")
    if not type_slug and not place:
        return None
    name = desk.types[type_slug].name if type_slug in desk.types else desk.place_name(place)
    item = review.item
    facts = knowledge([item], item.updated_at)[item.pk].facts
    reason = lookup(facts, "router.reason")
    story = as_text(reason.value) if reason.status is Status.KNOWN else ""
    return Suggestion(name, str(review.proposal.get("confidence") or ""), story)


def _sent_before(review: Review) -> list[Step]:
    """Return what the same tools sent for this item before, or may have sent: approving sends it once more."""
    done = Step.objects.filter(item=review.item_id, writes=True, status__in=[Step.SUCCEEDED, Step.UNKNOWN])
    names = [str(call["destination"]) for call in review.proposal["calls"]]
    return list(done.filter(name__in=names).select_related("destination").order_by("pk"))


def _about_step(found: Shown, proposal: Mapping[str, object]) -> None:
    step = Step.objects.select_related("destination").get(pk=str(proposal["step"]))
    later = Step.objects.filter(group=step.group, ordinal__gt=step.ordinal, status=Step.CANCELLED) if step.group else []
    found.step, found.writes, found.wrote = step, step.writes, "" if step.writes else output_words(step)
    if step.writes and step.request:
        found.requests = [request_of(step.request)]
        found.follows = [str((one.request or {}).get("name", one.name)) for one in later]
