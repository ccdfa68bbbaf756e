"""Every change of the ledger that its chains show by themselves, made by SQL and named by ``verify_ledger``."""

import pytest
from django.db import DatabaseError, connection, transaction
from pytest_django import Settings

from routing import transitions
from routing.actions import sealing
from routing.domain.roles import Actor, Role
from routing.domain.states import Action, State
from routing.models import Credential, WaitKind, WorkItem
from routing.outgoing import credentials
from routing.outgoing.encryption import encrypt
from routing.transitions import Change
from tests.desks import TestDesk, fresh
from tests.ledger.tampering import copies_of, execute, faults, verified

pytestmark = pytest.mark.django_db(transaction=True)

OLIVIA = Actor(role=Role.OPERATOR, name="olivia")


def hold(item: WorkItem, times: int = 1) -> None:
    """Let an item gain events."""
    for _ in range(times):
        with transaction.atomic():
            change = Change(transitions.lock_one(item.pk), Action.HOLD, State.WAITING, wait_kind=WaitKind.HOLD)
            transitions.apply([change], OLIVIA, transitions.database_now())


@pytest.fixture
def items() -> list[WorkItem]:
    """Three items of five events each."""
    desk = TestDesk()
    made = [desk.send(f"request {number}") for number in range(3)]
    for item in made:
        hold(item, 4)
    return [fresh(item) for item in made]


def test_an_untouched_ledger_is_whole(items: list[WorkItem]) -> None:
    is_green, lines = verified()
    assert is_green
    assert "Looked at 15 events of 3 items" in lines
    assert "There is no checkpoint yet" in lines


def test_an_empty_ledger_is_whole() -> None:
    assert faults() == []


@pytest.mark.parametrize("statement", ["UPDATE routing_event SET kind = 'x'", "DELETE FROM routing_event"])
def test_the_database_refuses_to_change_events(items: list[WorkItem], statement: str) -> None:
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"{statement} WHERE item_id = %s", [items[0].pk])


CHANGED = "event 3 (hold) is not what was written: it, its place or what was before it was changed."


CHANGES: dict[str, tuple[list[str], list[str]]] = {
    "another actor": (["UPDATE routing_event SET actor_id = 7 {third}"], [CHANGED]),
    "other data": (["UPDATE routing_event SET data = '{{\"step\": 1}}' {third}"], [CHANGED]),
    "another time": (["UPDATE routing_event SET at = at + interval '1 microsecond' {third}"], [CHANGED]),
    "a time that Python has not": (["UPDATE routing_event SET at = 'infinity' {third}"], [CHANGED]),
    "a number that Python does not read": (["UPDATE routing_event SET data = '1e5000' {third}"], [CHANGED]),
    "data too deep for Python": (
        ["UPDATE routing_event SET data = (repeat('[', 3000) || repeat(']', 3000))::jsonb {third}"],
        [CHANGED],
    ),
    "deleted": (["DELETE FROM routing_event {third}"], ["event 3 is missing."]),
    "reordered": (
        [
            "UPDATE routing_event SET seq = 99 {third}",
            "UPDATE routing_event SET seq = 3 {of} AND seq = 4",
            "UPDATE routing_event SET seq = 4 {of} AND seq = 99",
        ],
        [CHANGED, CHANGED.replace("3", "4"), CHANGED.replace("3", "5")],
    ),
    "cut off": (
        ["DELETE FROM routing_event {of} AND seq > 3"],
        ["the item is at version 5, but its last event is number 3."],
    ),
    "all gone": (["DELETE FROM routing_event {of}"], ["it has no events."]),
    "another version": (
        ["UPDATE routing_workitem SET version = 4 WHERE id = {item}"],
        ["the item is at version 4, but its last event is number 5."],
    ),
    "another head": (
        ["UPDATE routing_workitem SET chain_head = '\\x00' WHERE id = {item}"],
        ["the item does not carry the hash of its last event."],
    ),
    "another state": (
        ["UPDATE routing_workitem SET state = 'done', wait_kind = '' WHERE id = {item}"],
        ["the item's state is done, but its last event says waiting."],
    ),
    "another type": (
        ["UPDATE routing_workitem SET work_type_id = 4711 WHERE id = {item}"],
        ["the item's type is not the one that its last event says."],
    ),
    "no item": (["DELETE FROM routing_workitem WHERE id = {item}"], ["its events are there, but the item is gone."]),
}


def test_what_was_changed_is_named(items: list[WorkItem]) -> None:
    item = items[1]
    of = f"WHERE item_id = {item.pk}"
    wanted, found = {}, {}
    with copies_of("routing_event", "routing_workitem") as put_back:
        for name, (changes, words) in CHANGES.items():
            execute(*(change.format(of=of, third=f"{of} AND seq = 3", item=item.pk) for change in changes))
            wanted[name] = [f"{item.code}: {one}" for one in words]
            found[name] = faults()
            put_back()
    assert found == wanted
    assert faults() == []


def test_a_key_of_before_verifies_what_was_written_with_it(items: list[WorkItem], settings: Settings) -> None:
    old = settings.SECRET_KEY
    settings.SECRET_KEY = "n" * 40
    assert "no event at all fits this SECRET_KEY; name earlier ones in SECRET_KEY_FALLBACKS." in faults()
    settings.SECRET_KEY_FALLBACKS = [old]
    assert faults() == []
    hold(items[0])
    assert faults() == []
    # Who only has the old key does not go on with it where the new one was used already, nor after a new checkpoint.
    sealing.seal()
    settings.SECRET_KEY, new = old, settings.SECRET_KEY
    hold(items[0])
    hold(items[1])
    settings.SECRET_KEY = new
    found = [f"{items[0].code}: {CHANGED.replace('3', '7')}", f"{items[1].code}: {CHANGED.replace('3', '6')}"]
    assert faults() == found


def test_a_key_of_before_is_not_used_again_after_the_new_one_without_a_checkpoint_too(
    items: list[WorkItem], settings: Settings
) -> None:
    old, new = settings.SECRET_KEY, "n" * 40
    settings.SECRET_KEY_FALLBACKS = [old]
    for settings.SECRET_KEY in (new, old):
        hold(items[0])
    settings.SECRET_KEY = new
    assert faults() == [f"{items[0].code}: {CHANGED.replace('3', '7')}"]


def test_an_item_without_events_is_named_when_it_is_the_last(items: list[WorkItem]) -> None:
    execute("DELETE FROM routing_event WHERE item_id = %(item)s", item=items[-1].pk)
    assert faults() == [f"{items[-1].code}: it has no events."]


def test_credentials_kept_with_a_key_of_before_are_read(settings: Settings) -> None:
    url = "https://api.example.com/v1"
    kept = encrypt("s3cret", credentials.PURPOSE)
    row = Credential.objects.create(name="a", origin=url[:-3], secret=kept, updated_at=transitions.database_now())
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "n" * 40, [settings.SECRET_KEY]
    assert credentials.header_for(row.pk, url) == {"Authorization": "s3cret"}
