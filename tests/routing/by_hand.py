"""A desk whose people move items by hand, with items in every state."""

import threading
from collections.abc import Callable

import pytest
from django.db import connection

from dispatchdesk.runtime.environment import EmailServer
from routing.actions import moving, undoing
from routing.domain.roles import Actor, Role
from routing.errors import Conflict, Invalid
from routing.models import WorkItem
from tests.desks import TestDesk, decide, fresh

KIM = Actor(role=Role.REQUESTER, name="Kim")


@pytest.fixture
def desk() -> TestDesk:
    """A desk that asks for an order number, and sends what has one to a tool that reads."""
    made = TestDesk()
    made.queue("triage", staff_role="operator")
    made.queue("support")
    made.work_type("support", {"name": "order_number", "required": True, "pattern": r"\bK-\d+\b"})
    made.destination("look", "tool", via="http", method="GET", url="http://127.0.0.1:9/{{ input.order_number }}")
    made.rules(
        "support",
        {
            "id": "boss",
            "when": {"fact": "item.text", "op": "contains", "value": "boss"},
            "then": {"do": "escalate", "queue": "support", "reason": "the boss"},
        },
        {"id": "look", "when": {"fact": "input.order_number", "op": "known"}, "then": {"do": "go", "to": ["look"]}},
    )
    return made


@pytest.fixture
def olga(desk: TestDesk) -> Actor:
    return desk.person("olga", Role.OPERATOR)


@pytest.fixture
def rene(desk: TestDesk) -> Actor:
    return desk.person("rene", Role.REVIEWER, queues=("support",))


@pytest.fixture
def working(desk: TestDesk) -> WorkItem:
    item = desk.send("Where is K-1?", type="support")
    decide()
    return fresh(item)


@pytest.fixture
def asked(desk: TestDesk) -> WorkItem:
    item = desk.send("Where is it?", type="support", requester_email="kim@example.org")
    decide()
    return fresh(item)


@pytest.fixture
def in_review(desk: TestDesk, rene: Actor) -> WorkItem:
    item = desk.send("I know your boss", type="support")
    decide()
    return fresh(item)


@pytest.fixture
def server(settings) -> None:  # type: ignore[no-untyped-def]
    settings.EMAIL_SERVER = EmailServer("localhost", 25, "", "", use_tls=False, use_ssl=False)


def give(actor: Actor, item: WorkItem, to: str) -> WorkItem:
    return moving.move(actor=actor, item_id=item.pk, to=to, version=item.version)


def back(actor: Actor, item: WorkItem) -> WorkItem:
    return undoing.undo(actor=actor, item_id=item.pk, version=fresh(item).version)


STANDS = [
    *("state", "owner_kind", "owner_ref", "owner_name", "owner_since", "review_id", "review_queue", "review_label"),
    *("wait_kind", "wake_at", "closed_as", "duplicate_of", "run", "moves_left", "question_rounds"),
]


def stands(item: WorkItem) -> dict[str, object]:
    row = fresh(item)
    return {name: getattr(row, name) for name in STANDS} | {
        "steps": list(row.steps.exclude(status="cancelled").values("pk", "status", "due_at", "acting", "run", "error")),
        "questions": list(row.questions.order_by("pk").values("status", "remind_at", "closed_at")),
        "reviews": list(
            row.reviews.filter(status="open").values("pk", "assignee", "claimed_by", "lease_expires_at", "overflow_at")
        ),
    }


def at_once(*actions: Callable[[], object]) -> list[str]:
    barrier, outcomes = threading.Barrier(len(actions)), []

    def run(action: Callable[[], object]) -> None:
        barrier.wait()
        try:
            action()
            outcomes.append("moved")
        except (Conflict, Invalid) as refused:
            outcomes.append(type(refused).__name__)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(action,)) for action in actions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes
