"""How the rules of a rulebook have done lately: how often each fired, and how often people fixed or declined it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from routing.kinds import people
from routing.models import RulebookVersion

MOST_COUNTED = 1_000
_MOST_JUDGED, _MOST_VERSIONS = 200, 20


@dataclass(frozen=True, slots=True)
class RuleReport:
    """One rule in figures: fired in 7 and in 30 days (at most ``MOST_COUNTED`` a version), and when last.

    Of its newest firings, ``judged`` were later decided by people, who fixed or declined ``changed`` of them.
    """

    week: int = 0
    month: int = 0
    last_at: datetime | None = None
    judged: int = 0
    changed: int = 0

    @property
    def is_capped(self) -> bool:
        """Whether it fired more often than was counted."""
        return self.month >= MOST_COUNTED

    @property
    def share(self) -> int:
        """The share that people fixed or declined, in percent."""
        return round(100 * self.changed / self.judged) if self.judged else 0


_FIRED = """
SELECT asked_rule,
       count(*) FILTER (WHERE decided_at > now() - interval '7 days'),
       count(*) FILTER (WHERE decided_at > now() - interval '30 days'),
       max(decided_at),
       (array_agg(id ORDER BY decided_at DESC))[1:%(judged)s]
FROM unnest(%(rules)s::text[]) asked_rule, unnest(%(versions)s::bigint[]) asked_version, LATERAL (
    SELECT id, decided_at FROM routing_decision
    WHERE version_id = asked_version AND rule_id = asked_rule AND fires
    ORDER BY decided_at DESC LIMIT %(most)s
) fired
GROUP BY asked_rule
"""


def rule_reports(rulebook_id: int, rule_ids: Sequence[str]) -> dict[str, RuleReport]:
    """Return the report of each of these rules over the rulebook's newest versions, in three queries.

    The work is bounded by rules and versions, not by how much was decided.
    """
    versions = RulebookVersion.objects.filter(rulebook_id=rulebook_id).order_by("-number")
    ids = list(versions.values_list("pk", flat=True)[:_MOST_VERSIONS])
    values: dict[str, Any] = {"rules": list(rule_ids), "versions": ids, "most": MOST_COUNTED, "judged": _MOST_JUDGED}
    with connection.cursor() as cursor:
        cursor.execute(_FIRED, values)
        rows = cursor.fetchall()
    judged = people().judged([pk for row in rows for pk in row[4]])
    found = dict.fromkeys(rule_ids, RuleReport())
    for rule_id, week, month, last_at, newest in rows:
        mine = [judged[pk] for pk in newest if pk in judged]
        found[rule_id] = RuleReport(week, month, last_at, len(mine), sum(not one.kept for one in mine))
    return found
