"""The table of states is the law: every state, action and role, over a real database."""

import threading

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from routing import transitions
from routing.domain.roles import Actor, Role
from routing.domain.states import OPEN_STATES, TABLE, Action, State, refusal
from routing.errors import Conflict, NotAllowed
from routing.events import chain_hash, event_body
from routing.management.commands.states_doc import TARGET, document
from routing.models import Event, WaitKind, WorkItem
from routing.transitions import Change
from tests.desks import TestDesk, decide, fresh

ALL = [(state, action, role) for state in State for action in Action for role in Role]


@pytest.mark.parametrize(("state", "action", "role"), ALL)
def test_a_move_is_refused_unless_the_table_has_it(state: State, action: Action, role: Role) -> None:
    move = TABLE.get((state, action))
    allowed = move is not None and role in move.roles
    assert (refusal(state, action, role) == "") is allowed
    if allowed and move is not None:
        for target in State:
            assert (refusal(state, action, role, target) == "") is (target in move.targets)


def test_people_of_the_desk_can_always_stop_what_is_open() -> None:
    assert all(refusal(state, Action.STOP, Role.OPERATOR, State.STOPPED) == "" for state in OPEN_STATES)


def test_the_page_of_states_is_current(settings) -> None:  # type: ignore[no-untyped-def]
    assert (settings.BASE_DIR / TARGET).read_text() == document()


@pytest.fixture
def item(transactional_db: None) -> WorkItem:
    desk = TestDesk()
    desk.queue("triage", staff_role="operator")
    sent = desk.send("hello")
    decide()
    return fresh(sent)


def test_a_refused_move_stores_nothing(item: WorkItem) -> None:
    reviewer = Actor(role=Role.REVIEWER, name="ravi", user_id=None)
    now = transitions.database_now()
    with transaction.atomic():
        change = Change(transitions.lock_one(item.pk), Action.STOP, State.STOPPED)
        with pytest.raises(NotAllowed, match=r"the role reviewer may not stop"):
            transitions.apply([change], reviewer, now)
    assert fresh(item).state == "in_review"
    assert Event.objects.filter(item=item).count() == 2


def test_an_old_version_is_a_conflict(item: WorkItem) -> None:
    with pytest.raises(Conflict, match="has changed since"), transaction.atomic():
        transitions.lock_one(item.pk, version=item.version - 1)


def test_two_moves_from_one_version_make_one_change(item: WorkItem) -> None:
    barrier, outcomes = threading.Barrier(2), []

    def stop() -> None:
        barrier.wait()
        try:
            with transaction.atomic():
                locked = transitions.lock_one(item.pk, version=item.version)
                operator = Actor(role=Role.OPERATOR, name="olivia")
                transitions.apply([Change(locked, Action.STOP, State.STOPPED)], operator, transitions.database_now())
            outcomes.append("moved")
        except Conflict:
            outcomes.append("conflict")
        finally:
            connection.close()

    threads = [threading.Thread(target=stop) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["conflict", "moved"]


def test_each_event_is_chained_to_the_one_before(item: WorkItem) -> None:
    head = b""
    for event in Event.objects.filter(item=item).order_by("seq"):
        head = chain_hash(head, event_body(vars(event)))
        assert bytes(event.hash) == head
    assert bytes(item.chain_head) == head


def test_a_batch_of_moves_is_stored_in_as_many_statements_as_one(transactional_db: None) -> None:
    desk = TestDesk()
    desk.queue("triage", staff_role="operator")
    items = [desk.send(f"request {number}") for number in range(12)]
    counts = []
    for chosen in (items[:1], items[1:12]):
        with transaction.atomic(), CaptureQueriesContext(connection) as queries:
            now = transitions.database_now()
            changes = [
                Change(one, Action.HOLD, State.WAITING, wait_kind=WaitKind.HOLD)
                for one in transitions.lock([one.pk for one in chosen])
            ]
            transitions.apply(changes, Actor(role=Role.OPERATOR, name="olivia"), now)
        counts.append(len(queries))
    assert counts[0] == counts[1]
