"""An effect of which nobody knows what became is asked about wherever its item is by then, and moves nothing there."""

import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from threading import Event as Signal
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import F
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from reviews.actions import claiming, judging
from reviews.actions.judging import Judgement
from reviews.errors import LostClaim
from reviews.models import Review
from reviews.queries.counts import counts_of
from reviews.queries.waiting import waiting_reviews
from routing.actions import moving, running, sweeping
from routing.domain.roles import Role
from routing.domain.states import Action
from routing.errors import Conflict, Invalid
from routing.models import Event, FactRevision, Step, WorkItem
from routing.queries.facts import knowledge
from routing.transitions import database_now
from tests.desks import fresh
from tests.outgoing.scripted_server import ScriptedServer, json_reply, reset, scripted_server
from tests.reviews.conftest import ALWAYS, Bench, after, approve_write, make_bench


@dataclass
class Meanwhile:
    """What happens while a write is on its way: done by the server that takes it, before its answer (a broken line)."""

    do: Callable[[], object] = field(default=lambda: None)
    answer: Callable[[socket.socket, Signal], None] = reset

    def __call__(self, line: socket.socket, stopped: Signal) -> None:
        try:
            self.do()
        finally:
            connection.close()
            self.answer(line, stopped)


@pytest.fixture
def meanwhile() -> Meanwhile:
    return Meanwhile()


@pytest.fixture
def bench(model: ScriptedServer, settings: Settings, meanwhile: Meanwhile, transactional_db: None) -> Iterator[Bench]:
    with scripted_server([meanwhile, json_reply({"ok": True})]) as tools:
        yield make_bench(model, tools, settings)


def moved_while_sending(bench: Bench, meanwhile: Meanwhile, to: str) -> WorkItem:
    """Return an item that was moved while its refund was on its way; no answer came back."""
    bench.desk.rules("support", {"when": ALWAYS, "then": approve_write("refund", "send")})
    item = bench.item()
    meanwhile.do = lambda: moving.move(actor=bench.people["olu"], item_id=item.pk, to=to)
    return bench.let_it_leave(bench.decide_as(item, "approve"))


def outcome_of(item: WorkItem) -> Review:
    return Review.objects.get(item=item, status=Review.OPEN, cause=Review.UNKNOWN_OUTCOME)


def judge(bench: Bench, review: Review, kind: str, who: str = "olu", **more: Any) -> None:
    claimed = claiming.claim(actor=bench.people[who], review_id=review.pk)
    judging.judge(
        actor=bench.people[who],
        review_id=review.pk,
        epoch=claimed.epoch,
        digest=claimed.digest,
        judgement=Judgement(kind, **more),
    )


def targets(bench: Bench) -> list[str]:
    return [call.target for call in bench.tools.received]


def test_an_item_stopped_while_its_effect_is_sent_is_asked_about(bench: Bench, meanwhile: Meanwhile) -> None:
    item = moved_while_sending(bench, meanwhile, "state:stopped")
    review = outcome_of(item)
    assert (item.state, item.owner_kind) == ("stopped", "nobody")
    assert (item.review_id, item.review_queue, item.review_label) == (review.pk, "triage", "Triage decides")
    assert (review.run, item.run, review.queue.slug) == (1, 2, "triage")
    last = Event.objects.filter(item=item).latest("seq")
    assert (last.kind, last.state_from, last.state_to) == (Action.ASK_OUTCOME.value, "stopped", "stopped")
    assert last.data["review"] == review.pk


def test_what_became_of_it_is_noted_on_the_stopped_item_and_nothing_is_sent(bench: Bench, meanwhile: Meanwhile) -> None:
    item = moved_while_sending(bench, meanwhile, "state:stopped")
    judge(bench, outcome_of(item), "approve")
    item = bench.let_it_leave(fresh(item))
    assert (item.state, item.review_id, item.review_label) == ("stopped", None, "")
    assert targets(bench) == ["/refunds"]
    assert Step.objects.get(item=item, name="refund").status == Step.SUCCEEDED
    fact = FactRevision.objects.filter(item=item, name="steps.refund").latest("seq")
    assert (fact.value, fact.run) == ("succeeded", 1)
    last = Event.objects.filter(item=item).latest("seq")
    assert (last.kind, last.state_from, last.state_to) == (Action.DECIDE_OUTCOME.value, "stopped", "stopped")
    assert not Review.objects.filter(item=item, status=Review.OPEN).exists()


