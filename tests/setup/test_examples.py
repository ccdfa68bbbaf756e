"""Examples: kept from a trial in one click, written by hand, and red ones that block publishing."""

from typing import Any

import pytest
from django.test import Client

from routing.actions.drafting import start_draft
from routing.actions.publishing import publish, save_draft
from routing.domain.roles import DESK, Role
from routing.errors import Invalid
from routing.models import Example, RulebookVersion, WorkType
from tests.desks import TestDesk, decide
from tests.setup.conftest import SignIn

pytestmark = pytest.mark.django_db

AMOUNT = {"name": "amount", "label": "Refund amount", "kind": "money", "currency": "EUR"}
OVER = {"fact": "input.amount", "op": "over", "value": {"amount": "200", "currency": "EUR"}}
BIG: dict[str, Any] = {
    "id": "r1",
    "when": OVER,
    "then": {"do": "escalate", "queue": "finance", "reason": "It is a lot"},
}
REST: dict[str, Any] = {"id": "r2", "when": {"all": []}, "then": {"do": "finish"}}
TRY = "/rulebooks/support/versions/1/try/"
FINANCE = '{"kind": "review", "queue": "finance"}'


@pytest.fixture(autouse=True)
def support(desk: TestDesk) -> WorkType:
    desk.person("staff", Role.REVIEWER, queues=("triage", "finance"))
    row = desk.work_type("support", AMOUNT)
    desk.rules("support", BIG, REST)
    return row


def draft(row: WorkType, *rules: dict[str, Any]) -> RulebookVersion:
    started = start_draft(actor=DESK, work_type_id=row.pk)
    content = {"rules": list(rules), "fallback_queue": "triage"}
    return save_draft(actor=DESK, rulebook_id=started.rulebook_id, content=content)


def test_a_tried_request_becomes_an_example_with_what_the_rules_read_alone(desk: TestDesk, admin: Client) -> None:
    item = desk.send("Refund 300 EUR", type="support", requester_email="kim@example.com", requester_name="Kim")
    decide()
    admin.post(f"{TRY}keep/", {"way": "request", "code": item.code, "moment": "first"})
    row = Example.objects.get()
    assert row.facts == {"input.amount": {"amount": "300", "currency": "EUR"}}
    assert (row.expected, row.item, row.name) == (
        {"kind": "review", "queue": "finance"},
        item,
        f"{item.code}: Finance decides",
    )
    [(result, address)] = admin.get("/rulebooks/support/examples/").context["lines"]
    assert result.green
    assert admin.get(address).context["trial"].answer == "Finance decides: It is a lot."


def test_rules_that_had_done_their_part_count_in_the_example(desk: TestDesk, admin: Client) -> None:
    item = desk.send("Refund 300 EUR", type="support")
    decide()
    admin.post(f"{TRY}keep/", {"way": "request", "code": item.code, "moment": "now"})
    row = Example.objects.get()
    assert (row.done, row.expected) == (["r1"], {"kind": "finish"})


def test_keeping_twice_gives_the_second_a_name_of_its_own(admin: Client) -> None:
    for _ in range(2):
        admin.post(f"{TRY}keep/", {"way": "facts", "facts": "input.amount: 300 EUR"})
    assert [row.name for row in Example.objects.all()] == ["Finance decides", "Finance decides 2"]


def test_a_red_example_blocks_publishing_until_rules_or_example_change(support: WorkType, admin: Client) -> None:
    admin.post(f"{TRY}keep/", {"way": "facts", "facts": "input.amount: 300 EUR"})
    made = draft(support, REST)
    [(result, _)] = admin.get("/rulebooks/support/examples/").context["lines"]
    assert (result.green, result.expected, result.actual) == (False, "Finance decides.", "It is finished.")
    answer = admin.post("/rulebooks/support/draft/publish/", {"note": "x", "revision": made.stamp})
    assert answer.status_code == 422
    assert "Examples do not come out as they must: “Finance decides”." in answer.content.decode()
    with pytest.raises(Invalid, match="Examples do not come out"):
        publish(actor=DESK, version_id=made.pk, note="x", reason="a test")
    row = Example.objects.get()
    post = {"name": row.name, "facts": "input.amount: 300 EUR", "expected": '{"kind": "finish"}'}
    assert admin.post(f"/rulebooks/support/examples/{row.pk}/", post).status_code == 302
    assert publish(actor=DESK, version_id=made.pk, note="x", reason="a test").number == 2


def test_an_example_is_written_by_hand_and_shown_again_as_typed(admin: Client) -> None:
    page = admin.get("/rulebooks/support/examples/new/")
    assert (FINANCE, "Finance decides.") in page.context["form"].choices
    post = {"name": "Big", "facts": "input.amount: 250,50 EUR\nitem.channel: web", "done": "r2", "expected": FINANCE}
    assert admin.post("/rulebooks/support/examples/new/", post).status_code == 302
    row = Example.objects.get()
    assert row.facts == {"input.amount": {"amount": "250.50", "currency": "EUR"}, "item.channel": "web"}
    form = admin.get(f"/rulebooks/support/examples/{row.pk}/").context["form"]
    assert (form.facts, form.done, form.expected) == (
        "input.amount: 250.50 EUR\nitem.channel: web",
        ["r2"],
        FINANCE,
    )


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"name": " "}, "Give it a name"),
        ({"name": "x" * 121}, "Give it a name"),
        ({"facts": "input.amount: lots"}, "Line 1: Refund amount"),
        ({"expected": ""}, "Choose what must come out."),
        ({"expected": "[" * 5_000}, "Choose what must come out."),
        ({"expected": '{"kind": ["x"]}'}, "Choose what must come out."),
        ({"name": "Taken"}, "There is an example “Taken” already."),
    ],
)
def test_what_cannot_be_kept_is_said_and_stays_on_the_page(admin: Client, changed: dict[str, str], error: str) -> None:
    good = {"name": "Taken", "facts": "input.amount: 1 EUR", "expected": '{"kind": "finish"}'}
    admin.post("/rulebooks/support/examples/new/", good)
    answer = admin.post("/rulebooks/support/examples/new/", {**good, "name": "New", **changed})
    assert answer.status_code == 422
    assert error in answer.content.decode()
    assert Example.objects.count() == 1


def test_only_admins_change_examples(sign_in: SignIn, admin: Client) -> None:
    admin.post(f"{TRY}keep/", {"way": "facts", "facts": "input.amount: 300 EUR"})
    row, operator = Example.objects.get(), sign_in(Role.OPERATOR)
    assert "Finance decides" in operator.get("/rulebooks/support/examples/").content.decode()
    for address in (f"{TRY}keep/", "/rulebooks/support/examples/new/", f"/rulebooks/support/examples/{row.pk}/delete/"):
        assert operator.post(address, {"facts": "input.amount: 1 EUR"}).status_code == 403
    assert admin.post(f"/rulebooks/support/examples/{row.pk}/delete/").status_code == 302
    assert not Example.objects.exists()


def test_an_example_of_another_rulebook_is_not_there(desk: TestDesk, admin: Client) -> None:
    desk.work_type("website")
    desk.rules("website", REST)
    admin.post(f"{TRY}keep/", {"way": "facts", "facts": "input.amount: 300 EUR"})
    row = Example.objects.get()
    assert admin.get(f"/rulebooks/website/examples/{row.pk}/").status_code == 404
    assert admin.post(f"/rulebooks/website/examples/{row.pk}/delete/").status_code == 404
