"""An approved effect from the review to the wire: held, undone, corrected, sent as approved, and never otherwise."""

import json
from collections.abc import Iterator

import pytest
from pytest_django import Settings

from reviews.actions import judging
from reviews.errors import ChangedProposal, LostClaim
from reviews.models import Review
from routing.actions import answering, moving
from routing.errors import Conflict, Invalid
from routing.models import Destination, FactRevision, Step, WorkItem
from tests.desks import fresh
from tests.outgoing.scripted_server import ScriptedServer, json_reply, raw, scripted_server
from tests.reviews.conftest import ALWAYS, DRAFT, DRAFT_FIRST, Bench, after, approve_write, make_bench

REFUND_RULES = (DRAFT_FIRST, after("reply", approve_write("refund")), after("refund", {"do": "finish"}))


def value(item: WorkItem, name: str) -> object:
    """Return what is known of a fact now, None when there is none."""
    row = FactRevision.objects.filter(item=item, name=name).order_by("seq").last()
    return row.value if row is not None and row.status == "known" else None


def with_refund(bench: Bench) -> WorkItem:
    bench.desk.rules("support", *REFUND_RULES)
    return bench.item()


def test_an_approved_effect_is_held_undone_approved_again_and_sent_once(bench: Bench) -> None:
    item = with_refund(bench)
    review = bench.review(item)
    assert review.proposal["kind"] == "calls"
    assert review.proposal["drafts"] == {"steps.reply.output.text": DRAFT}
    item = bench.decide_as(item, "approve")
    step = Step.objects.get(item=item, name="refund")
    assert (item.state, step.status, step.attempts) == ("working", Step.DUE, 0)
    assert bench.go_on(item).state == "working"
    assert bench.tools.received == []

    undone = judging.undo(actor=bench.people["ana"], review_id=review.pk)
    item = fresh(item)
    assert (item.state, item.review_id, undone.claimed_by_id) == ("in_review", review.pk, bench.people["ana"].user_id)
    assert value(item, "reviews.support.verdict") is None
    with pytest.raises(LostClaim):
        bench.judge(review, "approve")

    bench.judge(undone, "approve")
    item = bench.let_it_leave(fresh(item))
    assert item.state == "done"
    [sent] = bench.tools.received
    stored = Step.objects.get(item=item, name="refund", status=Step.SUCCEEDED)
    assert (sent.method, sent.target, sent.headers["x-order"]) == ("POST", "/refunds", "K-10234")
    assert sent.body.decode() == review.proposal["calls"][0]["body"]
    assert sent.headers["idempotency-key"] == str(stored.idempotency_key)


def test_undo_is_too_late_once_the_effect_was_attempted(bench: Bench) -> None:
    item = with_refund(bench)
    review = bench.review(item)
    bench.let_it_leave(bench.decide_as(item, "approve"))
    with pytest.raises(Conflict, match="too late"):
        judging.undo(actor=bench.people["ana"], review_id=review.pk)
    with pytest.raises(LostClaim, match="no decision of yours"):
        judging.undo(actor=bench.people["ben"], review_id=review.pk)


def test_a_corrected_draft_is_what_is_sent(bench: Bench) -> None:
    item = with_refund(bench)
    item = bench.decide_as(item, "correct", correction={"drafts": {"steps.reply.output.text": "Sorry, Kim."}})
    item = bench.let_it_leave(item)
    assert item.state == "done"
    assert json.loads(bench.tools.received[0].body) == {"order": "K-10234", "note": "Sorry, Kim."}


def test_undoing_a_correction_brings_the_draft_of_the_model_back(bench: Bench) -> None:
    item = with_refund(bench)
    review = bench.claim(item)
    bench.judge(review, "correct", correction={"drafts": {"steps.reply.output.text": "Sorry, Kim."}})
    again = judging.undo(actor=bench.people["ana"], review_id=review.pk)
    assert again.proposal["drafts"] == {"steps.reply.output.text": DRAFT}
    bench.judge(again, "approve")
    item = bench.let_it_leave(fresh(item))
    assert json.loads(bench.tools.received[0].body)["note"] == DRAFT


def test_a_request_that_changed_meanwhile_is_shown_again_and_nothing_is_sent(bench: Bench) -> None:
    item = with_refund(bench)
    review = bench.claim(item)
    answering.add_inputs(actor=bench.people["olu"], item_id=item.pk, given={"order_number": "K-99999"})
    with pytest.raises(ChangedProposal):
        bench.judge(review, "approve")
    again = Review.objects.get(pk=review.pk)
    assert (again.status, again.epoch, again.claimed_by_id) == (Review.OPEN, review.epoch, review.claimed_by_id)
    assert again.proposal["calls"][0]["headers"] == {"X-Order": "K-99999"}
    assert value(item, "reviews.support.verdict") is None
    assert not Step.objects.filter(item=item, name="refund").exists()
    bench.judge(again, "approve")
    assert bench.let_it_leave(fresh(item)).state == "done"


