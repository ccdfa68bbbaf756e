"""Random rulebooks and random answers: every item ends, stops, or reaches a person within its move limit."""

from itertools import cycle, islice
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from routing import transitions
from routing.actions import answering, publishing, recording, running, sweeping
from routing.actions.calling import RETRY, Result
from routing.domain.roles import DESK, Actor, Role
from routing.errors import Invalid
from routing.models import Destination, Event, Rulebook, Step, WorkItem, WorkType
from tests.desks import TestDesk, decide, fresh

pytestmark = pytest.mark.django_db(transaction=True)

MOVE_LIMIT = 8
FACTS = [
    "input.colour",
    "input.number",
    "item.priority",
    "steps.track",
    "steps.track.output.state",
    "steps.writer.output.text",
    "steps.refund",
    "reviews.triage.verdict",
    "source.orders.total",
    "router.type",
]
VALUES = ["red", "1", "high", "succeeded", "approved"]


def one_test() -> st.SearchStrategy[dict[str, Any]]:
    fact = st.sampled_from(FACTS)
    plain = st.builds(lambda name, op: {"fact": name, "op": op}, fact, st.sampled_from(["known", "missing"]))
    compared = st.builds(
        lambda name, op, value: {"fact": name, "op": op, "value": value},
        fact,
        st.sampled_from(["is", "is_not", "contains"]),
        st.sampled_from(VALUES),
    )
    return plain | compared


def conditions() -> st.SearchStrategy[dict[str, Any]]:
    return st.recursive(
        one_test() | st.just({"all": []}),
        lambda inner: (
            st.builds(
                lambda kind, parts: {kind: parts},
                st.sampled_from(["all", "any"]),
                st.lists(inner, min_size=1, max_size=3),
            )
            | st.builds(lambda part: {"not": part}, inner)
        ),
        max_leaves=4,
    )


OUTCOMES = st.sampled_from(
    [
        {"do": "go", "to": ["track"]},
        {"do": "go", "to": ["writer"]},
        {"do": "go", "to": ["triage"]},
        {"do": "go", "to": ["refund"], "approved_by": "rule"},
        {"do": "go", "to": ["refund"], "approved_by": "triage"},
        {"do": "escalate", "queue": "triage", "reason": "look"},
        {"do": "ask", "inputs": ["colour"]},
        {"do": "wait", "minutes": 1},
        {"do": "finish"},
        {"do": "stop", "reason": "no"},
    ]
)
RULES = st.lists(
    st.builds(lambda when, then: {"when": when, "then": then}, conditions(), OUTCOMES)
    | st.builds(lambda when: {"when": when, "set": {"priority": "high"}}, conditions()),
    max_size=6,
)
ANSWERS = st.lists(st.integers(0, 5), min_size=4, max_size=8)
MOST_TURNS = 60


@pytest.fixture
def desk() -> TestDesk:
    made = TestDesk()
    made.queue("triage", staff_role="operator")
    made.work_type(
        "support", {"name": "colour", "required": True}, {"name": "number", "kind": "number"}, move_limit=MOVE_LIMIT
    )
    made.destination("track", "tool", via="http", method="GET", url="http://127.0.0.1:9/x", effect="read")
    made.destination("writer", "agent", prompt="{{ item.text }}", schema={"properties": {"text": {"type": "string"}}})
    made.destination(
        "refund", "tool", via="http", method="POST", url="http://127.0.0.1:9/x", effect="write", rule_may_approve=True
    )
    made.destination("orders", "source", via="http", method="GET", url="http://127.0.0.1:9/{{ input.number }}")
    Rulebook.objects.create(work_type=WorkType.objects.get())
    made.person("fay", Role.REVIEWER, queues=tuple(made.queues))
    return made


def publish(rules: list[dict[str, Any]]) -> bool:
    numbered = [{"id": f"r{number}", **rule} for number, rule in enumerate(rules)]
    content = {"rules": numbered, "fallback_queue": "triage"}
    try:
        draft = publishing.save_draft(actor=DESK, rulebook_id=Rulebook.objects.get().pk, content=content)
        publishing.publish(actor=DESK, version_id=draft.pk, note="random", reason="a test")
    except Invalid:
        return False
    return True


def come_back(step: Step, answer: int) -> None:
    """End a step as the outside might: with an answer, with nothing, failing, or not to be known."""
    claimed = running._claim(step.pk)
    assert claimed is not None
    results = [
        Result(Step.SUCCEEDED, output={"text": "red", "state": "1", "total": 1, "label": "support"}),
        Result(Step.SUCCEEDED, missing=not step.writes, output={"state": "high"}),
        Result(Step.FAILED, cause="refused"),
        Result(RETRY, cause="unreachable", counts_against=False),
        Result(Step.UNKNOWN if step.writes else Step.SUCCEEDED),
        Result(Step.SUCCEEDED, output={}),
    ]
    recording.record(step.pk, claimed.step.attempts, results[answer])


def go_on(item: WorkItem, answer: int) -> None:
    """Let the world answer once: a step comes back, the requester answers, or time passes."""
    live = Step.objects.filter(item=item, status=Step.DUE).order_by("ordinal").first()
    if item.state == "working":
        assert live is not None, "a working item has a live step"
        now = transitions.database_now()
        Step.objects.filter(pk=live.pk).update(due_at=now)
        Destination.objects.update(probe_at=now)  # one that has failed too often is tried again by itself
        come_back(live, answer)
    elif item.wait_kind == "requester" and answer % 2:
        names = item.questions.get(status="open").names
        given = {
            name: ["1", "red", None][answer // 2] if name == "colour" else ["1", "2", None][answer // 2]
            for name in names
        }
        answering.answer(actor=Actor(Role.REQUESTER, "Kim"), item_id=item.pk, given=given)
    elif item.wait_kind == "requester":
        item.questions.filter(status="open").update(due_at=transitions.database_now())
        sweeping.sweep()
    else:
        WorkItem.objects.filter(pk=item.pk).update(wake_at=transitions.database_now())
        sweeping.sweep()


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.filter_too_much],
)
@given(rules=RULES, answers=ANSWERS)
def test_every_item_ends_or_reaches_a_person(desk: TestDesk, rules: list[dict[str, Any]], answers: list[int]) -> None:
    assume(publish(rules))
    item = desk.send("a red thing 1", type="support", requester_email="kim@example.org")
    for answer in islice(cycle(answers), MOST_TURNS):
        decide()
        item = fresh(item)
        if item.state in {"done", "stopped", "in_review"}:
            break
        go_on(item, answer)
    assert item.state in {"done", "stopped", "in_review"}
    if item.state == "in_review":
        review = item.reviews.get(status="open")
        assert review.cause != "error"
    moves = Event.objects.filter(item=item, kind__in=["send", "wait", "escalate"]).count()
    assert moves <= MOVE_LIMIT + 4
