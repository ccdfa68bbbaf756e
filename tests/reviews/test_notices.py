"""Who is told what, once, and where they read it."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from reviews.actions import judging
from reviews.actions.telling import mark_read
from reviews.actions.wishes import save_wishes
from reviews.domain.notices import Kind, Way, due_soon_at
from reviews.models import Membership, Notice, Queue, Review
from routing.actions.sweeping import sweep
from routing.models import WorkItem, WorkType
from routing.transitions import database_now
from tests.reviews.conftest import DRAFT_FIRST, Bench, after, approve_write
from tests.reviews.test_claiming import at_once
from tests.reviews.test_judging import FIX_CALLS, FIX_OUTPUT, stopped_at

pytestmark = pytest.mark.django_db(transaction=True)


def told(kind: str = "") -> set[tuple[str, str]]:
    """Everybody who was told something, and what."""
    rows = Notice.objects.filter(kind=kind) if kind else Notice.objects.all()
    return set(rows.values_list("user__username", "kind"))


def make_due(bench: Bench, item: WorkItem, minutes: float) -> Review:
    """Let a review be due in so many minutes, as if it had waited the rest of its time."""
    review, now = bench.review(item), database_now()
    due = now + timedelta(minutes=minutes)
    Review.objects.filter(pk=review.pk).update(due_at=due, tell_at=min(now, due))
    return bench.review(item)


def choose(bench: Bench, who: str, **ways: Way) -> None:
    """Let somebody choose how they are told; of what is not named, only in the app."""
    chosen = {kind: ways.get(kind.value, Way.APP) for kind in Kind}
    save_wishes(actor=bench.people[who], ways=chosen, digest_hour=8, zone="UTC")


def test_a_quarter_of_the_time_is_soon_but_never_more_than_half_an_hour() -> None:
    now = database_now()
    for minutes, left in ((20, 5), (120, 30), (480, 30), (0, 0), (-10, 0)):
        due = now + timedelta(minutes=minutes)
        assert due - due_soon_at(now, due) == timedelta(minutes=left)


def test_a_review_tells_first_that_it_is_due_soon_then_that_it_is_overdue_each_once(bench: Bench) -> None:
    item = stopped_at(bench, "calls")
    sweep()
    assert told() == set()
    make_due(bench, item, 5)
    sweep()
    sweep()
    assert told() == {("ana", "due_soon"), ("ben", "due_soon")}
    Review.objects.update(due_at=database_now(), tell_at=database_now())
    sweep()
    sweep()
    assert sorted(Notice.objects.filter(kind="overdue").values_list("user__username", flat=True)) == ["ana", "ben"]
    assert Notice.objects.count() == 4
    assert bench.review(item).tell_at is None


def test_the_due_time_is_told_to_who_holds_it_else_to_leads_else_to_who_could_take_it(bench: Bench) -> None:
    items = [bench.item(type="", text=f"Question {number}") for number in range(4)]
    support = Queue.objects.get(destination__slug="support")
    Review.objects.update(queue=support)
    held, led, passed, given = items
    bench.claim(held, "ben")
    make_due(bench, held, 1)
    sweep()
    assert told() == {("ben", "due_soon")}
    Notice.objects.all().delete()
    bench.judge(bench.claim(given, "ana"), "reassign", "ana", to="person:olu")
    make_due(bench, given, -1)
    sweep()
    assert told("overdue") == {("olu", "overdue")}
    Notice.objects.all().delete()
    bench.review(passed).passed_on.create(user=bench.desk.people["ana"], at=database_now())
    make_due(bench, passed, 1)
    sweep()
    assert told() == {("ben", "due_soon")}
    Notice.objects.all().delete()
    Membership.objects.filter(user=bench.desk.people["ana"]).update(lead=True)
    make_due(bench, led, 1)
    sweep()
    assert told() == {("ana", "due_soon")}


def test_nobody_is_told_of_what_they_may_not_see_and_no_more_than_twenty_of_one_review(bench: Bench) -> None:
    group = Group.objects.create(name="insiders")
    WorkType.objects.get(slug="support").visible_to.add(group)
    bench.desk.people["ben"].groups.add(group)
    item = stopped_at(bench, "task")
    make_due(bench, item, 1)
    sweep()
    assert told() == {("ben", "due_soon")}
    User = type(bench.desk.people["ben"])  # noqa: N806 - a class
    for number in range(25):
        person = User.objects.create_user(username=f"p{number}", role="reviewer", is_active=number != 3)
        person.groups.add(group)
        Membership.objects.create(user=person, queue=bench.desk.queues["support"])
    make_due(bench, item, -1)
    sweep()
    assert Notice.objects.filter(kind="overdue").count() == 20
    assert not Notice.objects.filter(user__username="p3").exists()


def test_a_review_that_is_decided_by_then_tells_nobody(bench: Bench) -> None:
    item = stopped_at(bench, "task")
    make_due(bench, item, 1)
    bench.decide_as(item, "complete", "ana")
    sweep()
    assert told() == set()


def test_two_sweepers_at_once_tell_each_person_once(bench: Bench) -> None:
    item = stopped_at(bench, "calls")
    make_due(bench, item, 1)
    at_once([sweep, sweep])
    assert sorted(Notice.objects.values_list("user__username", flat=True)) == ["ana", "ben"]


def test_who_is_given_a_review_by_somebody_else_is_told_and_nobody_by_themselves(bench: Bench) -> None:
    item = stopped_at(bench, "task")
    bench.judge(bench.claim(item, "ana"), "reassign", "ana", to="person:ana")
    assert told() == set()
    bench.judge(bench.claim(item, "ana"), "reassign", "ana", to="person:ben")
    assert told() == {("ben", "reassigned")}
    bench.judge(bench.claim(item, "ben"), "reassign", "ben", to="queue:finance")
    bench.judge(bench.claim(item, "ana"), "reassign", "ana", to="person:ben")
    assert Notice.objects.filter(user__username="ben").count() == 2


def test_a_kind_that_is_turned_off_is_not_told(bench: Bench) -> None:
    choose(bench, "ben", reassigned=Way.NOT)
    item = stopped_at(bench, "task")
    bench.judge(bench.claim(item, "ana"), "reassign", "ana", to="person:ben")
    assert told() == set()


@pytest.fixture
def pair(bench: Bench) -> Bench:
    Queue.objects.filter(destination__slug="support").update(eyes=2)
    return bench


@pytest.mark.parametrize(
    ("verdict", "given", "overruled"),
    [
        ("reject", {"comment": "No."}, {"ana"}),
        ("redo", {"comment": "Shorter."}, {"ana"}),
        ("correct", {"correction": {"drafts": {"steps.reply.output.text": "Best."}}}, {"ana"}),
        ("approve", {}, set()),
        ("ask", {"comment": "Which one?"}, set()),
    ],
)
def test_the_second_of_two_people_overrules_the_fix_of_the_first(
    pair: Bench, verdict: str, given: dict[str, Any], overruled: set[str]
) -> None:
    item = pair.decide_as(stopped_at(pair, "calls"), "correct", "ana", **FIX_CALLS)
    pair.decide_as(item, verdict, "ben", **given)
    assert told() == {(name, "overruled") for name in overruled}


def test_a_fix_that_comes_back_in_a_later_review_can_be_overruled_there(bench: Bench) -> None:
    ask = {"do": "escalate", "queue": "support", "reason": "Good?", "about": "reply"}
    bench.desk.rules("support", DRAFT_FIRST, after("reply", ask), after("reply", approve_write("refund")))
    item = bench.go_on(bench.decide_as(bench.item(), "correct", "ana", **FIX_OUTPUT))
    assert bench.review(item).proposal["drafts"] == {"steps.reply.output.text": "Better."}
    bench.decide_as(item, "reject", "ben", comment="No.")
    assert told() == {("ana", "overruled")}


def test_ones_own_fix_and_one_that_was_written_anew_are_not_overruled(pair: Bench) -> None:
    item = pair.decide_as(stopped_at(pair, "calls"), "correct", "ana", **FIX_CALLS)
    pair.decide_as(item, "reject", "ana", comment="I was wrong.")
    assert told() == set()
    item = pair.decide_as(pair.item(), "correct", "ana", **FIX_CALLS)
    item = pair.decide_as(item, "correct", "ben", correction={"drafts": {"steps.reply.output.text": "Best."}})
    pair.decide_as(item, "reject", "ada", comment="No.")
    assert sorted(Notice.objects.values_list("user__username", flat=True)) == ["ana", "ben"]


def test_what_was_overruled_by_a_verdict_that_is_undone_is_told_no_more(pair: Bench) -> None:
    item = pair.decide_as(stopped_at(pair, "calls"), "correct", "ana", **FIX_CALLS)
    pair.decide_as(item, "correct", "ben", correction={"drafts": {"steps.reply.output.text": "Best."}})
    judging.undo(actor=pair.people["ben"], review_id=pair.review(item).pk)
    assert told() == set()


@pytest.fixture
def ben(bench: Bench, client: Client) -> Client:
    """Ben's browser, and a review that ana gave him."""
    item = stopped_at(bench, "task")
    bench.judge(bench.claim(item, "ana"), "reassign", "ana", to="person:ben")
    client.force_login(bench.desk.people["ben"])
    return client


