"""What requesters answer, what staff do by hand, and what time does."""

from datetime import timedelta

import pytest
from django.core import mail
from django.db.models import F

from dispatchdesk.runtime.environment import EmailServer
from reviews.actions import claiming, judging
from reviews.models import Review
from routing import transitions
from routing.actions import answering, letters, moving, recording, sweeping
from routing.actions.calling import Result
from routing.domain.roles import Actor, Role
from routing.errors import Conflict, Invalid, NotAllowed
from routing.models import FactRevision, Letter, Question, RouterLabel, Step, WorkItem
from tests.desks import TestDesk, decide, fresh

pytestmark = pytest.mark.django_db(transaction=True)

KIM = Actor(role=Role.REQUESTER, name="Kim")
OLIVIA = Actor(role=Role.OPERATOR, name="Olivia")


@pytest.fixture
def desk() -> TestDesk:
    made = TestDesk()
    made.queue("triage", staff_role="operator")
    made.queue("support", staff_role="reviewer")
    made.work_type("support", {"name": "order_number", "required": True, "pattern": r"\bK-\d+\b"})
    made.rules(
        "support",
        {"id": "ask", "when": {"fact": "input.order_number", "op": "known"}, "then": {"do": "finish"}},
        {"id": "none", "when": {"all": []}, "then": {"do": "go", "to": ["support"]}},
    )
    return made


@pytest.fixture
def asked(desk: TestDesk) -> WorkItem:
    item = desk.send("Where is my parcel?", type="support", requester_email="kim@example.org", requester_name="Kim")
    decide()
    return fresh(item)


def test_an_answer_is_used_and_the_item_goes_on(asked: WorkItem) -> None:
    answering.answer(actor=KIM, item_id=asked.pk, given={"order_number": "K-10234"})
    decide()
    assert fresh(asked).state == "done"
    assert Question.objects.get(item=asked).status == "answered"
    assert FactRevision.objects.get(item=asked).provider == "requester"


def test_i_dont_have_this_is_an_answer(asked: WorkItem) -> None:
    answering.answer(actor=KIM, item_id=asked.pk, given={"order_number": None})
    decide()
    assert (fresh(asked).state, fresh(asked).owner_ref) == ("in_review", "support")
    assert FactRevision.objects.get(item=asked).status == "missing"


def test_an_incomplete_answer_is_refused_by_field_and_nothing_changes(asked: WorkItem) -> None:
    with pytest.raises(Invalid) as refused:
        answering.answer(actor=KIM, item_id=asked.pk, given={})
    assert list(refused.value.fields) == ["order_number"]
    assert (fresh(asked).version, Question.objects.get(item=asked).status) == (asked.version, "open")


def test_a_second_answer_finds_nothing_asked(asked: WorkItem) -> None:
    answering.answer(actor=KIM, item_id=asked.pk, given={"order_number": "K-10234"})
    with pytest.raises(Conflict, match="nothing more is needed"):
        answering.answer(actor=KIM, item_id=asked.pk, given={"order_number": "K-1"})


def test_a_question_that_runs_out_goes_to_a_person(asked: WorkItem) -> None:
    Question.objects.update(due_at=transitions.database_now())
    sweeping.sweep()
    decide()
    review = Review.objects.get(item=asked)
    assert (review.cause, review.proposal) == ("missing", {"kind": "facts", "names": ["input.order_number"]})
    assert Question.objects.get(item=asked).status == "expired"


def test_the_requester_is_reminded_once(asked: WorkItem) -> None:
    Question.objects.update(remind_at=transitions.database_now())
    sweeping.sweep()
    sweeping.sweep()
    assert [letter.kind for letter in Letter.objects.filter(item=asked).order_by("pk")] == ["question", "reminder"]


def test_letters_go_out_by_mail_once_with_the_code_in_the_subject(asked: WorkItem, settings) -> None:  # type: ignore[no-untyped-def]
    settings.EMAIL_SERVER = EmailServer("localhost", 25, "", "", use_tls=False, use_ssl=False)
    assert (letters.send_letters(), letters.send_letters()) == (1, 0)
    [sent] = mail.outbox
    assert (sent.to, sent.subject) == (["kim@example.org"], f"[{asked.code}] Where is my parcel?")
    assert "/r/" in sent.body


def test_what_staff_know_answers_the_question(asked: WorkItem) -> None:
    answering.add_inputs(actor=OLIVIA, item_id=asked.pk, given={"order_number": "K-7"}, version=asked.version)
    decide()
    assert fresh(asked).state == "done"


def test_without_an_address_a_person_fills_it_in(desk: TestDesk) -> None:
    item = desk.send("Where is my parcel?", type="support")
    decide()
    assert Review.objects.get(item=item).proposal["kind"] == "facts"


