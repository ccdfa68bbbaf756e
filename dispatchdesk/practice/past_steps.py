"""What the practice servers would have answered to a step of the past."""

import uuid
from dataclasses import dataclass, field

from dispatchdesk.practice.servers import scripts, shop
from dispatchdesk.practice.servers.chat_model import MODEL
from dispatchdesk.practice.servers.conforming import fitted
from dispatchdesk.practice.servers.ledger import Ledger
from routing.actions.calling import agent_messages, pick
from routing.actions.calls import with_params
from routing.actions.passes import Pass
from routing.actions.recording import flatten
from routing.domain.digests import canonical
from routing.domain.facts import MISSING, known, lookup
from routing.domain.templates import as_text
from routing.models import DestinationKind, Letter, Step


@dataclass(slots=True)
class Answer:
    """What came back: the fields of the step's output, or that there is nothing (a 404)."""

    output: dict[str, object] = field(default_factory=dict)
    response: str = ""
    request: dict[str, object] | None = None
    missing: bool = False


def answer(step: Step, work: Pass) -> Answer:
    """Return what the step's destination would have answered, from the facts of its item."""
    place = work.desk.places[step.name.removeprefix("source.")]
    if step.kind == DestinationKind.AGENT:
        params = tuple(dict((step.request or {}).get("with") or {}).items())
        messages = agent_messages(place.config, with_params(work.known.facts, params))
        schema = place.config["schema"]
        assert isinstance(schema, dict)  # noqa: S101 - every practice agent has one
        said = fitted(schema, scripts.draft(messages[0]["content"], messages[1]["content"]))
        assert isinstance(said, dict)  # noqa: S101 - so its schema says
        return Answer(said, request={"messages": messages, "model": MODEL})
    if place.config.get("via") == "mail":
        return Answer({"sent_to": (step.request or {}).get("to", "")})
    data = _served(step, work)
    if data is None:
        return Answer(missing=True)
    fields = place.config.get("fields")
    assert isinstance(fields, dict)  # noqa: S101 - every practice tool and source has them
    return Answer({name: pick(data, path) for name, path in fields.items()}, response=canonical(data))


def _served(step: Step, work: Pass) -> dict[str, object] | None:
    today = work.now.date()
    match step.name:
        case "track-parcel":
            return shop.parcel(_fact(work, "input.order_number"), today)
        case "source.orders":
            return shop.order(_fact(work, "input.order_number"), today)
        case "source.sales":
            return shop.sales(_fact(work, "input.metric"), _fact(work, "input.period"), today)
        case "check-page":
            return {"status": "live", "title": _fact(work, "input.seo_title")}
        case "refund":
            return _written("refunds", step, work)
        case _:
            return _written("pages", step, work)


def _written(tool: str, step: Step, work: Pass) -> dict[str, object]:
    body = str((step.request or {}).get("body", ""))
    _, data = Ledger().write(tool, str(step.idempotency_key or uuid.uuid4()), body.encode(), work.now)
    return data


def _fact(work: Pass, name: str) -> str:
    return as_text(lookup(work.known.facts, name).value)


def close(step: Step, given: Answer) -> None:
    """Mark the unsaved step as ended well, between its times."""
    step.status, step.attempts, step.due_at = Step.SUCCEEDED, 1, None
    step.output, step.response = given.output or None, given.response
    if given.request is not None:
        step.request = given.request
        step.tokens_in, step.tokens_out = (len(canonical(data)) // 4 for data in (given.request, given.output))
    if step.started_at is not None and step.ended_at is not None:
        step.elapsed_ms = int((step.ended_at - step.started_at).total_seconds() * 1000)


def letter(step: Step) -> Letter | None:
    """Return the unsaved letter that a mail tool's step has sent; None for any other step."""
    request = step.request or {}
    if request.get("via") != "mail" or step.ended_at is None:
        return None
    return Letter(
        item=step.item,
        kind="reply",
        to=str(request["to"]),
        subject=str(request["subject"])[:250],
        body=str(request["text"]),
        status=Letter.SENT,
        attempts=1,
        created_at=step.ended_at,
        sent_at=step.ended_at,
    )


def learn(work: Pass, step: Step, given: Answer) -> None:
    """Learn the facts that the step gives, under the names that a live one's have."""
    is_source = step.kind == DestinationKind.SOURCE
    name = step.name if is_source else f"steps.{step.name}"
    provider = f"{step.kind}:{step.name.removeprefix('source.')}"
    if given.missing:
        work.learn(name, MISSING, provider)
        return
    prefix = f"{name}." if is_source else f"{name}.output."
    for path, value in flatten(given.output):
        work.learn(f"{prefix}{path}", known(value) if value is not None else MISSING, provider)
        if step.kind == DestinationKind.AGENT:
            work.known.by_model.add(f"{prefix}{path}")
    work.learn(name, known("succeeded"), provider)
