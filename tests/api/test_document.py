"""The API's document, its page, and that answers have the shapes it promises."""

import re

import jsonschema
import pytest
from django.test import Client

from routing.domain.roles import Role
from tests.api.conftest import MakeProgram
from tests.desks import TestDesk, decide

PATHS = {
    "/api/v1/items": {"get", "post"},
    "/api/v1/items/batch": {"post"},
    "/api/v1/items/{code}": {"get"},
    "/api/v1/items/{code}/events": {"get"},
    "/api/v1/items/{code}/decisions": {"get"},
    "/api/v1/items/{code}/inputs": {"post"},
    "/api/v1/items/{code}/move": {"post"},
    "/api/v1/items/{code}/undo": {"post"},
    "/api/v1/queues": {"get"},
    "/api/v1/queues/{slug}/claim": {"post"},
    "/api/v1/reviews": {"get"},
    "/api/v1/reviews/{review_id}": {"get"},
    "/api/v1/reviews/{review_id}/claim": {"post"},
    "/api/v1/reviews/{review_id}/renew": {"post"},
    "/api/v1/reviews/{review_id}/release": {"post"},
    "/api/v1/reviews/{review_id}/undo": {"post"},
    "/api/v1/reviews/{review_id}/verdict": {"post"},
}


def document() -> dict[str, dict[str, dict[str, dict[str, object]]]]:
    found: dict[str, dict[str, dict[str, dict[str, object]]]] = Client().get("/api/v1/openapi.json").json()
    return found


def test_the_document_lists_every_address(db: None) -> None:
    assert {path: set(methods) for path, methods in document()["paths"].items()} == PATHS


def test_answers_have_the_shapes_of_the_document(desk: TestDesk, program: MakeProgram) -> None:
    desk.work_type("support", {"name": "colour", "required": True})
    desk.rules("support", {"when": {"fact": "input.colour", "op": "is", "value": "red"}, "then": {"do": "finish"}})
    olga = program("olga", Role.OPERATOR)
    code = olga.send("one", type="support").body["code"]
    decide()
    review = olga.post("/queues/triage/claim").body
    answers = {
        "/items": olga.get("/items"),
        "/items/{code}": olga.get(f"/items/{code}"),
        "/items/{code}/events": olga.get(f"/items/{code}/events"),
        "/items/{code}/decisions": olga.get(f"/items/{code}/decisions"),
        "/queues": olga.get("/queues"),
        "/reviews": olga.get("/reviews"),
        "/reviews/{review_id}": olga.get(f"/reviews/{review['id']}"),
    }
    found = document()
    for path, answer in answers.items():
        schema = found["paths"][f"/api/v1{path}"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]  # type: ignore[index]
        jsonschema.validate(answer.body, {**schema, "components": found["components"]})
    problem = olga.get("/items/D-0").body
    jsonschema.validate(problem, {"$ref": "#/components/schemas/ProblemOut", "components": found["components"]})


def test_the_page_of_the_document_loads_nothing_from_elsewhere(db: None) -> None:
    sources = re.findall(r'(?:src|href|data-url)="([^"]+)"', Client().get("/api/v1/docs").content.decode())
    assert len(sources) >= 5
    for source in sources:
        assert source.startswith("/"), source
        assert not source.startswith("//"), source
        response = Client().get(source)
        assert response.status_code == 200, source
        response.close()


@pytest.mark.parametrize("path", sorted(PATHS))
def test_every_address_needs_a_token(db: None, path: str) -> None:
    for method in PATHS[path]:
        place = path.format(code="D-1", slug="triage", review_id=1) if "{" in path else path
        assert Client().generic(method.upper(), place).status_code == 401
