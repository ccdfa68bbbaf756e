"""What a finished item takes on the disk, rows, indexes and all."""

from django.db import connection

from reviews.actions import claiming, judging
from reviews.actions.judging import Judgement
from reviews.models import Review
from routing.actions import deciding, intake
from routing.actions.intake import Request
from routing.domain.roles import DESK, Role
from routing.models import Decision, Event, WorkItem
from tests.bench.limits import TEXT
from tests.bench.report import BYTES, Part, row
from tests.bench.work import support_desk

ITEMS = 1_000
DBOS_BYTES = 5_800  # measured once, of a workflow with the same moves: docs/performance.md


def figures() -> dict[str, Part]:
    """Return the bytes of an item that came in, was decided, waited for a person and is done."""
    desk = support_desk()
    ana = desk.person("ana", Role.REVIEWER)
    before = _bytes()
    requests = [Request(title=f"refund {number}", text=TEXT, type="support") for number in range(ITEMS)]
    intake.receive_many(actor=DESK, requests=requests, trigger_kind="bench")
    deciding.decide_due()
    for review_id in Review.objects.filter(status=Review.OPEN).values_list("pk", flat=True):
        review = claiming.claim(actor=ana, review_id=review_id)
        judgement = Judgement("complete")
        judging.judge(actor=ana, review_id=review_id, epoch=review.epoch, digest=review.digest, judgement=judgement)
    deciding.decide_due()
    if WorkItem.objects.filter(state="done").count() != ITEMS:
        raise RuntimeError("not all items are done")
    taken = (_bytes() - before) / ITEMS
    counts = {"events": Event.objects.count() / ITEMS, "decisions": Decision.objects.count() / ITEMS}
    found = {"four events, two decisions": row(round(taken), DBOS_BYTES, unit="bytes an item", **counts)}
    return {BYTES: found}


def _bytes() -> int:
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
        cursor.execute("SELECT sum(pg_total_relation_size(oid)) FROM pg_class WHERE relkind = 'r'")
        return int(cursor.fetchone()[0])
