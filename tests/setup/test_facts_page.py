"""The catalogue of facts: kinds, providers, values seen lately but nothing private, and the rules that read them."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from routing.domain.roles import Role
from routing.models import FactRevision, WorkType
from routing.queries.fact_catalogue import FactLine
from tests.desks import TestDesk, decide
from tests.setup.conftest import SignIn

pytestmark = pytest.mark.django_db

INPUTS = (
    {"name": "amount", "label": "Refund amount", "kind": "money", "currency": "EUR"},
    {"name": "topic", "label": "Topic", "kind": "choice", "choices": ["refund", "delivery"]},
    {"name": "mail", "label": "Mail", "kind": "email"},
)
RULE = {
    "when": {"any": [{"fact": f"input.{name}", "op": "known"} for name in ("amount", "topic", "mail")]},
    "then": {"do": "finish"},
}


@pytest.fixture(autouse=True)
def support(desk: TestDesk) -> WorkType:
    row = desk.work_type("support", *INPUTS)
    desk.rules("support", RULE)
    desk.work_type("other", *INPUTS)
    desk.rules("other", RULE)
    return row


def lines(client: Client, words: str = "") -> dict[str, FactLine]:
    groups = client.get("/rulebooks/support/facts/", {"q": words}).context["groups"]
    return {line.name: line for _, found in groups for line in found}


def test_a_fact_says_its_kind_its_provider_and_who_reads_it(admin: Client) -> None:
    found = lines(admin)
    amount = found["input.amount"]
    assert (amount.kind, amount.rules) == ("money in EUR", (1,))
    assert amount.provider == "from the request's own text, then the requester"
    assert found["input.topic"].kind == "one of refund, delivery"
    assert (found["item.tags"].kind, found["item.tags"].provider) == ("list of words", "always there")
    assert found["reviews.finance.verdict"].provider == "people of Finance, once they have decided"


def test_values_seen_lately_are_of_this_type_and_never_private(desk: TestDesk, admin: Client) -> None:
    for amount in (20, 30, 30):
        desk.send(f"{amount} EUR for kim@example.com", type="support", requester_name="Kim")
    desk.send("999 EUR", type="other")
    decide()
    found = lines(admin)
    assert found["input.amount"].seen == ("30 EUR", "20 EUR")
    assert "kim" not in admin.get("/rulebooks/support/facts/").content.decode().casefold()


def test_values_of_undeclared_fields_are_shown_unless_they_may_say_who_somebody_is(
    desk: TestDesk, admin: Client
) -> None:
    item = desk.send("20 EUR", type="support")
    given = {"status": "late", "paid": True, "contact": "kim@example.com", "customer_name": "Kim", "total": "20 EUR"}
    for seq, (field, value) in enumerate(given.items(), start=900):
        FactRevision.objects.create(
            item=item, seq=seq, run=1, name=f"source.shop.{field}", status="known", value=value, at=item.created_at
        )
    desk.destination(
        "shop", "source", via="http", method="GET", url="https://s.example/", fields=dict.fromkeys(given, "/")
    )
    found = lines(admin)
    seen = {field: found[f"source.shop.{field}"].seen for field in given}
    assert seen == {"status": ("late",), "paid": ("true",), "contact": (), "customer_name": (), "total": ("20 EUR",)}


def test_words_find_facts_and_nothing_found_says_so(admin: Client) -> None:
    assert set(lines(admin, "refund AMOUNT")) == {"input.amount"}
    assert "No fact is called so" in admin.get("/rulebooks/support/facts/", {"q": "pizza"}).content.decode()


def test_everybody_on_staff_reads_it_in_queries_that_do_not_grow(desk: TestDesk, sign_in: SignIn) -> None:
    operator = sign_in(Role.OPERATOR)

    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            assert operator.get("/rulebooks/support/facts/").status_code == 200
        return len(seen)

    desk.send("20 EUR", type="support")
    decide()
    queries()
    few = queries()
    for amount in range(5):
        desk.send(f"{amount} EUR", type="support")
    decide()
    assert queries() == few
