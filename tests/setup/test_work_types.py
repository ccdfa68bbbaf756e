"""Work types and what they ask for, in the browser's terms."""

from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from routing.domain.roles import Role
from routing.models import InputField, Rulebook, WorkType
from tests.desks import TestDesk, decide, fresh
from tests.setup.conftest import SignIn

pytestmark = pytest.mark.django_db

TYPE = {
    "name": "Support",
    "slug": "support",
    "service_level_minutes": "2 days",
    "question_due_minutes": "36 h",
    "move_limit": "20",
    "active": "on",
}
INPUT = {"label": "Order number", "name": "order_number", "kind": "text", "ask_requester": "on", "button": "save"}
ADDRESS = "/settings/types/"


def row(fact: str = "", op: str = "", value: str = "") -> dict[str, str]:
    """Return what one row of the condition posts."""
    parts = {"fact": fact, "other": "", "op": op, "value": value, "upper": ""}
    return {"g-groups": "1", "g0-match": "all"} | {f"g0-{name}": part for name, part in parts.items()}


def field(name: str) -> InputField:
    return InputField.objects.get(name=name)


def test_only_admins_change_work_types(desk: TestDesk, sign_in: SignIn) -> None:
    desk.work_type("support", {"name": "topic"})
    operator = sign_in(Role.OPERATOR)
    assert operator.get(f"{ADDRESS}support/").status_code == 200
    for path in ("new/", "support/edit/", "support/inputs/new/", "support/inputs/topic/"):
        assert operator.post(ADDRESS + path, TYPE | INPUT).status_code == 403
    assert operator.post(f"{ADDRESS}support/inputs/topic/change/", {"action": "remove"}).status_code == 403


def test_a_new_type_has_its_times_in_words_and_a_rulebook(admin: Client) -> None:
    admin.post(f"{ADDRESS}new/", TYPE)
    made = WorkType.objects.get(slug="support")
    assert (made.service_level_minutes, made.question_due_minutes, made.public_form) == (2880, 2160, False)
    assert Rulebook.objects.filter(work_type=made).exists()
    page = admin.get(f"{ADDRESS}support/").content.decode()
    assert "2 days" in page
    assert "36 hours" in page


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"slug": "first-look"}, "is taken"),
        ({"service_level_minutes": "soon"}, "Give a length of time, such as 90 minutes"),
        ({"service_level_minutes": "0"}, "Give 1 minute to 365 days"),
        ({"move_limit": "0"}, "greater than or equal to 1"),
    ],
)
def test_a_type_that_cannot_work_is_refused_and_kept(admin: Client, given: dict[str, str], words: str) -> None:
    answer = admin.post(f"{ADDRESS}new/", TYPE | given)
    assert answer.status_code == 422
    assert words in str(answer.context["form"].errors)
    [(name, value)] = given.items()
    assert answer.context["form"][name].value() == value


def test_a_type_may_be_seen_by_some_groups_only(desk: TestDesk, admin: Client, sign_in: SignIn) -> None:
    desk.work_type("support")
    group = Group.objects.create(name="Shop")
    admin.post(f"{ADDRESS}support/edit/", TYPE | {"groups": [group.pk]})
    operator = sign_in(Role.OPERATOR)
    assert operator.get(f"{ADDRESS}support/").status_code == 404
    assert operator.get("/rulebooks/support/").status_code == 404
    desk.people["operator"].groups.add(group)
    assert operator.get(f"{ADDRESS}support/").status_code == 200


def test_an_input_is_declared_with_the_condition_on_which_it_applies(desk: TestDesk, admin: Client) -> None:
    desk.work_type("support", {"name": "topic", "kind": "choice", "choices": ["refund", "delivery"]})
    post = INPUT | {"name": "amount", "label": "Refund amount", "kind": "money", "currency": "eur", "required": "on"}
    assert admin.post(f"{ADDRESS}support/inputs/new/", post | row("input.topic", "is", "refund")).status_code == 302
    made = field("amount")
    assert (made.currency, made.required, made.position) == ("EUR", True, 1)
    assert made.applies_when == {"all": [{"fact": "input.topic", "op": "is", "value": "refund"}]}
    assert "Applies when topic is refund" in admin.get(f"{ADDRESS}support/").content.decode()
    again = admin.get(f"{ADDRESS}support/inputs/amount/").context
    assert [(one.fact, one.op, one.value) for one in again["groups"][0].rows] == [("input.topic", "is", "refund")]


