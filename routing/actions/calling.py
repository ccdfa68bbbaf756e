"""Makes the call of a step outside any transaction, and says what came of it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from django.conf import settings

from routing import mailing
from routing.actions.calls import render_call, with_params
from routing.domain import templates
from routing.domain.catalogue import PortKind
from routing.domain.facts import Fact
from routing.domain.templates import TemplateError
from routing.models import DestinationKind, Step
from routing.outgoing import chat
from routing.outgoing.client import allowed_hosts, send
from routing.outgoing.credentials import header_for
from routing.outgoing.errors import OutgoingError, Sent
from routing.outgoing.jsontext import plain_text, read_json
from routing.outgoing.messages import Request, Response
from routing.outgoing.statuses import status_error
from routing.queries import desk as desk_queries
from routing.queries.facts import knowledge
from routing.router import model_backed, reading
from routing.transitions import database_now

MAX_BYTES = 1_000_000
KEPT_RESPONSE_CHARACTERS = 20_000


@dataclass(slots=True)
class Result:
    """What came of a call.

    ``status`` is a final status of ``Step``, or ``retry``. ``missing`` means that the source answered that there is
    nothing. ``output`` is JSON data.
    """

    status: str
    output: dict[str, object] = field(default_factory=dict)
    missing: bool = False
    cause: str = ""
    error: str = ""
    response: str = ""
    request: dict[str, object] | None = None
    tokens_in: int = 0
    tokens_out: int = 0
    elapsed_ms: int = 0
    retry_after_seconds: float = 0.0
    counts_against: bool = True


RETRY = "retry"
READER_STEP = "reader"  # the kind of the step in which a model reads inputs from the text


def call(step: Step, config: Mapping[str, object]) -> Result:
    """Make the step's call; every refusal or failure of the other side is a result, not an exception."""
    try:
        if step.kind == DestinationKind.AGENT:
            return _agent(step, config)
        if step.kind == DestinationKind.TOOL and config.get("via") == "mail":
            return _mail(step)
        if step.kind in {DestinationKind.TOOL, DestinationKind.SOURCE}:
            return _http(step, config)
        return _reader(step) if step.kind == READER_STEP else _router(step)
    except OutgoingError as error:
        return _failed(step, error)
    except TemplateError as error:
        return Result(Step.FAILED, cause="unavailable", error=str(error)[:500], counts_against=False)


def broken(step: Step, error: Exception) -> Result:
    """Return the result of a step that broke in our own code: a write may have left, so its outcome is unknown."""
    status = Step.UNKNOWN if step.writes else Step.FAILED
    return Result(status, cause="error", error=f"{type(error).__name__} in the desk", counts_against=False)


def _failed(step: Step, error: OutgoingError) -> Result:
    if step.writes:
        if error.can_repeat_write:
            status = RETRY if step.attempts < step.max_attempts else Step.FAILED
        else:
            status = Step.UNKNOWN if error.sent is Sent.MAYBE else Step.FAILED
    else:
        status = RETRY if not error.permanent and step.attempts < step.max_attempts else Step.FAILED
    return Result(
        status,
        cause=error.cause.value,
        error=str(error)[:500],
        response=error.received[:KEPT_RESPONSE_CHARACTERS],
        retry_after_seconds=error.retry_after_seconds or 0.0,
    )


def _facts(step: Step) -> dict[str, Fact]:
    item = step.item
    ages = {slug: int(str(p.config.get("max_age_minutes") or 0)) for slug, p in desk_queries.load().places.items()}
    facts = knowledge([item], database_now(), max_ages=ages)[item.pk].facts
    params = (step.request or {}).get("with") or {}
    return with_params(facts, tuple(dict(params).items()))


def chat_settings(model: str = "") -> chat.ChatSettings:
    """Return where agents and the model router ask."""
    return chat.ChatSettings(settings.AI_BASE_URL, settings.AI_API_KEY, model or settings.AI_MODEL)


def _agent(step: Step, config: Mapping[str, object]) -> Result:
    facts = _facts(step)
    messages = agent_messages(config, facts) + _redo_messages((step.request or {}).get("redo"))
    schema = config.get("schema")
    reply = chat.complete(
        chat_settings(str(config.get("model") or "")),
        messages,
        schema=schema if isinstance(schema, Mapping) else None,
        schema_name=step.name.replace("-", "_"),
        deadline_seconds=float(str(config.get("timeout_seconds") or 60)),
        max_tokens=int(str(config.get("max_tokens") or 800)),
    )
    output = reply.data if isinstance(reply.data, dict) else {"text": reply.text}
    return Result(
        Step.SUCCEEDED,
        output=output,
        request={
            "messages": messages,
            "model": reply.model,
            **({"with": step.request["with"]} if step.request and "with" in step.request else {}),
        },
        tokens_in=reply.prompt_tokens,
        tokens_out=reply.completion_tokens,
    )


def agent_messages(config: Mapping[str, object], facts: Mapping[str, Fact]) -> list[dict[str, str]]:
    """Return the chat messages of an agent: its instructions, and a prompt made from named facts only."""
    return [
        {"role": "system", "content": str(config.get("system", ""))},
        {"role": "user", "content": templates.render_text(str(config.get("prompt", "")), facts)},
    ]


