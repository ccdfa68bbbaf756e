"""Claims: one live claim per review, the true order, taking over; races included."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.contrib.auth.models import Group
from django.db import connection, connections, transaction

from reviews.actions import claiming, judging
from reviews.actions.judging import Judgement
from reviews.errors import LostClaim
from reviews.models import Membership, Review, Verdict
from reviews.queries.counts import counts_of
from reviews.queries.narrowing import Narrowing
from reviews.queries.people import queues_of, staff_of
from routing.domain.roles import Actor, Role
from routing.errors import Invalid, NotAllowed, RoutingError
from routing.models import Destination, Note, Step, WorkItem
from routing.transitions import database_now, lock_one
from tests.reviews.conftest import ALWAYS, Bench, approve_write

CONTENDERS = 50


def tasks(bench: Bench, count: int, queue: str = "support") -> list[WorkItem]:
    bench.desk.rules("support", {"when": ALWAYS, "then": {"do": "go", "to": [queue]}})
    return [bench.item(f"Task {number} for K-{number}") for number in range(count)]


def at_once(doings: Sequence[Callable[[], object]]) -> list[object]:
    """Do these at the same moment, each on a connection of its own; a refusal is returned, not raised."""
    barrier = Barrier(len(doings))

    def run(do: Callable[[], object]) -> object:
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1")
            barrier.wait(30)
            return do()
        except RoutingError as error:
            return error
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(doings)) as pool:
        return list(pool.map(run, doings))


@pytest.fixture
def many_connections() -> Iterator[None]:
    """Give every contender a connection: the pool of the tests is smaller."""
    options = connection.settings_dict["OPTIONS"]
    usual = options["pool"]
    connection.close_pool()  # type: ignore[attr-defined]
    options["pool"] = {"min_size": 1, "max_size": CONTENDERS + 10, "timeout": 30}
    yield
    connection.close_pool()  # type: ignore[attr-defined]
    options["pool"] = usual


@pytest.mark.usefixtures("many_connections")
def test_fifty_people_taking_the_next_at_once_are_served_one_each(bench: Bench) -> None:
    tasks(bench, 40)
    people = [bench.desk.person(f"p{number}", Role.REVIEWER, queues=("support",)) for number in range(CONTENDERS)]
    got = at_once([lambda actor=actor: claiming.claim_next(actor=actor) for actor in people])  # type: ignore[misc]
    served = [review.pk for review in got if isinstance(review, Review)]
    assert max(Counter(served).values()) == 1
    assert len(served) == 40
    held = Review.objects.filter(claimed_by__isnull=False)
    assert held.count() == len({review.claimed_by_id for review in held}) == 40


@pytest.mark.usefixtures("many_connections")
def test_fifty_people_taking_one_review_at_once_leave_one_claim(bench: Bench) -> None:
    review = bench.review(tasks(bench, 1)[0])
    people = [bench.desk.person(f"p{number}", Role.REVIEWER, queues=("support",)) for number in range(CONTENDERS)]
    got = at_once(
        [lambda actor=actor: claiming.claim(actor=actor, review_id=review.pk) for actor in people]  # type: ignore[misc]
    )
    assert [type(one) for one in got].count(Review) == 1
    assert [type(one) for one in got].count(LostClaim) == CONTENDERS - 1


@pytest.mark.usefixtures("many_connections")
def test_the_same_decision_sent_twenty_times_at_once_is_one_effect(bench: Bench) -> None:
    bench.desk.rules("support", {"when": ALWAYS, "then": approve_write("refund")})
    item = bench.item()
    review = bench.claim(item)
    got = at_once([lambda: bench.judge(review, "approve")] * 20)
    assert {one.pk for one in got if isinstance(one, Verdict)} == {Verdict.objects.get().pk}
    assert Step.objects.filter(item=item, writes=True).count() == 1


def test_a_double_click_on_take_the_next_takes_one_review(bench: Bench) -> None:
    tasks(bench, 3)
    got = at_once([lambda: claiming.claim_next(actor=bench.people["ana"])] * 5)
    assert len({review.pk for review in got if isinstance(review, Review)}) == 1
    assert Review.objects.filter(claimed_by__isnull=False).count() == 1


def test_a_decision_that_waits_for_the_row_until_the_time_is_up_is_refused(bench: Bench) -> None:
    """Checked by the clock after the lock is had: not by the moment the request came in."""
    item = tasks(bench, 1)[0]
    review = bench.claim(item)
    barrier = Barrier(2)
    Review.objects.filter(pk=review.pk).update(lease_expires_at=database_now() + timedelta(seconds=1.5))

    def hold() -> object:
        with transaction.atomic():
            Review.objects.select_for_update().get(pk=review.pk)
            barrier.wait(30)
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_sleep(2.5)")
        return None

    def decide_late() -> object:
        barrier.wait(30)
        return bench.judge(review, "complete")

    _, late = at_once([hold, decide_late])
    assert isinstance(late, LostClaim)
    assert not Verdict.objects.exists()


def test_reviews_are_served_by_the_earlier_of_due_time_and_longest_wait(bench: Bench) -> None:
    first, second, urgent = tasks(bench, 3)
    rows = {item.pk: bench.review(item) for item in (first, second, urgent)}
    Review.objects.filter(pk=rows[urgent.pk].pk).update(order_at=rows[first.pk].order_at - timedelta(minutes=1))
    served = []
    for _ in range(3):
        review = claiming.claim_next(actor=bench.people["ana"])
        assert review is not None
        served.append(review.item_id)
        bench.judge(review, "complete")
    assert served == [urgent.pk, first.pk, second.pk]
    assert claiming.claim_next(actor=bench.people["ana"]) is None


def test_a_claim_runs_out_and_is_renewed_only_while_it_holds(bench: Bench) -> None:
    review = bench.claim(tasks(bench, 1)[0])
    ana = bench.people["ana"]
    renewed = claiming.renew(actor=ana, review_id=review.pk, epoch=review.epoch)
    assert renewed.lease_expires_at is not None
    assert review.lease_expires_at is not None
    assert renewed.lease_expires_at > review.lease_expires_at
    Review.objects.filter(pk=review.pk).update(lease_expires_at=review.claimed_at)
    with pytest.raises(LostClaim, match="ran out"):
        claiming.renew(actor=ana, review_id=review.pk, epoch=review.epoch)
    taken = claiming.claim_next(actor=bench.people["ben"])
    assert taken is not None
    with pytest.raises(LostClaim, match="ben is looking"):
        claiming.renew(actor=ana, review_id=review.pk, epoch=review.epoch)


def test_only_a_lead_takes_over_and_the_earlier_claim_is_lost(bench: Bench) -> None:
    item = tasks(bench, 1)[0]
    review = bench.claim(item)
    ben = bench.people["ben"]
    with pytest.raises(LostClaim, match="ana is looking"):
        claiming.claim(actor=ben, review_id=review.pk, takeover=True)
    Membership.objects.filter(user=ben.user_id).update(lead=True)
    with pytest.raises(Invalid, match="Say why"):
        claiming.claim(actor=ben, review_id=review.pk, takeover=True, note=" ")
    taken = claiming.claim(actor=ben, review_id=review.pk, takeover=True, note="She is ill")
    assert Note.objects.get(item=review.item).text == "Took the review over from ana: She is ill"
    with pytest.raises(LostClaim, match="ben is looking"):
        bench.judge(review, "complete")
    bench.judge(taken, "complete", "ben")


def test_whoever_takes_over_waits_for_the_item_before_the_review(bench: Bench) -> None:
    # The other way round, a verdict and a takeover at the same time would wait for each other.
    review = bench.claim(tasks(bench, 1)[0])

    def take_over() -> None:
        claiming.claim(actor=bench.people["ada"], review_id=review.pk, takeover=True, note="She is ill")
        connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            lock_one(review.item_id)
            taking = pool.submit(take_over)
            until_somebody_waits()
            Review.objects.select_for_update(nowait=True).get(pk=review.pk)
        taking.result(20)


def until_somebody_waits() -> None:
    waiting = "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    with connection.cursor() as cursor:
        for _ in range(2000):
            cursor.execute(f"SELECT pg_stat_clear_snapshot(), pg_sleep(0.01), EXISTS({waiting})")
            if cursor.fetchone()[-1]:
                return
    raise AssertionError("nobody waits")


def test_people_outside_the_queue_can_neither_take_nor_decide(bench: Bench) -> None:
    review = bench.claim(tasks(bench, 1, "finance")[0])
    ben = bench.people["ben"]
    with pytest.raises(NotAllowed, match="do not staff"):
        claiming.claim(actor=ben, review_id=review.pk)
    with pytest.raises(LostClaim):
        judging.judge(
            actor=ben, review_id=review.pk, epoch=review.epoch, digest=review.digest, judgement=Judgement("complete")
        )
    assert claiming.claim_next(actor=ben) is None


def test_a_request_of_a_type_one_may_not_see_is_not_offered(bench: Bench) -> None:
    tasks(bench, 1)
    blind = Actor(Role.REVIEWER, "ana", user_id=bench.people["ana"].user_id, visible_types=frozenset())
    assert claiming.claim_next(actor=blind) is None
    assert counts_of(blind).reviews == 0


def test_the_next_of_several_queues_is_the_one_that_is_due_first_and_can_be_asked_of_one(bench: Bench) -> None:
    support, triage = bench.review(tasks(bench, 1)[0]), bench.review(tasks(bench, 1, queue="triage")[0])
    both = bench.desk.person("bo", Role.REVIEWER, queues=("support", "triage"))
    Review.objects.filter(pk=triage.pk).update(order_at=support.order_at - timedelta(minutes=1))
    assert claiming.claim_next(actor=both, narrowing=Narrowing(queue="nowhere")) is None
    first = claiming.claim_next(actor=both)
    assert first is not None
    assert first.pk == triage.pk
    claiming.release(actor=both, review_id=first.pk, epoch=first.epoch)
    asked = claiming.claim_next(actor=both, narrowing=Narrowing(queue="support"))
    assert asked is not None
    assert (asked.pk, asked.claimed_by_id, asked.epoch) == (support.pk, both.user_id, 1)
    held = asked.lease_expires_at
    assert held is not None
    assert asked.claimed_at is not None
    assert held - asked.claimed_at == timedelta(minutes=asked.queue.lease_minutes)


def test_a_review_behind_many_that_are_being_taken_is_reached(bench: Bench) -> None:
    items = tasks(bench, claiming.FIRST_LOOK_AT + 2)
    last = bench.review(items[-1])
    ready, done = Barrier(2), Barrier(2)

    def hold() -> object:
        with transaction.atomic():
            list(Review.objects.select_for_update().exclude(pk=last.pk))
            ready.wait(30)
            done.wait(30)
        return None

    def take() -> object:
        ready.wait(30)
        got = claiming.claim_next(actor=bench.people["ana"])
        done.wait(30)
        return got

    _, got = at_once([hold, take])
    assert isinstance(got, Review)
    assert got.pk == last.pk


def test_nothing_is_opened_in_a_queue_that_is_out_of_use(bench: Bench) -> None:
    bench.desk.rules("support", {"when": ALWAYS, "then": {"do": "escalate", "queue": "finance", "reason": "look"}})
    Destination.objects.filter(slug="finance").update(archived=True)
    assert bench.review(bench.item()).queue.slug == "triage"


def test_members_a_group_and_a_role_staff_a_queue_and_nobody_else(bench: Bench) -> None:
    tasks(bench, 1)
    queue = bench.desk.queues["support"]
    people = {name: bench.desk.person(name, Role.OPERATOR) for name in ("member", "grouped", "outside")}
    Membership.objects.create(queue=queue, user_id=people["member"].person_id)
    group = Group.objects.create(name="Evening")
    queue.groups.add(group)
    bench.desk.people["grouped"].groups.add(group)
    reviewer = bench.desk.person("reviewer", Role.REVIEWER)

    def staff() -> set[str]:
        named = {**people, "reviewer": reviewer}
        able = {name for name, actor in named.items() if queues_of(actor).filter(pk=queue.pk).exists()}
        assert able == named.keys() & set(staff_of(queue).values_list("username", flat=True))
        assert able == {name for name, actor in named.items() if counts_of(actor).reviews}
        return able

    assert staff() == {"member", "grouped"}
    queue.staff_role = Role.REVIEWER.value
    queue.save()
    assert staff() == {"member", "grouped", "reviewer"}
    Destination.objects.filter(pk=queue.pk).update(archived=True)
    assert not any(queues_of(actor).filter(pk=queue.pk) for actor in people.values())


def test_a_claim_whose_page_was_left_soon_runs_out_and_is_kept_by_whoever_comes_back(bench: Bench) -> None:
    [item] = tasks(bench, 1)
    review = bench.claim(item)
    ana, ben = bench.people["ana"], bench.people["ben"]

    left = claiming.leave(actor=ana, review_id=review.pk, epoch=review.epoch)
    assert left.lease_expires_at is not None
    assert left.lease_expires_at - database_now() <= claiming.LEFT
    with pytest.raises(LostClaim):
        claiming.claim(actor=ben, review_id=review.pk)
    back = claiming.renew(actor=ana, review_id=review.pk, epoch=review.epoch)
    assert back.lease_expires_at is not None
    assert back.lease_expires_at - database_now() > claiming.LEFT
    with pytest.raises(LostClaim):
        claiming.leave(actor=ben, review_id=review.pk, epoch=review.epoch)
