"""Every kind of proposal meets every decision: what happens to the item, or why it is refused."""

from typing import Any

import pytest

from reviews.errors import ChangedProposal, LostClaim
from reviews.models import Review, Verdict
from routing.domain.roles import Actor, Role
from routing.errors import Invalid, NotVisible
from routing.models import Letter, Question, RouterLabel, Step, WorkItem
from tests.desks import fresh
from tests.reviews.conftest import ALWAYS, DRAFT, DRAFT_FIRST, Bench, after, approve_write

ESCALATE = {"do": "escalate", "queue": "support", "reason": "May this go on?"}
FINISH = {"when": ALWAYS, "then": {"do": "finish"}}
TO_QUEUE = {"when": ALWAYS, "then": {"do": "go", "to": ["support"]}}
TRACK = {"when": ALWAYS, "then": {"do": "go", "to": ["track"]}}


def stopped_at(bench: Bench, kind: str, **request: str) -> WorkItem:
    """Return an item whose open review proposes this kind."""
    rules: dict[str, list[dict[str, Any]]] = {
        "output": [DRAFT_FIRST, after("reply", ESCALATE | {"about": "reply"}), FINISH],
        "calls": [DRAFT_FIRST, after("reply", approve_write("refund")), after("refund", {"do": "finish"})],
        "continue": [{"when": ALWAYS, "then": ESCALATE}, FINISH],
        "facts": [TRACK],
        "retry": [TRACK, FINISH],
        "task": [TO_QUEUE],
    }
    if kind == "retry":
        bench.desk.destination(
            "track", "tool", via="http", method="GET", url=f"{bench.tools.url}/", success={"path": "ok", "equals": "no"}
        )
    if kind in rules:
        bench.desk.rules("support", *rules[kind])
    given: dict[str, Any] = {"route": {"type": ""}, "facts": {"requester_email": "", "text": "a refund please"}}.get(
        kind, {}
    )
    item = bench.item(**given, **request)
    assert bench.review(item).proposal["kind"] == kind
    return item


FIX_OUTPUT: dict[str, Any] = {"correction": {"fields": {"text": "Better."}}}
FIX_CALLS: dict[str, Any] = {"correction": {"drafts": {"steps.reply.output.text": "Better."}}}
FILL_IN: dict[str, Any] = {"correction": {"inputs": {"order_number": "K-777"}}}
ASK: dict[str, Any] = {"inputs": ("order_number",), "comment": "Which order is it?"}
TO_FINANCE: dict[str, Any] = {"to": "queue:finance"}
REFUSED = "refused"

