"""Rulebooks in the browser's terms: reading, editing a draft, publishing, going back, trying."""

from typing import Any

import pytest
from django.test import Client

from routing.actions.drafting import start_draft
from routing.actions.publishing import save_draft
from routing.domain.roles import DESK, Role
from routing.models import RulebookVersion, WorkItem, WorkType
from tests.desks import TestDesk, decide
from tests.setup.conftest import SignIn

pytestmark = pytest.mark.django_db

AMOUNT = {"name": "amount", "label": "Refund amount", "kind": "money", "currency": "EUR"}
OVER = {"fact": "input.amount", "op": "over", "value": {"amount": "200", "currency": "EUR"}}
TO_FINANCE = {"when": {"all": [OVER]}, "then": {"do": "escalate", "queue": "finance", "reason": "It is a lot"}}
FINISH = {"when": {"all": []}, "then": {"do": "finish"}}


@pytest.fixture
def support(desk: TestDesk) -> WorkType:
    row = desk.work_type("support", AMOUNT, {"name": "topic", "kind": "choice", "choices": ["refund", "delivery"]})
    desk.person("fay", Role.REVIEWER, queues=("triage", "finance"))
    desk.rules("support", TO_FINANCE, FINISH)
    return row


def draft_of(row: WorkType) -> RulebookVersion:
    return RulebookVersion.objects.get(rulebook__work_type=row, status="draft")


def rules_of(row: WorkType) -> list[dict[str, Any]]:
    rules: list[dict[str, Any]] = draft_of(row).content["rules"]
    return rules


def start(admin: Client, slug: str = "support") -> None:
    assert admin.post(f"/rulebooks/{slug}/draft/start/").status_code == 302


def rule_post(row: WorkType, **given: Any) -> dict[str, Any]:
    """Return what the rule form posts for a rule with these fields."""
    revision = draft_of(row).revision
    return {"revision": revision, "g-groups": "1", "g0-match": "all", "do": "finish", "button": "save"} | given


def condition(fact: str, op: str, value: str = "", upper: str = "", *, group: int = 0) -> dict[str, list[str]]:
    prefix = f"g{group}"
    parts = {"fact": fact, "other": "", "op": op, "value": value, "upper": upper}
    return {f"{prefix}-{name}": [part] for name, part in parts.items()}


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


def test_a_rule_written_in_the_form_is_stored_as_rules_are(support: WorkType, admin: Client) -> None:
    start(admin)
    post = rule_post(support, because="Finance asked for it", do="wait", wait="2", unit="1440", set_tags="big, slow")
    post |= condition("input.amount", "between", "200", "1.000,50 EUR")
    answer = admin.post("/rulebooks/support/draft/rules/new/", post)
    assert answer.status_code == 302
    written = rules_of(support)[-1]
    assert written["when"] == {
        "all": [
            {
                "fact": "input.amount",
                "op": "between",
                "value": [{"amount": "200", "currency": "EUR"}, {"amount": "1000.50", "currency": "EUR"}],
            }
        ]
    }
    assert written["then"] == {"do": "wait", "minutes": 2880}
    assert (written["set"], written["because"]) == ({"tags": ["big", "slow"]}, "Finance asked for it")


