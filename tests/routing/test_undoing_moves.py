"""Undoing a move by hand: in every state, while workers are at it, and when it is too late."""

from datetime import timedelta

import pytest

from dispatchdesk.accounts import people
from reviews.actions import claiming
from reviews.models import Review
from routing import transitions
from routing.actions import answering, deciding, recording, running, undoing
from routing.actions.calling import Result
from routing.domain.roles import Actor, Role
from routing.domain.states import UNDO_SECONDS
from routing.errors import Conflict, NotAllowed
from routing.models import Event, HandMove, RouterLabel, Step, WorkItem
from tests.desks import TestDesk, decide, fresh
from tests.routing.by_hand import KIM, asked, at_once, back, desk, give, in_review, olga, rene, server, stands, working

__all__ = ["asked", "desk", "in_review", "olga", "rene", "server", "working"]  # fixtures

pytestmark = pytest.mark.django_db


MOVES = ["state:incoming", "state:waiting", "state:done", "state:stopped", "spam", "queue:triage", "destination:look"]
MOVES += ["person:rene", "me"]


@pytest.mark.parametrize("start", ["incoming", "working", "asked", "held", "in_review", "claimed", "done", "spam"])
def test_undoing_a_move_puts_everything_back(desk: TestDesk, olga: Actor, rene: Actor, start: str) -> None:
    ada = desk.person("ada", Role.ADMIN)
    text = {"asked": "Where is it?", "in_review": "my boss", "claimed": "my boss"}.get(start, "Where is K-1?")
    item = desk.send(text, type="support", requester_email="kim@example.org")
    if start != "incoming":
        decide()
    if start in {"held", "done", "spam"}:
        give(ada, fresh(item), {"held": "state:waiting", "done": "state:done", "spam": "spam"}[start])
    if start == "claimed":
        claiming.claim(actor=ada, review_id=Review.objects.get().pk)
    before, undone = stands(item), []
    for to in MOVES:
        try:
            give(ada, fresh(item), to)
        except (Conflict, NotAllowed):
            continue
        run = fresh(item).run
        back(ada, item)
        assert stands(item) == before, to
        event = Event.objects.filter(item=item).order_by("seq").last()
        assert event is not None
        assert (event.kind, event.actor_id) == ("undo_move", ada.user_id)
        # The run that was undone never comes back: what belongs to it, such as a late result, can never count again.
        assert fresh(item).next_run > run
        undone.append(to)
    assert len(undone) == {"claimed": 8, "done": 1, "spam": 1}.get(start, 9)


def test_what_was_put_back_goes_on_as_if_nothing_had_happened(asked: WorkItem, olga: Actor) -> None:
    give(olga, asked, "state:done")
    back(olga, asked)
    answering.answer(actor=KIM, item_id=asked.pk, given={"order_number": "K-1"})
    decide()
    assert (fresh(asked).state, Step.objects.get().status) == ("working", "due")


def test_a_label_that_a_move_left_for_the_router_goes_with_its_undoing(desk: TestDesk, olga: Actor) -> None:
    item = desk.send("hello")
    decide()
    give(olga, fresh(item), "queue:support")
    back(olga, item)
    assert not RouterLabel.objects.exists()
    assert Review.objects.get(status="open").queue.slug == "triage"


def test_a_move_is_undone_by_who_made_it_and_soon(asked: WorkItem, olga: Actor, rene: Actor) -> None:
    give(olga, asked, "state:done")
    with pytest.raises(NotAllowed, match="only who moved it"):
        back(rene, asked)
    with pytest.raises(NotAllowed):  # a program that acts for the same person and only hands work in
        back(Actor(Role.INTAKE, "shop", olga.user_id), asked)
    HandMove.objects.update(at=transitions.database_now() - timedelta(seconds=UNDO_SECONDS + 1))
    with pytest.raises(Conflict, match="too late"):
        back(olga, asked)


def test_what_has_moved_on_is_not_undone(working: WorkItem, olga: Actor) -> None:
    moved = give(olga, working, "state:incoming")
    decide()
    with pytest.raises(Conflict, match="has moved on since"):
        undoing.undo(actor=olga, item_id=working.pk, version=moved.version)
    with pytest.raises(Conflict, match="has moved on since"):
        back(olga, working)


def test_a_step_that_ended_meanwhile_cannot_be_put_back(working: WorkItem, olga: Actor) -> None:
    Step.objects.update(status="running", due_at=None, attempts=1)
    give(olga, working, "state:waiting")
    recording.record(Step.objects.get().pk, 1, Result(Step.SUCCEEDED, output={"state": "late"}))
    with pytest.raises(Conflict, match="look has ended meanwhile"):
        back(olga, working)
    assert fresh(working).state == "waiting"


