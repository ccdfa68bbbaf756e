"""Publishing with open eyes: which open requests would go elsewhere, deciding them again, and going back."""

from typing import Any

import pytest
from django.test import Client

from reviews.models import Review
from routing.actions import moving
from routing.actions.deciding_again import decide_again
from routing.actions.drafting import start_draft
from routing.actions.publishing import publish, save_draft
from routing.domain.roles import DESK, Actor, Role
from routing.errors import NotAllowed
from routing.models import Decision, Question, RulebookVersion, WorkItem, WorkType
from tests.desks import TestDesk, decide, fresh, settle
from tests.setup.conftest import SignIn

pytestmark = pytest.mark.django_db

AMOUNT = {"name": "amount", "kind": "money", "currency": "EUR"}
Rule = dict[str, Any]
TO_TRIAGE: Rule = {
    "id": "all",
    "when": {"all": []},
    "then": {"do": "escalate", "queue": "triage", "reason": "Look"},
}
OVER = {"fact": "input.amount", "op": "over", "value": {"amount": "200", "currency": "EUR"}}
TO_FINANCE: dict[str, Any] = {
    "id": "big",
    "when": OVER,
    "then": {"do": "escalate", "queue": "finance", "reason": "It is a lot"},
}
FIRST: dict[str, Any] = {"id": "first", "when": {"all": []}, "then": {"do": "go", "to": ["first"]}}


DESK_ADMIN = Actor(role=Role.ADMIN, name="ada")


@pytest.fixture
def refunds(desk: TestDesk) -> WorkType:
    row = desk.work_type("refunds", AMOUNT)
    desk.queue("first")
    desk.person("staff", Role.REVIEWER, queues=("triage", "finance", "first"))
    desk.rules("refunds", TO_TRIAGE)
    return row


def received(desk: TestDesk, row: WorkType, amount: str) -> WorkItem:
    item = desk.send(f"Refund {amount} EUR please", type=row.slug)
    decide()
    return fresh(item)


def draft(row: WorkType, *rules: Rule) -> RulebookVersion:
    started = start_draft(actor=DESK, work_type_id=row.pk)
    content = {"rules": list(rules), "fallback_queue": "triage"}
    return save_draft(actor=DESK, rulebook_id=started.rulebook_id, content=content)


def queue_of(item: WorkItem) -> str:
    return Review.objects.get(item=item, status=Review.OPEN).queue.slug


def test_publishing_lists_the_open_requests_that_would_go_elsewhere(
    desk: TestDesk, refunds: WorkType, admin: Client
) -> None:
    small, big = received(desk, refunds, "20"), received(desk, refunds, "300")
    made = draft(refunds, TO_FINANCE, TO_TRIAGE)
    page = admin.get("/rulebooks/refunds/draft/publish/")
    [one] = page.context["open_items"].elsewhere
    assert (one.item, one.was, one.now) == (big, "Triage decides: Look.", "Finance decides: It is a lot.")
    assert queue_of(big) == queue_of(small) == "triage"
    answer = admin.post(
        "/rulebooks/refunds/draft/publish/", {"note": "Finance", "reason": "Tried", "revision": made.stamp}
    )
    assert answer["Location"] == "/rulebooks/refunds/versions/2/open/"
    assert queue_of(big) == "triage"


def test_deciding_again_moves_only_what_goes_elsewhere(desk: TestDesk, refunds: WorkType, admin: Client) -> None:
    small, big = received(desk, refunds, "20"), received(desk, refunds, "300")
    publish(actor=DESK, version_id=draft(refunds, TO_FINANCE, TO_TRIAGE).pk, note="x", reason="a test")
    answer = admin.post("/rulebooks/refunds/versions/2/open/decide/", {"item": [small.pk, big.pk]})
    assert answer["Location"] == "/rulebooks/refunds/versions/2/open/"
    decide()
    assert (queue_of(small), queue_of(big)) == ("triage", "finance")
    assert (fresh(small).version, fresh(big).run) == (small.version, 1)
    assert "No open request would go elsewhere" in admin.get(answer["Location"]).content.decode()


def test_what_rules_did_before_is_not_done_twice(desk: TestDesk, refunds: WorkType) -> None:
    desk.rules("refunds", FIRST, TO_TRIAGE)
    item = received(desk, refunds, "300")
    settle(item, "complete")
    assert queue_of(item) == "triage"
    live = publish(actor=DESK, version_id=draft(refunds, FIRST, TO_FINANCE, TO_TRIAGE).pk, note="x", reason="a test")
    assert decide_again(actor=DESK_ADMIN, version_id=live.pk, item_ids=[item.pk]) == 1
    decide()
    assert queue_of(item) == "finance"
    assert [row.rule_id for row in Decision.objects.filter(item=item)] == ["first", "all", "big"]


