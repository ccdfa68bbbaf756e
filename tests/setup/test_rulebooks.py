"""Rulebooks in the browser's terms: reading, editing a draft, publishing, going back, trying."""

import pytest
from django.test import Client

from routing.actions.drafting import start_draft
from routing.domain.catalogue import Catalogue
from routing.domain.roles import DESK, Role
from routing.domain.rules import All, Finish, Rule
from routing.domain.rules import Rulebook as Rules
from routing.models import RulebookVersion, WorkItem, WorkType
from routing.queries.rulebooks import draft_changes
from tests.desks import TestDesk, decide
from tests.setup.conftest import SignIn
from tests.setup.rule_forms import FINISH, draft_of, rule_post, rules_of, start, support_desk

pytestmark = pytest.mark.django_db


@pytest.fixture
def support(desk: TestDesk) -> WorkType:
    return support_desk(desk)


def test_everybody_reads_the_rules_as_sentences(support: WorkType, sign_in: SignIn) -> None:
    for role in (Role.OPERATOR, Role.REVIEWER, Role.ADMIN):
        page = sign_in(role).get("/rulebooks/support/").content.decode()
        assert "When Refund amount is over 200 EUR, let Finance decide: It is a lot." in page
        assert ("Edit the rules" in page) is (role is Role.ADMIN)


def test_only_admins_change_rules(support: WorkType, sign_in: SignIn) -> None:
    operator = sign_in(Role.OPERATOR)
    for address in ("draft/start/", "draft/publish/", "draft/rules/r1/change/"):
        assert operator.post(f"/rulebooks/support/{address}").status_code == 403
    assert not RulebookVersion.objects.filter(status="draft").exists()


def test_a_type_without_rules_gets_its_first_draft(desk: TestDesk, admin: Client) -> None:
    row = desk.work_type("website")
    assert "No rules yet" in admin.get("/rulebooks/website/").content.decode()
    start(admin, "website")
    assert draft_of(row).content == {"rules": [], "fallback_queue": "triage"}


def test_rules_are_moved_copied_switched_and_deleted(support: WorkType, admin: Client) -> None:
    start(admin)

    def change(rule_id: str, action: str) -> None:
        data = {"action": action, "revision": draft_of(support).stamp}
        assert admin.post(f"/rulebooks/support/draft/rules/{rule_id}/change/", data).status_code == 302

    change("r2", "up")
    assert [rule["id"] for rule in rules_of(support)] == ["r2", "r1"]
    change("r2", "down")
    assert [rule["id"] for rule in rules_of(support)] == ["r1", "r2"]
    change("r1", "duplicate")
    first, copy, _ = rules_of(support)
    assert {**copy, "id": "r1"} == first
    assert copy["id"] != "r1"
    change("r1", "switch")
    assert rules_of(support)[0]["enabled"] is False
    change("r1", "delete")
    assert [rule["id"] for rule in rules_of(support)] == [copy["id"], "r2"]


def test_a_fault_stands_at_its_rule_and_stops_publishing(support: WorkType, admin: Client) -> None:
    start(admin)
    admin.post("/rulebooks/support/draft/fallback/", {"queue": "gone", "revision": draft_of(support).stamp})
    post = rule_post(support, do="escalate", queue="nowhere", reason="?")
    admin.post("/rulebooks/support/draft/rules/r2/", post)
    context = admin.get("/rulebooks/support/draft/").context
    errors = [(one.rule, one.text) for one in context["findings"] if one.level == "error"]
    assert sorted(errors) == [(0, "There is no queue “gone”."), (2, "There is no queue “nowhere”.")]
    answer = admin.post("/rulebooks/support/draft/publish/", {"note": "now", "revision": draft_of(support).stamp})
    assert answer.status_code == 422
    assert "now</textarea>" in answer.content.decode()
    assert draft_of(support).status == "draft"


def test_publishing_needs_a_note_and_retires_the_live_version(support: WorkType, admin: Client) -> None:
    start(admin)
    revision = draft_of(support).stamp
    assert admin.post("/rulebooks/support/draft/publish/", {"note": " ", "revision": revision}).status_code == 422
    admin.post("/rulebooks/support/draft/publish/", {"note": "As agreed", "revision": revision})
    found = RulebookVersion.objects.filter(rulebook__work_type=support).values_list("number", "status", "note")
    assert list(found) == [(2, "published", "As agreed"), (1, "retired", "for a test")]
    page = admin.get("/rulebooks/support/").content.decode()
    assert "As agreed" in page