def test_a_step_that_still_runs_moves_its_item_on_after_all(working: WorkItem, olga: Actor) -> None:
    Step.objects.update(status="running", due_at=None, attempts=1)
    give(olga, working, "state:waiting")
    back(olga, working)
    recording.record(Step.objects.get().pk, 1, Result(Step.SUCCEEDED, output={"state": "here"}))
    assert fresh(working).state == "incoming"


def test_a_move_whose_step_runs_is_undone_and_its_result_moves_nothing(asked: WorkItem, olga: Actor) -> None:
    answering.add_inputs(actor=olga, item_id=asked.pk, given={"order_number": "K-1"})
    held = give(olga, fresh(asked), "state:waiting")
    give(olga, held, "destination:look")
    Step.objects.update(status="running", due_at=None, attempts=1)
    back(olga, asked)
    recording.record(Step.objects.get().pk, 1, Result(Step.SUCCEEDED, output={"state": "late"}))
    assert (fresh(asked).state, fresh(asked).wait_kind) == ("waiting", "hold")


def test_what_somebody_else_looks_at_already_is_not_taken_back(asked: WorkItem, olga: Actor, rene: Actor) -> None:
    moved = give(olga, asked, "queue:support")
    claiming.claim(actor=rene, review_id=moved.review_id or 0)
    with pytest.raises(Conflict, match="rene is looking at it already"):
        back(olga, asked)


def test_a_move_from_the_claim_of_a_colleague_gives_it_back_to_them(
    in_review: WorkItem, olga: Actor, rene: Actor
) -> None:
    claim = claiming.claim(actor=rene, review_id=Review.objects.get().pk)
    give(olga, in_review, "state:waiting")
    back(olga, in_review)
    claiming.renew(actor=rene, review_id=claim.pk, epoch=claim.epoch)


def test_what_is_put_back_is_no_duplicate_of_its_own_duplicate(
    desk: TestDesk, working: WorkItem, asked: WorkItem, olga: Actor
) -> None:
    give(olga, asked, f"duplicate:{working.code}")
    give(olga, fresh(asked), "state:incoming")
    give(desk.person("pia", Role.OPERATOR), working, f"duplicate:{asked.code}")
    with pytest.raises(Conflict, match="no longer one that goes on"):
        back(olga, asked)
    assert (fresh(asked).duplicate_of, fresh(working).duplicate_of) == (None, asked.pk)


@pytest.mark.parametrize("to", ["state:done", "spam", "me"])
def test_what_nobody_knows_of_an_effect_stays_asked_when_a_move_is_undone(
    desk: TestDesk, working: WorkItem, olga: Actor, rene: Actor, to: str
) -> None:
    Step.objects.update(status="running", due_at=None, attempts=1, writes=True)
    give(olga, working, "queue:support")
    recording.record(Step.objects.get().pk, 1, Result(Step.UNKNOWN, error="no answer"))
    before = stands(working)
    ada = desk.person("ada", Role.ADMIN)
    give(ada, fresh(working), to)
    back(ada, working)
    assert Review.objects.get(cause="unknown_outcome").status == "open"
    assert stands(working) == before


def test_nothing_is_given_back_to_a_closed_account(
    desk: TestDesk, in_review: WorkItem, olga: Actor, rene: Actor
) -> None:
    given = give(olga, in_review, "person:rene")
    give(olga, given, "state:waiting")
    people.set_active(actor=desk.person("ada", Role.ADMIN), user_id=desk.people["rene"].pk, active=False)
    with pytest.raises(Conflict, match="account is closed by now"):
        back(olga, in_review)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("round_", range(2))
def test_an_undo_and_a_worker_at_once_make_one_history(desk: TestDesk, olga: Actor, round_: int) -> None:
    item = desk.send("Where is K-1?", type="support")
    decide()
    [step] = Step.objects.all()
    moved = give(olga, fresh(item), "state:incoming")
    outcomes = at_once(
        lambda: undoing.undo(actor=olga, item_id=item.pk, version=moved.version),
        deciding.decide_due,
        lambda: running.run_step(step.pk),
    )
    live = Step.objects.filter(item=item, status__in=["due", "running"])
    if "Conflict" in outcomes:  # the rules were first
        assert (fresh(item).state, step.pk in live.values_list("pk", flat=True)) == ("working", False)
    else:
        step.refresh_from_db()
        assert step.run == fresh(item).run
    events = list(Event.objects.filter(item=item).order_by("seq"))
    assert [event.seq for event in events] == list(range(1, fresh(item).version + 1))
    assert [a.state_to for a in events[:-1]] == [b.state_from for b in events[1:]]
