"""The practice model: OpenAI-compatible chat completions with scripted answers."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from dispatchdesk.practice.servers import guessing, scripts
from dispatchdesk.practice.servers.conforming import fitted
from dispatchdesk.practice.servers.ledger import Answer

MODEL = "practice"
_CHARACTERS_PER_TOKEN = 4


def _refused(status: int, message: str) -> Answer:
    return status, {"error": {"message": message, "type": "invalid_request_error", "param": None, "code": None}}


def models() -> Answer:
    """Return the list of models."""
    return 200, {"object": "list", "data": [{"id": MODEL, "object": "model", "owned_by": "practice"}]}


def completion(body: bytes, *, created: int) -> Answer:
    """Answer a chat completions request; ``created`` is the time in Unix seconds."""
    try:
        payload = json.loads(body)
    except ValueError:
        return _refused(400, "The body is not JSON.")
    messages = payload.get("messages") if isinstance(payload, dict) else None
    if not isinstance(messages, list) or not messages or not all(_is_message(message) for message in messages):
        return _refused(400, "messages must be a list of objects with a role and a text as content.")
    if payload.get("stream"):
        return _refused(400, "The practice model does not stream.")
    system = "\n".join(message["content"] for message in messages if message["role"] in {"system", "developer"})
    said = [message["content"] for message in messages if message["role"] == "user"]
    # After an answer of the model's own comes what a reviewer wants changed in it.
    is_redo = any(message["role"] == "assistant" for message in messages)
    user, note = ("\n".join(said[:-1]), said[-1]) if is_redo else ("\n".join(said), "")
    content = _content(system, user, payload.get("response_format"), note)
    limit = payload.get("max_completion_tokens") or payload.get("max_tokens")
    finish_reason = "stop"
    if isinstance(limit, int) and len(content) > limit * _CHARACTERS_PER_TOKEN:
        content, finish_reason = content[: limit * _CHARACTERS_PER_TOKEN], "length"
    prompt_tokens, completion_tokens = _tokens(system + user + note), _tokens(content)
    return 200, {
        "id": f"chatcmpl-{hashlib.sha256(body).hexdigest()[:24]}",
        "object": "chat.completion",
        "created": created,
        "model": str(payload.get("model") or MODEL),
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": content, "refusal": None},
                "finish_reason": finish_reason,
            }
        ],
        "usage": {
            "prompt_tokens": prompt_tokens,
            "completion_tokens": completion_tokens,
            "total_tokens": prompt_tokens + completion_tokens,
        },
    }


def _is_message(message: Any) -> bool:
    return (
        isinstance(message, dict) and isinstance(message.get("role"), str) and isinstance(message.get("content"), str)
    )


def _tokens(text: str) -> int:
    return len(text) // _CHARACTERS_PER_TOKEN + 1


def _content(system: str, user: str, response_format: object, note: str) -> str:
    """Return the message: JSON in the schema that was asked for, else text."""
    wanted = response_format.get("json_schema") if isinstance(response_format, Mapping) else None
    schema = wanted.get("schema") if isinstance(wanted, Mapping) else None
    if not isinstance(schema, Mapping):
        return str(scripts.draft(system, user, note)["text"])
    offered = guessing.enumerated(schema)
    values = guessing.guesses(offered, system, user) if offered else scripts.draft(system, user, note)
    return json.dumps(fitted(schema, values), ensure_ascii=False)
