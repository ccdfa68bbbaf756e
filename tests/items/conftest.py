"""A small desk with a type, rules and people, and a browser session for each of them."""

from collections.abc import Callable

import pytest
from django.test import Client

from routing.domain.roles import Role
from tests.desks import TestDesk

ORDER = {
    "name": "order_number",
    "label": "Order number",
    "required": True,
    "pattern": r"\b(K-\d+)\b",
    "hint": "It starts with K.",
}
TOPIC = {"name": "topic", "label": "Topic", "kind": "choice", "choices": ["delivery", "refund"], "required": True}
AMOUNT = {
    "name": "amount",
    "label": "Refund amount",
    "kind": "money",
    "currency": "EUR",
    "required": True,
    "applies_when": {"fact": "input.topic", "op": "is", "value": "refund"},
}


@pytest.fixture
def desk(transactional_db: None) -> TestDesk:
    """A support desk that asks for an order number, a topic, and for refunds the amount."""
    made = TestDesk()
    made.queue("triage", staff_role="operator")
    made.queue("support")
    made.work_type("support", ORDER, TOPIC, AMOUNT)
    made.destination("look", "tool", via="http", method="GET", url="https://example.org/{{ input.order_number }}")
    made.rules(
        "support",
        {
            "name": "Lawyers",
            "when": {"fact": "item.text", "op": "contains", "value": "lawyer"},
            "then": {"do": "escalate", "queue": "support", "reason": "a lawyer is mentioned"},
        },
        {"name": "Look it up", "when": {"all": []}, "then": {"do": "go", "to": ["look"]}},
    )
    made.person("olga", Role.OPERATOR)
    made.person("rene", Role.REVIEWER, queues=("support",))
    made.person("ada", Role.ADMIN)
    return made


@pytest.fixture
def signed_in(desk: TestDesk) -> Callable[[str], Client]:
    """A function that returns the session of a person of the desk."""

    def session(username: str) -> Client:
        client = Client()
        client.force_login(desk.people[username])
        return client

    return session