def test_it_waits_in_its_queue_and_is_offered_like_others(bench: Bench, meanwhile: Meanwhile, client: Client) -> None:
    item = moved_while_sending(bench, meanwhile, "state:done")
    review = outcome_of(item)
    olu = bench.people["olu"]
    assert list(waiting_reviews(olu)) == [review]
    assert counts_of(olu).reviews == 1
    assert claiming.claim_next(actor=olu) == review
    client.force_login(bench.desk.people["olu"])
    shown = client.get(item.get_absolute_url()).content.decode()
    assert "Did Refund go through? No answer came back." in shown
    assert reverse("reviews:review", args=[review.pk]) in shown


def test_only_what_became_of_it_can_be_said(bench: Bench, meanwhile: Meanwhile) -> None:
    item = moved_while_sending(bench, meanwhile, "state:stopped")
    with pytest.raises(Invalid, match="Only say whether it went through"):
        judge(bench, outcome_of(item), "ask", comment="Did you get it?")


def test_it_can_be_given_to_another_queue(bench: Bench, meanwhile: Meanwhile) -> None:
    item = moved_while_sending(bench, meanwhile, "state:stopped")
    judge(bench, outcome_of(item), "reassign", to="queue:finance")
    item = fresh(item)
    assert (item.state, item.owner_kind, item.review_queue) == ("stopped", "nobody", "finance")
    judge(bench, outcome_of(item), "reject", "ana", comment="Not in our books.")
    assert (fresh(item).state, Step.objects.get(item=item, name="refund").status) == ("stopped", Step.FAILED)
    assert not Review.objects.filter(item=item, status=Review.OPEN).exists()


def test_both_questions_are_open_at_once_and_each_is_decided_on_its_own(
    bench: Bench, meanwhile: Meanwhile, client: Client
) -> None:
    item = moved_while_sending(bench, meanwhile, "queue:finance")
    late = outcome_of(item)
    task = Review.objects.get(item=item, status=Review.OPEN, cause="assigned")
    assert (item.state, item.review_id, item.owner_ref) == ("in_review", task.pk, "finance")
    client.force_login(bench.desk.people["ada"])
    shown = client.get(item.get_absolute_url()).content.decode()
    assert shown.index("Please take care of this") < shown.index("Did Refund go through?")

    judge(bench, late, "approve")
    item = fresh(item)
    assert (item.state, item.review_id) == ("in_review", task.pk)
    [known] = knowledge([item], database_now()).values()
    assert "steps.refund" not in known.facts
    assert "reviews.triage.verdict" not in known.facts
    judge(bench, task, "complete", "ana")
    assert fresh(item).state == "incoming"
    assert targets(bench) == ["/refunds"]


def test_the_review_point_names_it_once_the_other_question_is_decided(bench: Bench, meanwhile: Meanwhile) -> None:
    item = moved_while_sending(bench, meanwhile, "queue:finance")
    late = outcome_of(item)
    task = Review.objects.get(item=item, status=Review.OPEN, cause="assigned")
    judge(bench, task, "complete", "ana")
    assert fresh(item).review_id == late.pk
    moving.move(actor=bench.people["olu"], item_id=item.pk, to="state:done")
    assert (fresh(item).review_id, outcome_of(item).pk) == (late.pk, late.pk)


def test_a_held_item_still_waits_after_both_the_question_and_its_answer(bench: Bench, meanwhile: Meanwhile) -> None:
    item = moved_while_sending(bench, meanwhile, "state:waiting")
    olu = str(bench.people["olu"].user_id)
    assert (item.state, item.wait_kind, item.owner_ref) == ("waiting", "hold", olu)
    judge(bench, outcome_of(item), "reject", comment="Not in their books.")
    item = fresh(item)
    assert (item.state, item.wait_kind, item.owner_ref, item.review_id) == ("waiting", "hold", olu, None)


