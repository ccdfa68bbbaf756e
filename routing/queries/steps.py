"""Steps as people read them: what was sent, what came back, and what it took."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from routing.domain.causes import cause_words
from routing.models import Step, WorkItem

_WORDS = {
    Step.DUE: "due",
    Step.RUNNING: "under way",
    Step.SUCCEEDED: "done",
    Step.FAILED: "did not work",
    Step.UNKNOWN: "outcome not known",
    Step.CANCELLED: "stopped before it was sent",
}
_NOT_SHOWN = frozenset({"digest", "version_id", "credential", "via", "destination", "name", "with"})


@dataclass(frozen=True, slots=True)
class StepLine:
    """One step: ``sent`` and ``output`` are texts shown as they are; ``effort`` says attempts, time and tokens."""

    id: int
    name: str
    kind: str
    version: int
    status: str
    words: str
    at: datetime
    sent: str
    output: str
    response: str
    error: str
    effort: str


def steps_of(item: WorkItem) -> list[Step]:
    """Return the item's steps with their destinations, oldest first, in one query."""
    return list(Step.objects.filter(item=item).select_related("destination", "version").order_by("pk"))


def step_name(step: Step) -> str:
    """Return what people call a step: its destination, or the AI router or reader."""
    return step.destination.name if step.destination else f"AI {step.name}"


def step_words(step: Step) -> str:
    """Return how a step stands, in words."""
    return _WORDS[step.status]


def step_line(step: Step) -> StepLine:
    """Return a step as people read it."""
    return StepLine(
        id=step.pk,
        name=step_name(step),
        kind=step.kind,
        version=step.version.number if step.version else 0,
        status=step.status,
        words=step_words(step),
        at=step.created_at,
        sent=sent_words(step.request or {}),
        output=_pretty(step.output) if step.output else "",
        response="" if step.output else step.response,
        error=step.error or (cause_words(step.cause) if step.status in {Step.FAILED, Step.UNKNOWN} else ""),
        effort=_effort(step),
    )


def output_words(step: Step) -> str:
    """Return what a step yielded as a text: its one text, else all of it as JSON; empty when there is none."""
    output = step.output or {}
    if len(output) == 1 and all(isinstance(value, str) for value in output.values()):
        return str(next(iter(output.values())))
    return _pretty(output) if output else ""


def sent_words(request: Mapping[str, object]) -> str:
    """Return a stored request as a text: the mail, the HTTP request or the messages to a model; without secrets."""
    if request.get("via") == "mail":
        return f"To: {request.get('to')}\nSubject: {request.get('subject')}\n\n{request.get('text')}"
    if "method" in request:
        headers = request.get("headers")
        lines = [f"{name}: {value}" for name, value in headers.items()] if isinstance(headers, dict) else []
        return "\n".join(
            [f"{request['method']} {request.get('url')}", *lines, "", str(request.get("body") or "")]
        ).strip()
    messages = request.get("messages")
    if isinstance(messages, list):
        return "\n\n".join(f"{one.get('role')}:\n{one.get('content')}" for one in messages if isinstance(one, dict))
    rest = {name: value for name, value in request.items() if name not in _NOT_SHOWN}
    return _pretty(rest) if rest else ""


def _pretty(data: object) -> str:
    return json.dumps(data, indent=2, ensure_ascii=False)


def _effort(step: Step) -> str:
    parts = []
    if step.attempts:
        parts.append("1 attempt" if step.attempts == 1 else f"{step.attempts} attempts")
    if step.elapsed_ms:
        parts.append(f"{step.elapsed_ms / 1000:.1f} s" if step.elapsed_ms >= 100 else f"{step.elapsed_ms} ms")
    if step.tokens_in or step.tokens_out:
        parts.append(f"{step.tokens_in:,} tokens in, {step.tokens_out:,} out")
    return ", ".join(parts)
