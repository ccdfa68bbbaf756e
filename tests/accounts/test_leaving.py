"""What somebody held goes back, and what they could do ends, when their account is changed or closed."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections, transaction

from dispatchdesk.accounts import people
from dispatchdesk.accounts.people import PersonDetails
from dispatchdesk.accounts.tokens import find_token, make_token
from reviews.actions import claiming
from reviews.actions.judging import Judgement, judge
from reviews.models import Review
from routing.actions.noting import add_note
from routing.domain.roles import DESK, Role
from routing.transitions import lock_one
from tests.desks import TestDesk, decide, fresh
from tests.reviews.test_claiming import until_somebody_waits

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def desk() -> TestDesk:
    made = TestDesk()
    made.queue("triage", staff_role="operator")
    return made


def test_a_new_role_ends_the_tokens_of_the_old_one(desk: TestDesk) -> None:
    desk.person("ada", Role.ADMIN)
    desk.person("boss", Role.ADMIN)
    token = make_token(user=desk.people["ada"], role=Role.ADMIN, name="script")
    people.change_person(
        actor=DESK, user_id=desk.people["ada"].pk, details=PersonDetails("Ada", "ada@example.org", "reviewer")
    )
    assert find_token(token) is None


def test_what_waits_for_a_closed_account_is_offered_to_the_queue_again(desk: TestDesk) -> None:
    olivia, omar = desk.person("olivia", Role.OPERATOR), desk.person("omar", Role.OPERATOR)
    ada = desk.person("ada", Role.ADMIN)
    item = desk.send("hello")
    decide()
    review = claiming.claim_next(actor=omar)
    assert review is not None
    judge(
        actor=omar,
        review_id=review.pk,
        epoch=review.epoch,
        digest=review.digest,
        judgement=Judgement("reassign", to="person:olivia"),
    )
    assert fresh(item).owner_kind == "person"
    claimed = claiming.claim(actor=olivia, review_id=review.pk)
    people.set_active(actor=ada, user_id=desk.people["olivia"].pk, active=False)
    left = Review.objects.get(pk=review.pk)
    assert (left.assignee, left.claimed_by, left.epoch > claimed.epoch) == (None, None, True)
    assert (fresh(item).owner_kind, fresh(item).owner_ref) == ("queue", "triage")
    assert claiming.claim_next(actor=omar) == left


def test_an_account_is_closed_while_its_owner_is_at_work(desk: TestDesk) -> None:
    olivia, ada = desk.person("olivia", Role.OPERATOR), desk.person("ada", Role.ADMIN)
    item = desk.send("hello")
    decide()
    claiming.claim_next(actor=olivia)

    def close() -> None:
        people.set_active(actor=ada, user_id=desk.people["olivia"].pk, active=False)
        connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():  # as a verdict does: the item first, then what refers to the person
            lock_one(item.pk)
            closing = pool.submit(close)
            until_somebody_waits()
            add_note(actor=olivia, item_id=item.pk, text="nearly done")
        closing.result(20)
    assert Review.objects.get().claimed_by is None
