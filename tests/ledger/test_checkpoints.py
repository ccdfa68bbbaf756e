"""What only a checkpoint shows: a cut end, an item that is gone, and a ledger written anew with its own key."""

import io
import json
import threading
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.core.management import CommandError, call_command
from django.db import connection

from routing.actions import sealing
from routing.models import LedgerCheckpoint, LedgerPage, WorkItem
from tests.desks import TestDesk, fresh
from tests.ledger.tampering import copies_of, execute, faults, forget_checkpoints, stamp_anew, verified
from tests.ledger.test_verifying import hold

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def items() -> list[WorkItem]:
    """Three items of three events each, sealed."""
    desk = TestDesk()
    made = [desk.send(f"request {number}") for number in range(3)]
    for item in made:
        hold(item, 2)
    sealing.seal()
    return [fresh(item) for item in made]


def numbered(number: int) -> str:
    return f"{number} of {LedgerCheckpoint.objects.get(number=number).at:%Y-%m-%d %H:%M} UTC"


def test_a_ledger_that_goes_on_stays_whole_and_says_what_is_covered(items: list[WorkItem], tmp_path: Path) -> None:
    file = tmp_path / "checkpoints"
    call_command("checkpoint_ledger", "--to", str(file), stdout=io.StringIO())
    hold(items[0], 2)
    TestDesk().send("later")
    is_green, lines = verified("--checkpoints", file)
    assert is_green
    assert f"The newest checkpoint, {numbered(2)}, covers all but the later 3." in lines
    call_command("checkpoint_ledger", "--to", str(file), stdout=io.StringIO())
    kept = [json.loads(line) for line in file.read_text().splitlines()]
    assert [(row["number"], row["items"], row["events"]) for row in kept] == [(2, 3, 9), (3, 4, 12)]
    assert faults("--checkpoints", file) == []


def test_a_line_kept_elsewhere_verifies_by_itself(items: list[WorkItem]) -> None:
    out = io.StringIO()
    call_command("checkpoint_ledger", stdout=out)
    line = json.loads(out.getvalue())
    key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(line.pop("public_key")))
    signature = bytes.fromhex(line.pop("signature"))
    key.verify(signature, json.dumps(line, sort_keys=True, separators=(",", ":")).encode())
    line["events"] += 1
    with pytest.raises(InvalidSignature):
        key.verify(signature, json.dumps(line, sort_keys=True, separators=(",", ":")).encode())


def test_a_cut_end_is_named(items: list[WorkItem]) -> None:
    item = items[1]
    before = item.events.get(seq=2)
    execute(
        "DELETE FROM routing_event WHERE item_id = %(item)s AND seq = 3",
        "UPDATE routing_workitem SET version = 2, chain_head = %(head)s WHERE id = %(item)s",
        item=item.pk,
        head=bytes(before.hash),
    )
    assert faults() == [
        f"{item.code}: the checkpoint {numbered(1)} saw 3 events, of which there are 2.",
        f"the checkpoint {numbered(1)} saw 9 events of 3 items; of that time there are 8 of 3.",
    ]
    # Nor does it help to go on from there.
    hold(item)
    assert faults()[0] == f"{item.code}: the checkpoint {numbered(1)} saw 3 events, of which there are 2."


@pytest.mark.parametrize("count", [1, 3])
def test_a_removed_item_is_named(items: list[WorkItem], count: int) -> None:
    gone = items[:count]
    execute(
        "DELETE FROM routing_event WHERE item_id = ANY(%(ids)s)",
        "DELETE FROM routing_factrevision WHERE item_id = ANY(%(ids)s)",
        "DELETE FROM routing_workitem WHERE id = ANY(%(ids)s)",
        ids=[item.pk for item in gone],
    )
    assert faults()[: len(gone)] == [
        f"{item.code}: the checkpoint {numbered(1)} saw it, and it is gone with all its events." for item in gone
    ]


def test_an_item_that_was_slipped_in_is_found(items: list[WorkItem]) -> None:
    item = TestDesk().send("not there then")
    execute("UPDATE routing_event SET id = -1 WHERE item_id = %(item)s", item=item.pk)
    assert faults()[0].startswith(f"{item.code}: the checkpoint {numbered(1)} did not see it")


