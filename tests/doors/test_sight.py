"""A type that names groups is seen by their members alone, wherever its items could show."""

import json
from typing import Any

import pytest

from reviews.actions import claiming
from reviews.models import Review
from reviews.queries.narrowing import Narrowing
from tests.doors.world import HIDDEN_TITLE, World, rows_now

OUTSIDERS = ["operator", "reviewer"]
# By which a page would name the type, or lead to it.
OF_TYPE = ("/secret/", 'value="secret"', "type=secret", ">Secret<")


def addresses(world: World) -> dict[str, list[str]]:
    """Every address that names the hidden item or its review, by method."""
    item, review = world.items["hidden"], world.review("hidden")
    file = item.files.get()
    base, page = f"/items/{item.code}/", f"/reviews/{review.pk}/"
    return {
        "get": [
            *(
                base,
                f"{base}?drawer=1",
                f"{base}move/",
                f"{base}inputs/",
                f"{base}files/{file.pk}/",
                page,
            ),
            *(f"{base}account/", f"{base}others/?rule=r1", f"{base}report/", f"{page}together"),
        ],
        "post": [
            *(f"{base}{verb}/" for verb in ("move", "notes", "answer", "inputs", "inputs/confirm", "report")),
            *(f"{page}{verb}" for verb in ("preview", "take", "renew", "give-back", "decide", "undo", "notes")),
            *(f"{page}{verb}" for verb in ("together", "together/undo")),
        ],
    }


def api_addresses(world: World) -> dict[str, list[str]]:
    item, review = f"/api/v1/items/{world.items['hidden'].code}", f"/api/v1/reviews/{world.review('hidden').pk}"
    return {
        "get": [item, f"{item}/events", f"{item}/decisions", review],
        "post": [f"{item}/{verb}" for verb in ("inputs", "move", "undo")]
        + [f"{review}/{verb}" for verb in ("claim", "renew", "release", "undo", "verdict")],
    }


BODIES = {
    "inputs": {"inputs": {"target": "x"}},
    "move": {"to": "state:done", "version": 2},
    "undo": {"version": 2},
    "verdict": {"verdict": "approve", "epoch": 0, "digest": "x"},
}


@pytest.mark.parametrize("role", OUTSIDERS)
def test_who_is_not_of_the_group_finds_nothing(world: World, role: str) -> None:
    client, program, before = world.client(role), world.program(role), rows_now()
    found = {}
    for method, paths in addresses(world).items():
        for path in paths:
            for headers in ({}, {"HX-Request": "true"}):
                answer = getattr(client, method)(path, headers=headers)
                found[method, path] = (answer.status_code, HIDDEN_TITLE in answer.content.decode())
    for method, paths in api_addresses(world).items():
        for path in paths:
            body = json.dumps(BODIES.get(path.rpartition("/")[2], {})) if method == "post" else {}
            answer = getattr(program, method)(path, body, content_type="application/json")
            found[method, path] = (answer.status_code, HIDDEN_TITLE in answer.content.decode())
    assert {key: what for key, what in found.items() if what != (404, False)} == {}
    assert rows_now() == before


@pytest.mark.parametrize("role", ["insider", "admin"])
def test_who_is_of_the_group_finds_it_all(world: World, role: str) -> None:
    client, program = world.client(role), world.program(role)
    statuses = [client.get(path).status_code for path in addresses(world)["get"]]
    statuses += [program.get(path).status_code for path in api_addresses(world)["get"]]
    assert set(statuses) == {200}


