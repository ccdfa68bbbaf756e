"""What people do to items by hand: give them to somebody, close them as spam or duplicates, move many, and undo."""

import pytest
from django.contrib.auth.models import Group
from django.core import mail

from dispatchdesk.accounts.actors import actor_of
from reviews.actions import claiming, notice_mail
from reviews.models import Notice, Review
from routing import transitions
from routing.actions import letters, moving_many, noting
from routing.domain.goals import drops, read_goal
from routing.domain.roles import Actor, Role
from routing.domain.states import State
from routing.errors import Conflict, Invalid, NotAllowed
from routing.models import Event, Letter, Question, WorkItem
from tests.desks import TestDesk, fresh
from tests.routing.by_hand import asked, at_once, back, desk, give, in_review, olga, rene, server, working

__all__ = ["asked", "desk", "in_review", "olga", "rene", "server", "working"]  # fixtures

pytestmark = pytest.mark.django_db


# --- giving items to people ---


def test_an_open_review_is_given_to_somebody_who_decides_there(in_review: WorkItem, olga: Actor, rene: Actor) -> None:
    moved = give(olga, in_review, "person:rene")
    review = Review.objects.get(item=in_review)
    assert (moved.state, moved.owner_kind, moved.owner_name, moved.review_label) == (
        "in_review",
        "person",
        "rene",
        "rene decides",
    )
    assert (moved.run, moved.review_id, review.assignee_id) == (in_review.run, review.pk, rene.user_id)
    assert Event.objects.filter(item=in_review).last().data["to"] == f"person:{rene.user_id}"  # type: ignore[union-attr]


def test_a_review_is_not_given_to_who_does_not_decide_there(desk: TestDesk, in_review: WorkItem, olga: Actor) -> None:
    desk.person("otto", Role.OPERATOR)
    with pytest.raises(Invalid, match="otto does not decide in Support"):
        give(olga, in_review, "person:otto")
    with pytest.raises(Invalid, match="you do not decide in Support"):
        give(olga, in_review, "me")
    assert fresh(in_review).version == in_review.version


def test_a_review_that_somebody_looks_at_is_not_given_away(
    desk: TestDesk, in_review: WorkItem, olga: Actor, rene: Actor
) -> None:
    desk.person("rita", Role.REVIEWER, queues=("support",))
    claiming.claim(actor=rene, review_id=Review.objects.get().pk)
    with pytest.raises(Conflict, match="rene is looking at it"):
        give(olga, in_review, "person:rita")
    give(olga, in_review, "person:rene")
    assert Review.objects.get().claimed_by_id == rene.user_id


def test_nobody_is_given_what_they_may_not_see(desk: TestDesk, olga: Actor, rene: Actor) -> None:
    secret = desk.work_type("secret")
    secret.visible_to.add(Group.objects.create(name="board"))
    item = desk.send("hush", type="secret")
    admin = desk.person("ada", Role.ADMIN)
    with pytest.raises(Invalid, match="nobody who may see it is called"):
        give(admin, item, "person:rene")
    assert give(admin, item, "person:ada").owner_name == "ada"


def test_without_a_review_a_task_is_opened_in_a_queue_of_theirs(asked: WorkItem, olga: Actor, rene: Actor) -> None:
    moved = give(olga, asked, "person:rene")
    review = Review.objects.get(item=asked, status="open")
    assert (moved.state, moved.owner_name, moved.run) == ("in_review", "rene", 2)
    assert (review.kind, review.queue.slug, review.assignee_id) == ("assigned", "support", rene.user_id)
    assert Question.objects.get().status == "withdrawn"


def test_what_is_on_hold_becomes_theirs(asked: WorkItem, olga: Actor, rene: Actor) -> None:
    held = give(olga, asked, "state:waiting")
    moved = give(olga, held, "person:rene")
    assert (moved.state, moved.wait_kind, moved.owner_kind, moved.owner_name) == ("waiting", "hold", "person", "rene")
    assert not Review.objects.exists()


def test_i_will_do_it_gives_it_to_me_and_takes_it(
    working: WorkItem, in_review: WorkItem, olga: Actor, rene: Actor
) -> None:
    moved = give(olga, working, "me")
    review = Review.objects.get(item=working)
    assert (moved.owner_name, review.queue.slug, review.claimed_by_id) == ("olga", "triage", olga.user_id)
    assert give(rene, in_review, "me").owner_name == "rene"
    with pytest.raises(NotAllowed, match="the role reviewer may not take"):
        give(rene, give(olga, moved, "state:waiting"), "me")


def test_who_is_given_a_review_is_told_but_by_mail_only_when_it_cannot_be_undone(
    desk: TestDesk, in_review: WorkItem, olga: Actor, rene: Actor, server: None
) -> None:
    person = desk.people["rene"]
    person.email = "rene@example.org"
    person.save()
    give(olga, in_review, "person:rene")
    notice = Notice.objects.get(user=rene.user_id)
    assert (notice.kind, notice_mail.send_notices()) == ("reassigned", 0)
    back(olga, in_review)
    assert not Notice.objects.exists()
    give(olga, fresh(in_review), "person:rene")
    Notice.objects.update(mail_due_at=transitions.database_now())
    assert notice_mail.send_notices() == 1


