"""What starting again costs while much waits: nothing is read per item, neither then nor when the sweeper looks."""

from time import perf_counter

from django.db import connection
from django.test.utils import CaptureQueriesContext

from routing.actions import deciding, intake, sweeping
from routing.actions.intake import Request
from routing.domain.roles import DESK
from tests.bench.report import RESTART, Part, row
from tests.bench.work import support_desk

WAITING = 10_000
BATCH = 500


def figures() -> dict[str, Part]:
    """Return statements and milliseconds of the first looks after a start, with nothing and with much waiting."""
    support_desk()
    before, time_before = _first_looks()
    for start in range(0, WAITING, BATCH):
        requests = [Request(title=f"refund {start + number}") for number in range(BATCH)]
        intake.receive_many(actor=DESK, requests=requests, trigger_kind="bench")
    deciding.decide_due()
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    after, time_after = _first_looks()
    return {
        RESTART: {
            f"statements, {WAITING:,} waiting": row(after, before),
            f"milliseconds, {WAITING:,} waiting": row(time_after, time_before),
        }
    }


def _first_looks() -> tuple[int, float]:
    """Return statements and the shortest milliseconds of a sweep and of a decider's look."""
    times = []
    for _ in range(5):
        with CaptureQueriesContext(connection) as captured:
            begun = perf_counter()
            sweeping.sweep()
            deciding.decide_due()
            times.append((perf_counter() - begun) * 1000)
    return len(captured), min(times)