def test_the_page_leads_to_the_review_and_looking_marks_nothing_as_read(bench: Bench, ben: Client) -> None:
    notice = Notice.objects.get()
    shown = ben.get("/notices/").content.decode()
    assert f'href="/reviews/{notice.review_id}/"' in shown
    assert f"{notice.item.code} was given to you" in shown
    assert ben.get(f"/reviews/{notice.review_id}/").status_code == 200
    assert ben.get("/notices/latest/?after=0").json() == {
        "count": 1,
        "newest": notice.pk,
        "told": [{"text": f"{notice.item.code} was given to you.", "url": f"/reviews/{notice.review_id}/"}],
    }
    notice.refresh_from_db()
    assert notice.read_at is None
    assert ben.post("/notices/read/", {"up_to": notice.pk - 1}).status_code == 302
    assert ben.get("/notices/latest/").json()["count"] == 1  # what came after the page was drawn stays unread
    ben.post("/notices/read/", {"up_to": notice.pk})
    assert ben.get("/notices/latest/").json()["count"] == 0


def test_notices_are_ones_own_and_go_with_the_right_to_see_the_request(bench: Bench, ben: Client) -> None:
    notice = Notice.objects.get()
    mark_read(actor=bench.people["ana"], up_to=notice.pk, only=notice.pk)
    notice.refresh_from_db()
    assert notice.read_at is None
    notice.item.work_type.visible_to.add(Group.objects.create(name="others"))  # type: ignore[union-attr]
    assert ben.get("/notices/latest/").json() == {"count": 0, "newest": 0, "told": []}
    assert notice.item.code not in ben.get("/notices/").content.decode()


def test_a_long_list_costs_as_many_queries_as_a_short_one(
    bench: Bench, ben: Client, django_assert_max_num_queries: Any
) -> None:
    notice = Notice.objects.get()
    Notice.objects.bulk_create(
        Notice(user=notice.user, kind=notice.kind, item=notice.item, review=notice.review, about=-number, at=notice.at)
        for number in range(1, 120)
    )
    with django_assert_max_num_queries(12):
        first = ben.get("/notices/").content.decode()
    assert first.count('class="notice ') == 50
    assert f'href="/notices/?before={notice.pk + 70}"' in first
