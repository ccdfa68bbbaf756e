"""When reviews are due: in working hours, standing still while the requester is asked, handed on when nobody comes."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connections

from reviews.actions import claiming
from reviews.models import Calendar, Queue, Review
from reviews.queries.deadlines import deadlines, working_time
from routing.actions.sweeping import sweep
from routing.errors import NotAllowed
from routing.models import Event
from tests.desks import fresh
from tests.reviews.conftest import ALWAYS, Bench, approve_write

pytestmark = pytest.mark.django_db

BERLIN = ZoneInfo("Europe/Berlin")
OFFICE = {str(day): [[9 * 60, 17 * 60]] for day in range(5)}


def queue(bench: Bench, slug: str = "support", **options: object) -> Queue:
    Queue.objects.filter(destination__slug=slug).update(**options)
    return Queue.objects.select_related("calendar").get(destination__slug=slug)


def office(**options: object) -> Calendar:
    return Calendar.objects.create(**{"name": "Office", "zone": "Europe/Berlin", "hours": OFFICE, **options})


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN)


def test_the_time_to_decide_runs_in_working_hours_only(bench: Bench) -> None:
    row = queue(bench, calendar=office(), service_minutes=240)
    times = deadlines(row, 0, at("2026-11-27 15:00"))  # a Friday
    assert times.due_at == at("2026-11-30 11:00")
    assert times.order_at == at("2026-11-28 15:00")  # the longest wait of a low priority is a day, whatever the hours


def test_public_holidays_and_days_off_do_not_count() -> None:
    row = office(country="DE", region="BY", days_off=["2026-12-24"])
    row.refresh_from_db()
    # 24 December is a day off, the 25th and 6 January are holidays in Bavaria, the 26th and 27th a weekend.
    assert working_time(row).after(at("2026-12-23 16:30"), 60) == at("2026-12-28 09:30")
    assert working_time(row).after(at("2027-01-05 16:30"), 60) == at("2027-01-07 09:30")


def test_the_clock_stands_still_while_the_requester_is_asked(bench: Bench) -> None:
    bench.desk.rules("support", {"when": ALWAYS, "then": approve_write("refund")})
    queue(bench, service_minutes=60)
    item = bench.item()
    first = bench.review(item)
    bench.judge(bench.claim(item), "ask", inputs=("amount",), comment="How much?")
    hour = timedelta(hours=1)
    Review.objects.filter(pk=first.pk).update(
        arrived_at=first.arrived_at - hour, due_at=first.due_at - hour / 2, order_at=first.order_at - hour / 2
    )
    first.refresh_from_db()
    bench.answer(item, amount="20 EUR")
    again = bench.review(bench.go_on(item))
    assert again.pk != first.pk
    assert first.closed_at is not None
    left = first.due_at - first.closed_at
    assert abs((again.due_at - again.arrived_at) - left) < timedelta(minutes=1)
    assert abs((again.order_at - again.arrived_at) - (first.order_at - first.closed_at)) < timedelta(minutes=1)


def overdue(bench: Bench) -> Review:
    """A review that nobody took in time, and that Finance gets then."""
    bench.desk.rules("support", {"when": ALWAYS, "then": {"do": "go", "to": ["support"]}})
    finance = queue(bench, "finance")
    queue(bench, overflow=finance, overflow_minutes=30)
    review = bench.review(bench.item())
    assert review.overflow_at == review.arrived_at + timedelta(minutes=30)
    Review.objects.filter(pk=review.pk).update(overflow_at=review.arrived_at)
    return review


def test_what_nobody_takes_in_time_goes_to_the_next_queue_and_keeps_its_age(bench: Bench) -> None:
    before = overdue(bench)
    sweep()
    review = Review.objects.get(pk=before.pk)
    assert (review.queue.slug, review.overflow_at) == ("finance", None)
    assert (review.order_at, review.due_at, review.arrived_at) == (before.order_at, before.due_at, before.arrived_at)
    item = fresh(review.item)
    assert (item.owner_ref, item.review_queue) == ("finance", "finance")
    assert Event.objects.filter(item=item, kind="hand_on").count() == 1
    sweep()
    assert Event.objects.filter(item=item, kind="hand_on").count() == 1


def test_what_somebody_looks_at_stays_with_them(bench: Bench) -> None:
    review = overdue(bench)
    claiming.claim(actor=bench.people["ana"], review_id=review.pk)
    sweep()
    assert Review.objects.get(pk=review.pk).queue.slug == "support"


def test_a_review_is_taken_or_handed_on_but_not_both(bench: Bench) -> None:
    def alone(do: Callable[[], object]) -> None:
        try:
            do()
        finally:
            connections.close_all()

    for _ in range(5):
        review = overdue(bench)

        def take(pk: int = review.pk) -> None:
            with suppress(NotAllowed):  # ben staffs the first queue only
                claiming.claim(actor=bench.people["ben"], review_id=pk)

        with ThreadPoolExecutor(2) as pool:
            list(pool.map(alone, (take, sweep)))
        now = Review.objects.get(pk=review.pk)
        assert (now.claimed_by_id == bench.people["ben"].user_id) is (now.queue.slug == "support")