@pytest.mark.parametrize(
    ("fact", "op", "value", "expected"),
    [
        ("router.confidence", "at_least", "80 %", {"fact": "router.confidence", "op": "at_least", "value": 0.8}),
        ("item.age", "over", "2 hours", {"fact": "item.age", "op": "over", "value": 120}),
        ("item.text", "not_contains", "lawyer", {"not": {"fact": "item.text", "op": "contains", "value": "lawyer"}}),
        (
            "input.topic",
            "one_of",
            "Refund, delivery",
            {"fact": "input.topic", "op": "one_of", "value": ["refund", "delivery"]},
        ),
        ("input.topic", "missing", "", {"fact": "input.topic", "op": "missing"}),
        ("now", "after", "2026-03-31", {"fact": "now", "op": "after", "value": {"date": "2026-03-31"}}),
        ("steps.reply.output.score", "over", "0.5", {"fact": "steps.reply.output.score", "op": "over", "value": 0.5}),
        ("steps.reply.output.code", "is", '"12"', {"fact": "steps.reply.output.code", "op": "is", "value": "12"}),
        ("steps.reply.output.sent", "is", "true", {"fact": "steps.reply.output.sent", "op": "is", "value": True}),
    ],
)
def test_values_are_read_as_their_fact_needs_and_shown_again_as_typed(
    support: WorkType, admin: Client, fact: str, op: str, value: str, expected: dict[str, Any]
) -> None:
    start(admin)
    post = rule_post(support) | condition(fact, op, value)
    assert admin.post("/rulebooks/support/draft/rules/new/", post).status_code == 302
    rule = rules_of(support)[-1]
    assert rule["when"] == {"all": [expected]}
    fields = admin.get(f"/rulebooks/support/draft/rules/{rule['id']}/").context["fields"]
    row = fields.groups[0].rows[0]
    again = rule_post(support) | condition(row.name, row.op, row.value, row.upper)
    assert admin.post(f"/rulebooks/support/draft/rules/{rule['id']}/", again).status_code == 302
    assert rules_of(support)[-1]["when"] == {"all": [expected]}


def test_conditions_may_stand_in_a_group(support: WorkType, admin: Client) -> None:
    start(admin)
    post = rule_post(support, **{"g-groups": "2", "g1-match": "any"})
    post |= condition("input.topic", "is", "refund") | condition("item.title", "contains", "money", group=1)
    admin.post("/rulebooks/support/draft/rules/new/", post)
    assert rules_of(support)[-1]["when"] == {
        "all": [
            {"fact": "input.topic", "op": "is", "value": "refund"},
            {"any": [{"fact": "item.title", "op": "contains", "value": "money"}]},
        ]
    }


def test_a_condition_too_deep_for_rows_is_kept_as_it_is(support: WorkType, admin: Client) -> None:
    deep = {"not": {"all": [OVER, {"any": [OVER, {"all": [OVER, {"any": [OVER]}]}]}]}}
    book = RulebookVersion.objects.get(rulebook__work_type=support).rulebook
    content = {"rules": [{"id": "deep", "when": deep, "then": {"do": "finish"}}], "fallback_queue": "triage"}
    save_draft(actor=DESK, rulebook_id=book.pk, content=content)
    page = admin.get("/rulebooks/support/draft/rules/deep/")
    assert "It stays as it is" in page.content.decode()
    post = {"revision": 1, "keeps": "yes", "do": "stop", "stop_reason": "too much", "button": "save"}
    assert admin.post("/rulebooks/support/draft/rules/deep/", post).status_code == 302
    [rule] = rules_of(support)
    assert (rule["when"], rule["then"]) == (deep, {"do": "stop", "reason": "too much"})


def test_the_form_grows_by_its_buttons_without_saving(support: WorkType, admin: Client) -> None:
    start(admin)
    before = draft_of(support).revision
    post = rule_post(support, because="kept") | condition("item.title", "contains", "kept too")
    page = admin.post("/rulebooks/support/draft/rules/new/", post | {"button": "add-row:0"})
    fields = page.context["fields"]
    assert [row.value for row in fields.groups[0].rows] == ["kept too", ""]
    assert fields.because == "kept"
    page = admin.post("/rulebooks/support/draft/rules/new/", post | {"button": "remove-row:0:0"})
    assert page.context["fields"].groups[0].rows == []
    page = admin.post("/rulebooks/support/draft/rules/new/", post | {"button": "add-group:0"})
    assert len(page.context["fields"].groups) == 2
    assert draft_of(support).revision == before


