"""What counts broken promises finds each of them: none on a desk that kept them, one where one is broken."""

import hashlib
import uuid
from pathlib import Path
from typing import Any

from django.db import connection

from routing.models import Step, WorkItem
from tests.chaos import counting
from tests.chaos.boards import differences
from tests.chaos.load import Journal
from tests.chaos.others import Call
from tests.chaos.people import Held
from tests.desks import decide
from tests.reviews.conftest import Bench, after, approve_write, bench, model, tools

__all__ = ["bench", "model", "tools"]
RULES: tuple[dict[str, Any], ...] = (
    {"when": {"fact": "steps.send", "op": "missing"}, "then": approve_write("send")},
    after("send", {"do": "finish"}),
)


def sent(bench: Bench) -> tuple[WorkItem, Call]:
    """Let one effect leave on an approval; returns its item and the call as a tool would have written it down."""
    bench.desk.rules("support", *RULES)
    item = bench.let_it_leave(bench.decide_as(bench.item(), "approve"))
    [got] = bench.tools.received
    at = Step.objects.get(item=item, writes=True).started_at
    assert at is not None
    sha = hashlib.sha256(got.body).hexdigest()
    key = got.headers["idempotency-key"]
    return item, Call(at.timestamp(), key, got.target, sha, got.body.decode(), "good", applied=True)


def test_a_kept_approval_is_no_finding_and_each_way_to_break_it_is_one(bench: Bench) -> None:
    _, call = sent(bench)
    assert counting.unapproved([call]).found == []
    changed = Call(call.at, call.key, call.target, "0", "other", "good", applied=True)
    unknown = Call(call.at, str(uuid.uuid4()), call.target, call.body_sha, call.body, "good", applied=True)
    early = Call(call.at - 3600, call.key, call.target, call.body_sha, call.body, "good", applied=True)
    assert [len(counting.unapproved([one])) for one in (changed, unknown, early)] == [1, 1, 1]
    assert len(counting.unapproved([call, call])) == 2  # its key, and the item's effect
    Step.objects.filter(idempotency_key=call.key).update(approval_id=None)
    assert len(counting.unapproved([call])) == 1


def test_acknowledged_items_that_are_gone_or_are_two_count_as_lost(bench: Bench, tmp_path: Path) -> None:
    item = bench.desk.send()
    WorkItem.objects.filter(pk=item.pk).update(intake_key="a")
    journal = Journal(tmp_path / "journal")
    journal.note("a", "attempted")
    assert counting.lost(journal).found == ["a: never answered"]
    journal.note("a", "acknowledged", item.code)
    assert counting.lost(journal).found == []
    journal.note("a", "acknowledged", "D-999999")
    journal.note("b", "acknowledged", "D-999999")
    assert len(counting.lost(journal)) == 2


def test_items_that_nothing_will_move_count_as_stranded(bench: Bench) -> None:
    bench.desk.rules("support", *RULES)
    asked, waiting = bench.item(), bench.desk.send()
    assert counting.stranded().found == []
    WorkItem.objects.filter(pk=waiting.pk).update(decide_due_at=None)
    WorkItem.objects.filter(pk=asked.pk).update(review_id=None)
    assert len(counting.stranded()) == 2


def test_claims_at_one_time_count_as_overlapping() -> None:
    one, next_one = Held(1, 1, "ana", 0.0, 2.0), Held(1, 2, "ben", 2.0, 3.0)
    assert counting.overlapping([one, next_one]).found == []
    assert len(counting.overlapping([one, Held(1, 2, "ben", 1.9, 3.0)])) == 1
    assert len(counting.overlapping([one, Held(1, 1, "ben", 2.0, 3.0)])) == 1


def test_a_ledger_that_was_changed_counts_as_broken(bench: Bench) -> None:
    items = [bench.desk.send(), bench.desk.send()]
    decide()
    assert counting.broken_chains().found == []
    with connection.cursor() as cursor:
        cursor.execute("UPDATE routing_workitem SET version = version + 1 WHERE id = %s", [items[0].pk])
        cursor.execute("UPDATE routing_workitem SET chain_head = 'x' WHERE id = %s", [items[1].pk])
    assert len(counting.broken_chains()) == 2


def test_boards_that_show_something_else_differ() -> None:
    held = {"D-1": (2, "done"), "D-2": (1, "incoming")}
    assert differences(held, held, held) == []
    assert len(differences({"D-1": (1, "incoming")}, held, held)) == 2
