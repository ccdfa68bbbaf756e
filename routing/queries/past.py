"""What was decided, done and asked about items in their present runs: read at once for a batch, when first needed."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache

from routing.models import Question, Step, WorkItem
from routing.rows import columns, prepared, read

RuleKey = tuple[int | None, str]


@dataclass(slots=True)
class Past:
    """One item's present run so far.

    ``fired`` maps (rulebook id, rule id) to the position the rule last fired at, ``escalated`` to how often it asked
    people. ``steps`` come in the order in which they were begun; ``question`` is the one that is open.
    """

    fired: dict[RuleKey, int] = field(default_factory=dict)
    escalated: dict[RuleKey, int] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)
    question: Question | None = None


def past_readers(items: Sequence[WorkItem]) -> dict[int, Callable[[], Past]]:
    """Return, by item id, what reads its past; the first one called reads those of all, in three queries."""
    runs = {item.pk: item.run for item in items}
    read_all = cache(lambda: _read(runs))

    def reader(item_id: int) -> Callable[[], Past]:
        return lambda: read_all()[item_id]

    return {item_id: reader(item_id) for item_id in runs}


_DECIDED = """
    SELECT d.item_id, d.run, v.rulebook_id, d.rule_id, d.kind, d.position, d.fires
    FROM routing_decision d LEFT JOIN routing_rulebookversion v ON v.id = d.version_id
    WHERE d.item_id = ANY(%(ids)s::bigint[])
"""
_STEPS = f"""
    SELECT {columns(Step, "s")} FROM routing_step s WHERE s.item_id = ANY(%(ids)s::bigint[]) ORDER BY s.id
"""  # noqa: S608 - Django's names
_ASKED = f"""
    SELECT {columns(Question, "q")} FROM routing_question q
    WHERE q.item_id = ANY(%(ids)s::bigint[]) AND q.status = %(open)s
"""  # noqa: S608 - Django's names


def _read(runs: dict[int, int]) -> dict[int, Past]:
    found: dict[int, Past] = defaultdict(Past)
    ids = list(runs)
    for item_id, run, book_id, rule_id, kind, position, fires in read(_DECIDED, {"ids": ids}):
        if run != runs[item_id]:
            continue
        past, key = found[item_id], (book_id, rule_id)
        if fires and rule_id:
            past.fired[key] = max(past.fired.get(key, 0), position)
        if kind == "review":
            past.escalated[key] = past.escalated.get(key, 0) + 1
    for step in prepared(Step, _STEPS, {"ids": ids}):
        if step.run == runs[step.item_id]:
            found[step.item_id].steps.append(step)
    for asked in prepared(Question, _ASKED, {"ids": ids, "open": Question.OPEN}):
        found[asked.item_id].question = asked
    return found