def test_what_cannot_be_read_is_marked_and_what_was_typed_is_kept(support: WorkType, admin: Client) -> None:
    start(admin)
    post = rule_post(support, do="go", to=[""], because="mine") | condition("input.amount", "over", "a lot")
    answer = admin.post("/rulebooks/support/draft/rules/new/", post)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "Refund amount: please give an amount, such as 49.90 EUR." in page
    assert "Choose where it goes." in page
    assert 'value="a lot"' in page
    assert 'value="mine"' in page


def test_a_stale_rule_form_is_refused_and_its_text_kept(support: WorkType, admin: Client) -> None:
    start(admin)
    post = rule_post(support, because="typed by me")
    admin.post(
        "/rulebooks/support/draft/rules/r2/change/", {"action": "switch", "revision": draft_of(support).revision}
    )
    answer = admin.post("/rulebooks/support/draft/rules/r2/", post)
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "Somebody else has saved this draft" in page
    assert 'value="typed by me"' in page
    assert rules_of(support)[1].get("because", "") == ""
    again = post | {"revision": answer.context["revision"]}
    assert admin.post("/rulebooks/support/draft/rules/r2/", again).status_code == 302
    assert rules_of(support)[1]["because"] == "typed by me"


def test_rules_are_moved_copied_switched_and_deleted(support: WorkType, admin: Client) -> None:
    start(admin)

    def change(rule_id: str, action: str) -> None:
        data = {"action": action, "revision": draft_of(support).revision}
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
    admin.post("/rulebooks/support/draft/fallback/", {"queue": "gone", "revision": draft_of(support).revision})
    post = rule_post(support, do="escalate", queue="nowhere", reason="?")
    admin.post("/rulebooks/support/draft/rules/r2/", post)
    context = admin.get("/rulebooks/support/draft/").context
    errors = [(one.rule, one.text) for one in context["findings"] if one.level == "error"]
    assert sorted(errors) == [(0, "There is no queue “gone”."), (2, "There is no queue “nowhere”.")]
    answer = admin.post("/rulebooks/support/draft/publish/", {"note": "now", "revision": draft_of(support).revision})
    assert answer.status_code == 422
    assert "now</textarea>" in answer.content.decode()
    assert draft_of(support).status == "draft"


def test_publishing_needs_a_note_and_retires_the_live_version(support: WorkType, admin: Client) -> None:
    start(admin)
    revision = draft_of(support).revision
    assert admin.post("/rulebooks/support/draft/publish/", {"note": " ", "revision": revision}).status_code == 422
    admin.post("/rulebooks/support/draft/publish/", {"note": "As agreed", "revision": revision})
    found = RulebookVersion.objects.filter(rulebook__work_type=support).values_list("number", "status", "note")
    assert list(found) == [(2, "published", "As agreed"), (1, "retired", "for a test")]
    page = admin.get("/rulebooks/support/").content.decode()
    assert "As agreed" in page


def test_a_dragged_rule_is_put_where_it_was_dropped(support: WorkType, admin: Client, desk: TestDesk) -> None:
    desk.rules("support", FINISH, FINISH, FINISH)
    start(admin)

    def move(rule_id: str, to: str, revision: int | None = None) -> int:
        data = {"action": "move", "to": to, "revision": draft_of(support).revision if revision is None else revision}
        return admin.post(f"/rulebooks/support/draft/rules/{rule_id}/change/", data).status_code

    for rule_id, to, order in (("r3", "0", "r3 r1 r2"), ("r3", "1", "r1 r3 r2"), ("r1", "99", "r3 r2 r1")):
        assert move(rule_id, to) == 302
        assert " ".join(rule["id"] for rule in rules_of(support)) == order
    for nonsense in ("", "-1", "x", "²"):
        assert move("r1", nonsense) == 422
    assert move("r1", "0", revision=1) == 409
    assert [rule["id"] for rule in rules_of(support)] == ["r3", "r2", "r1"]