def test_a_dragged_rule_is_put_where_it_was_dropped(support: WorkType, admin: Client, desk: TestDesk) -> None:
    desk.rules("support", FINISH, FINISH, FINISH)
    start(admin)

    def move(rule_id: str, to: str, stamp: str = "") -> int:
        data = {"action": "move", "to": to, "revision": stamp or draft_of(support).stamp}
        return admin.post(f"/rulebooks/support/draft/rules/{rule_id}/change/", data).status_code

    for rule_id, to, order in (("r3", "0", "r3 r1 r2"), ("r3", "1", "r1 r3 r2"), ("r1", "99", "r3 r2 r1")):
        assert move(rule_id, to) == 302
        assert " ".join(rule["id"] for rule in rules_of(support)) == order
    for nonsense in ("", "-1", "x", "²"):
        assert move("r1", nonsense) == 422
    assert move("r1", "0", f"{draft_of(support).pk}.1") == 409
    assert [rule["id"] for rule in rules_of(support)] == ["r3", "r2", "r1"]


def test_everybody_sees_the_map_of_a_version_with_its_rules(support: WorkType, sign_in: SignIn) -> None:
    operator = sign_in(Role.OPERATOR)
    page = operator.get("/rulebooks/support/versions/1/map/").content.decode()
    assert 'href="/rulebooks/support/versions/1/#rule-r1"' in page
    assert "Finds out Refund amount first" in page
    assert operator.get("/rulebooks/support/versions/9/map/").status_code == 404


def test_going_back_makes_a_draft_of_the_old_rules(support: WorkType, admin: Client, desk: TestDesk) -> None:
    desk.rules("support", FINISH)
    admin.post("/rulebooks/support/draft/start/", {"from": "1"})
    assert draft_of(support).content == RulebookVersion.objects.get(rulebook__work_type=support, number=1).content
    assert admin.post("/rulebooks/support/draft/start/", {"from": "1"}).status_code == 409


def test_a_draft_says_how_it_differs_from_the_live_rules(support: WorkType, admin: Client) -> None:
    start(admin)
    assert admin.get("/rulebooks/support/draft/").context["changes"] == []
    data = {"action": "delete", "revision": draft_of(support).stamp}
    admin.post("/rulebooks/support/draft/rules/r1/change/", data)
    changes = admin.get("/rulebooks/support/draft/").context["changes"]
    assert [(change.kind, change.before) for change in changes] == [
        ("removed", "When Refund amount is over 200 EUR, let Finance decide: It is a lot.")
    ]


def test_trying_shows_the_deciding_rule_and_does_nothing(support: WorkType, admin: Client, desk: TestDesk) -> None:
    item = desk.send("Please refund 249.90 EUR", type="support")
    decide()
    events = item.events.count()
    start_draft(actor=DESK, work_type_id=support.pk)
    page = admin.get("/rulebooks/support/versions/2/try/", {"code": item.code, "moment": "now"})
    trial = page.context["trial"]
    assert trial.answer == "It is finished."
    first = admin.get(
        "/rulebooks/support/versions/2/try/", {"code": item.code, "moment": page.context["form"].moments[0].value}
    )
    trial = first.context["trial"]
    assert trial.answer == "Finance decides: It is a lot."
    [row] = trial.rules[0].rows
    assert (row.label, row.expected, row.actual, row.result) == (
        "Refund amount",
        "is over 200 EUR",
        "249.90 EUR",
        "true",
    )
    assert item.events.count() == events
    assert WorkItem.objects.get(pk=item.pk).version == item.version + 1


def test_trying_a_code_that_is_not_there_says_so(support: WorkType, admin: Client) -> None:
    answer = admin.get("/rulebooks/support/versions/1/try/", {"code": "D-999999"})
    assert answer.status_code == 422
    assert "There is no request D-999999" in answer.content.decode()


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("abcd", "dabc", ["“d” moves from place 4 to 1."]),
        ("abcd", "bcda", ["“a” moves from place 1 to 4."]),
        ("abc", "xcabd", ["“c” moves from place 3 to 2."]),
        ("abcd", "abd", []),
        ("ab", "ab", []),
    ],
)
def test_of_a_new_order_the_rules_that_moved_are_named(before: str, after: str, told: list[str]) -> None:
    books = [
        Rules(tuple(Rule(name, All(), Finish(), name=name) for name in names), "triage") for names in (before, after)
    ]
    changes = draft_changes(books[0], books[1], Catalogue())
    assert [change.after for change in changes if change.kind == "order"] == told
