"""Tries a destination: shows the exact request and what came back; whatever writes is rendered and never sent."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from routing.actions import calling
from routing.actions.calls import render_call, with_params
from routing.actions.configuring import check_admin
from routing.crash_points import outgoing
from routing.domain import templates
from routing.domain.facts import Fact
from routing.domain.roles import Actor
from routing.domain.templates import TemplateError
from routing.models import DestinationKind, Step, TableRow
from routing.outgoing import chat
from routing.outgoing.errors import OutgoingError
from routing.outgoing.schemas import strict_schema
from routing.queries.desk import Place


@dataclass(frozen=True, slots=True)
class Tried:
    """What a try showed: the exact request and response as text, the fields that came out, and one sentence."""

    words: str
    good: bool
    request: str = ""
    response: str = ""
    output: str = ""


def try_destination(
    *, actor: Actor, place: Place, facts: Mapping[str, Fact], texts: Sequence[tuple[str, str]] = ()
) -> Tried:
    """Try a destination with these facts and the rule's texts.

    AI agents, data sources and tools that only read are really asked. Nothing is stored. A refusal of the other side,
    or of a host that the desk may not call, is told in words.
    """
    check_admin(actor)
    try:
        known = with_params(facts, texts)
        if place.row.kind == DestinationKind.AGENT:
            return _try_agent(place, known)
        if place.config.get("via") == "text":
            return Tried("Every request gets this text.", good=True, output=str(place.config.get("text", "")))
        if place.config.get("via") == "table":
            return _try_table(place, known)
        return _try_call(place, known)
    except TemplateError as error:
        return Tried(f"The request cannot be made: {error}.", good=False)


def _try_agent(place: Place, facts: Mapping[str, Fact]) -> Tried:
    config = place.config
    messages = calling.agent_messages(config, facts)
    schema = config.get("schema")
    schema = schema if isinstance(schema, Mapping) else None
    where = calling.chat_settings(str(config.get("model") or ""))
    max_tokens = int(str(config.get("max_tokens") or 800))
    shown: dict[str, object] = {"model": where.model, "messages": messages, "max_tokens": max_tokens}
    if schema is not None:
        shown["schema"] = strict_schema(schema)
    try:
        with outgoing("trying.agent"):
            reply = chat.complete(
                where,
                messages,
                schema=schema,
                schema_name=place.row.slug.replace("-", "_"),
                deadline_seconds=float(str(config.get("timeout_seconds") or 60)),
                max_tokens=max_tokens,
            )
    except OutgoingError as error:
        return Tried(_sentence(error), good=False, request=_pretty(shown), response=error.received)
    output = reply.data if isinstance(reply.data, dict) else {"text": reply.text}
    words = f"{place.row.name} answered, with {reply.prompt_tokens} tokens in and {reply.completion_tokens} out."
    return Tried(words, True, _pretty(reply.request_json), _pretty(reply.response_json), _pretty(output))


def _try_table(place: Place, facts: Mapping[str, Fact]) -> Tried:
    key = templates.render_text(str(place.config["key"]), facts).strip().lower()
    request = f"{place.config.get('key_column')} = {key}"
    row = TableRow.objects.filter(version_id=place.version_id, key=key).first()
    if row is None:
        return Tried("The table has no such row.", good=False, request=request)
    return Tried("The table has this row.", good=True, request=request, output=_pretty(row.data))


def _try_call(place: Place, facts: Mapping[str, Fact]) -> Tried:
    call = render_call(place, dict(facts))
    request = _request_text(call)
    if place.port.writes:
        words = "This is what would be sent. It changes something, so it was not sent."
        return Tried(words, good=True, request=request)
    try:
        with outgoing("trying.read"):
            result = calling.perform(call, place.config)
    except OutgoingError as error:
        return Tried(_sentence(error), good=False, request=request, response=error.received)
    if result.missing:
        return Tried("It answered that there is nothing (404).", True, request, result.response)
    if result.status != Step.SUCCEEDED:
        return Tried(f"{place.row.name}: {result.error}.", False, request, result.response)
    words = f"{place.row.name} answered in {result.elapsed_ms} ms."
    return Tried(words, True, request, result.response, _pretty(result.output))


def _sentence(error: OutgoingError) -> str:
    text = str(error)
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."


def _pretty(data: object) -> str:
    return json.dumps(data, indent=2, ensure_ascii=False, default=str)


def _request_text(call: Mapping[str, object]) -> str:
    if call["via"] == "mail":
        return f"To: {call['to']}\nSubject: {call['subject']}\n\n{call['text']}"
    headers = call.get("headers")
    lines = [f"{call['method']} {call['url']}"]
    lines += [f"{name}: {value}" for name, value in headers.items()] if isinstance(headers, dict) else []
    if call.get("credential"):
        lines.append("(the stored credential is added here)")
    body = str(call.get("body") or "")
    return "\n".join([*lines, "", body] if body else lines)
