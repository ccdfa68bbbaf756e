"""Others like an item: by rule, by version of an AI agent, by day, and only those that somebody may see."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from routing.models import Decision, Step, WorkItem, WorkType
from tests.reviews.conftest import ALWAYS, Bench
from tests.reviews.test_account import corrected, hide, page_of
from tests.reviews.test_figures import client_of


def codes(client: Client, item: WorkItem, query: str) -> list[str]:
    response = client.get(f"/items/{item.code}/others/?{query}")
    return [one.item.code for one in response.context["others"].rows]


def test_others_are_those_of_the_same_rule_since_a_day_in_any_version(bench: Bench) -> None:
    item, client = corrected(bench), client_of(bench, "olu")
    same, old = bench.item(), bench.item()
    bench.decide_as(same, "reject")
    Decision.objects.filter(item=old).update(decided_at=timezone.now() - timedelta(days=40))
    rules: list[dict[str, Any]] = Decision.objects.filter(item=item).latest("pk").version.content["rules"]  # type: ignore[union-attr]
    bench.desk.rules("support", *rules)
    newer, other = bench.item(), bench.item(type="")
    assert codes(client, item, "rule=r2&book=support") == [newer.code, same.code]
    earlier = (timezone.localdate() - timedelta(days=60)).isoformat()
    assert codes(client, item, f"rule=r2&since={earlier}") == [newer.code, same.code, old.code]
    assert codes(client, item, f"rule=r2&since={(timezone.localdate() + timedelta(days=1)).isoformat()}") == []
    assert other.code not in codes(client, item, "rule=r1")
    page = page_of(client, item, "?rule=r2", "others")
    assert "Declined by ana" in page
    assert "Not decided yet" in page
    assert client.get(f"/items/{item.code}/others/?rule=r9").status_code == 404


def test_others_are_those_of_the_same_version_of_an_agent(bench: Bench) -> None:
    item, client = corrected(bench), client_of(bench, "olu")
    same = bench.item()
    bench.decide_as(same, "approve")
    bench.desk.destination("reply", "agent", system="You write better.", prompt="{{ item.text }}")
    newer = bench.item()
    assert codes(client, item, "agent=reply&version=1") == [same.code]
    assert codes(client, newer, "agent=reply&version=2") == []
    open_one = bench.item()
    page = page_of(client, item, "?agent=reply&version=1", "others")
    assert "Approved by ana" in page
    assert "Not decided yet" in page_of(client, open_one, "?agent=reply&version=2", "others")
    assert client.get(f"/items/{item.code}/others/?agent=reply&version=2").status_code == 404


def test_others_of_a_type_that_somebody_may_not_see_are_not_listed(bench: Bench) -> None:
    bench.desk.work_type("secret")
    bench.desk.rules(None, {"when": ALWAYS, "then": {"do": "go", "to": ["reply"]}})
    item, hidden = bench.item(type=""), bench.item(type="")
    WorkItem.objects.filter(pk=hidden.pk).update(work_type=WorkType.objects.get(slug="secret"))
    hide("secret")
    for query in ("rule=r1", "agent=reply&version=1"):
        assert codes(client_of(bench, "ben"), item, query) == []
        assert codes(client_of(bench, "ada"), item, query) == [hidden.code]


@pytest.mark.parametrize("query", ["rule=r1", "agent=reply&version=1"])
def test_others_come_in_pages_without_gaps(bench: Bench, query: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reviews.queries.others.PAGE_ROWS", 2)
    bench.desk.rules("support", {"when": ALWAYS, "then": {"do": "go", "to": ["reply"]}})
    items = [bench.item() for _ in range(6)]
    moment = Decision.objects.filter(item=items[0]).latest("pk").decided_at  # of several at once, the id decides
    Decision.objects.update(decided_at=moment)
    Step.objects.update(created_at=moment)
    client, found, address = client_of(bench, "olu"), [], query
    while address:
        response = client.get(f"/items/{items[0].code}/others/?{address}")
        found += [one.item.code for one in response.context["others"].rows]
        address = response.context["following"]
    assert found == [item.code for item in items[:0:-1]]


@pytest.mark.parametrize("day", ["yesterday", "1999-12-31", "2026-02-30", "9" * 20])
def test_a_day_that_is_none_is_said_and_the_usual_one_is_shown(bench: Bench, day: str) -> None:
    item = corrected(bench)
    same = bench.item()
    response = client_of(bench, "olu").get(f"/items/{item.code}/others/", {"rule": "r2", "since": day})
    assert response.status_code == 422
    assert "is no day since 2000" in response.content.decode()
    assert [one.item.code for one in response.context["others"].rows] == [same.code]


@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "~",
        "2026-11-25T10:00:00~5",
        "2026-11-25T10:00:00+00:00~²",
        "9999~" + "9" * 30,
        "0001-01-01T00:00:00+14:00~5",
    ],
)
def test_a_page_that_is_none_is_refused(bench: Bench, cursor: str) -> None:
    item = corrected(bench)
    response = client_of(bench, "olu").get(f"/items/{item.code}/others/", {"rule": "r2", "after": cursor})
    assert response.status_code == 422
    assert "cannot be read any more" in response.content.decode()


def test_without_a_rule_or_an_agent_it_says_where_to_begin(bench: Bench) -> None:
    item = corrected(bench)
    response = client_of(bench, "olu").get(f"/items/{item.code}/others/")
    assert response.status_code == 422
    assert "Open this list from the account" in response.content.decode()


@pytest.mark.parametrize("query", ["", "?rule=r2", "?agent=reply&version=1"])
def test_others_like_an_item_that_somebody_may_not_see_are_not_told(bench: Bench, query: str) -> None:
    item = corrected(bench)
    hide("support")
    assert client_of(bench, "ben").get(f"/items/{item.code}/others/{query}").status_code == 404


def test_a_page_of_any_offset_is_answered(bench: Bench) -> None:
    item = corrected(bench)
    response = client_of(bench, "olu").get(
        f"/items/{item.code}/others/", {"rule": "r2", "after": "2026-11-25T10:00:00+23:59~5"}
    )
    assert response.status_code == 200
