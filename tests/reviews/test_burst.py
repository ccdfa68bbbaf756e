"""Two hundred reviewers and two thousand reviews at once: each is served once, none is lost, and in the true order."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle, islice

import pytest
from django.db import connection, connections

from dispatchdesk.accounts.models import User
from reviews.actions import claiming, judging
from reviews.actions.judging import Judgement
from reviews.models import Membership, Review, Verdict
from routing.domain.roles import Actor, Role
from routing.models import Event, WorkItem
from tests.desks import decide
from tests.reviews.conftest import ALWAYS, Bench

REVIEWERS, REVIEWS = 200, 2_000
AT_ONCE = 16  # connections at work at any moment; the reviewers take turns on them


@pytest.mark.timeout(300)
def test_each_review_is_served_once_and_none_waits_longer_than_its_place(bench: Bench) -> None:
    bench.desk.rules("support", {"when": ALWAYS, "then": {"do": "go", "to": ["support"]}})
    for number in range(REVIEWS):
        bench.desk.send(f"Task {number}", type="support")
    decide()
    people = User.objects.bulk_create(
        User(username=f"r{number}", role=Role.REVIEWER.value, password="!") for number in range(REVIEWERS)
    )
    queue = bench.desk.queues["support"]
    Membership.objects.bulk_create(Membership(queue=queue, user=user) for user in people)
    order = list(Review.objects.order_by("order_at", "pk").values_list("pk", flat=True))
    assert len(order) == REVIEWS

    def work(turns: list[User]) -> list[tuple[object, int]]:
        """Take and do reviews in turns, until none is left."""
        served: list[tuple[object, int]] = []
        try:
            for user in cycle(turns):
                actor = Actor(Role.REVIEWER, user.username, user.pk)
                review = claiming.claim_next(actor=actor)
                if review is None:
                    return served
                served.append((review.claimed_at, review.pk))
                judging.judge(
                    actor=actor,
                    review_id=review.pk,
                    epoch=review.epoch,
                    digest=review.digest,
                    judgement=Judgement("complete"),
                )
        finally:
            connections.close_all()
        return served

    with ThreadPoolExecutor(AT_ONCE) as pool:
        shares = [list(islice(people, start, None, AT_ONCE)) for start in range(AT_ONCE)]
        served = sorted(one for part in pool.map(work, shares) for one in part)

    assert Counter(pk for _, pk in served) == Counter(order)
    assert Verdict.objects.count() == Review.objects.filter(status=Review.DECIDED).count() == REVIEWS
    assert Event.objects.filter(kind="decide_review").count() == REVIEWS
    decide()
    assert WorkItem.objects.filter(state="done").count() == REVIEWS
    place = {pk: number for number, pk in enumerate(order)}
    overtaken = max(number - place[pk] for number, (_, pk) in enumerate(served))
    assert overtaken <= AT_ONCE


def test_a_migration_that_adds_a_column_keeps_nobody_from_the_next(bench: Bench) -> None:
    bench.desk.rules("support", {"when": ALWAYS, "then": {"do": "go", "to": ["support"]}})
    bench.item("Task 1 for K-1")
    first = claiming.claim_next(actor=bench.people["ana"])
    assert first is not None
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE reviews_review ADD COLUMN added integer")
        try:
            assert claiming.claim_next(actor=bench.people["ana"]) == first
        finally:
            cursor.execute("ALTER TABLE reviews_review DROP COLUMN added")
