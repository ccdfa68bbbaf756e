"""A small desk to set up, and people signed in to it."""

from collections.abc import Callable

import pytest
from django.test import Client

from routing.domain.roles import Role
from tests.desks import TestDesk

SignIn = Callable[[Role], Client]


@pytest.fixture
def desk() -> TestDesk:
    made = TestDesk()
    made.queue("triage", staff_role="operator")
    made.queue("finance")
    return made


@pytest.fixture
def sign_in(desk: TestDesk) -> SignIn:
    """Return a client signed in as somebody with this role."""

    def signed_in(role: Role) -> Client:
        if role.value not in desk.people:
            desk.person(role.value, role)
        client = Client()
        client.force_login(desk.people[role.value])
        return client

    return signed_in


@pytest.fixture
def admin(sign_in: SignIn) -> Client:
    return sign_in(Role.ADMIN)