def test_a_question_to_the_requester_is_withdrawn_when_the_rules_no_longer_need_it(
    desk: TestDesk, refunds: WorkType
) -> None:
    desk.rules("refunds", TO_FINANCE, TO_TRIAGE)
    item = desk.send("Refund please", type="refunds", requester_email="kim@example.com")
    decide()
    assert Question.objects.get(item=item).status == Question.OPEN
    live = publish(actor=DESK, version_id=draft(refunds, TO_TRIAGE).pk, note="x", reason="a test")
    assert decide_again(actor=DESK_ADMIN, version_id=live.pk, item_ids=[item.pk]) == 1
    decide()
    assert Question.objects.get(item=item).status == Question.WITHDRAWN
    assert queue_of(item) == "triage"


def test_what_a_person_moved_or_holds_stays(desk: TestDesk, refunds: WorkType) -> None:
    held, sent = received(desk, refunds, "300"), received(desk, refunds, "300")
    moving.move(actor=DESK_ADMIN, item_id=held.pk, to="state:waiting")
    moving.move(actor=DESK_ADMIN, item_id=sent.pk, to="queue:first")
    live = publish(actor=DESK, version_id=draft(refunds, TO_FINANCE).pk, note="x", reason="a test")
    assert decide_again(actor=DESK_ADMIN, version_id=live.pk, item_ids=[held.pk, sent.pk]) == 0
    assert fresh(held).state == "waiting"
    assert queue_of(sent) == "first"


def test_only_admins_decide_again_and_go_back(desk: TestDesk, refunds: WorkType, sign_in: SignIn) -> None:
    item = received(desk, refunds, "300")
    live = publish(actor=DESK, version_id=draft(refunds, TO_FINANCE).pk, note="x", reason="a test")
    operator = sign_in(Role.OPERATOR)
    assert operator.post("/rulebooks/refunds/versions/2/open/decide/", {"item": item.pk}).status_code == 403
    assert operator.post("/rulebooks/refunds/versions/1/roll-back/").status_code == 403
    with pytest.raises(NotAllowed):
        decide_again(actor=Actor(role=Role.OPERATOR, name="omar"), version_id=live.pk, item_ids=[item.pk])
    assert queue_of(item) == "triage"


def test_going_back_is_one_click_and_a_new_version(refunds: WorkType, admin: Client) -> None:
    publish(actor=DESK, version_id=draft(refunds, TO_FINANCE, TO_TRIAGE).pk, note="x", reason="a test")
    kept = draft(refunds, TO_FINANCE)
    assert admin.post("/rulebooks/refunds/versions/1/roll-back/").status_code == 302
    versions = {row.number: row for row in RulebookVersion.objects.filter(rulebook=kept.rulebook)}
    assert {number: row.status for number, row in versions.items()} == {
        1: "retired",
        2: "retired",
        3: "draft",
        4: "published",
    }
    assert versions[4].content == versions[1].content
    assert (versions[4].note, versions[3].content) == ("Back to version 1", kept.content)
    later = publish(actor=DESK, version_id=kept.pk, note="after all", reason="a test")
    assert later.number == 5


def test_a_version_that_no_longer_fits_the_desk_cannot_come_back(
    desk: TestDesk, refunds: WorkType, admin: Client
) -> None:
    desk.rules("refunds", FIRST)
    desk.rules("refunds", TO_TRIAGE)
    desk.queues["first"].destination.archived = True
    desk.queues["first"].destination.save()
    answer = admin.post("/rulebooks/refunds/versions/2/roll-back/")
    assert answer.status_code == 422
    assert "There is no destination “first”" in answer.content.decode()
    assert RulebookVersion.objects.get(rulebook__work_type=refunds, status="published").number == 3


def test_a_draft_without_a_change_offers_nothing_to_publish(refunds: WorkType, admin: Client) -> None:
    start_draft(actor=DESK, work_type_id=refunds.pk)
    page = admin.get("/rulebooks/refunds/draft/publish/").content.decode()
    assert "There is nothing to publish" in page
    assert "Publish version" not in page
    draft(refunds, TO_FINANCE, TO_TRIAGE)
    assert "Publish version 2" in admin.get("/rulebooks/refunds/draft/publish/").content.decode()
