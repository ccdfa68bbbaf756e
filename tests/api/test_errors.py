"""What the API refuses: every answer is a problem (RFC 9457), and nothing that is sent in makes it fail."""

import json
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pytest_django import Settings

from dispatchdesk.accounts.models import ApiToken
from routing.domain.roles import Role
from routing.models import WorkItem
from tests.api.conftest import Answer, MakeProgram, Program
from tests.desks import TestDesk


def assert_problem(answer: Answer, status: int) -> None:
    assert answer.status == status
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert {"type", "title", "status", "detail", "instance"} <= set(answer.body)
    assert answer.body["status"] == status


def test_without_a_token_that_is_valid_nothing_opens(desk: TestDesk, program: MakeProgram) -> None:
    shop = program("shop", Role.INTAKE)
    for token in ("", "wrong", "desk_" + "x" * 43, shop.token + "x", shop.token[:-1], "ü"):
        for answer in (Program(token, shop.user).get("/items"), Program(token, shop.user).send("one")):
            assert_problem(answer, 401)
            assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert Client().get("/api/v1/items", headers={"Authorization": f"Basic {shop.token}"}).status_code == 401


def test_a_token_ends_with_its_revocation_or_its_user(desk: TestDesk, program: MakeProgram) -> None:
    shop, mill = program("shop", Role.INTAKE), program("mill", Role.INTAKE)
    ApiToken.objects.filter(user=shop.user).update(revoked_at=timezone.now())
    mill.user.is_active = False
    mill.user.save()
    assert [shop.get("/items").status, mill.get("/items").status] == [401, 401]


def test_a_token_that_asks_too_often_waits_and_the_others_do_not(
    desk: TestDesk, program: MakeProgram, settings: Settings
) -> None:
    settings.API_REQUESTS_PER_SECOND = 3
    shop, mill = program("shop", Role.INTAKE), program("mill", Role.INTAKE)
    answers = [shop.get("/items") for _ in range(60)]
    refused = [answer for answer in answers if answer.status != 200]
    assert refused
    assert_problem(refused[0], 429)
    assert refused[0].headers["Retry-After"] == "1"
    assert mill.get("/items").status == 200


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"nonsense",
        b'{"title": "A", "text": NaN}',
        b'{"title": "A", "text": "B", "inputs": {"a": -Infinity}}',
        b'{"title": "A", "text": "B", "inputs": {"a": 1e999}}',
        b'{"title": "A\\u0000", "text": "B"}',
        b'{"title": "A", "text": "\\ud800"}',
        b'{"title": "A", "text": "B", "\\udfff": 1}',
        b'{"title": "A", "text": "B", "inputs": {"a": "\\u0000"}}',
        b'{"title": "A", "text": "\xff"}',
        b'{"title": "A", "text": "B", "inputs": {"a": ' + b"[" * 200 + b"]" * 200 + b"}}",
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"title": "A", "text": "B", "inputs": {"a": ' + b"9" * 5000 + b"}}",
    ],
)
def test_a_body_that_cannot_be_read_is_400(desk: TestDesk, program: MakeProgram, body: bytes) -> None:
    shop = program("shop", Role.INTAKE)
    assert_problem(shop.post("/items", body, key="one"), 400)
    assert_problem(shop.post("/items/batch", b'{"items": [' + body + b"]}" if body else b""), 400)
    assert not WorkItem.objects.exists()


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"text": "B"}, "/title"),
        ({"title": "A"}, "/text"),
        ({"title": " ", "text": "B"}, "/title"),
        ({"title": 1, "text": "B"}, "/title"),
        ({"title": "x" * 201, "text": "B"}, "/title"),
        ({"title": "A", "text": "x" * 100_001}, "/text"),
        ({"title": "A", "text": None}, "/text"),
        ({"title": "A", "text": "B", "priority": "soon"}, "/priority"),
        ({"title": "A", "text": "B", "type": "nonsense"}, "/type"),
        ({"title": "A", "text": "B", "type": "support", "inputs": {"colour": "red"}}, "/colour"),
        ({"title": "A", "text": "B", "inputs": {"colour": "red"}}, "/inputs"),
        ({"title": "A", "text": "B", "inputs": [1]}, "/inputs"),
        ({"title": "A", "text": "B", "requester": {"email": "no address"}}, "/requester/email"),
        ({"title": "A", "text": "B", "requester": 5}, "/requester"),
        ([], ""),
        ("text", ""),
    ],
)
def test_a_field_that_does_not_fit_is_422_with_its_pointer(
    desk: TestDesk, program: MakeProgram, body: Any, pointer: str
) -> None:
    desk.work_type("support")
    answer = program("shop", Role.INTAKE).post("/items", body, key="one")
    assert_problem(answer, 422)
    assert [error["pointer"] for error in answer.body["errors"]] == [pointer]
    assert not WorkItem.objects.exists()


def test_fields_that_are_nobody_s_to_set_are_never_applied(desk: TestDesk, program: MakeProgram) -> None:
    shop = program("shop", Role.INTAKE)
    extra: dict[str, Any] = {
        "state": "done",
        "version": 9,
        "approved_by": "rule",
        "run": 5,
        "created_by": 1,
        "tags": ["x"],
    }
    assert shop.send("one", **extra).status == 201
    item = WorkItem.objects.get()
    assert (item.state, item.version, item.run, item.tags) == ("incoming", 1, 1, [])


def test_a_body_with_very_many_keys_is_refused_or_taken_never_an_error(desk: TestDesk, program: MakeProgram) -> None:
    desk.work_type("support")
    many = {f"k{number}": number for number in range(200_000)}
    shop = program("shop", Role.INTAKE)
    assert shop.send("one", type="support", inputs=many).status == 422
    assert shop.post("/items", b'{"title": "A", "text": "' + b"x" * 11_000_000 + b'"}', key="two").status == 413


def test_an_address_or_method_that_is_none_is_told(desk: TestDesk, program: MakeProgram) -> None:
    olga = program("olga", Role.OPERATOR)
    assert_problem(olga.get("/nothing/here"), 404)
    assert Client().delete("/api/v1/items").status_code == 405


_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)
_names = st.sampled_from(["amount", "count", "day", "mail", "site", "colour", "pick", "file"])


@pytest.fixture
def typed(desk: TestDesk, program: MakeProgram) -> Program:
    """A program on a desk with a type that has an input of every kind."""
    desk.work_type(
        "support",
        {"name": "amount", "kind": "money", "currency": "EUR"},
        {"name": "count", "kind": "number"},
        {"name": "day", "kind": "date"},
        {"name": "mail", "kind": "email"},
        {"name": "site", "kind": "url"},
        {"name": "colour", "kind": "long_text"},
        {"name": "pick", "kind": "choice", "choices": ["red", "green"]},
        {"name": "file", "kind": "file"},
    )
    return program("shop", Role.INTAKE)


@given(inputs=st.dictionaries(_names, _values, max_size=4))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_value_of_an_input_makes_it_fail(typed: Program, inputs: dict[str, object]) -> None:
    key = json.dumps(inputs, sort_keys=True)[:255]
    answer = typed.send(key, type="support", inputs=inputs)
    assert answer.status in {200, 201, 400, 409, 422}, answer.body
