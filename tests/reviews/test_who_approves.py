"""A write leaves by the word of the people whom the rules name, as many as must; nobody gets around them."""

from collections.abc import Iterator

import pytest
from django.contrib.auth.models import Group
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
from routing.models import FactRevision, WorkItem, WorkType
from tests.desks import fresh
from tests.outgoing.scripted_server import ScriptedServer, http, json_reply, scripted_server
from tests.reviews.conftest import DRAFT, DRAFT_FIRST, ORDER, Bench, after, approve_write

pytestmark = pytest.mark.django_db(transaction=True)

GOES_WELL = json_reply({"ok": True, "id": "R-1"})


@pytest.fixture
def tools(request: pytest.FixtureRequest) -> Iterator[ScriptedServer]:
    with scripted_server(getattr(request, "param", [GOES_WELL])) as server:
        yield server


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


@pytest.mark.parametrize("tools", [[http("{}", 500), GOES_WELL]], indirect=True)
def test_what_follows_an_effect_that_went_through_is_still_theirs_who_approved_it(pair: Bench) -> None:
    pair.desk.rules("support", DRAFT_FIRST, after("reply", approve_write("send", "refund")))
    item = pair.decide_as(pair.let_it_leave(approved_by_both(pair)), "approve", "olu")
    answering.add_inputs(actor=pair.people["olu"], item_id=item.pk, given={"order_number": "K-666"})
    asks_both_again(pair, pair.let_it_leave(item), "calls")


@pytest.fixture
def by_order(bench: Bench) -> Bench:
    """Refunds of K-1 are approved by one of Finance, others by two of Support."""
    Queue.objects.filter(destination__slug="support").update(eyes=2)
    bench.people["fin"] = bench.desk.person("fin", Role.REVIEWER, queues=("finance",))
    first = {"fact": "input.order_number", "value": "K-1"}
    bench.desk.rules(
        "support",
        {"when": first | {"op": "is"}, "then": approve_write("refund", queue="finance")},
        {"when": first | {"op": "is_not"}, "then": approve_write("refund", queue="support")},
    )
    return bench


@pytest.mark.parametrize("by_hand", ["by hand", ""])
def test_what_changed_is_asked_of_those_whom_the_rules_name_now(by_order: Bench, by_hand: str) -> None:
    item = by_order.item("Please refund K-1")
    if by_hand:
        item = moving.move(actor=by_order.people["olu"], item_id=item.pk, to="destination:refund")
    item = by_order.decide_as(item, "approve", "fin")
    answering.add_inputs(actor=by_order.people["fin"], item_id=item.pk, given={"order_number": "K-666"})
    item = by_order.go_on(by_order.let_it_leave(item))
    assert not by_order.tools.received
    assert (by_order.review(item).queue.slug, by_order.review(item).approvals_needed) == ("support", 2)


def test_whoever_a_value_is_of_has_changed_the_request_whatever_others_change_later(pair: Bench) -> None:
    item = pair.item("A refund, please")
    answering.add_inputs(actor=pair.people["ana"], item_id=item.pk, given={"order_number": "K-666"})
    answering.add_inputs(actor=pair.people["olu"], item_id=item.pk, given={"amount": "12 EUR"})
    item = pair.decide_as(pair.go_on(item), "approve", "ben")
    with pytest.raises(NotAllowed, match="You changed this request"):
        pair.decide_as(item, "approve", "ana")


def test_by_hand_nobody_is_asked_who_may_not_see_it(single: Bench) -> None:
    single.desk.work_type("hidden", ORDER)
    item = single.item(type="hidden")
    answering.add_inputs(actor=single.people["olu"], item_id=item.pk, given={"order_number": "K-1"})
    hr = Group.objects.create(name="hr")
    WorkType.objects.get(slug="hidden").visible_to.add(hr)
    single.desk.people["olu"].groups.add(hr)
    olu = single.people["olu"] = actor_of(single.desk.people["olu"])
    item = moving.move(actor=olu, item_id=item.pk, to="destination:refund")
    assert single.decide_as(item, "approve", "olu").state == "working"


def test_a_new_group_takes_nothing_away(single: Bench) -> None:
    item = single.decide_as(single.item(), "reassign", "ana", to="person:olu")
    held = single.claim(item, "olu")
    details = PersonDetails("Olu", "", Role.OPERATOR.value, ("Football",))
    accounts.change_person(actor=single.people["ada"], user_id=single.people["olu"].person_id, details=details)
    single.judge(held, "approve", "olu")
    assert fresh(item).state == "working"


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
    with pytest.raises(NotAllowed, match="You changed this request"):
        pair.decide_as(item, "approve", "ana")


def test_asking_the_requester_keeps_nothing_of_a_first_approval(pair: Bench) -> None:
    item = pair.item()
    texts = dict.fromkeys(pair.review(item).proposal["drafts"], "One alone wrote this.")
    item = pair.decide_as(item, "correct", "ana", correction={"drafts": texts})
    item = pair.decide_as(item, "ask", "ben", comment="Which order?")
    assert FactRevision.objects.filter(item=item, name="steps.reply.output.text").latest("seq").value == DRAFT
