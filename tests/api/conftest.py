"""A desk with people and tokens, called as programs call it."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.test import Client

from dispatchdesk.accounts.models import User
from dispatchdesk.accounts.tokens import make_token
from reviews.models import Membership
from routing.domain.roles import Role
from tests.desks import TestDesk


@dataclass(frozen=True)
class Answer:
    """One answer: its status and what it says."""

    status: int
    body: Any
    headers: Any


class Program:
    """A program with a token."""

    def __init__(self, token: str, user: User) -> None:
        self.token, self.user, self._client = token, user, Client()

    def get(self, path: str, **query: str | int) -> Answer:
        """Read."""
        return self._answer(self._client.get(f"/api/v1{path}", query, headers=self._headers()))

    def post(self, path: str, body: object = None, *, key: str | None = None) -> Answer:
        """Send a body as JSON (bytes: as they are)."""
        raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        headers = self._headers() | ({"Idempotency-Key": key} if key is not None else {})
        return self._answer(
            self._client.generic("POST", f"/api/v1{path}", raw, content_type="application/json", headers=headers)
        )

    def send(self, key: str, text: str = "Where is it?", **more: object) -> Answer:
        """Send an item in."""
        return self.post("/items", {"title": "A request", "text": text, **more}, key=key)

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}

    def _answer(self, response: Any) -> Answer:
        content = response.content
        return Answer(response.status_code, json.loads(content) if content else None, response.headers)


MakeProgram = Callable[..., Program]


@pytest.fixture
def desk(transactional_db: None) -> TestDesk:
    """A desk with a Triage queue staffed by operators, and one called support."""
    made = TestDesk()
    made.queue("triage", staff_role="operator")
    made.queue("support", hold_seconds=60)
    return made


@pytest.fixture
def program(desk: TestDesk) -> MakeProgram:
    """Make a program that acts for a user with a role in these queues."""

    def make(name: str, role: Role, *queues: str) -> Program:
        user, _ = User.objects.get_or_create(username=name, defaults={"role": role.value})
        for slug in queues:
            Membership.objects.get_or_create(queue=desk.queues[slug], user=user)
        return Program(make_token(user=user, role=role, name=name), user)

    return make
