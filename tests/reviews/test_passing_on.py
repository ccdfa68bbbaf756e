"""What is given back, passed on or put off: it keeps its age, and is offered to whom it may be."""

import pytest
from django.db.models import F

from reviews.actions import claiming
from reviews.errors import LostClaim
from reviews.models import PassedOn, Review
from reviews.queries.counts import counts_of
from routing.errors import Invalid, NotAllowed
from tests.desks import fresh
from tests.reviews.conftest import Bench
from tests.reviews.test_claiming import tasks


def test_what_is_given_back_keeps_its_age_and_is_offered_again(bench: Bench) -> None:
    first, _ = tasks(bench, 2)
    review = bench.claim(first)
    back = claiming.release(actor=bench.people["ana"], review_id=review.pk, epoch=review.epoch)
    assert (back.claimed_by, back.order_at) == (None, review.order_at)
    again = claiming.claim_next(actor=bench.people["ana"])
    assert again is not None
    assert (again.pk, again.epoch > review.epoch) == (review.pk, True)


def test_what_is_passed_on_is_offered_to_others_only_and_keeps_its_age(bench: Bench) -> None:
    first, second = tasks(bench, 2)
    review = bench.claim(first)
    ana, ben = bench.people["ana"], bench.people["ben"]
    claiming.release(actor=ana, review_id=review.pk, epoch=review.epoch, pass_on=True)
    mine, theirs = claiming.claim_next(actor=ana), claiming.claim_next(actor=ben)
    assert mine is not None
    assert theirs is not None
    assert (mine.item_id, theirs.item_id) == (second.pk, first.pk)
    assert theirs.order_at == review.order_at
    assert (counts_of(ana).reviews, counts_of(ben).reviews) == (1, 1)


def test_what_is_put_off_comes_back_first_after_half_an_hour_and_others_may_take_it_before(bench: Bench) -> None:
    first, second = tasks(bench, 2)
    review = bench.claim(first)
    ana, ben = bench.people["ana"], bench.people["ben"]
    claiming.put_off(actor=ana, review_id=review.pk, epoch=review.epoch)
    assert counts_of(ana).reviews == 1
    mine, theirs = claiming.claim_next(actor=ana), claiming.claim_next(actor=ben)
    assert mine is not None
    assert theirs is not None
    assert (mine.item_id, theirs.item_id) == (second.pk, first.pk)
    claiming.release(actor=ana, review_id=mine.pk, epoch=mine.epoch)
    claiming.release(actor=ben, review_id=theirs.pk, epoch=theirs.epoch)
    PassedOn.objects.update(until=F("until") - claiming.LATER)
    back = claiming.claim_next(actor=ana)
    assert back is not None
    assert (back.pk, back.order_at) == (review.pk, review.order_at)


def test_what_was_put_off_can_be_taken_after_all_and_is_then_the_one_that_is_held(bench: Bench) -> None:
    review = bench.claim(tasks(bench, 2)[0])
    ana = bench.people["ana"]
    claiming.put_off(actor=ana, review_id=review.pk, epoch=review.epoch)
    claiming.claim(actor=ana, review_id=review.pk)
    held = claiming.claim_next(actor=ana)
    assert held is not None
    assert held.pk == review.pk


def test_nothing_is_put_off_by_whoever_does_not_hold_it(bench: Bench) -> None:
    review = bench.claim(tasks(bench, 1)[0])
    with pytest.raises(LostClaim):
        claiming.put_off(actor=bench.people["ben"], review_id=review.pk, epoch=review.epoch)
    assert not PassedOn.objects.exists()


def test_the_last_one_left_cannot_pass_on(bench: Bench) -> None:
    review = bench.claim(tasks(bench, 1)[0])
    ana, ben = bench.people["ana"], bench.people["ben"]
    claiming.release(actor=ana, review_id=review.pk, epoch=review.epoch, pass_on=True)
    theirs = claiming.claim(actor=ben, review_id=review.pk)
    with pytest.raises(Invalid, match="nobody else is left"):
        claiming.release(actor=ben, review_id=review.pk, epoch=theirs.epoch, pass_on=True)
    assert Review.objects.get(pk=review.pk).claimed_by_id == ben.user_id


def test_what_was_given_to_a_person_returns_to_the_queue_when_they_pass_it_on(bench: Bench) -> None:
    item = tasks(bench, 1)[0]
    bench.judge(bench.claim(item), "reassign", to="person:ben")
    with pytest.raises(NotAllowed, match="given to"):
        bench.claim(item)
    theirs = bench.claim(item, "ben")
    assert fresh(item).owner_kind == "person"
    claiming.release(actor=bench.people["ben"], review_id=theirs.pk, epoch=theirs.epoch, pass_on=True)
    assert (fresh(item).owner_kind, fresh(item).owner_ref) == ("queue", "support")
    again = claiming.claim_next(actor=bench.people["ana"])
    assert again is not None
    assert (again.pk, again.assignee) == (theirs.pk, None)


def test_what_one_gave_to_another_queue_is_not_offered_to_oneself_again(bench: Bench) -> None:
    first, second = tasks(bench, 2, "finance")
    bench.judge(bench.claim(first), "reassign", to="queue:support")
    mine, theirs = claiming.claim_next(actor=bench.people["ana"]), claiming.claim_next(actor=bench.people["ben"])
    assert mine is not None
    assert theirs is not None
    assert (mine.item_id, theirs.item_id) == (second.pk, first.pk)