def test_everybody_sees_the_map_of_a_version_with_its_rules(support: WorkType, sign_in: SignIn) -> None:
    operator = sign_in(Role.OPERATOR)
    page = operator.get("/rulebooks/support/versions/1/map/").content.decode()
    assert 'href="/rulebooks/support/versions/1/#rule-r1"' in page
    assert "Finds out Refund amount first" in page
    assert operator.get("/rulebooks/support/versions/9/map/").status_code == 404


def test_a_draft_that_changed_meanwhile_is_not_published_unseen(support: WorkType, admin: Client) -> None:
    start(admin)
    seen = draft_of(support).revision
    admin.post("/rulebooks/support/draft/rules/r2/change/", {"action": "switch", "revision": seen})
    answer = admin.post("/rulebooks/support/draft/publish/", {"note": "kept note", "revision": seen})
    assert answer.status_code == 409
    assert "kept note</textarea>" in answer.content.decode()
    assert draft_of(support).status == "draft"


def test_going_back_makes_a_draft_of_the_old_rules(support: WorkType, admin: Client, desk: TestDesk) -> None:
    desk.rules("support", FINISH)
    admin.post("/rulebooks/support/draft/start/", {"from": "1"})
    assert draft_of(support).content == RulebookVersion.objects.get(rulebook__work_type=support, number=1).content
    assert admin.post("/rulebooks/support/draft/start/", {"from": "1"}).status_code == 409


def test_a_draft_says_how_it_differs_from_the_live_rules(support: WorkType, admin: Client) -> None:
    start(admin)
    assert admin.get("/rulebooks/support/draft/").context["changes"] == []
    data = {"action": "delete", "revision": draft_of(support).revision}
    admin.post("/rulebooks/support/draft/rules/r1/change/", data)
    changes = admin.get("/rulebooks/support/draft/").context["changes"]
    assert [(change.kind, change.before) for change in changes] == [
        ("removed", "When Refund amount is over 200 EUR, let Finance decide: It is a lot.")
    ]


def test_saving_a_rule_as_it_was_changes_nothing(support: WorkType, admin: Client, desk: TestDesk) -> None:
    texts = {"text": "Dear {{ item.requester_name? }}", "subject": "Re"}
    desk.destination(
        "mail",
        "tool",
        via="mail",
        to="a@b.example",
        subject="{{ with.subject }}",
        text="{{ with.text }}",
        effect="write",
    )
    desk.rules("support", {"when": OVER, "then": {"do": "go", "to": ["mail"], "approved_by": "finance", "with": texts}})
    start(admin)
    fields = admin.get("/rulebooks/support/draft/rules/r1/").context["fields"]
    post = rule_post(support, do="go", to=fields.to, approved_by=fields.approved_by)
    post |= condition("input.amount", "over", fields.groups[0].rows[0].value)
    post |= {"text-name": list(fields.texts), "text": list(fields.texts.values())}
    admin.post("/rulebooks/support/draft/rules/r1/", post)
    assert admin.get("/rulebooks/support/draft/").context["changes"] == []


def test_what_people_decided_can_be_a_condition(support: WorkType, admin: Client) -> None:
    start(admin)
    post = rule_post(support) | condition("reviews.finance.verdict", "is", "approved")
    page = admin.post("/rulebooks/support/draft/rules/new/", post | {"button": "refresh"}).content.decode()
    assert '<option value="declined">declined</option>' in page
    admin.post("/rulebooks/support/draft/rules/new/", post)
    assert (
        "When the decision of Finance is approved, finish." in admin.get("/rulebooks/support/draft/").content.decode()
    )


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


def test_a_day_is_picked_and_a_moment_is_typed(support: WorkType, admin: Client) -> None:
    start(admin)
    for value, kind in (("2026-03-31", "date"), ("2026-03-31T09:00:00+00:00", "text")):
        admin.post("/rulebooks/support/draft/rules/new/", rule_post(support) | condition("now", "after", value))
        fields = admin.get(f"/rulebooks/support/draft/rules/{rules_of(support)[-1]['id']}/").context["fields"]
        [row] = fields.groups[0].rows
        assert (row.value, row.input_type) == (value, kind)
