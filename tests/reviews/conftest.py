"""A desk with people, queues, an agent and writing tools at real local servers, whose items stop for a person."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from pytest_django import Settings

from reviews.actions import claiming, judging
from reviews.actions.judging import Judgement
from reviews.models import Queue, Review, Verdict
from routing.actions import answering, running
from routing.domain.roles import Actor, Role
from routing.models import Step, WorkItem
from tests.desks import TestDesk, decide, fresh
from tests.outgoing.scripted_server import ScriptedServer, completion, json_reply, scripted_server

ALWAYS: dict[str, Any] = {"all": []}
ORDER = {"name": "order_number", "required": True, "pattern": r"\b(K-\d+)\b"}
DRAFT = "Hello Kim, your refund is on its way."


@dataclass
class Bench:
    """The desk, its people as actors, and the servers its agent and tools are at."""

    desk: TestDesk
    model: ScriptedServer
    tools: ScriptedServer
    people: dict[str, Actor] = field(default_factory=dict)

    def item(self, text: str = "Please refund my order K-10234", **given: Any) -> WorkItem:
        """Receive a support request and let the desk work on it until it stops for a person or ends."""
        options = {"type": "support", "requester_name": "Kim", "requester_email": "kim@example.org"}
        item = self.desk.send(text, **{**options, **given})
        return self.go_on(item)

    def go_on(self, item: WorkItem) -> WorkItem:
        """Decide and run what is due until nothing is."""
        for _ in range(20):
            decide()
            due = Step.objects.filter(item=item, status=Step.DUE, due_at__isnull=False)
            ran = [running.run_step(step.pk) for step in due]
            if not any(ran):
                break
        return fresh(item)

    def review(self, item: WorkItem) -> Review:
        """Return the item's open review."""
        return Review.objects.get(item=item, status=Review.OPEN)

    def claim(self, item: WorkItem, who: str = "ana") -> Review:
        """Claim the item's open review for somebody."""
        return claiming.claim(actor=self.people[who], review_id=self.review(item).pk)

    def judge(self, review: Review, kind: str, who: str = "ana", **judgement: Any) -> Verdict:
        """Decide a review as somebody saw it."""
        return judging.judge(
            actor=self.people[who],
            review_id=review.pk,
            epoch=review.epoch,
            digest=review.digest,
            judgement=Judgement(kind, **judgement),
        )

    def decide_as(self, item: WorkItem, kind: str, who: str = "ana", **judgement: Any) -> WorkItem:
        """Claim and decide the item's open review; returns the item as it is then, nothing run yet."""
        self.judge(self.claim(item, who), kind, who, **judgement)
        return fresh(item)

    def answer(self, item: WorkItem, **given: str) -> None:
        """Answer the requester's open question."""
        answering.answer(actor=Actor(Role.REQUESTER, "Kim"), item_id=item.pk, given=given)

    def last_verdict(self, item: WorkItem) -> Verdict:
        """Return what was decided last on the item."""
        return Verdict.objects.filter(review__item=item, undone_at__isnull=True).latest("pk")

    def let_it_leave(self, item: WorkItem) -> WorkItem:
        """Let the undo time of a held effect pass, and go on."""
        Step.objects.filter(item=item, status=Step.DUE, due_at__isnull=False).update(due_at=item.created_at)
        return self.go_on(item)


@pytest.fixture
def model() -> Iterator[ScriptedServer]:
    with scripted_server([completion(json.dumps({"text": DRAFT}))]) as server:
        yield server


@pytest.fixture
def tools() -> Iterator[ScriptedServer]:
    with scripted_server([json_reply({"ok": True, "id": "R-1"})]) as server:
        yield server


def make_bench(model: ScriptedServer, tools: ScriptedServer, settings: Settings) -> Bench:
    """Make the desk: an agent *reply*, the writes *refund* and *send*, the reading tool *track*."""
    settings.DESK_ALLOW_HOSTS = [model.name, tools.name]
    settings.AI_BASE_URL, settings.AI_MODEL = f"{model.url}/v1", "scripted-1"
    desk = TestDesk()
    desk.queue("triage", staff_role="operator")
    for slug in ("support", "finance"):
        desk.queue(slug)
    desk.work_type("support", ORDER, {"name": "amount", "kind": "money", "currency": "EUR"})
    schema = {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]}
    desk.destination("reply", "agent", system="You write replies.", prompt="{{ item.text }}", schema=schema)
    write = {"via": "http", "method": "POST", "effect": "write", "timeout_seconds": 2}
    success = {"path": "ok", "equals": "true"}
    desk.destination(
        "refund", "tool", **write, success=success, url=f"{tools.url}/refunds",
        headers={"X-Order": "{{ input.order_number }}"},
        body={"order": "{{ input.order_number }}", "note": "{{ steps.reply.output.text? }}"},
    )  # fmt: skip
    desk.destination(
        "send", "tool", **write, success=success, url=f"{tools.url}/letters", body={"to": "{{ item.requester_email }}"}
    )
    desk.destination("track", "tool", via="http", method="GET", url=f"{tools.url}/parcels/{{{{ input.order_number }}}}")
    people = {
        "ana": desk.person("ana", Role.REVIEWER, queues=("support", "finance")),
        "ben": desk.person("ben", Role.REVIEWER, queues=("support",)),
        "olu": desk.person("olu", Role.OPERATOR),
        "ada": desk.person("ada", Role.ADMIN),
    }
    return Bench(desk, model, tools, people)


@pytest.fixture
def bench(model: ScriptedServer, tools: ScriptedServer, settings: Settings, transactional_db: None) -> Bench:
    return make_bench(model, tools, settings)


DRAFT_FIRST = {"when": {"fact": "steps.reply", "op": "missing"}, "then": {"do": "go", "to": ["reply"]}}


def after(step: str, outcome: dict[str, Any]) -> dict[str, Any]:
    """Return a rule that does something once a step is there."""
    return {"when": {"fact": f"steps.{step}", "op": "known"}, "then": outcome}


def approve_write(*slugs: str, queue: str = "support") -> dict[str, Any]:
    return {"do": "go", "to": list(slugs), "approved_by": queue}


@pytest.fixture
def pair(bench: Bench) -> Bench:
    """A support queue where two must approve, and a refund that waits in it."""
    Queue.objects.filter(destination__slug="support").update(eyes=2)
    bench.people["cat"] = bench.desk.person("cat", Role.REVIEWER, queues=("support",))
    bench.desk.rules("support", DRAFT_FIRST, after("reply", approve_write("refund")))
    return bench