# kind of proposal, decision, what comes with it, the item's state then (nothing has run yet)
TABLE: list[tuple[str, str, dict[str, Any], str]] = [
    ("route", "approve", {}, REFUSED),
    ("route", "correct", {"correction": {"type": "support"}}, "incoming"),
    ("route", "correct", {"correction": {"destination": "finance"}}, "in_review"),
    ("route", "correct", {"correction": {"destination": "nowhere"}}, REFUSED),
    ("route", "correct", {}, REFUSED),
    ("route", "reject", {}, REFUSED),
    ("route", "ask", {"comment": "What is it about?"}, "waiting"),
    ("route", "ask", {"inputs": ("order_number",)}, REFUSED),
    ("route", "complete", {}, REFUSED),
    ("output", "approve", {}, "incoming"),
    ("output", "approve", FIX_OUTPUT, REFUSED),
    ("output", "correct", FIX_OUTPUT, "incoming"),
    ("output", "correct", {}, REFUSED),
    ("output", "correct", {"correction": {"fields": {"other": "x"}}}, REFUSED),
    ("output", "reject", {}, "incoming"),
    ("output", "ask", ASK, "waiting"),
    ("output", "redo", {"comment": "Shorter."}, "working"),
    ("output", "redo", {}, REFUSED),
    ("output", "complete", {}, REFUSED),
    ("calls", "approve", {}, "working"),
    ("calls", "approve", FIX_CALLS, REFUSED),
    ("calls", "correct", FIX_CALLS, "working"),
    ("calls", "correct", {}, REFUSED),
    ("calls", "correct", {"correction": {"drafts": {"input.order_number": "K-1"}}}, REFUSED),
    ("calls", "reject", {}, "incoming"),
    ("calls", "ask", ASK, "waiting"),
    ("calls", "redo", {"comment": "Shorter."}, "working"),
    ("calls", "complete", {}, REFUSED),
    ("continue", "approve", {}, "incoming"),
    ("continue", "correct", {"correction": {"destination": "finance"}}, "in_review"),
    ("continue", "reject", {}, "in_review"),
    ("continue", "ask", ASK, "waiting"),
    ("continue", "complete", {}, REFUSED),
    ("facts", "approve", {}, REFUSED),
    ("facts", "correct", FILL_IN, "incoming"),
    ("facts", "correct", {"correction": {"inputs": {"order_number": "__none__"}}}, "incoming"),
    ("facts", "correct", {"correction": {"inputs": {"colour": "red"}}}, REFUSED),
    ("facts", "reject", {}, "in_review"),
    ("facts", "ask", ASK, REFUSED),
    ("facts", "complete", {}, REFUSED),
    ("retry", "approve", {}, "working"),
    ("retry", "correct", {"correction": {"x": 1}}, REFUSED),
    ("retry", "reject", {}, "incoming"),
    ("retry", "ask", ASK, "waiting"),
    ("retry", "complete", {}, REFUSED),
    ("task", "approve", {}, REFUSED),
    ("task", "correct", FIX_OUTPUT, REFUSED),
    ("task", "reject", {}, REFUSED),
    ("task", "ask", ASK, "waiting"),
    ("task", "complete", {"result": {"checked": "yes"}}, "incoming"),
]
KINDS = ("route", "output", "calls", "continue", "facts", "retry", "task")


@pytest.mark.parametrize(("kind", "verdict", "given", "state"), TABLE, ids=lambda part: str(part)[:40])
def test_what_a_decision_does(bench: Bench, kind: str, verdict: str, given: dict[str, Any], state: str) -> None:
    item = stopped_at(bench, kind)
    review = bench.claim(item, "ada")
    if state == REFUSED:
        with pytest.raises(Invalid):
            bench.judge(review, verdict, "ada", **given)
        assert (fresh(item).state, fresh(item).version) == ("in_review", item.version)
        assert not Verdict.objects.exists()
        assert bench.review(item).claimed_by_id == bench.people["ada"].user_id
        return
    decided = bench.judge(review, verdict, "ada", **given)
    assert fresh(item).state == state
    assert Review.objects.get(pk=review.pk).status == Review.DECIDED
    assert bench.judge(review, verdict, "ada", **given) == decided, "the same again is the same decision"
    with pytest.raises(LostClaim, match="ada was first"):
        bench.judge(review, "ask", "ana", comment="me too")


@pytest.mark.parametrize("kind", KINDS)
def test_reassigning_keeps_the_age_and_the_proposal(bench: Bench, kind: str) -> None:
    item = stopped_at(bench, kind)
    review = bench.claim(item, "ada")
    first = bench.judge(review, "reassign", "ada", **TO_FINANCE, comment="Yours, I think")
    after_it = bench.review(item)
    kept = ("pk", "arrived_at", "due_at", "order_at", "digest", "proposal")
    assert [getattr(after_it, name) for name in kept] == [getattr(review, name) for name in kept]
    assert (after_it.queue.slug, after_it.claimed_by, fresh(item).owner_ref) == ("finance", None, "finance")
    assert bench.judge(review, "reassign", "ada", **TO_FINANCE, comment="Yours, I think") == first
    with pytest.raises(LostClaim):
        bench.judge(review, "reassign", "ada", to="queue:support")


def test_a_review_is_given_only_to_people_who_may_see_the_request(bench: Bench) -> None:
    item = stopped_at(bench, "task")
    review = bench.claim(item)
    with pytest.raises(Invalid):
        bench.judge(review, "reassign", to="person:nobody")
    bench.judge(review, "reassign", to="person:ben")
    item = fresh(item)
    assert (item.owner_kind, item.owner_name) == ("person", "ben")
    assert bench.claim(item, "ben").assignee_id == bench.people["ben"].user_id