@pytest.mark.parametrize("role", OUTSIDERS)
def test_no_list_search_or_count_shows_it(world: World, role: str) -> None:
    client, program = world.client(role), world.program(role)
    hidden = world.items["hidden"]
    pages = [
        *("/", "/?q=zebra", f"/?q={hidden.code}", "/?part=counts", "/outbox/", "/reviews/"),
        *("/reviews/?queue=support", "/items/new/", "/items/new/?type=secret", "/rulebooks/", "/settings/types/"),
        "/settings/queues/support/",
        *(
            "/settings/queues/",
            "/moves/?items=D-1",
            f"/moves/?items={hidden.code}",
            "/views/",
        ),
        *("/palette/?q=zebra", "/palette/?q=secret", f"/palette/?q={hidden.code}", "/items/new/?type=support"),
        *("/rulebooks/support/versions/1/", "/rulebooks/support/facts/", "/rulebooks/support/examples/"),
        *("/insights/", "/insights/queues/support/", "/insights/places/refund/", "/notices/", "/notices/latest/"),
        *(f"/insights/{part}/figures.csv" for part in ("queues/support", "places/refund")),
        f"/reviews/{world.review('refund').pk}/together",
        f"/rulebooks/support/versions/1/try/?code={hidden.code}",
    ]
    telling = (HIDDEN_TITLE, "zebra", f'class="card-code">{hidden.code}<', f"/items/{hidden.code}/", *OF_TYPE)
    shown = []
    for path in pages:
        for headers in ({}, {"HX-Request": "true"}):
            answer = client.get(path, headers=headers).content.decode()
            shown += [(path, words) for words in telling if words in answer and words not in path]
    assert shown == []
    assert HIDDEN_TITLE not in client.get("/?type=secret").content.decode()
    for path in ("/rulebooks/secret/", "/settings/types/secret/", "/rulebooks/secret/versions/1/try/"):
        assert client.get(path).status_code == 404, path
    base = "/api/v1"
    for query in ("items", "items?q=zebra", f"items?q={hidden.code}", "items?type=secret", "reviews", "queues"):
        answer = program.get(f"{base}/{query}").content.decode()
        assert HIDDEN_TITLE not in answer
        assert f'"{hidden.code}"' not in answer
    assert program.get(f"{base}/reviews?item={hidden.code}").status_code == 404
    depth = {row["slug"]: row["depth"] for row in program.get(f"{base}/queues").json()}
    assert depth["support"] == Review.objects.filter(status="open", queue__destination__slug="support").count() - 1


def test_the_next_review_is_never_one_that_may_not_be_seen(world: World) -> None:
    Review.objects.exclude(item=world.items["hidden"]).delete()
    for role in OUTSIDERS:
        assert claiming.claim_next(actor=world.actors[role], narrowing=Narrowing(queue="support")) is None
        assert world.program(role).post("/api/v1/queues/support/claim").status_code == 204
        taken: Any = world.client(role).post("/reviews/next", {"queue": "support"})
        assert taken.headers["Location"].startswith("/reviews/?")
    assert world.program("insider").post("/api/v1/queues/support/claim").json()["item"] == world.items["hidden"].code


def test_who_leaves_the_group_loses_what_they_held(world: World) -> None:
    held = claiming.claim(actor=world.actors["insider"], review_id=world.review("hidden").pk)
    world.desk.people["ines"].groups.clear()
    path = f"/api/v1/reviews/{held.pk}/verdict"
    body = {"verdict": "approve", "epoch": held.epoch, "digest": held.digest}
    program = world.program("insider")
    assert program.post(path, json.dumps(body), content_type="application/json").status_code == 404


def test_nobody_sends_work_of_a_type_they_may_not_see(world: World) -> None:
    body = json.dumps({"title": "A", "text": "B", "type": "secret"})
    sent = {
        role: world.program(role)
        .post("/api/v1/items", body, content_type="application/json", headers={"Idempotency-Key": role})
        .status_code
        for role in ("operator", "reviewer", "intake", "insider")
    }
    assert sent == {"operator": 403, "reviewer": 403, "intake": 403, "insider": 201}


def test_a_key_used_again_shows_nothing_that_its_sender_may_see_no_more(world: World) -> None:
    program, key = world.program("insider"), {"Idempotency-Key": "one"}
    body = json.dumps({"title": HIDDEN_TITLE, "text": "B", "type": "secret"})
    assert program.post("/api/v1/items", body, content_type="application/json", headers=key).status_code == 201
    world.desk.people["ines"].groups.clear()
    again = program.post("/api/v1/items", body, content_type="application/json", headers=key)
    assert again.status_code == 403
    assert HIDDEN_TITLE not in again.content.decode()
