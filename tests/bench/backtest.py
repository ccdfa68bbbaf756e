"""How long a back-test takes over 10,000 and 100,000 stored decisions by 30 rules, and how much memory it needs.

Each item has three decisions (a question for its topic, a draft by an agent, an approval) and six facts. Half of the
draft's rules differ from the live ones. It runs in a process of its own on one core, chunk by chunk as a worker does.
"""

import multiprocessing
import os
import resource
from time import perf_counter
from typing import Any

from django.db import connection

from routing.actions import backtesting
from routing.actions.drafting import start_draft
from routing.actions.publishing import save_draft
from routing.domain.roles import DESK
from routing.models import Backtest, RulebookVersion, WorkItem, WorkType
from tests.bench.report import Part
from tests.desks import TestDesk

SIZES = (10_000, 100_000)
TOPICS = 10
Rule = dict[str, Any]

_FILL = """
INSERT INTO routing_workitem
SELECT (jsonb_populate_record(one, jsonb_build_object('id', one.id + n))).*
FROM routing_workitem one, generate_series(1, %(items)s) n WHERE one.id = %(item)s;
INSERT INTO routing_factrevision (item_id, seq, run, name, status, value, cause, quote, doubtful, provider, at)
SELECT %(item)s + n, f.seq, 1, f.name, 'known', f.value, '', '', false, 'text', now()
FROM generate_series(1, %(items)s) n, LATERAL (VALUES
    (1, 'input.topic', to_jsonb('topic ' || n %% %(topics)s)),
    (2, 'input.amount', jsonb_build_object('amount', (n %% 400)::text, 'currency', 'EUR')),
    (3, 'source.shop', to_jsonb('found'::text)),
    (4, 'source.shop.group', to_jsonb('regular'::text)),
    (5, 'steps.reply', to_jsonb('done'::text)),
    (6, 'steps.reply.output.text', to_jsonb('Hello'::text))
) f (seq, name, value);
INSERT INTO routing_decision
    (item_id, run, version_id, rule_id, kind, cause, position, detail, fires, decided_by, decided_at)
SELECT %(item)s + n, 1, %(version)s, d.rule, d.kind, d.cause, d.position, '{}', d.fires, '', now()
FROM generate_series(1, %(items)s) n, LATERAL (VALUES
    (1, 'draft-' || n %% %(topics)s, 'need', '', 1, false),
    (2, 'draft-' || n %% %(topics)s, 'go', '', 4, true),
    (3, CASE WHEN n %% 400 > 200 THEN 'big-' ELSE 'small-' END || n %% %(topics)s, 'review', 'escalated', 6, true)
) d (step, rule, kind, cause, position, fires) ORDER BY d.step, n;
ANALYZE routing_workitem, routing_factrevision, routing_decision;
"""


def _rules(limit: int) -> list[Rule]:
    found = []
    for number in range(TOPICS):
        topic: Rule = {"fact": "input.topic", "op": "is", "value": f"topic {number}"}
        known: Rule = {"fact": "source.shop.group", "op": "known"}
        drafted: Rule = {"fact": "steps.reply", "op": "known"}
        over: Rule = {"fact": "input.amount", "op": "over", "value": {"amount": str(limit), "currency": "EUR"}}
        ask = {"do": "escalate", "queue": "checks", "reason": "Look"}
        found += [
            {"id": f"draft-{number}", "when": {"all": [topic, known]}, "then": {"do": "go", "to": ["reply"]}},
            {"id": f"big-{number}", "when": {"all": [topic, drafted, over]}, "then": {**ask, "queue": "money"}},
            {"id": f"small-{number}", "when": {"all": [topic, drafted, {"not": over}]}, "then": ask},
        ]
    return found


def _make() -> tuple[RulebookVersion, WorkItem]:
    desk = TestDesk()
    desk.queue("checks")
    desk.queue("money")
    row = desk.work_type("refunds", {"name": "topic"}, {"name": "amount", "kind": "money", "currency": "EUR"})
    desk.destination("reply", "agent", system="Write.", prompt="Write.")
    desk.destination("shop", "source", via="http", method="GET", url="https://shop.example.com/{{ input.topic }}")
    desk.rules("refunds", *_rules(200), fallback="checks")
    started = start_draft(actor=DESK, work_type_id=WorkType.objects.get(slug="refunds").pk)
    content = {"rules": _rules(300), "fallback_queue": "checks"}
    draft = save_draft(actor=DESK, rulebook_id=started.rulebook_id, content=content)
    item = desk.send("Refund", type=row.slug)
    return draft, WorkItem.objects.get(pk=item.pk)


def _follow(backtest_id: int, told: "multiprocessing.queues.Queue[float]") -> None:
    """Run a back-test to its end in this process; tells seconds and how many MB the process grew."""
    del connection.settings_dict["OPTIONS"]["pool"]  # the parent's connections are in it
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    begun = perf_counter()
    while Backtest.objects.filter(pk=backtest_id, status__in=backtesting.ACTIVE).exists():
        backtesting.run_backtest(backtest_id)
    told.put(perf_counter() - begun)
    told.put((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024)
    connection.close()


def figures() -> dict[str, Part]:
    """Return, per number of decisions, seconds, decisions a second and growth in MB."""
    draft, item = _make()
    live = RulebookVersion.objects.get(rulebook=draft.rulebook, status=RulebookVersion.PUBLISHED)
    with connection.cursor() as cursor:
        values = {"items": max(SIZES) // 3 + 1, "item": item.pk, "version": live.pk, "topics": TOPICS}
        cursor.execute(_FILL, values)
    context = multiprocessing.get_context("fork")
    rows: Part = {}
    for size in SIZES:
        row = backtesting.start_backtest(actor=DESK, version_id=draft.pk, most=size)
        told = context.Queue()
        connection.close()
        process = context.Process(target=_follow, args=(row.pk, told))
        process.start()
        process.join()
        seconds, grown = told.get(), told.get()
        row.refresh_from_db()
        outcomes = row.tally["outcomes"]
        rows[f"{size:,} decisions"] = {
            "seconds": round(seconds, 1),
            "per_second": round(size / seconds),
            "grew_mb": round(grown, 1),
            "compared": outcomes["same"] + outcomes["elsewhere"],
            "elsewhere": outcomes["elsewhere"],
            "not_followed": outcomes["not_followed"],
        }
    return {"back-test": rows}
