"""The figures of a queue: counted right, seen by its people only, per person by its leads only, and safe as CSV."""

import csv
from datetime import timedelta

import pytest
from django.db.models import F
from django.test import Client
from django.utils import timezone

from reviews.domain.durations import lasting
from reviews.models import Membership, Review, Verdict
from reviews.queries.figures import figures, queue_to_measure
from reviews.views.figures import guarded, rate
from routing.models import WorkItem
from tests.reviews.conftest import ALWAYS, Bench

PAGE, TABLE = "/insights/queues/support/", "/insights/queues/support/figures.csv"


@pytest.fixture
def tasks(bench: Bench) -> Bench:
    bench.desk.rules("support", {"when": ALWAYS, "then": {"do": "go", "to": ["support"]}})
    return bench


def decided(bench: Bench, who: str, arrived: int, claimed: int) -> WorkItem:
    """A task that came, was taken and was done so many minutes ago (done: now)."""
    item = bench.item("A task")
    bench.decide_as(item, "complete", who)
    now = timezone.now()
    Review.objects.filter(item=item).update(
        arrived_at=now - timedelta(minutes=arrived), claimed_at=now - timedelta(minutes=claimed), closed_at=now
    )
    return item


def client_of(bench: Bench, who: str) -> Client:
    client = Client()
    client.force_login(bench.desk.people[who])
    return client


def test_what_waits_and_what_was_decided_is_counted(tasks: Bench) -> None:
    for arrived, claimed in ((10, 5), (20, 5), (90, 30)):
        decided(tasks, "ana", arrived, claimed)
    decided(tasks, "ben", 600, 1)
    old = decided(tasks, "ana", 10, 5)
    Review.objects.filter(item=old).update(
        arrived_at=F("arrived_at") - timedelta(days=8), closed_at=F("closed_at") - timedelta(days=8)
    )
    late, _ = tasks.item("A late task"), tasks.item("Another task")
    Review.objects.filter(item=late).update(due_at=timezone.now() - timedelta(minutes=1))
    ada = tasks.people["ada"]
    found = figures(ada, queue_to_measure(ada, "support"), 7, timezone.now())
    assert (found.waiting, found.overdue, found.arrived, found.decided) == (2, 1, 6, 4)
    assert found.oldest == Review.objects.get(item=late).arrived_at
    assert lasting(found.to_claim.median) == "37 min 30 s"
    assert lasting(found.to_verdict.median) == "55 min"
    assert [(one.words, one.count, one.percent) for one in found.mix] == [("Done", 4, 100)]
    assert found.people is not None
    assert [(one.words, one.count, one.percent, lasting(one.median)) for one in found.people] == [
        ("ana", 3, 75, "5 min"),
        ("ben", 1, 25, "1 min"),
    ]


def test_reassigning_undone_and_first_verdicts_count_for_nothing(tasks: Bench) -> None:
    item = decided(tasks, "ana", 10, 5)
    review = Review.objects.get(item=item)
    for more in (
        {"kind": "reassign"},
        {"kind": "approve", "first": True},
        {"kind": "ask", "undone_at": timezone.now()},
    ):
        Verdict.objects.create(review=review, by=tasks.desk.people["ben"], at=timezone.now(), epoch=1, **more)
    ada = tasks.people["ada"]
    assert figures(ada, queue_to_measure(ada, "support"), 7, timezone.now()).decided == 1


def test_figures_per_person_are_for_leads(tasks: Bench) -> None:
    decided(tasks, "ana", 10, 5)
    ben = client_of(tasks, "ben")
    assert "By whom" not in ben.get(PAGE).content.decode()
    assert "by" not in next(csv.reader(ben.get(TABLE).content.decode().splitlines()))
    Membership.objects.filter(user=tasks.desk.people["ben"]).update(lead=True)
    assert "By whom" in ben.get(PAGE).content.decode()
    assert next(csv.DictReader(ben.get(TABLE).content.decode().splitlines()))["by"] == "ana"


def test_a_queue_is_measured_by_its_people_operators_and_admins(tasks: Bench) -> None:
    Membership.objects.filter(user=tasks.desk.people["ben"]).delete()
    answers = {who: client_of(tasks, who).get(PAGE).status_code for who in ("ana", "ben", "olu", "ada")}
    assert answers == {"ana": 200, "ben": 404, "olu": 200, "ada": 200}
    assert client_of(tasks, "ada").get("/insights/queues/nowhere/").status_code == 404


def test_what_was_decided_is_downloaded_and_no_cell_is_a_formula(tasks: Bench) -> None:
    item = decided(tasks, "ana", 10, 5)
    Review.objects.filter(item=item).update(question="=HYPERLINK(1)")
    answer = client_of(tasks, "ada").get(f"{TABLE}?days=1")
    assert answer["Content-Disposition"] == 'attachment; filename="support-1-days.csv"'
    [row] = csv.DictReader(answer.content.decode().splitlines())
    assert (row["request"], row["question"], row["decision"]) == (item.code, "'=HYPERLINK(1)", "Done")


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_what_begins_a_formula_is_put_behind_an_apostrophe(start: str) -> None:
    assert guarded(f"{start}1") == f"'{start}1"
    assert guarded(f"1{start}") == f"1{start}"


@pytest.mark.parametrize(
    ("seconds", "words"), [(0, "0 s"), (59, "59 s"), (65, "1 min 5 s"), (7_500, "2 h 5 min"), (90_000, "1 d 1 h")]
)
def test_times_are_said_in_their_largest_units(seconds: int, words: str) -> None:
    assert lasting(timedelta(seconds=seconds)) == words


@pytest.mark.parametrize(
    ("count", "words"), [(0, "0.0 a day"), (28, "4.0 a day"), (168, "1.0 an hour"), (252, "1.5 an hour")]
)
def test_a_rate_is_said_an_hour_or_where_that_is_little_a_day(count: int, words: str) -> None:
    assert rate(count, 7) == words


def test_nothing_decided_is_no_error(tasks: Bench) -> None:
    for days in ("1", "7", "30", "x", "", "99999999999999999999"):
        assert "Nothing was decided in this time" in client_of(tasks, "ada").get(f"{PAGE}?days={days}").content.decode()