def test_a_corrected_output_is_what_the_rules_read_from_then_on(bench: Bench) -> None:
    item = stopped_at(bench, "output")
    assert bench.review(item).proposal["fields"] == {"text": DRAFT}
    item = bench.go_on(bench.decide_as(item, "correct", **FIX_OUTPUT))
    newest = item.facts.filter(name="steps.reply.output.text").latest("seq")
    assert (item.state, newest.value, newest.provider) == ("done", "Better.", f"person:{bench.people['ana'].user_id}")


def test_a_route_that_a_person_chose_is_kept_as_a_label(bench: Bench) -> None:
    bench.desk.rules("support", FINISH)
    item = bench.decide_as(stopped_at(bench, "route"), "correct", "olu", correction={"type": "support"})
    assert bench.go_on(item).state == "done"
    assert [(row.label, row.by_name) for row in RouterLabel.objects.all()] == [("support", "olu")]


def test_a_filled_in_fact_is_used_by_the_rule_that_lacked_it(bench: Bench) -> None:
    item = bench.decide_as(stopped_at(bench, "facts"), "correct", "olu", **FILL_IN)
    bench.go_on(item)
    assert [call.target for call in bench.tools.received] == ["/parcels/K-777"]


def test_a_reading_tool_that_failed_is_tried_again(bench: Bench) -> None:
    item = stopped_at(bench, "retry")
    bench.desk.destination("track", "tool", via="http", method="GET", url=f"{bench.tools.url}/", success={})
    item = bench.go_on(bench.decide_as(item, "approve", "olu"))
    assert item.state == "done"
    assert [step.status for step in item.steps.all()] == [Step.FAILED, Step.SUCCEEDED]


def test_asking_the_requester_leaves_the_rule_free_to_fire_again(bench: Bench) -> None:
    item = bench.decide_as(stopped_at(bench, "continue"), "ask", **ASK)
    question = Question.objects.get(item=item)
    assert (question.names, question.note) == (["order_number"], "Which order is it?")
    assert [letter.to for letter in Letter.objects.filter(item=item)] == ["kim@example.org"]
    bench.answer(item, order_number="K-4242")
    item = bench.go_on(fresh(item))
    assert (item.state, bench.review(item).question) == ("in_review", "May this go on?")
    assert bench.go_on(bench.decide_as(item, "approve")).state == "done"


def test_a_task_done_without_a_rule_after_it_ends_the_item_and_keeps_the_result(bench: Bench) -> None:
    item = bench.decide_as(stopped_at(bench, "task"), "complete", result={"checked": "yes"}, comment="All there")
    assert bench.go_on(item).state == "done"
    assert item.facts.get(name="reviews.support.result.checked").value == "yes"
    assert bench.last_verdict(item).comment == "All there"


def test_a_decision_on_another_proposal_than_the_one_seen_is_refused(bench: Bench) -> None:
    review = bench.claim(stopped_at(bench, "calls"))
    review.digest = "0" * 64
    with pytest.raises(ChangedProposal):
        bench.judge(review, "approve")


def test_a_decision_after_the_time_ran_out_is_refused(bench: Bench) -> None:
    review = bench.claim(stopped_at(bench, "calls"))
    Review.objects.filter(pk=review.pk).update(lease_expires_at=review.claimed_at)
    with pytest.raises(LostClaim, match="ran out"):
        bench.judge(review, "approve")
    assert bench.claim(review.item, "ben").claimed_by_id == bench.people["ben"].user_id
    with pytest.raises(LostClaim, match="ben is looking"):
        bench.judge(review, "approve")


def test_a_program_that_only_hands_in_work_sees_no_review(bench: Bench) -> None:
    review = bench.review(stopped_at(bench, "task"))
    bench.people["form"] = Actor(Role.INTAKE, "form", user_id=bench.people["ana"].user_id, token_id=1)
    with pytest.raises(NotVisible):
        bench.judge(review, "complete", "form")
