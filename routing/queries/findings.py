"""What the analysis of a draft found, as its page shows it and publishing asks for it."""

import json
from dataclasses import dataclass

from routing.domain import rulefile
from routing.domain.analysis import Finding, findings
from routing.domain.catalogue import Catalogue
from routing.domain.factfile import write_facts
from routing.domain.faults import rule_number
from routing.kinds import people
from routing.models import RulebookVersion
from routing.queries import desk as desk_queries


@dataclass(frozen=True, slots=True)
class FindingLine:
    """One finding: ``rule`` is the number of the rule it is about, 0 for the whole rulebook.

    ``facts`` is the JSON text of facts that show it, empty when there are none.
    """

    level: str
    rule: int
    text: str
    facts: str
    undetermined: bool


_KEPT = 64
_Kept = tuple[Catalogue, tuple[Finding, ...]]
_kept: dict[tuple[object, ...], _Kept] = {}


def draft_findings(version: RulebookVersion) -> list[FindingLine]:
    """Return what the analysis says about a version; raises RuleError when its content cannot be read."""
    return [_line(finding) for finding in version_findings(version)]


def version_findings(version: RulebookVersion) -> tuple[Finding, ...]:
    """Return the findings of a version, worked out once for the same rules, set-up and staff."""
    type_id = version.rulebook.work_type_id
    catalogue = desk_queries.load().catalogue(type_id)
    unstaffed = people().unstaffed()
    content = json.dumps(version.content, sort_keys=True)
    key = (content, id(catalogue), type_id is None, tuple(sorted(unstaffed.items())))
    entry = _kept.get(key)
    if entry is None:  # an entry holds its catalogue, so that the id cannot become another's
        found = findings(rulefile.read(version.content), catalogue, first_look=type_id is None, unstaffed=unstaffed)
        if len(_kept) >= _KEPT:
            _kept.clear()
        entry = _kept[key] = (catalogue, found)
    return entry[1]


def _line(finding: Finding) -> FindingLine:
    number = rule_number(finding.pointer)
    facts = "" if finding.witness is None else json.dumps(write_facts(finding.witness), ensure_ascii=False)
    return FindingLine(finding.level, number, finding.detail, facts, finding.undetermined)