def test_what_was_written_anew_with_the_key_is_named(items: list[WorkItem]) -> None:
    execute("UPDATE routing_event SET actor_id = 7 WHERE item_id = %(item)s", item=items[2].pk)
    for item in items:
        stamp_anew(item)
    assert faults() == [
        f"{items[2].code}: the checkpoint {numbered(1)} saw other events than there are now: they were written anew.",
        f"the checkpoint {numbered(1)} saw 9 events of 3 items; of that time there are as many, but not the same.",
    ]


def test_a_checkpoint_kept_elsewhere_shows_what_was_written_anew_with_checkpoints_and_all(
    items: list[WorkItem], tmp_path: Path
) -> None:
    file = tmp_path / "checkpoints"
    call_command("checkpoint_ledger", "--to", str(file), stdout=io.StringIO())
    execute("UPDATE routing_event SET actor_id = 7 WHERE item_id = %(item)s", item=items[2].pk)
    stamp_anew(items[2])
    forget_checkpoints()
    sealing.seal()
    sealing.seal()
    assert faults() == []
    found = faults("--checkpoints", file)
    assert found[0].endswith("is not in the database.")
    assert found[1].endswith("saw 9 events of 3 items; of that time there are as many, but not the same.")


def test_a_changed_checkpoint_is_found(items: list[WorkItem]) -> None:
    sealing.seal()
    wanted = {
        "UPDATE routing_ledgercheckpoint SET events = 8 WHERE number = 1": "is not signed by this desk.",
        "UPDATE routing_ledgercheckpoint SET signature = 'zz' WHERE number = 1": "is not signed by this desk.",
        "DELETE FROM routing_ledgercheckpoint WHERE number = 1": "does not follow the one before it.",
        "DELETE FROM routing_ledgerpage": "are not those it says.",
        "UPDATE routing_ledgerpage SET digest = '\\x00'": "are not those it says.",
    }
    with copies_of("routing_ledgercheckpoint", "routing_ledgerpage") as put_back:
        for statement, words in wanted.items():
            execute(statement)
            assert faults()[0].endswith(words), statement
            put_back()
    assert faults() == []


def test_what_is_no_checkpoint_is_said(tmp_path: Path) -> None:
    file = tmp_path / "checkpoints"
    file.write_text('{"number": 1}\n')
    with pytest.raises(CommandError, match="this is not a checkpoint"):
        call_command("verify_ledger", "--checkpoints", str(file))
    with pytest.raises(CommandError, match="can't be read"):
        call_command("verify_ledger", "--checkpoints", str(tmp_path))


def test_checkpoints_are_right_while_others_write(tmp_path: Path) -> None:
    desk = TestDesk()
    items = [desk.send(f"request {number}") for number in range(4)]
    stop = threading.Event()

    def write(item: WorkItem) -> None:
        try:
            while not stop.is_set():
                hold(item)
                TestDesk().send("one more")
        finally:
            connection.close()

    writers = [threading.Thread(target=write, args=(item,)) for item in items]
    for writer in writers:
        writer.start()
    file = tmp_path / "checkpoints"
    try:
        for _ in range(12):
            call_command("checkpoint_ledger", "--to", str(file), stdout=io.StringIO())
        assert faults("--checkpoints", file) == []
    finally:
        stop.set()
        for writer in writers:
            writer.join(30)
    counts = [json.loads(line)["events"] for line in file.read_text().splitlines()]
    assert counts == sorted(counts)
    assert counts[-1] > counts[0]
    assert faults("--checkpoints", file) == []


def test_the_sweeper_makes_one_a_day(items: list[WorkItem]) -> None:
    sealing.seal_when_due()
    assert LedgerCheckpoint.objects.count() == 1
    # A day later; the old one is no longer signed then, which is not what this is about.
    execute("UPDATE routing_ledgercheckpoint SET at = at - interval '24 hours'")
    sealing.seal_when_due()
    sealing.seal_when_due()
    assert LedgerCheckpoint.objects.count() == 2
    assert LedgerPage.objects.count() == 1
