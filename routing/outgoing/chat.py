"""Asking a model over the OpenAI-compatible chat completions protocol, for text or for an answer in a schema."""

import json
import random
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NoReturn

from routing.outgoing.client import allowed_hosts, send
from routing.outgoing.errors import Cause, OutgoingError, Sent
from routing.outgoing.jsontext import plain_text, read_json
from routing.outgoing.messages import Request, Response
from routing.outgoing.schemas import schema_problem, strict_schema, violation
from routing.outgoing.statuses import RECEIVED_CHARACTERS, status_error

MAX_BYTES = 2_000_000
MAX_ATTEMPTS = 3
ATTEMPT_SHARE = 2 / 3
"""The part of the time left that one attempt may take, so that a call which hangs leaves time for another."""
BACKOFF_SECONDS = 0.5
SHORTEST_ATTEMPT_SECONDS = 0.25
"""With less time left than this another attempt would only replace a telling error by "no time"."""

_SHORTEST_SECRET = 8


@dataclass(frozen=True, slots=True)
class ChatSettings:
    """Where to ask: ``base_url`` ends before ``/chat/completions`` (``http://127.0.0.1:11434/v1``)."""

    base_url: str
    api_key: str = field(repr=False)
    model: str


@dataclass(frozen=True, slots=True)
class ChatReply:
    """What the model answered.

    ``data`` is the parsed object that keeps to the schema, or the text when no schema was asked for. Tokens are 0
    where the provider does not tell. ``request_json`` and ``response_json`` are the bodies as sent and received,
    without credentials.
    """

    data: object
    text: str
    prompt_tokens: int
    completion_tokens: int
    model: str
    request_json: dict[str, object]
    response_json: dict[str, object]


def complete(
    where: ChatSettings,
    messages: Sequence[Mapping[str, str]],
    *,
    schema: Mapping[str, object] | None,
    schema_name: str,
    deadline_seconds: float,
    max_tokens: int,
    allow: frozenset[str] | None = None,
) -> ChatReply:
    """Ask the model once, and return its answer or raise OutgoingError with its cause; never a default answer.

    With a schema every object in it is closed and each of its properties required, and the answer must keep to it.
    Only what may pass (no connection, no answer in time, 408, 429, 5xx) is tried again, at most three attempts, as late
    as Retry-After asks, all within ``deadline_seconds``. ``allow`` is by default what DESK_ALLOW_HOSTS opens.
    """
    strict = _strict(schema)
    request_json: dict[str, object] = {
        "model": where.model,
        "messages": [dict(message) for message in messages],
        "max_tokens": max_tokens,
    }
    if strict is not None:
        wanted = {"name": schema_name, "strict": True, "schema": strict}
        request_json["response_format"] = {"type": "json_schema", "json_schema": wanted}
    headers = {"Content-Type": "application/json", "Accept": "application/json"}
    if where.api_key:
        headers["Authorization"] = f"Bearer {where.api_key}"
    request = Request(
        "POST", f"{where.base_url.rstrip('/')}/chat/completions", headers, json.dumps(request_json).encode()
    )
    opened = allowed_hosts() if allow is None else allow
    response = _persistent_send(request, time.monotonic() + deadline_seconds, opened, where.api_key)
    return _reply(response, where, strict, request_json, max_tokens)


def _strict(schema: Mapping[str, object] | None) -> dict[str, Any] | None:
    """Return the schema to ask for; raises OutgoingError when it cannot be used."""
    if schema is None:
        return None
    if problem := schema_problem(schema):
        raise OutgoingError(
            f"the answer's schema cannot be used: {problem}",
            permanent=True,
            cause=Cause.UNPARSED,
            sent=Sent.NOT_SENT,
        )
    return strict_schema(schema)


