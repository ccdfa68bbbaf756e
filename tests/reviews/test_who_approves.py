"""A write leaves by the word of the people whom the rules name, as many as must; nobody gets around them."""

from collections.abc import Iterator

import pytest
from django.test import Client

from dispatchdesk.accounts import people as accounts
from dispatchdesk.accounts.actors import actor_of
from dispatchdesk.accounts.people import PersonDetails
from reviews.actions import staffing
from reviews.actions.staffing import QueueDetails
from reviews.errors import LostClaim
from reviews.models import Queue
from routing import requesters
from routing.actions import answering, moving
from routing.domain.roles import Role
from routing.errors import Invalid, NotAllowed
from routing.models import FactRevision, WorkItem
from tests.outgoing.scripted_server import ScriptedServer, http, json_reply, scripted_server
from tests.reviews.conftest import DRAFT, DRAFT_FIRST, Bench, after, approve_write

pytestmark = pytest.mark.django_db(transaction=True)

GOES_WELL = json_reply({"ok": True, "id": "R-1"})


@pytest.fixture
def tools(request: pytest.FixtureRequest) -> Iterator[ScriptedServer]:
    with scripted_server(getattr(request, "param", [GOES_WELL])) as server:
        yield server


@pytest.fixture
def pair(bench: Bench) -> Bench:
    """A support queue where two must approve, and a refund that waits in it."""
    Queue.objects.filter(destination__slug="support").update(eyes=2)
    bench.people["cat"] = bench.desk.person("cat", Role.REVIEWER, queues=("support",))
    bench.desk.rules("support", DRAFT_FIRST, after("reply", approve_write("refund")))
    return bench


@pytest.fixture
def single(bench: Bench) -> Bench:
    """The same, where one approves."""
    bench.desk.rules("support", DRAFT_FIRST, after("reply", approve_write("refund")))
    return bench


def approved_by_both(pair: Bench) -> WorkItem:
    return pair.decide_as(pair.decide_as(pair.item(), "approve", "ana"), "approve", "ben")


def asks_both_again(pair: Bench, item: WorkItem, kind: str) -> None:
    """Check that what is asked now is asked of two in Support, and send it on by both."""
    sent_before, review = len(pair.tools.received), pair.review(item)
    assert (review.proposal["kind"], review.queue.slug, review.approvals_needed) == (kind, "support", 2)
    with pytest.raises(NotAllowed):
        pair.claim(item, "olu")
    item = pair.let_it_leave(pair.decide_as(item, "approve", "cat"))
    assert len(pair.tools.received) == sent_before
    pair.let_it_leave(pair.decide_as(item, "approve", "ben"))
    assert len(pair.tools.received) == sent_before + 1


def test_what_changed_after_two_approved_it_is_asked_of_two_of_them_again(pair: Bench) -> None:
    item = approved_by_both(pair)
    answering.add_inputs(actor=pair.people["olu"], item_id=item.pk, given={"order_number": "K-666"})
    item = pair.let_it_leave(item)
    assert not pair.tools.received
    asks_both_again(pair, item, "calls")


@pytest.mark.parametrize("tools", [[json_reply({"ok": False}), GOES_WELL]], indirect=True)
def test_what_failed_is_sent_again_by_two_of_those_who_approved_it(pair: Bench) -> None:
    asks_both_again(pair, pair.let_it_leave(approved_by_both(pair)), "retry")


@pytest.mark.parametrize("tools", [[http("{}", 500), GOES_WELL]], indirect=True)
def test_what_did_not_go_through_is_sent_again_by_two_of_those_who_approved_it(pair: Bench) -> None:
    item = pair.let_it_leave(approved_by_both(pair))
    asks_both_again(pair, pair.decide_as(item, "reject", "olu"), "retry")


