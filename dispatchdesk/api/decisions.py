"""Decisions as JSON, each with the facts that were compared and the trace, worked out again from the ledger."""

from collections.abc import Sequence
from typing import Any

from dispatchdesk.api.plain_values import moment, plain
from routing.domain.conditions import Line
from routing.domain.explain import RuleTrace
from routing.domain.facts import Fact, Status
from routing.domain.rules import Operand
from routing.models import Decision, WorkItem
from routing.queries import desk as desk_queries
from routing.queries.decisions import Explained, explained, revisions_of

FIRST_LOOK = "first-look"


def decision_answers(item: WorkItem, decisions: Sequence[Decision]) -> list[dict[str, Any]]:
    """Return these decisions (all of the item, oldest first) as JSON, in a fixed number of queries."""
    rows = explained(item, desk_queries.load(), revisions_of(item), decisions)
    return [_decision(row) for row in rows]


def _decision(one: Explained) -> dict[str, Any]:
    row = one.row
    lines = [line for looked in one.looked_at for line in looked.lines]
    return {
        "id": row.pk,
        "rulebook": _rulebook(row),
        "version": row.version.number if row.version else None,
        "rule": _rule(one),
        "kind": row.kind,
        "cause": row.cause or None,
        "detail": row.detail,
        "decided_by": row.decided_by or None,
        "decided_at": moment(row.decided_at),
        "position": row.position,
        "facts": {line.fact: _fact(line.actual) for line in lines},
        "trace": [_trace(looked) for looked in one.looked_at],
    }


def _rulebook(row: Decision) -> str | None:
    if row.version is None:
        return None
    work_type = row.version.rulebook.work_type
    return work_type.slug if work_type else FIRST_LOOK


def _rule(one: Explained) -> dict[str, Any] | None:
    if not one.row.rule_id:
        return None
    return {"id": one.row.rule_id, "number": one.number or None, "name": one.rule.name if one.rule else ""}


def _trace(looked: RuleTrace) -> dict[str, Any]:
    return {
        "rule": {"id": looked.rule.id, "number": looked.number, "name": looked.rule.name},
        "result": looked.result.value,
        "already_fired": looked.already_fired,
        "comparisons": [_comparison(line) for line in looked.lines],
    }


def _comparison(line: Line) -> dict[str, Any]:
    return {
        "path": line.path,
        "fact": line.fact,
        "op": line.op.value,
        "expected": _operand(line.expected),
        "actual": _fact(line.actual),
        "result": line.result.value,
    }


def _operand(value: Operand) -> object:
    return [plain(part) for part in value] if isinstance(value, tuple) else plain(value)


def _fact(fact: Fact) -> dict[str, Any]:
    value = plain(fact.value) if fact.status is Status.KNOWN else None
    return {"status": fact.status.value, "value": value, "cause": fact.cause}
