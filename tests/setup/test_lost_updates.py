"""Two admins edit the same thing: the second is told, nothing is overwritten unseen, and what was typed is kept."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from django.db import connection, connections, transaction
from django.test import Client

from dispatchdesk.accounts import people
from dispatchdesk.accounts.models import User
from reviews.actions import staffing
from reviews.models import Queue
from routing.actions import work_types
from routing.domain.roles import DESK, Role
from routing.models import InputField, WorkType
from tests.desks import TestDesk
from tests.setup.test_people import PEOPLE, PERSON, QUEUE, QUEUES
from tests.setup.test_work_types import ADDRESS, INPUT, TYPE, row

pytestmark = pytest.mark.django_db

KIM = people.PersonDetails("", "", "reviewer")
HELP = work_types.TypeDetails("Support", "", 60, 60, 30, public_form=False, active=True)

Opened = tuple[str, dict[str, Any], dict[str, str], dict[str, str], Callable[[], tuple[object, object]]]


def a_queue(desk: TestDesk, admin: Client) -> Opened:
    people = [desk.people[name].pk for name in ("rita", "lea")]
    admin.post(f"{QUEUES}new/", QUEUE | {"members": people})

    def stored() -> tuple[object, object]:
        made = Queue.objects.get(destination__slug="content")
        return made.eyes, made.destination.description

    form = QUEUE | {"members": people}
    return f"{QUEUES}content/edit/", form, {"eyes": "2"}, {"description": "What we publish"}, stored


def a_person(desk: TestDesk, admin: Client) -> Opened:
    rita = desk.people["rita"]

    def stored() -> tuple[object, object]:
        user = User.objects.get(pk=rita.pk)
        return user.role, user.email

    form = PERSON | {"email": ""}
    return f"{PEOPLE}{rita.pk}/", form, {"role": "operator"}, {"email": "rita@example.org"}, stored


def a_type(desk: TestDesk, admin: Client) -> Opened:
    desk.work_type("support")

    def stored() -> tuple[object, object]:
        made = WorkType.objects.get(slug="support")
        return made.public_form, made.description

    return f"{ADDRESS}support/edit/", TYPE, {"public_form": "on"}, {"description": "Help"}, stored


def an_input(desk: TestDesk, admin: Client) -> Opened:
    desk.work_type("support")
    form = INPUT | row()
    admin.post(f"{ADDRESS}support/inputs/new/", form)

    def stored() -> tuple[object, object]:
        made = InputField.objects.get(name="order_number")
        return made.required, made.hint

    return f"{ADDRESS}support/inputs/order_number/", form, {"required": "on"}, {"hint": "On the bill"}, stored


@pytest.mark.parametrize("made", [a_queue, a_person, a_type, an_input])
def test_what_another_admin_saved_meanwhile_is_not_overwritten_unseen(
    desk: TestDesk, admin: Client, made: Callable[[TestDesk, Client], Opened]
) -> None:
    desk.person("rita", Role.REVIEWER)
    desk.person("lea", Role.REVIEWER)
    address, form, theirs, ours, stored = made(desk, admin)
    admin.post(address, form)
    seen = admin.get(address).context["seen"]
    assert admin.post(address, form | theirs | {"seen": seen}).status_code == 302
    of_theirs = stored()
    refused = admin.post(address, form | ours | {"seen": seen})
    page = refused.content.decode()
    assert refused.status_code == 409
    assert "since you opened it. What you typed is kept." in page
    [words] = ours.values()
    assert words in page
    labels = {refused.context["form"][name].label for name in (*theirs, *ours)}
    assert set(refused.context["differing"]) == labels
    assert stored() == of_theirs
    again = admin.post(address, form | theirs | ours | {"seen": refused.context["seen"]})
    assert again.status_code == 302
    assert stored() == (of_theirs[0], words)


def test_a_condition_that_another_admin_changed_is_named_as_well(desk: TestDesk, admin: Client) -> None:
    address, form, _, _, _ = an_input(desk, admin)
    admin.post(f"{ADDRESS}support/inputs/new/", form | {"name": "topic", "label": "Topic"})
    seen = admin.get(address).context["seen"]
    assert admin.post(address, form | row("input.topic", "known") | {"seen": seen}).status_code == 302
    refused = admin.post(address, form | {"seen": seen})
    assert refused.status_code == 409
    assert refused.context["differing"] == ["Applies when"]


def test_lines_that_a_browser_ends_otherwise_do_not_differ(desk: TestDesk, admin: Client) -> None:
    desk.person("rita", Role.REVIEWER)
    desk.person("lea", Role.REVIEWER)
    address, form, theirs, _, _ = a_queue(desk, admin)
    seen = admin.get(address).context["seen"]
    assert admin.post(address, form | theirs | {"seen": seen}).status_code == 302
    refused = admin.post(address, form | {"checklist": "Title is right\r\nImage is ours", "seen": seen})
    assert refused.context["differing"] == ["Who must approve"]


def test_what_nobody_else_changed_is_saved_again_and_again(desk: TestDesk, admin: Client) -> None:
    desk.person("rita", Role.REVIEWER)
    desk.person("lea", Role.REVIEWER)
    address, form, _, _, stored = a_queue(desk, admin)
    for words in ("One", "Two"):
        seen = admin.get(address).context["seen"]
        assert admin.post(address, form | {"description": words, "seen": seen}).status_code == 302
    assert stored()[1] == "Two"


def test_two_queues_in_use_do_not_share_a_name(desk: TestDesk, admin: Client) -> None:
    admin.post(f"{QUEUES}new/", QUEUE)
    assert admin.post(f"{QUEUES}new/", QUEUE | {"slug": "words", "name": "content"}).status_code == 422
    admin.post(f"{QUEUES}new/", QUEUE | {"slug": "words", "name": "Words"})
    answer = admin.post(f"{QUEUES}words/edit/", QUEUE | {"name": "Content"})
    assert answer.status_code == 422
    assert "Another queue has this name." in answer.content.decode()
    admin.post(f"{QUEUES}content/remove/")
    assert admin.post(f"{QUEUES}words/edit/", QUEUE | {"name": "Content"}).status_code == 302


def until_somebody_waits() -> None:
    waiting = "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_stat_clear_snapshot()")
            cursor.execute(waiting)
            if cursor.fetchall():
                return
    pytest.fail("nobody waits")


def closing(work: Callable[[], Any]) -> Any:
    """Work in a thread, which has a connection of its own."""
    try:
        return work()
    finally:
        connections.close_all()


@pytest.mark.django_db(transaction=True)
def test_what_is_being_saved_at_this_moment_is_not_overwritten_unseen(desk: TestDesk, admin: Client) -> None:
    for name in ("rita", "lea", "kim"):
        desk.person(name, Role.REVIEWER)
    address, form, _, ours, _ = a_queue(desk, admin)
    seen = admin.get(address).context["seen"]
    content = Queue.objects.get(destination__slug="content")
    with ThreadPoolExecutor(1) as one:
        with transaction.atomic():
            stored = staffing.details_of(content)
            changed = replace(stored, member_ids=stored.member_ids | {desk.people["kim"].pk})
            staffing.save_queue(actor=DESK, slug="content", details=changed)
            answer = one.submit(closing, lambda: admin.post(address, form | ours | {"seen": seen}))
            until_somebody_waits()
        refused = answer.result(20)
    assert refused.status_code == 409
    assert set(refused.context["differing"]) == {"What it decides", "Members"}


@pytest.mark.django_db(transaction=True)
def test_two_who_save_at_once_cannot_give_two_queues_one_name(desk: TestDesk, admin: Client) -> None:
    admin.post(f"{QUEUES}new/", QUEUE)
    with ThreadPoolExecutor(1) as one:
        with transaction.atomic():
            stored = staffing.details_of(Queue.objects.get(destination__slug="content"))
            staffing.save_queue(actor=DESK, slug="content", details=replace(stored, name="Money"))
            form = QUEUE | {"name": "Money", "slug": "money"}
            answer = one.submit(closing, lambda: admin.post(f"{QUEUES}new/", form))
            until_somebody_waits()
        assert answer.result(20).status_code == 422


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("make", "address", "form"),
    [
        (lambda: people.add_person(actor=DESK, username="kim", details=KIM), f"{PEOPLE}new/", PERSON),
        (lambda: work_types.save_type(actor=DESK, slug="support", details=HELP, new=True), f"{ADDRESS}new/", TYPE),
    ],
)
def test_what_somebody_else_makes_at_this_moment_is_called_taken(
    desk: TestDesk, admin: Client, make: Callable[[], object], address: str, form: dict[str, Any]
) -> None:
    with ThreadPoolExecutor(1) as one:
        with transaction.atomic():
            make()
            answer = one.submit(closing, lambda: admin.post(address, form))
            until_somebody_waits()
        refused = answer.result(20)
    assert refused.status_code == 422
    assert "already" in refused.content.decode() or "is taken" in refused.content.decode()


def test_who_cannot_sign_in_at_present_stays_in_their_queues(desk: TestDesk, admin: Client) -> None:
    desk.person("rita", Role.REVIEWER)
    desk.person("lea", Role.REVIEWER)
    address, form, _, _, _ = a_queue(desk, admin)
    User.objects.filter(username="lea").update(is_active=False)
    seen = admin.get(address).context["seen"]
    only = {"members": [desk.people["rita"].pk], "description": "Words", "seen": seen}
    assert admin.post(address, form | only).status_code == 302
    members = Queue.objects.get(destination__slug="content").memberships
    assert set(members.values_list("user__username", flat=True)) == {"rita", "lea"}


def test_the_same_saved_twice_is_no_conflict(desk: TestDesk, admin: Client) -> None:
    desk.person("rita", Role.REVIEWER)
    desk.person("lea", Role.REVIEWER)
    address, form, theirs, ours, _ = a_queue(desk, admin)
    seen = admin.get(address).context["seen"]
    for _ in range(2):
        assert admin.post(address, form | theirs | ours | {"seen": seen}).status_code == 302
