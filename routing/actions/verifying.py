"""Reads the whole ledger and says what is wrong with it. It needs the database and SECRET_KEY, and no running desk."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple

from django.db import connection

from routing import seals
from routing.actions.covering import Coverage
from routing.crash_points import one_transaction
from routing.domain.sealing import Faults, Leaf
from routing.events import chain_hash, event_body

_FETCHED = 5000

_EVENTS = """
    SELECT item_id, seq, id, kind, actor_role, actor_id, state_from, state_to, old_type_id, new_type_id, data::text,
           CASE WHEN at BETWEEN '0001-01-02' AND '9999-12-30' THEN at ELSE '0001-01-02' END, hash
    FROM routing_event ORDER BY item_id, seq
"""
_ITEMS = "SELECT id, version, state, work_type_id, chain_head FROM routing_workitem ORDER BY id"


class _Line(NamedTuple):
    """One event as it is stored."""

    item_id: int
    seq: int
    number: int
    kind: str
    actor_role: str
    actor_id: int | None
    state_from: str
    state_to: str
    old_type_id: int | None
    new_type_id: int | None
    data: str
    at: datetime
    hash: bytes

    def body(self) -> dict[str, object]:
        """Return what its hash covers."""
        return event_body({**self._asdict(), "data": json.loads(self.data)})


class _Row(NamedTuple):
    """What the row of an item says of its last event."""

    item_id: int
    version: int
    state: str
    type_id: int | None
    head: bytes


@dataclass(slots=True)
class Report:
    """What was looked at, and every fault as a sentence."""

    items: int = 0
    events: int = 0
    fitting: int = 0
    covered: int = 0
    newest: str = ""
    faults: Faults = field(default_factory=Faults)


def verify(kept_elsewhere: Sequence[str] = ()) -> Report:
    """Look at every event, item and checkpoint as of one moment, in memory that does not grow with the ledger.

    ``kept_elsewhere`` are lines that ``manage.py checkpoint_ledger --to`` has written.
    """
    report = Report()
    with one_transaction("verifying.verify"):
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        coverage = Coverage.load(kept_elsewhere, report.faults)
        _look_at_items(report, coverage)
        coverage.end()
    if report.events and not report.fitting:
        report.faults.add("no event at all fits this SECRET_KEY; name earlier ones in SECRET_KEY_FALLBACKS.")
    report.newest, report.covered = coverage.newest, coverage.covered
    return report


def _look_at_items(report: Report, coverage: Coverage) -> None:
    rows = (_Row(*row) for row in _stream(_ITEMS))
    row = next(rows, None)
    lines = (_Line(*line) for line in _stream(_EVENTS))
    for item_id, story in groupby(lines, key=itemgetter(0)):
        while row is not None and row.item_id < item_id:
            report.faults.add(f"D-{row.item_id}: it has no events.")
            row = next(rows, None)
        last = _follow(item_id, story, report, coverage)
        if row is None or row.item_id != item_id:
            report.faults.add(f"D-{item_id}: its events are there, but the item is gone.")
            continue
        report.items += 1
        for difference in _differences(row, last):
            report.faults.add(difference)
        row = next(rows, None)
    while row is not None:
        report.faults.add(f"D-{row.item_id}: it has no events.")
        row = next(rows, None)


def _follow(item_id: int, story: Iterator[_Line], report: Report, coverage: Coverage) -> _Line:
    """Follow one item's chain, and return its last event. A key of the past is not used again after a newer one."""
    code, head, seq, key = f"D-{item_id}", b"", 0, 0
    secrets = seals.secrets()
    newest = len(secrets) - 1
    for line in story:
        report.events += 1
        is_next = line.seq == seq + 1
        if not is_next:
            gone = f"event {seq + 1} is" if line.seq == seq + 2 else f"events {seq + 1} to {line.seq - 1} are"
            report.faults.add(f"{code}: {gone} missing.")
        fit = _key_of(line, head, secrets)
        if fit == newest or fit >= max(key, coverage.oldest_key(line.number)):
            report.fitting += 1
            key = fit
        elif is_next:
            report.faults.add(
                f"{code}: event {line.seq} ({line.kind}) is not what was written: it, its place or what was before it "
                "was changed."
            )
        head, seq = bytes(line.hash), line.seq
        coverage.see(Leaf(item_id, seq, head), line.number)
    return line


def _key_of(line: _Line, head: bytes, secrets: list[str]) -> int:
    """Return which of the keys wrote the event; -1 when none did."""
    try:
        body, stored = line.body(), bytes(line.hash)
        return next((i for i, secret in enumerate(secrets) if chain_hash(head, body, secret) == stored), -1)
    except (ValueError, RecursionError):  # JSON that PostgreSQL stores and Python does not read
        return -1


def _differences(row: _Row, last: _Line) -> Iterator[str]:
    code = f"D-{row.item_id}"
    if row.version != last.seq:
        yield f"{code}: the item is at version {row.version}, but its last event is number {last.seq}."
    elif bytes(row.head) != bytes(last.hash):
        yield f"{code}: the item does not carry the hash of its last event."
    if row.state != last.state_to:
        yield f"{code}: the item's state is {row.state}, but its last event says {last.state_to}."
    if row.type_id != last.new_type_id:
        yield f"{code}: the item's type is not the one that its last event says."


def _stream(statement: str) -> Iterator[tuple[Any, ...]]:
    with connection.chunked_cursor() as cursor:
        cursor.execute(statement)
        while rows := cursor.fetchmany(_FETCHED):
            yield from rows