# --- spam and duplicates ---


def test_spam_mails_nobody_and_shows_as_such_until_it_is_reopened(asked: WorkItem, olga: Actor, server: None) -> None:
    moved = give(olga, asked, "spam")
    assert (moved.state, moved.closed_as, Letter.objects.get().status) == ("stopped", "spam", "due")
    assert (letters.send_letters(), mail.outbox) == (0, [])
    with pytest.raises(Invalid, match="closed as spam"):
        noting.add_note(actor=olga, item_id=asked.pk, text="Hello", public=True)
    reopened = give(olga, moved, "state:incoming")
    assert (reopened.closed_as, letters.send_letters()) == ("", 1)


def test_a_duplicate_is_closed_and_linked(asked: WorkItem, working: WorkItem, olga: Actor) -> None:
    moved = give(olga, asked, f"duplicate:{working.code.lower()}")
    assert (moved.state, moved.closed_as, moved.duplicate_of) == ("stopped", "duplicate", working.pk)
    assert Event.objects.filter(item=asked).last().data["duplicate_of"] == working.pk  # type: ignore[union-attr]


def test_duplicates_never_go_round_in_circles(asked: WorkItem, working: WorkItem, olga: Actor) -> None:
    with pytest.raises(Invalid, match="a duplicate of itself"):
        give(olga, asked, f"duplicate:{asked.code}")
    give(olga, asked, f"duplicate:{working.code}")
    with pytest.raises(Invalid, match=f"{asked.code} is a duplicate itself"):
        give(olga, working, f"duplicate:{asked.code}")
    assert fresh(working).state == "working"


@pytest.mark.django_db(transaction=True)
def test_two_items_made_duplicates_of_each_other_at_once_leave_one_open(
    asked: WorkItem, working: WorkItem, olga: Actor
) -> None:
    outcomes = at_once(
        lambda: give(olga, asked, f"duplicate:{working.code}"), lambda: give(olga, working, f"duplicate:{asked.code}")
    )
    assert sorted(outcomes) == ["Invalid", "moved"]
    assert sorted(fresh(item).closed_as for item in (asked, working)) == ["", "duplicate"]


def test_a_duplicate_of_what_one_may_not_see_is_refused_as_if_it_did_not_exist(desk: TestDesk, asked: WorkItem) -> None:
    secret = desk.work_type("secret")
    secret.visible_to.add(Group.objects.create(name="board"))
    hidden = desk.send("hush", type="secret")
    desk.person("olga", Role.OPERATOR)
    olga = actor_of(desk.people["olga"])
    said = []
    for code in (hidden.code, f"D-{hidden.pk + 1000}"):
        with pytest.raises(Invalid) as refused:
            give(olga, asked, f"duplicate:{code}")
        said.append(str(refused.value).replace(code, "D-?"))
    assert said[0] == said[1]


# --- many at once ---


def test_of_many_each_is_moved_or_refused_by_itself(
    desk: TestDesk, asked: WorkItem, working: WorkItem, olga: Actor
) -> None:
    seen = [(asked.code, asked.version), (working.code, working.version - 1), ("D-999999", 1)]
    results = moving_many.move_many(actor=olga, items=seen, to="state:done", reason="all settled")
    assert [result.moved for result in results] == [True, False, False]
    assert results[0].words == f"{asked.code} is now done."
    now = f"is now working, next owner {working.owner_name}."
    assert results[1].words == f"{working.code}: it has changed since you saw it, and {now}"
    assert "may not see it" in results[2].words
    assert (fresh(asked).state, fresh(working).state, asked.notes.get().text) == ("done", "working", "all settled")
    undone = moving_many.undo_many(actor=olga, items=[(r.code, r.version or 0) for r in results if r.moved])
    assert ([r.moved for r in undone], fresh(asked).state) == ([True], "waiting")
    with pytest.raises(Invalid, match="between 1 and 200"):
        moving_many.move_many(actor=olga, items=seen * 70, to="state:done")


def test_dropping_follows_the_table_of_states() -> None:
    operator = {drop.column: drop for drop in drops(Role.OPERATOR)}
    assert operator[State.DONE].states == (State.INCOMING, State.WORKING, State.WAITING, State.IN_REVIEW)
    assert [column for column, drop in operator.items() if not drop.goal] == [State.WORKING, State.IN_REVIEW]
    reviewer = {drop.column: drop for drop in drops(Role.REVIEWER)}
    assert reviewer[State.INCOMING].states == (State.DONE, State.STOPPED)
    assert reviewer[State.DONE].states == ()
    assert "operators and admins" in reviewer[State.DONE].why_not


@pytest.mark.parametrize("text", ["", "me:", "me:olga", "spam:x", "state:in_review", "queue:", "nowhere:x", "person"])
def test_what_is_no_goal_is_none(text: str) -> None:
    goal = read_goal(text)
    assert goal is None or text == "me:"
