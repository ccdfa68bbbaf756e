"""Intake, deciding and claiming, against the bare statements that any such desk needs on the same database."""

import threading
from collections.abc import Callable
from time import perf_counter

import psycopg
from django.db import connection

from reviews.actions import claiming
from reviews.models import Review
from routing.actions import deciding, intake
from routing.actions.intake import Request
from routing.domain.roles import DESK, Actor, Role
from tests.desks import TestDesk

ITEMS = 2_000
BATCH = 100
CONTENDERS = 8
TEXT = "x" * 900

_BARE_TABLES = """
CREATE TABLE bare_item (
    id bigserial PRIMARY KEY, queue text, status text DEFAULT 'open', payload jsonb, at timestamptz DEFAULT now()
);
CREATE TABLE bare_event (id bigserial PRIMARY KEY, item_id bigint REFERENCES bare_item, kind text, data jsonb);
CREATE INDEX bare_open ON bare_item (queue, id) WHERE status = 'open';
"""
_BARE_INSERT = """
WITH made AS (INSERT INTO bare_item (queue, payload) SELECT 'q', %s::jsonb FROM generate_series(1, %s) RETURNING id)
INSERT INTO bare_event (item_id, kind, data) SELECT id, 'created', '{}' FROM made
"""
_BARE_CLAIM = """
WITH one AS (SELECT id FROM bare_item WHERE queue = 'q' AND status = 'open' ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED),
done AS (UPDATE bare_item b SET status = 'claimed' FROM one WHERE b.id = one.id RETURNING b.id)
INSERT INTO bare_event (item_id, kind, data) SELECT id, 'claimed', '{}' FROM done RETURNING item_id
"""


def _rate(count: int, run: Callable[[], object]) -> float:
    start = perf_counter()
    run()
    return count / (perf_counter() - start)


def _bare_connection() -> psycopg.Connection[tuple[object, ...]]:
    given = connection.settings_dict
    return psycopg.connect(
        host=given["HOST"],
        port=given["PORT"] or None,
        user=given["USER"],
        password=given["PASSWORD"],
        dbname=given["NAME"],
        autocommit=True,
    )


def figures() -> dict[str, dict[str, float]]:
    """Return, per part, what the desk does a second, the bare limit, and their ratio."""
    desk = TestDesk()
    desk.queue("triage", staff_role="operator")
    desk.queue("support", staff_role="reviewer")
    desk.work_type("support")
    refund = {"fact": "item.title", "op": "contains", "value": "refund"}
    desk.rules(None, {"when": refund, "set": {"type": "support"}})
    desk.rules("support", {"when": {"all": []}, "then": {"do": "go", "to": ["support"]}})
    people = [desk.person(f"person{number}", Role.REVIEWER) for number in range(CONTENDERS)]
    with _bare_connection() as bare:
        bare.execute(_BARE_TABLES)
        payload = f'{{"text": "{TEXT}"}}'
        limit = _rate(ITEMS, lambda: [bare.execute(_BARE_INSERT, [payload, BATCH]) for _ in range(ITEMS // BATCH)])
    taken = _rate(ITEMS, _receive)
    decided = _rate(ITEMS, deciding.decide_due)
    bare_claims, claims, twice = _bare_claims(), *_claims(people)
    return {
        f"batch intake, {BATCH} a transaction": _row(taken, limit),
        "received -> waiting for a person": {"per_second": round(decided)},
        f"claim the next, {CONTENDERS} contenders": _row(claims, bare_claims) | {"served_twice": twice},
    }


def _row(ours: float, limit: float) -> dict[str, float]:
    return {"per_second": round(ours), "limit_per_second": round(limit), "share_of_limit": round(ours / limit, 3)}


def _receive() -> None:
    for start in range(0, ITEMS, BATCH):
        requests = [Request(title=f"refund {start + number}", text=TEXT) for number in range(BATCH)]
        intake.receive_many(actor=DESK, requests=requests, trigger_kind="bench")


def _together(work: Callable[[int], None]) -> None:
    threads = [threading.Thread(target=work, args=(number,)) for number in range(CONTENDERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _bare_claims() -> float:
    each = ITEMS // CONTENDERS

    def work(_: int) -> None:
        with _bare_connection() as bare:
            for _ in range(each):
                bare.execute(_BARE_CLAIM)

    return _rate(each * CONTENDERS, lambda: _together(work))


def _claims(people: list[Actor]) -> tuple[float, int]:
    """Let each person claim, decide nothing, and go on to the next as if it had been decided."""
    each, served = 60, list[int]()

    def work(number: int) -> None:
        for _ in range(each):
            review = claiming.claim_next(actor=people[number])
            if review is None:
                break
            served.append(review.pk)
            Review.objects.filter(pk=review.pk).update(status=Review.WITHDRAWN, closed_at=review.arrived_at)
        connection.close()

    rate = _rate(each * CONTENDERS, lambda: _together(work))
    return rate, len(served) - len(set(served))
