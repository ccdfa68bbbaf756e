"""Every route x role x method: who gets in, who is sent away and how; and looking changes nothing."""

import json
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client

from dispatchdesk.models import SavedView
from reviews.actions.wishes import stop_token
from reviews.models import Calendar
from routing.models import Backtest, Event, Example
from tests.doors.route_table import ADMIN_PAGES, API, PAGES, WITHOUT_PAGE, Row, all_routes, filled
from tests.doors.world import ROLES, World, newest_version, rows_now, undone

pytestmark = pytest.mark.timeout(300)

REFUSED = frozenset({401, 403, 404, 405})


def test_every_route_has_a_row() -> None:
    routes = set(all_routes())
    admin = {route.removeprefix("admin/") for route in routes if route.startswith("admin/")}
    programs = {route.removeprefix("api/v1/") for route in routes if route.startswith("api/v1/")}
    assert admin == set(ADMIN_PAGES)
    assert programs == set(API)
    assert {route for route in routes if not route.startswith(("admin/", "api/v1/"))} == set(PAGES)


def values_for(world: World, row: Row, route: str) -> dict[str, object]:
    item = world.items[row.item]
    slug = "refund" if "destinations/" in route or "places/" in route else "support"
    return {
        "code": item.code,
        "slug": slug,
        "number": newest_version("refund") if slug == "refund" else 1,
        "rule_id": "r1",
        "example_id": Example.objects.get().pk,
        "backtest_id": Backtest.objects.get().pk,
        "kind": "tool-http",
        "form": "yaml",
        "name": "order_number",
        "token": stop_token(world.desk.people["rene"].pk, None) if route in WITHOUT_PAGE else world.link(row.item),
        "calendar_id": Calendar.objects.get().pk,
        "view_id": SavedView.objects.get().pk,
        "review_id": world.review("refund").pk,
        "user_id": world.desk.people["rene"].pk,
        "file_id": world.items["refund"].files.get().pk,
    }


def page_verdict(response: Any, role: str, allowed: frozenset[str] | None) -> bool:
    """Whether a page answered this role as its row says."""
    status: int = response.status_code
    to_sign_in = status == 302 and response.headers["Location"].startswith("/sign-in/?next=")
    if allowed is None:
        return status == 405
    if role in allowed:
        return status < 500 and status not in REFUSED and not to_sign_in
    if allowed and role in {"anonymous", "intake", "requester"}:
        return to_sign_in
    return status == 403 if allowed else status == 404 or to_sign_in


def test_every_page_lets_in_whom_its_row_names(world: World) -> None:
    wrong = []
    readers = {role: world.client(role) for role in ROLES}
    for route, row in PAGES.items():
        path, before = filled(route, values_for(world, row, route)), rows_now()
        for role, reader in readers.items():
            got = reader.get(path)
            _drain(got)
            if not page_verdict(got, role, row.get):
                wrong.append(("GET", route, role, got.status_code))
        if rows_now() != before:
            wrong.append(("GET", route, "changed something", 0))
        for role in ROLES:
            with undone():
                posted = world.client(role).post(path, row.body)
                if not page_verdict(posted, role, row.post):
                    wrong.append(("POST", route, role, posted.status_code))
    assert wrong == []


def _drain(response: Any) -> None:
    if getattr(response, "streaming", False):
        assert b"".join(response.streaming_content)


def api_verdict(status: int, role: str, row: Row, allowed: frozenset[str] | None) -> bool:
    """Whether the API answered this role as its row says."""
    if allowed is None:
        return status == 405
    if role in allowed:
        return status < 500 and status not in REFUSED
    if role in row.hidden:
        return status == 404
    return status == (401 if role in {"anonymous", "requester"} else 403)