@pytest.mark.parametrize(
    ("given", "name", "words"),
    [
        ({"kind": "choice"}, "choices", "Name at least one choice."),
        ({"pattern": r"(?<=x)y"}, "pattern", "This pattern cannot be read"),
        ({"name": "Order Number"}, "name", "Use small letters"),
        ({"name": "topic"}, "name", "This type has an input of this name already."),
        (row("input.order_number", "known"), None, "An input cannot depend on itself."),
        (row("input.topic", "is", "nothing"), None, "please choose one of refund, delivery"),
    ],
)
def test_an_input_that_could_never_be_had_is_refused(
    desk: TestDesk, admin: Client, given: dict[str, str], name: str | None, words: str
) -> None:
    desk.work_type("support", {"name": "topic", "kind": "choice", "choices": ["refund", "delivery"]})
    answer = admin.post(f"{ADDRESS}support/inputs/new/", INPUT | given)
    assert answer.status_code == 422
    errors = answer.context["form"].errors
    assert words in (" ".join(errors[name]) if name else answer.content.decode())
    assert not InputField.objects.filter(label="Order number").exists()


def test_the_form_shows_what_a_kind_has_without_saving(desk: TestDesk, admin: Client) -> None:
    desk.work_type("support")
    answer = admin.post(f"{ADDRESS}support/inputs/new/", INPUT | {"kind": "choice", "button": "refresh"})
    shown = {one.name for one in answer.context["shown"]}
    assert "choices" in shown
    assert "currency" not in shown
    assert answer.context["form"]["label"].value() == "Order number"
    assert not InputField.objects.exists()


def test_inputs_are_put_in_order(desk: TestDesk, admin: Client) -> None:
    work_type = desk.work_type("support", {"name": "one"}, {"name": "two"}, {"name": "three"})

    def order() -> list[str]:
        return list(work_type.inputs.order_by("position").values_list("name", flat=True))

    admin.post(f"{ADDRESS}support/inputs/three/change/", {"action": "up"})
    assert order() == ["one", "three", "two"]
    admin.post(f"{ADDRESS}support/inputs/one/change/", {"action": "down"})
    assert order() == ["three", "one", "two"]
    admin.post(f"{ADDRESS}support/inputs/three/change/", {"action": "up"})
    assert order() == ["three", "one", "two"]


def test_an_input_that_something_reads_stays(desk: TestDesk, admin: Client) -> None:
    topic: dict[str, Any] = {"fact": "input.topic", "op": "known"}
    desk.work_type("support", {"name": "topic"}, {"name": "amount", "applies_when": topic}, {"name": "free"})
    desk.destination("note", "tool", via="http", method="GET", url="https://a.example.com/{{ input.amount }}")
    desk.rules("support", {"when": topic, "then": {"do": "go", "to": ["note"]}})
    answer = admin.post(f"{ADDRESS}support/inputs/topic/change/", {"action": "remove"}, follow=True)
    assert "topic is still needed by rule 1 of Support v1 and the input amount." in answer.content.decode()
    answer = admin.post(f"{ADDRESS}support/inputs/amount/change/", {"action": "remove"}, follow=True)
    assert "amount is still needed by Note." in answer.content.decode()
    admin.post(f"{ADDRESS}support/inputs/free/change/", {"action": "remove"})
    assert not InputField.objects.filter(name="free").exists()


def test_an_input_declared_here_is_found_in_a_request(desk: TestDesk, admin: Client) -> None:
    desk.work_type("support")
    admin.post(f"{ADDRESS}support/inputs/new/", INPUT | row() | {"pattern": r"\b(K-\d+)\b", "required": "on"})
    desk.rules(
        "support", {"when": {"fact": "input.order_number", "op": "is", "value": "K-7"}, "then": {"do": "finish"}}
    )
    item = desk.send("Where is K-7?", type="support")
    decide()
    assert fresh(item).state == "done"