def test_moving_by_hand_ends_what_was_under_way(asked: WorkItem) -> None:
    moving.move(actor=OLIVIA, item_id=asked.pk, to="queue:support", version=asked.version, reason="known customer")
    item = fresh(asked)
    assert (item.state, item.owner_ref, item.run) == ("in_review", "support", 2)
    assert Question.objects.get(item=item).status == "withdrawn"
    assert [note.text for note in item.notes.all()] == ["known customer"]


@pytest.mark.parametrize(
    ("to", "state", "owner"),
    [
        ("state:waiting", "waiting", "person"),
        ("state:done", "done", "nobody"),
        ("state:stopped", "stopped", "nobody"),
        ("state:incoming", "incoming", "desk"),
    ],
)
def test_an_operator_moves_an_item_to_another_state(asked: WorkItem, to: str, state: str, owner: str) -> None:
    moving.move(actor=OLIVIA, item_id=asked.pk, to=to)
    assert (fresh(asked).state, fresh(asked).owner_kind) == (state, owner)


def test_a_reopened_item_is_decided_afresh(asked: WorkItem) -> None:
    moving.move(actor=OLIVIA, item_id=asked.pk, to="state:done")
    moving.move(actor=OLIVIA, item_id=asked.pk, to="state:incoming")
    decide()
    assert (fresh(asked).state, fresh(asked).run) == ("waiting", 3)


def test_a_reviewer_may_not_move_items_by_hand(asked: WorkItem) -> None:
    with pytest.raises(NotAllowed):
        moving.move(actor=Actor(role=Role.REVIEWER, name="Ravi"), item_id=asked.pk, to="state:done")


@pytest.mark.parametrize("to", ["queue:nowhere", "destination:support", "state:in_review", "somewhere", ""])
def test_a_place_that_does_not_exist_is_refused(asked: WorkItem, to: str) -> None:
    with pytest.raises(Invalid):
        moving.move(actor=OLIVIA, item_id=asked.pk, to=to)
    assert fresh(asked).version == asked.version


def test_sending_an_untyped_item_is_kept_as_a_label(desk: TestDesk) -> None:
    item = desk.send("hello")
    decide()
    moving.move(actor=OLIVIA, item_id=item.pk, to="queue:support")
    assert RouterLabel.objects.get(item=item).label == "support"


def test_a_result_of_an_older_run_is_recorded_and_moves_nothing(desk: TestDesk) -> None:
    desk.destination("track", "tool", via="http", method="GET", url="http://127.0.0.1:9/x", effect="read")
    desk.rules("support", {"when": {"all": []}, "then": {"do": "go", "to": ["track"]}})
    item = desk.send("K-1", type="support")
    decide()
    step = Step.objects.get(item=item)
    Step.objects.filter(pk=step.pk).update(status="running", due_at=None, attempts=1)
    moving.move(actor=OLIVIA, item_id=item.pk, to="state:stopped")
    recording.record(step.pk, 1, Result(Step.SUCCEEDED, output={"state": "late"}))
    assert (Step.objects.get(pk=step.pk).status, fresh(item).state) == ("succeeded", "stopped")


def test_a_wait_ends_when_its_time_has_come(desk: TestDesk) -> None:
    desk.rules(
        "support",
        {"id": "wait", "when": {"all": []}, "then": {"do": "wait", "minutes": 60}},
        {"id": "end", "when": {"all": []}, "then": {"do": "finish"}},
    )
    item = desk.send("x", type="support")
    decide()
    sweeping.sweep()
    assert (fresh(item).state, fresh(item).owner_kind) == ("waiting", "clock")
    WorkItem.objects.update(wake_at=F("wake_at") - timedelta(minutes=61))
    sweeping.sweep()
    decide()
    assert fresh(item).state == "done"


def test_a_rule_about_age_is_asked_again_when_it_may_have_turned(desk: TestDesk) -> None:
    old = {"fact": "item.age", "op": "over", "value": 120}
    desk.rules(
        "support",
        {"id": "old", "when": old, "then": {"do": "stop", "reason": "too late"}},
        {"id": "wait", "when": {"all": []}, "then": {"do": "wait", "minutes": 600}},
    )
    item = desk.send("x", type="support")
    decide()
    waiting = fresh(item)
    assert waiting.wake_at is not None
    assert timedelta(minutes=119) < waiting.wake_at - waiting.created_at < timedelta(minutes=122)


def test_the_sweeper_decides_what_no_worker_comes_to(desk: TestDesk) -> None:
    item = desk.send("Where is K-10234?", type="support")
    sweeping.sweep()
    assert fresh(item).state == "incoming"
    WorkItem.objects.update(decide_due_at=F("decide_due_at") - timedelta(seconds=3))
    sweeping.sweep()
    assert fresh(item).state == "done"