def _redo_messages(redo: object) -> list[dict[str, str]]:
    """Return what an agent wrote before and what a reviewer wants changed in it, as the conversation goes on."""
    if not isinstance(redo, Mapping):
        return []
    wrote = redo["wrote"]
    before = str(wrote["text"]) if list(wrote) == ["text"] else json.dumps(wrote, ensure_ascii=False)
    asked = f"A reviewer sent your answer back. What they want changed:\n{redo['note']}\nAnswer again in full."
    return [{"role": "assistant", "content": before}, {"role": "user", "content": asked}]


def _http(step: Step, config: Mapping[str, object]) -> Result:
    if step.writes:
        request = dict(step.request or {})
    else:
        place = desk_queries.load().places[str(step.name).removeprefix("source.")]
        request = render_call(place, _facts(step))
    return perform(request, config, idempotency_key=str(step.idempotency_key) if step.writes else "")


def _mail(step: Step) -> Result:
    request = step.request or {}
    mailing.deliver(str(request["to"]), str(request["subject"]), str(request["text"]))
    return Result(Step.SUCCEEDED, output={"sent_to": request["to"]})


def _router(step: Step) -> Result:
    item, desk = step.item, desk_queries.load()
    names = {slug: row.description or row.name for slug, row in desk.types.items()}
    places = {
        slug: place.row.description or place.row.name
        for slug, place in desk.places.items()
        if place.port.kind != PortKind.SOURCE
    }
    reply = model_backed.suggest(chat_settings(), f"{item.title}\n{item.text}", names, places)
    output: dict[str, object] = {"label": reply.label, "confidence": reply.confidence, "reason": reply.reason}
    return Result(Step.SUCCEEDED, output=output, tokens_in=reply.tokens_in, tokens_out=reply.tokens_out)


def _reader(step: Step) -> Result:
    item = step.item
    specs = desk_queries.load().catalogue(item.work_type_id).inputs
    answer = reading.ask(chat_settings(), f"{item.title}\n{item.text}", specs)
    return Result(
        Step.SUCCEEDED, output={"values": answer.values}, tokens_in=answer.tokens_in, tokens_out=answer.tokens_out
    )


def perform(call_data: Mapping[str, object], config: Mapping[str, object], *, idempotency_key: str = "") -> Result:
    """Send a rendered request and judge the answer by the destination's success check.

    A 404 from a reading call means that there is nothing. Raises OutgoingError when no answer came.
    """
    headers = {str(k): str(v) for k, v in dict(call_data.get("headers") or {}).items()}  # type: ignore[call-overload]
    headers |= header_for(call_data.get("credential"), str(call_data["url"]))
    body = str(call_data.get("body") or "")
    if body:
        headers.setdefault("Content-Type", "application/json")
    if idempotency_key:
        headers["Idempotency-Key"] = idempotency_key
    response = send(
        Request(str(call_data["method"]), str(call_data["url"]), headers, body.encode()),
        deadline_seconds=float(str(config.get("timeout_seconds") or 30)),
        max_bytes=MAX_BYTES,
        follow_redirects=not idempotency_key,
        allow=allowed_hosts(),
    )
    return judge(response, config, writes=bool(idempotency_key))


def judge(response: Response, config: Mapping[str, object], *, writes: bool) -> Result:
    """Say whether an answer means success: its status, and the field that the destination's success check names.

    Raises OutgoingError for a status that is none; a redirect of a write may have been applied.
    """
    kept, elapsed_ms = plain_text(response.text, KEPT_RESPONSE_CHARACTERS), response.elapsed_ms
    if response.status == 404 and not writes:
        return Result(Step.SUCCEEDED, missing=True, response=kept, elapsed_ms=elapsed_ms)
    failed = status_error(response, "it")
    if failed is not None:
        if writes and 300 <= response.status < 400:
            failed.sent = Sent.MAYBE
        raise failed
    try:
        data = read_json(response.text)
    except ValueError as wrong:
        final = Step.UNKNOWN if writes else Step.FAILED
        error = f"its answer is not JSON that can be used: {wrong}"[:500]
        return Result(final, cause="unparsed", error=error, response=kept, elapsed_ms=elapsed_ms)
    check = config.get("success")
    if isinstance(check, Mapping) and check.get("path"):
        found = pick(data, str(check["path"]))
        if str(found).lower() != str(check.get("equals", "")).lower():
            error = f"its answer says {check['path']} is {found!s:.80}, not {check.get('equals')}"
            return Result(Step.FAILED, cause="refused", error=error, response=kept, elapsed_ms=elapsed_ms)
    fields = config.get("fields")
    if isinstance(fields, Mapping) and fields:
        output = {str(name): pick(data, str(path)) for name, path in fields.items()}
    else:
        output = data if isinstance(data, dict) else {"value": data}
    return Result(Step.SUCCEEDED, output=output, response=kept, elapsed_ms=elapsed_ms)


def pick(data: object, path: str) -> object:
    """Return what stands at a dotted path (``rows.0.total``) in JSON data, or None."""
    for part in path.split("."):
        if isinstance(data, dict):
            data = data.get(part)
        elif isinstance(data, list) and part.isdecimal() and int(part) < len(data):
            data = data[int(part)]
        else:
            return None
    return data