def _persistent_send(request: Request, until: float, allow: frozenset[str], api_key: str) -> Response:
    """Send until there is a successful answer, within the attempts and the time; raises the last OutgoingError."""
    for attempt in range(1, MAX_ATTEMPTS + 1):
        try:
            return _sent_once(request, until, allow, api_key, last=attempt == MAX_ATTEMPTS)
        except OutgoingError as error:
            pause = error.retry_after_seconds
            if pause is None:
                pause = BACKOFF_SECONDS * 2 ** (attempt - 1) * random.uniform(0.5, 1.0)  # noqa: S311 - spreads retries
            is_late = time.monotonic() + pause + SHORTEST_ATTEMPT_SECONDS > until
            if error.permanent or attempt == MAX_ATTEMPTS or is_late:
                raise
            time.sleep(pause)
    raise AssertionError("the last attempt returns or raises")


def _sent_once(request: Request, until: float, allow: frozenset[str], api_key: str, *, last: bool) -> Response:
    """Send one attempt and return its successful answer; raises OutgoingError."""
    left = until - time.monotonic()
    response = send(
        request,
        deadline_seconds=left if last else left * ATTEMPT_SHARE,
        max_bytes=MAX_BYTES,
        follow_redirects=False,
        allow=allow,
    )
    error = status_error(response, "the model's provider")
    if error is not None:
        error.received = _without_key(error.received, api_key)
        raise error
    return response


def _without_key(text: str, api_key: str) -> str:
    """Return a text of the provider's without our key, which some repeat in their errors."""
    return text.replace(api_key, "[key]") if len(api_key) >= _SHORTEST_SECRET else text


def _reply(
    response: Response,
    where: ChatSettings,
    strict: Mapping[str, object] | None,
    request_json: dict[str, object],
    max_tokens: int,
) -> ChatReply:
    """Judge a successful answer; raises OutgoingError for each way in which it is none."""
    body = _without_key(response.text, where.api_key)

    def wrong(cause: Cause, message: str) -> NoReturn:
        raise OutgoingError(
            message,
            permanent=True,
            cause=cause,
            sent=Sent.ANSWERED,
            status=response.status,
            received=plain_text(body, RECEIVED_CHARACTERS),
        )

    try:
        envelope = read_json(body)
    except ValueError as error:
        wrong(Cause.UNPARSED, f"the provider's answer is not JSON: {_first_words(error)}")
    if not isinstance(envelope, dict):
        wrong(Cause.UNPARSED, "the provider's answer is no JSON object")
    match envelope.get("choices"):
        case [{"message": dict(message), **choice}, *_]:
            pass
        case _:
            wrong(Cause.UNPARSED, "the provider's answer holds no message")
    finish_reason = choice.get("finish_reason")
    if message.get("refusal") or finish_reason == "content_filter":
        wrong(Cause.REFUSED, "the model declined to answer")
    if finish_reason == "length":
        wrong(Cause.OVER_BUDGET, f"the model's answer was cut off at {max_tokens} tokens")
    text = message.get("content")
    if not isinstance(text, str) or not text.strip():
        wrong(Cause.UNPARSED, "the model's message holds no text")
    data: object = text
    if strict is not None:
        try:
            data = read_json(text)
        except ValueError as error:
            wrong(Cause.UNPARSED, f"the model's answer is not JSON: {_first_words(error)}")
        if broken := violation(data, strict):
            wrong(broken[0], f"the model's answer does not fit: {broken[1]}")
    answered_by = envelope.get("model")
    return ChatReply(
        data=data,
        text=text,
        prompt_tokens=_tokens(envelope, "prompt_tokens"),
        completion_tokens=_tokens(envelope, "completion_tokens"),
        model=answered_by[:200] if isinstance(answered_by, str) else where.model,
        request_json=request_json,
        response_json=envelope,
    )


def _first_words(error: ValueError) -> str:
    """Return what a reader says is wrong, without the text it read."""
    return error.msg if isinstance(error, json.JSONDecodeError) else str(error)


def _tokens(envelope: Mapping[str, object], name: str) -> int:
    usage = envelope.get("usage")
    count = usage.get(name) if isinstance(usage, Mapping) else None
    return count if isinstance(count, int) and not isinstance(count, bool) and 0 <= count < 2**31 else 0
