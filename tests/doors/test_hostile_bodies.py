"""The API's own document tells an attacker what to send: whatever fits or breaks its shapes, nothing fails inside."""

import json
from functools import cache
from typing import Any

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reviews.models import Review
from routing.models import WorkItem
from tests.doors.world import World, claim, rows_now, undone

ODD_TEXTS = [
    "",
    " ",
    "\u202e",
    "\uffff",
    "x" * 5000,
    "²",
    "D-1",
    "{{ item.text }}",
    "queue:support",
    "person:ada",
    "1e999",
]
ODD_NUMBERS = [-1, 0, 2**31, 2**63, 2**64, 10**400, 1e308, -0.0, 1.5]
texts = st.sampled_from(ODD_TEXTS) | st.text(max_size=12)
plain = st.none() | st.booleans() | st.sampled_from(ODD_NUMBERS) | texts
anything = st.recursive(
    plain, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3), max_leaves=8
)


@cache
def document() -> dict[str, Any]:
    """The API's description; made once, as it takes longer than what it is used for."""
    found: dict[str, Any] = json.loads(Client().get("/api/v1/openapi.json").content)
    return found


def shaped(schema: dict[str, Any], parts: dict[str, Any], depth: int = 0) -> st.SearchStrategy[Any]:
    """What fits a schema, with something else in its place now and then."""
    if "$ref" in schema:
        schema = parts[schema["$ref"].rpartition("/")[2]]
    if depth > 4:
        return anything
    options = schema.get("anyOf") or schema.get("oneOf")
    if options:
        return st.one_of(anything, *(shaped(one, parts, depth + 1) for one in options))
    if "enum" in schema:
        return st.sampled_from(schema["enum"]) | anything
    if schema.get("type") == "object" and "properties" in schema:
        fields = {name: shaped(part, parts, depth + 1) for name, part in schema["properties"].items()}
        return st.fixed_dictionaries({}, optional={**fields, "approved_by": texts, "state": texts}) | anything
    if schema.get("type") == "array":
        return st.lists(shaped(schema.get("items", {}), parts, depth + 1), max_size=3) | anything
    return anything


def operations() -> list[tuple[str, dict[str, Any]]]:
    """Every address that takes a body, with its schema."""
    found = []
    for path, verbs in document()["paths"].items():
        content = verbs.get("post", {}).get("requestBody", {}).get("content", {})
        if "application/json" in content:
            found.append((path, content["application/json"]["schema"]))
    return found


@pytest.mark.timeout(300)
@given(data=st.data())
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
def test_no_body_makes_the_api_fail(world: World, data: st.DataObject) -> None:
    path, schema = data.draw(st.sampled_from(operations()))
    body = data.draw(shaped(schema, document()["components"]["schemas"]))
    held = Review.objects.filter(item=world.items["refund"]).latest("pk")
    address = path.format(code=world.items["refund"].code, slug="support", review_id=held.pk)
    role = data.draw(st.sampled_from(["admin", "intake", "reviewer"]))
    with undone():
        if "verdict" in address and role == "admin" and isinstance(body, dict):
            held = claim(world, "refund", "admin")
            body |= {"epoch": held.epoch, "digest": held.digest}
        answer = world.program(role).post(
            address, json.dumps(body), content_type="application/json", headers={"Idempotency-Key": "one"}
        )
        assert answer.status_code < 500, (address, body)


@pytest.mark.parametrize("name", ["x" * 400, "a.b", "", "\u202e"])
@pytest.mark.parametrize("value", ["x" * 60_000, 10**400, [1] * 5000, {"number": "NaN"}, {"date": "x"}, {"a": 1}, None])
def test_no_result_of_a_task_makes_it_fail(world: World, name: str, value: object) -> None:
    admin, item = world.program("admin"), world.items["refund"]
    move = {"to": "queue:support", "version": item.version}
    assert _post(admin, f"/items/{item.code}/move", move).status_code == 200
    held = claim(world, "refund", "admin")
    body = {"verdict": "complete", "epoch": held.epoch, "digest": held.digest, "result": {name: value}}
    done = _post(admin, f"/reviews/{held.pk}/verdict", body)
    assert done.status_code in {200, 400, 422}
    assert admin.get(f"/api/v1/items/{item.code}").status_code == 200
    assert world.client("admin").get(f"/items/{item.code}/").status_code == 200


