"""Whatever a tool answers, its step ends, what was sent stays on record and the item goes on."""

from typing import Any

import pytest
from pytest_django import Settings

from routing.models import Step
from tests.outgoing.scripted_server import ScriptedServer, json_reply, scripted_server
from tests.reviews.conftest import Bench, approve_write, bench, model, tools

__all__ = ["bench", "model", "tools"]

HOSTILE_ANSWERS: list[dict[str, Any]] = [
    {"k" * 400: "v"},
    {"a.b." * 100: "v"},
    {"total": {"amount": "lots", "currency": "EUR"}},
    {"total": {"amount": "NaN", "currency": "EUR"}},
    {"total": {"amount": "Infinity", "currency": "EUR"}},
    {"total": {"amount": "1e999999", "currency": "EUR"}},
    {"total": {"amount": True, "currency": "EUR"}},
    {"total": {"amount": 5, "currency": "E" * 9999}},
    {"n": 10**400},
    {"n": 1e308},
    {"list": [{"deep": [1]}, "x" * 30000]},
    {str(number): number for number in range(500)},
    {"": "empty", " ": "blank", "\u202e": "bidi"},
]


@pytest.mark.parametrize("answer", HOSTILE_ANSWERS, ids=range(len(HOSTILE_ANSWERS)))
def test_no_answer_of_a_tool_leaves_its_step_hanging(bench: Bench, answer: dict[str, Any], settings: Settings) -> None:
    with scripted_server([json_reply({"ok": True, **answer})]) as hostile:
        settings.DESK_ALLOW_HOSTS = [*settings.DESK_ALLOW_HOSTS, hostile.name]
        _read_then_write(bench, hostile)
        item = bench.let_it_leave(bench.decide_as(bench.item(), "approve"))
        assert len(hostile.received) == 2
        assert list(Step.objects.filter(item=item).values_list("status", flat=True)) == [Step.SUCCEEDED] * 2
        assert item.state in {"done", "in_review"}


def _read_then_write(bench: Bench, tools: ScriptedServer) -> None:
    bench.desk.destination("read", "tool", via="http", method="GET", url=f"{tools.url}/r")
    bench.desk.destination(
        "write", "tool", via="http", method="POST", effect="write", url=f"{tools.url}/w", body={"a": 1}
    )
    bench.desk.rules(
        "support",
        {"when": {"fact": "steps.read", "op": "missing"}, "then": {"do": "go", "to": ["read"]}},
        {"when": {"fact": "steps.write", "op": "missing"}, "then": approve_write("write")},
    )