def late_question(desk: TestDesk) -> WorkItem:
    """Ask the requester for the order number, with a rule that takes over when the request is an hour old."""
    desk.rules(
        "support",
        {
            "when": {"fact": "item.age", "op": "over", "value": 60},
            "then": {"do": "escalate", "queue": "support", "reason": "old"},
        },
        {"when": {"fact": "input.order_number", "op": "known"}, "then": {"do": "finish"}},
    )
    item = desk.send("Where is my parcel?", type="support", requester_email="kim@example.org")
    decide()
    assert fresh(item).wait_kind == "requester"
    WorkItem.objects.update(created_at=F("created_at") - timedelta(minutes=61), wake_at=F("created_at"))
    sweeping.sweep()
    decide()
    assert fresh(item).state == "in_review"
    return item


def test_a_question_of_a_person_replaces_the_one_that_is_open(desk: TestDesk) -> None:
    item = late_question(desk)
    ravi = desk.person("ravi", Role.REVIEWER, queues=("support",))
    review = claiming.claim_next(actor=ravi)
    assert review is not None
    judging.judge(
        actor=ravi,
        review_id=review.pk,
        epoch=review.epoch,
        digest=review.digest,
        judgement=judging.Judgement(kind="ask", comment="Which shop was it?"),
    )
    assert fresh(item).wait_kind == "requester"
    asked = Question.objects.filter(item=item).order_by("pk").values_list("note", "status")
    assert list(asked) == [("", "withdrawn"), ("Which shop was it?", "open")]


def test_nobody_is_reminded_of_what_is_not_waited_for(desk: TestDesk) -> None:
    item = late_question(desk)
    Question.objects.update(remind_at=transitions.database_now())
    sweeping.sweep()
    assert [letter.kind for letter in Letter.objects.filter(item=item)] == ["question"]


def test_a_rule_that_ends_an_item_withdraws_its_question(desk: TestDesk) -> None:
    desk.rules(
        "support",
        {"when": {"fact": "item.age", "op": "over", "value": 60}, "then": {"do": "stop", "reason": "too late"}},
        {"when": {"fact": "input.order_number", "op": "known"}, "then": {"do": "finish"}},
    )
    item = desk.send("Where is my parcel?", type="support", requester_email="kim@example.org")
    decide()
    WorkItem.objects.update(created_at=F("created_at") - timedelta(minutes=61), wake_at=F("created_at"))
    sweeping.sweep()
    decide()
    assert fresh(item).state == "stopped"
    assert Question.objects.get(item=item).status == "withdrawn"


def test_a_reopened_item_may_ask_twice_again(asked: WorkItem) -> None:
    WorkItem.objects.update(question_rounds=2)
    moving.move(actor=OLIVIA, item_id=asked.pk, to="state:done")
    moving.move(actor=OLIVIA, item_id=asked.pk, to="state:incoming")
    decide()
    assert (fresh(asked).wait_kind, fresh(asked).question_rounds) == ("requester", 1)


def test_an_item_can_be_sent_on_while_its_step_still_runs(desk: TestDesk) -> None:
    for slug in ("track", "look"):
        desk.destination(slug, "tool", via="http", method="GET", url="http://127.0.0.1:9/x", effect="read")
    desk.rules("support", {"when": {"all": []}, "then": {"do": "go", "to": ["track"]}})
    item = desk.send("K-1", type="support")
    decide()
    step = Step.objects.get(item=item)
    Step.objects.filter(pk=step.pk).update(status="running", due_at=None, attempts=1)
    moving.move(actor=OLIVIA, item_id=item.pk, to="destination:look")
    recording.record(step.pk, 1, Result(Step.SUCCEEDED, output={"state": "late"}))
    assert (fresh(item).state, fresh(item).owner_ref) == ("working", "look")
    assert list(Step.objects.filter(item=item, run=2).values_list("name", "status")) == [("look", "due")]


def test_an_item_sent_on_by_hand_no_longer_names_the_review_that_was_withdrawn(desk: TestDesk) -> None:
    desk.destination("track", "tool", via="http", method="GET", url="http://127.0.0.1:9/x", effect="read")
    item = desk.send("hello")
    decide()
    assert fresh(item).review_queue == "triage"
    moving.move(actor=OLIVIA, item_id=item.pk, to="destination:track")
    assert (fresh(item).review_queue, fresh(item).review_id) == ("", None)


def test_a_question_that_cannot_be_closed_keeps_nothing_else_from_its_turn(asked: WorkItem, desk: TestDesk) -> None:
    other = desk.send("Where is it?", type="support", requester_email="kim@example.org")
    decide()
    Question.objects.update(due_at=transitions.database_now())
    # Whatever is wrong with one item, here a history that cannot be continued.
    FactRevision.objects.create(
        item=asked, seq=1, name="input.order_number", status="nonsense", provider="test", at=asked.created_at
    )
    sweeping.sweep()
    assert (fresh(asked).state, fresh(other).state) == ("waiting", "incoming")