def test_a_correction_of_a_request_that_changed_meanwhile_is_refused_too(bench: Bench) -> None:
    item = with_refund(bench)
    review = bench.claim(item)
    answering.add_inputs(actor=bench.people["olu"], item_id=item.pk, given={"order_number": "K-99999"})
    with pytest.raises(ChangedProposal):
        bench.judge(review, "correct", correction={"drafts": {"steps.reply.output.text": "Sorry"}})
    assert not Step.objects.filter(item=item, name="refund").exists()


def two_writes(bench: Bench) -> WorkItem:
    bench.desk.rules("support", {"when": ALWAYS, "then": approve_write("refund", "send")})
    return bench.item()


@pytest.fixture
def lost_bench(model: ScriptedServer, settings: Settings, transactional_db: None) -> Iterator[Bench]:
    """A desk whose tools take the first call and break the line off without an answer."""
    with scripted_server([raw(b""), json_reply({"ok": True})]) as tools:
        yield make_bench(model, tools, settings)


def lost_write(bench: Bench) -> WorkItem:
    item = two_writes(bench)
    item = bench.let_it_leave(bench.decide_as(item, "approve"))
    review = bench.review(item)
    assert (review.cause, review.proposal["kind"], review.queue.slug) == ("unknown_outcome", "outcome", "triage")
    assert [call.target for call in bench.tools.received] == ["/refunds"]
    return item


def test_a_write_that_went_through_without_an_answer_lets_the_next_one_be_sent(lost_bench: Bench) -> None:
    item = lost_write(lost_bench)
    item = lost_bench.let_it_leave(lost_bench.decide_as(item, "approve", "olu"))
    assert [call.target for call in lost_bench.tools.received] == ["/refunds", "/letters"]
    assert value(item, "steps.refund") == "succeeded"
    assert value(item, "steps.send") == "succeeded"


def test_a_write_that_did_not_go_through_can_be_sent_again_with_what_follows(lost_bench: Bench) -> None:
    item = lost_write(lost_bench)
    item = lost_bench.decide_as(item, "reject", "olu", comment="Nothing is in their books.")
    assert (item.state, lost_bench.review(item).proposal["kind"]) == ("in_review", "retry")
    item = lost_bench.decide_as(item, "approve", "ana")
    assert lost_bench.go_on(item).state == "working"
    item = lost_bench.let_it_leave(item)
    assert [call.target for call in lost_bench.tools.received] == ["/refunds", "/refunds", "/letters"]
    keys = {call.headers["idempotency-key"] for call in lost_bench.tools.received}
    assert len(keys) == 3


def test_two_writes_are_sent_in_order_under_one_approval(bench: Bench) -> None:
    item = bench.let_it_leave(bench.decide_as(two_writes(bench), "approve"))
    assert [call.target for call in bench.tools.received] == ["/refunds", "/letters"]
    assert {step.approval_id for step in item.steps.all()} == {bench.last_verdict(item).pk}


def test_nothing_is_sent_when_the_destination_is_gone(bench: Bench) -> None:
    item = two_writes(bench)
    Destination.objects.filter(slug="send").update(archived=True)
    with pytest.raises(Invalid, match="can no longer be made"):
        bench.decide_as(item, "approve")
    assert fresh(item).state == "in_review"
    assert Step.objects.filter(item=item, writes=True).count() == 0


def test_an_effect_without_an_answer_stays_a_question_when_the_item_is_stopped(lost_bench: Bench) -> None:
    item = lost_write(lost_bench)
    review = lost_bench.review(item)
    moving.move(actor=lost_bench.people["olu"], item_id=item.pk, to="state:stopped")
    assert lost_bench.review(item).pk == review.pk
    item = lost_bench.decide_as(item, "approve", "olu")
    assert (item.state, value(item, "steps.refund")) == ("stopped", "succeeded")
    assert [call.target for call in lost_bench.tools.received] == ["/refunds"]
    assert not Review.objects.filter(item=item, status=Review.OPEN).exists()


def test_an_item_with_an_effect_without_an_answer_is_moved_on_only_after_that_is_settled(lost_bench: Bench) -> None:
    item = lost_write(lost_bench)
    with pytest.raises(Conflict, match="Did Refund go through"):
        moving.move(actor=lost_bench.people["olu"], item_id=item.pk, to="queue:finance")
    assert fresh(item).state == "in_review"
    lost_bench.decide_as(item, "reject", "olu", comment="no")
    moving.move(actor=lost_bench.people["olu"], item_id=item.pk, to="queue:finance")
    assert lost_bench.review(item).queue.slug == "finance"