def test_passing_it_on_leaves_a_held_item_with_who_holds_it(bench: Bench, meanwhile: Meanwhile) -> None:
    item = moved_while_sending(bench, meanwhile, "state:waiting")
    olu = bench.people["olu"]
    bench.desk.person("oma", Role.OPERATOR)
    review = claiming.claim(actor=olu, review_id=outcome_of(item).pk)
    claiming.release(actor=olu, review_id=review.pk, epoch=review.epoch, pass_on=True)
    item = fresh(item)
    assert (item.state, item.owner_ref, item.review_id) == ("waiting", str(olu.user_id), review.pk)


def lost_while_sending(bench: Bench, to: str) -> tuple[WorkItem, Step]:
    """Return an item moved while a worker sent its refund, and that step: the worker is lost, nobody noticed yet."""
    item = bench.decide_as(bench.item(), "approve")
    Step.objects.filter(item=item, writes=True).update(due_at=item.created_at)
    step = Step.objects.get(item=item, writes=True)
    assert running._claim(step.pk) is not None
    moving.move(actor=bench.people["olu"], item_id=item.pk, to=to)
    return bench.go_on(item), step


def notice(step: Step) -> Step:
    Step.objects.filter(pk=step.pk).update(lease_until=F("lease_until") - timedelta(hours=1))
    sweeping.sweep()
    return Step.objects.get(pk=step.pk)


def test_a_worker_lost_while_sending_is_asked_about_after_its_item_was_moved(bench: Bench) -> None:
    bench.desk.rules("support", {"when": ALWAYS, "then": approve_write("refund")})
    item, step = lost_while_sending(bench, "queue:finance")
    assert (notice(step).status, fresh(item).state) == (Step.UNKNOWN, "in_review")
    assert outcome_of(item).proposal["step"] == step.pk
    assert Review.objects.filter(item=item, status=Review.OPEN).count() == 2


def test_what_an_earlier_run_is_found_to_have_done_hides_nothing_of_this_one(
    bench: Bench, meanwhile: Meanwhile
) -> None:
    bench.desk.rules("support", {"when": ALWAYS, "then": approve_write("refund")}, after("refund", {"do": "finish"}))
    item, step = lost_while_sending(bench, "state:incoming")
    meanwhile.answer = json_reply({"ok": True})
    item = bench.let_it_leave(bench.decide_as(item, "approve"))
    assert item.state == "done"
    notice(step)
    [known] = knowledge([fresh(item)], database_now()).values()
    assert known.facts["steps.refund"].value == "succeeded"
    assert (fresh(item).state, outcome_of(item).proposal["step"]) == ("done", step.pk)


def test_it_is_decided_once(bench: Bench, meanwhile: Meanwhile) -> None:
    item = moved_while_sending(bench, meanwhile, "state:stopped")
    review = outcome_of(item)
    judge(bench, review, "approve")
    with pytest.raises(LostClaim, match="was first"):
        judge(bench, review, "reject", "ada", comment="no")


def test_the_database_takes_one_open_question_for_each_effect(bench: Bench, meanwhile: Meanwhile) -> None:
    again = outcome_of(moved_while_sending(bench, meanwhile, "state:stopped"))
    again.pk = None
    with pytest.raises(IntegrityError, match="one_open_review_per_outcome"), transaction.atomic():
        again.save(force_insert=True)


def test_an_item_gets_no_other_type_while_nobody_knows_what_became_of_what_was_sent(
    bench: Bench, meanwhile: Meanwhile
) -> None:
    bench.desk.work_type("returns")
    item = moved_while_sending(bench, meanwhile, "state:incoming")
    asked = Review.objects.get(item=item, status=Review.OPEN, proposal__kind="calls")

    with pytest.raises(Conflict, match="what became of what was sent"):
        judge(bench, asked, "correct", "ana", correction={"type": "returns"})
    judge(bench, outcome_of(item), "reject")
    judge(bench, asked, "correct", "ana", correction={"type": "returns"})

    assert fresh(item).run == 3
