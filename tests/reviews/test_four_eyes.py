"""Two people approve: whoever had a hand in it cannot be the second, and nothing leaves before."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from reviews.actions import claiming, judging, staffing
from reviews.actions.staffing import QueueDetails
from reviews.domain.four_eyes import Hands, why_barred
from reviews.models import Queue, Review, Verdict
from reviews.queries.hands import eyes_of
from reviews.queries.people import unstaffed_queues
from routing.actions import answering, moving
from routing.errors import Conflict, Invalid, NotAllowed
from routing.kinds import people
from routing.models import FactRevision, Step, WorkItem
from routing.transitions import database_now
from tests.reviews.conftest import DRAFT, DRAFT_FIRST, ORDER, Bench, after, approve_write
from tests.reviews.test_judging import ESCALATE

pytestmark = pytest.mark.django_db(transaction=True)


def sent(item: WorkItem) -> bool:
    return Step.objects.filter(item=item, destination__slug="refund").exists()


def test_the_first_approval_lets_nothing_happen_and_the_second_does(pair: Bench) -> None:
    item = pair.decide_as(pair.item(), "approve", "ana")
    assert item.state == "in_review"
    assert not sent(item)
    item = pair.let_it_leave(pair.decide_as(item, "approve", "ben"))
    assert sent(item)
    assert len(pair.tools.received) == 1


def test_who_approved_first_is_neither_offered_it_again_nor_may_approve_it(pair: Bench) -> None:
    item = pair.decide_as(pair.item(), "approve", "ana")
    assert claiming.claim_next(actor=pair.people["ana"]) is None
    with pytest.raises(NotAllowed, match="You approved it first"):
        pair.judge(pair.claim(item, "ana"), "approve", "ana")
    assert not sent(item)


def test_an_admin_is_no_exemption(pair: Bench) -> None:
    item = pair.decide_as(pair.item(), "approve", "ada")
    with pytest.raises(NotAllowed):
        pair.judge(pair.claim(item, "ada"), "approve", "ada")


def test_a_correction_is_a_first_approval_of_what_it_makes(pair: Bench) -> None:
    item = pair.item()
    texts = dict.fromkeys(pair.review(item).proposal["drafts"], "Hello Kim, it took us long.")
    item = pair.decide_as(item, "correct", "ana", correction={"drafts": texts})
    assert not sent(item)
    item = pair.let_it_leave(pair.decide_as(item, "approve", "ben"))
    assert b"it took us long" in pair.tools.received[0].body


def test_what_the_second_person_changes_needs_a_third_look(pair: Bench) -> None:
    item = pair.decide_as(pair.item(), "approve", "ana")
    texts = dict.fromkeys(pair.review(item).proposal["drafts"], "Changed again.")
    item = pair.decide_as(item, "correct", "ben", correction={"drafts": texts})
    assert not sent(item)
    again = pair.claim(item, "ben")
    with pytest.raises(NotAllowed, match="You approved it first"):
        pair.judge(again, "approve", "ben")
    claiming.release(actor=pair.people["ben"], review_id=again.pk, epoch=again.epoch)
    item = pair.let_it_leave(pair.decide_as(item, "approve", "cat"))
    assert b"Changed again." in pair.tools.received[0].body


def test_a_first_approval_can_be_undone_and_given_again(pair: Bench) -> None:
    item = pair.decide_as(pair.item(), "approve", "ana")
    judging.undo(actor=pair.people["ana"], review_id=pair.review(item).pk)
    item = pair.decide_as(item, "approve", "ana")
    assert not sent(item)
    assert sent(pair.decide_as(item, "approve", "ben"))


def test_declining_after_a_first_approval_sends_nothing_and_keeps_none_of_its_texts(pair: Bench) -> None:
    item = pair.item()
    texts = dict.fromkeys(pair.review(item).proposal["drafts"], "A text that is declined.")
    item = pair.decide_as(item, "correct", "ana", correction={"drafts": texts})
    item = pair.go_on(pair.decide_as(item, "reject", "ben", comment="No."))
    assert not sent(item)
    assert not pair.tools.received
    assert FactRevision.objects.filter(item=item, name="steps.reply.output.text").latest("seq").value == DRAFT


def test_a_first_approval_sent_eight_times_at_once_counts_once_and_lets_nothing_out(pair: Bench) -> None:
    item = pair.item()
    review = pair.claim(item, "ana")

    def approve(_: int) -> str:
        try:
            pair.judge(review, "approve", "ana")
        except (Conflict, NotAllowed) as error:
            return type(error).__name__
        else:
            return "done"
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        assert "done" in list(pool.map(approve, range(8)))
    assert Verdict.objects.filter(review=review).count() == 1
    assert not sent(item)


def test_who_sent_a_request_in_is_not_its_second_approver(pair: Bench) -> None:
    item = pair.decide_as(pair.item(actor=pair.people["ana"]), "approve", "ben")
    assert claiming.claim_next(actor=pair.people["ana"]) is None
    with pytest.raises(NotAllowed, match="You sent this request in"):
        pair.judge(pair.claim(item, "ana"), "approve", "ana")
    assert not sent(item)


def test_who_filled_in_what_was_missing_is_not_its_second_approver(pair: Bench) -> None:
    item = pair.item("A refund, please")
    answering.add_inputs(actor=pair.people["ana"], item_id=item.pk, given={"order_number": "K-1"})
    item = pair.decide_as(pair.go_on(item), "approve", "ben")
    with pytest.raises(NotAllowed, match="You changed this request"):
        pair.judge(pair.claim(item, "ana"), "approve", "ana")
    assert not sent(item)


def test_who_fixed_the_text_in_an_earlier_review_is_not_the_second_approver_of_sending_it(pair: Bench) -> None:
    look = {
        "when": {"fact": "reviews.finance", "op": "missing"},
        "then": ESCALATE | {"queue": "finance", "about": "reply"},
    }
    pair.desk.rules("support", DRAFT_FIRST, look, after("reply", approve_write("refund")))
    item = pair.item()
    assert pair.review(item).proposal["kind"] == "output"
    item = pair.go_on(pair.decide_as(item, "correct", "ana", correction={"fields": {"text": "Better."}}))
    item = pair.decide_as(item, "approve", "ben")
    with pytest.raises(NotAllowed, match="You fixed it"):
        pair.judge(pair.claim(item, "ana"), "approve", "ana")
    assert not sent(item)


def test_a_move_by_hand_goes_to_those_who_must_approve_by_the_rules(pair: Bench) -> None:
    urgent = {
        "when": {"fact": "item.priority", "op": "is", "value": "urgent"},
        "then": approve_write("refund", queue="finance"),
    }
    pair.desk.rules("support", DRAFT_FIRST, urgent, after("reply", approve_write("refund")))
    item = moving.move(actor=pair.people["olu"], item_id=pair.item().pk, to="destination:refund")
    review = pair.review(item)
    assert (review.queue.slug, review.approvals_needed) == ("support", 2)
    with pytest.raises(NotAllowed):
        pair.claim(item, "olu")
    item = pair.decide_as(item, "approve", "ana")
    assert not sent(item)
    assert sent(pair.decide_as(item, "approve", "ben"))


def test_another_type_is_no_way_around_those_who_must_approve(pair: Bench) -> None:
    pair.desk.work_type("other", ORDER)
    item = pair.item(type="other")
    answering.add_inputs(actor=pair.people["ben"], item_id=item.pk, given={"order_number": "K-1"})
    item = moving.move(actor=pair.people["olu"], item_id=item.pk, to="destination:refund")
    assert pair.review(item).queue.slug == "support"


def test_a_write_that_no_rule_makes_is_approved_in_triage(pair: Bench) -> None:
    item = moving.move(actor=pair.people["olu"], item_id=pair.item().pk, to="destination:send")
    assert pair.review(item).queue.slug == "triage"


def test_a_move_by_hand_proposes_nothing_of_the_run_before(pair: Bench) -> None:
    item = moving.move(actor=pair.people["olu"], item_id=pair.item().pk, to="destination:refund")
    assert DRAFT not in str(pair.review(item).proposal)
    assert pair.decide_as(item, "approve", "ana").state == "in_review"


def test_another_queue_lowers_nothing(pair: Bench) -> None:
    item = pair.decide_as(pair.item(), "reassign", "ben", to="queue:finance")
    assert pair.review(item).queue.slug == "finance"
    item = pair.decide_as(item, "approve", "ana")
    assert not sent(item)
    assert sent(pair.decide_as(item, "approve", "ada"))


def test_a_queue_that_gets_what_nobody_took_in_time_needs_two_as_well(pair: Bench) -> None:
    item = pair.item()
    Queue.objects.filter(destination__slug="support").update(overflow=pair.desk.queues["finance"])
    Review.objects.filter(item=item).update(overflow_at=item.created_at)
    people().sweep(database_now())
    assert pair.review(item).queue.slug == "finance"
    assert not sent(pair.decide_as(item, "approve", "ana"))


@pytest.mark.parametrize(
    ("hands", "word"),
    [
        (Hands(1, frozenset(), frozenset(), frozenset()), "sent this request in"),
        (Hands(None, frozenset({1}), frozenset(), frozenset()), "changed this request"),
        (Hands(None, frozenset(), frozenset({1}), frozenset()), "fixed it"),
        (Hands(None, frozenset(), frozenset(), frozenset({1})), "approved it first"),
    ],
)
def test_each_hand_in_it_bars_the_second_approval(hands: Hands, word: str) -> None:
    assert word in why_barred(hands, 1)
    assert why_barred(hands, 2) == ""


def test_two_who_must_approve_cannot_be_asked_of_one(pair: Bench) -> None:
    ana = pair.people["ana"].person_id
    with pytest.raises(Invalid, match="Two people must approve"):
        staffing.save_queue(
            actor=pair.people["ada"],
            slug="finance",
            details=QueueDetails("Finance", "", "", (), 240, 10, 10, eyes=2, member_ids=frozenset({ana})),
        )
    assert Queue.objects.get(destination__slug="finance").eyes == 1


def test_a_queue_that_lost_its_second_person_is_shown(pair: Bench) -> None:
    item = pair.decide_as(pair.item(), "approve", "ana")
    ben = pair.people["ben"].person_id
    before = eyes_of(pair.review(item), ben)
    assert before is not None
    assert before.possible
    assert before.first is not None
    assert not before.barred
    pair.desk.queues["support"].memberships.exclude(user_id=pair.people["ana"].person_id).delete()
    after_it = eyes_of(pair.review(item), ben)
    assert after_it is not None
    assert not after_it.possible
    assert "support" in unstaffed_queues()


def test_the_first_of_two_approvals_is_told_when_nobody_else_could_follow(pair: Bench) -> None:
    item = pair.item()
    pair.desk.queues["support"].memberships.exclude(user_id=pair.people["ana"].person_id).delete()
    eyes = eyes_of(pair.review(item), pair.people["ana"].person_id)
    assert eyes is not None
    assert not eyes.possible