def _post(program: Client, path: str, body: object) -> Any:
    return program.post(f"/api/v1{path}", json.dumps(body), content_type="application/json")


@pytest.mark.parametrize(
    "query",
    [
        "cursor=YWZ0ZXI6OTk5OTk5OTk5OTk5OTk5OTk5OTk", "state=%00", "state=x", "type=%00", "q=%00", "q=%ED%A0%80",
        "cursor=%00", "cursor=x",
        "limit=0", "limit=-1", "limit=99999999999999999999", "limit=x", "limit=%00", "item=D-99999999999999999999",
        "item=%00", "queue=%00", "status=%00", "q=" + "x" * 3000, "q=D-999999999999999999",
    ],
)  # fmt: skip
def test_no_query_makes_the_api_fail(world: World, query: str) -> None:
    program = world.program("admin")
    item, review = world.items["refund"].code, world.review("refund").pk
    for path in ("items", f"items/{item}/events", f"items/{item}/decisions", "reviews", "queues", f"reviews/{review}"):
        assert program.get(f"/api/v1/{path}?{query}").status_code < 500, path


@pytest.mark.parametrize(
    "part", ["%00", "D-%00", "D-99999999999999999999", "99999999999999999999", "%ED%A0%80", "²", "-1", "x" * 3000]
)
def test_no_address_makes_the_api_fail(world: World, part: str) -> None:
    program = world.program("admin")
    for path in ("items/{}", "items/{}/events", "items/{}/move", "reviews/{}", "reviews/{}/claim", "queues/{}/claim"):
        address = f"/api/v1/{path.format(part)}"
        assert program.get(address).status_code in {404, 405}
        assert program.post(address, "{}", content_type="application/json").status_code in {404, 405, 422}, path


def test_a_million_keys_are_answered(world: World) -> None:
    raw = "{" + ",".join(f'"k{number}":0' for number in range(700_000)) + "}"
    before = rows_now()
    for role in ("intake", "admin"):
        answer = world.program(role).post(
            "/api/v1/items", raw, content_type="application/json", headers={"Idempotency-Key": "one"}
        )
        assert answer.status_code in {413, 422}
    assert rows_now() == before


def test_a_form_that_is_too_large_is_refused_in_words(world: World) -> None:
    answer = world.client("admin").post("/rulebooks/support/import/", {"content": "x" * 11_000_000})
    assert answer.status_code == 400
    assert "too large (at most 10 MB" in answer.content.decode()


def test_what_is_nobody_s_to_set_is_not_set_by_forms(world: World) -> None:
    extra = {
        "state": "done", "approved_by": "rule", "version": "9", "run": "7", "created_by": "1", "owner_name": "x",
        "owner_kind": "nobody", "channel": "api", "trigger_kind": "api", "moves_left": "30000", "intake_token_id": "1",
        "requester_token": "x", "is_superuser": "on", "is_staff": "on",
    }  # fmt: skip
    world.client("operator").post("/items/new/", {"key": "k", "title": "Form", "text": "B", **extra})
    form = {"key": "k2", "title": "Public", "text": "B", "requester_email": "kim@example.org"}
    world.client("anonymous").post("/r/new/support/", {**form, **extra, "type": "secret", "priority": "urgent"})
    made = WorkItem.objects.filter(title__in=["Form", "Public"]).order_by("title").select_related("work_type")
    olga = world.desk.people["olga"].pk
    told = [
        (i.state, i.version, i.run, i.created_by_id, i.channel, i.moves_left, i.priority, i.type_name) for i in made
    ]
    assert told == [
        ("incoming", 1, 1, olga, "web", 30, 1, "No type yet"),
        ("incoming", 1, 1, None, "public form", 30, 1, "Support"),
    ]
    ada = world.client("admin")
    ada.post("/settings/people/new/", {"username": "new", "role": "operator", "first_name": "N", **extra})
    person = world.desk.people["olga"].__class__.objects.get(username="new")
    assert (person.role, person.is_superuser, person.is_staff) == ("operator", False, False)


def test_nobody_makes_themselves_more_than_they_are(world: World) -> None:
    olga = world.desk.people["olga"]
    client = world.client("operator")
    client.post("/settings/people/password/", {"role": "admin", "is_superuser": "on", "username": "ada"})
    client.post(f"/settings/people/{olga.pk}/", {"role": "admin", "username": "olga"})
    olga.refresh_from_db()
    assert (olga.role, olga.is_superuser, olga.username) == ("operator", False, "olga")