def test_every_address_of_the_api_lets_in_whom_its_row_names(world: World) -> None:
    wrong = []
    for route, row in API.items():
        path, before = filled(f"api/v1/{route}", values_for(world, row, route)), rows_now()
        for role in ROLES:
            got = world.program(role).get(path)
            if not api_verdict(got.status_code, role, row, row.get):
                wrong.append(("GET", route, role, got.status_code))
        if rows_now() != before:
            wrong.append(("GET", route, "changed something", 0))
        if route in {"openapi.json", "docs"}:
            continue  # shown by any method, and the same
        for role in ROLES:
            with undone():
                status = _posted(world, role, path, row)
                if not api_verdict(status, role, row, row.post):
                    wrong.append(("POST", route, role, status))
    assert wrong == []


def _posted(world: World, role: str, path: str, row: Row) -> int:
    body = {**row.body, "version": world.items[row.item].version} if "version" in row.body else row.body
    headers = {"Idempotency-Key": "one"} if path.endswith("/items") else {}
    program = world.program(role)
    return program.post(path, json.dumps(body), content_type="application/json", headers=headers).status_code


def test_no_session_opens_the_api(world: World) -> None:
    for route, row in API.items():
        if row.get and "anonymous" not in row.get:
            path = filled(f"api/v1/{route}", values_for(world, row, route))
            assert world.client("admin").get(path).status_code == 401, route


@pytest.mark.parametrize("role", ROLES)
def test_the_record_pages_are_for_admins_and_change_nothing(world: World, role: str) -> None:
    wrong = []
    client = world.client(role)
    before = rows_now()
    for route, allowed in ADMIN_PAGES.items():
        path = _admin_path(world, route)
        got: HttpResponse = client.get(path, follow=True)  # type: ignore[assignment]
        inside = got.status_code == 200 and (b"site-name" in got.content or "javascript" in got.headers["Content-Type"])
        if (role in allowed) != inside and not (route in {"login/", "logout/"} and role == "admin"):
            wrong.append((route, got.status_code))
    assert wrong == []
    assert rows_now() == before


def _admin_path(world: World, route: str) -> str:
    model = route.split("/")[1] if "/" in route else ""
    ids: dict[str, object] = {
        "workitem": world.items["refund"].pk,
        "review": world.review("refund").pk,
        "user": world.desk.people["rene"].pk,
        "group": world.desk.people["ines"].groups.get().pk,
        "apitoken": world.desk.people["rene"].api_tokens.get().pk,
        "event": Event.objects.filter(item=world.items["refund"]).latest("seq").pk,
        "decision": world.items["refund"].decisions.latest("pk").pk,
        "factrevision": world.items["refund"].facts.latest("pk").pk,
    }
    route = route.replace("^(?P<app_label>routing|reviews|auth|accounts)/$", "routing/").replace(
        "(?P<url>.*)$", "nothing/"
    )
    found = ids.get(model, 1)
    return filled(f"admin/{route}", {"object_id": found, "id": found, "content_type_id": 1})


RECORDS = [route for route in ADMIN_PAGES if route.startswith(("routing/", "reviews/")) and "<path" in route]


def test_nobody_posts_past_the_law_through_the_record_pages(world: World) -> None:
    client, before = world.client("admin"), rows_now()
    for route in RECORDS:
        client.post(_admin_path(world, route), {"state": "done", "status": "decided", "post": "yes"})
    assert rows_now() == before


@pytest.mark.parametrize("role", ["operator", "reviewer", "admin"])
def test_posts_of_people_need_the_token_of_their_page(world: World, role: str) -> None:
    client = world.client(role, strict=True)
    wrong, before = [], rows_now()
    for route, row in PAGES.items():
        if row.post is not None and route not in WITHOUT_PAGE:
            got = client.post(filled(route, values_for(world, row, route)), row.body)
            if got.status_code != 403:
                wrong.append((route, got.status_code))
    assert wrong == []
    assert rows_now() == before


def test_posts_of_nobody_in_particular_need_the_token_of_their_page(world: World) -> None:
    client = Client(enforce_csrf_checks=True)
    for route in ("sign-in/", "sign-in/as/", "r/new/<slug:slug>/", "r/<str:token>/", "r/<str:token>/again/"):
        assert client.post(filled(route, values_for(world, PAGES[route], route))).status_code == 403, route
