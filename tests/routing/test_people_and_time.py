"""What requesters answer, what staff do by hand, and what time does."""

from datetime import timedelta

import pytest
from django.core import mail
from django.db.models import F

from dispatchdesk.runtime.environment import EmailServer
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
