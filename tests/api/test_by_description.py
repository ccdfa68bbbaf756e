"""Programs that follow the description at random: no answer outside it, with the token of each role."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import schemathesis
from django.conf import LazySettings
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections, transaction
from hypothesis import HealthCheck
from hypothesis import settings as how
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from routing.domain.roles import Role
from tests.api.conftest import MakeProgram
from tests.desks import TestDesk, decide

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
FEW = how(
    max_examples=15,
    stateful_step_count=8,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)


@contextmanager
def connection_kept() -> Iterator[None]:
    """Let no request close the connection, so that each story can be undone as a whole."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    try:
        yield
    finally:
        for signal in (request_started, request_finished):
            signal.connect(close_old_connections)


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.REVIEWER, Role.ADMIN, Role.INTAKE])
def test_no_answer_is_outside_the_description(
    desk: TestDesk, program: MakeProgram, role: Role, settings: LazySettings
) -> None:
    settings.API_REQUESTS_PER_SECOND = 1_000_000  # what is answered must not depend on how fast the story is replayed
    desk.work_type("support", {"name": "colour", "required": True})
    desk.rules("support", {"when": {"fact": "input.colour", "op": "is", "value": "red"}, "then": {"do": "finish"}})
    for number in range(3):
        desk.send(f"Request {number}", type="support")
    decide()
    token = program("someone", role).token
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", get_wsgi_application())
    schema.config.generation.update(with_security_parameters=False)

    class Machine(schema.as_state_machine()):  # type: ignore[misc]
        def setup(self) -> None:
            self.begun = transaction.savepoint()

        def teardown(self) -> None:
            transaction.savepoint_rollback(self.begun)

        def get_call_kwargs(self, case: Any) -> dict[str, Any]:  # noqa: ARG002 - schemathesis calls it so
            return {"headers": {"Authorization": f"Bearer {token}"}}

        def validate_response(self, response: Any, case: Any, **_given: Any) -> None:
            case.validate_response(response, checks=CHECKS)

    with connection_kept(), transaction.atomic():
        Machine.run(settings=FEW)