def test_by_hand_the_rule_that_holds_says_who_approves(bench: Bench) -> None:
    urgent = {"fact": "item.priority", "value": "urgent"}
    bench.desk.rules(
        "support",
        {"when": urgent | {"op": "is_not"}, "then": approve_write("refund", queue="support")},
        {"when": urgent | {"op": "is"}, "then": approve_write("refund", queue="finance")},
    )
    for priority, queue in (("urgent", "finance"), ("low", "support")):
        item = bench.item(priority=priority)
        item = moving.move(actor=bench.people["olu"], item_id=item.pk, to="destination:refund")
        assert bench.review(item).queue.slug == queue


def test_who_approved_first_cannot_give_it_to_an_outsider(pair: Bench) -> None:
    item = pair.decide_as(pair.item(), "approve", "ana")
    review = pair.claim(item, "ana")
    for outsider in ("olu", "ana"):
        with pytest.raises(Invalid):
            pair.judge(review, "reassign", "ana", to=f"person:{outsider}")
    pair.judge(review, "reassign", "ana", to="person:ben")
    assert pair.review(item).assignee_id == pair.people["ben"].person_id


def test_what_one_took_is_theirs_no_more_when_they_leave_the_queue(single: Bench) -> None:
    item = moving.move(actor=single.people["ben"], item_id=single.item().pk, to="me")
    held = single.review(item)
    ana = single.people["ana"].person_id
    details = QueueDetails("Support", "", "", (), 240, 10, 10, member_ids=frozenset({ana}))
    staffing.save_queue(actor=single.people["ada"], slug="support", details=details)
    assert (single.review(item).assignee, single.review(item).claimed_by) == (None, None)
    with pytest.raises(LostClaim):
        single.judge(held, "approve", "ben")
    with pytest.raises(NotAllowed):
        single.claim(item, "ben")


def test_what_was_given_to_somebody_of_the_queue_needs_them_in_it_at_the_verdict(single: Bench) -> None:
    item = moving.move(actor=single.people["ben"], item_id=single.item().pk, to="me")
    single.desk.queues["support"].memberships.filter(user_id=single.people["ben"].person_id).delete()
    with pytest.raises(NotAllowed):
        single.judge(single.review(item), "approve", "ben")


def test_what_a_reviewer_gave_to_an_outsider_is_theirs_to_decide(single: Bench) -> None:
    item = single.decide_as(single.item(), "reassign", "ana", to="person:olu")
    assert single.decide_as(item, "approve", "olu").state == "working"


def test_a_demoted_admin_loses_what_they_held(single: Bench) -> None:
    single.desk.person("root", Role.ADMIN)
    item = moving.move(actor=single.people["ada"], item_id=single.item().pk, to="me")
    held, ada = single.review(item), single.people["ada"]
    changed = accounts.change_person(
        actor=ada, user_id=ada.person_id, details=PersonDetails("Ada", "", Role.OPERATOR.value)
    )
    single.people["ada"] = actor_of(changed)
    with pytest.raises(LostClaim):
        single.judge(held, "approve", "ada")
    assert single.review(item).assignee is None


def test_who_answers_by_the_requesters_link_while_signed_in_has_a_hand_in_it(pair: Bench, client: Client) -> None:
    item = pair.item("A refund, please")
    client.force_login(pair.desk.people["ana"])
    page = f"/r/{requesters.page_token(item)}/"
    assert "You are signed in as" in client.get(page).content.decode()
    assert client.post(page, {"input_order_number": "K-666"}).status_code == 302
    item = pair.decide_as(pair.go_on(item), "approve", "ben")
    with pytest.raises(NotAllowed, match="You changed this request last"):
        pair.decide_as(item, "approve", "ana")


def test_asking_the_requester_keeps_nothing_of_a_first_approval(pair: Bench) -> None:
    item = pair.item()
    texts = dict.fromkeys(pair.review(item).proposal["drafts"], "One alone wrote this.")
    item = pair.decide_as(item, "correct", "ana", correction={"drafts": texts})
    item = pair.decide_as(item, "ask", "ben", comment="Which order?")
    assert FactRevision.objects.filter(item=item, name="steps.reply.output.text").latest("seq").value == DRAFT
