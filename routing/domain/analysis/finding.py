"""What an analysis of a rulebook says, with facts that show it."""

from dataclasses import dataclass
from enum import StrEnum

from routing.domain.facts import Fact


class FindingKind(StrEnum):
    """What a finding is about."""

    PROBLEM = "problem"
    UNSTAFFED = "unstaffed"
    NEVER_TRUE = "never_true"
    NEVER_REACHED = "never_reached"
    ASKS_EVERY_ITEM = "asks_every_item"
    NO_RULE_DECIDES = "no_rule_decides"
    TOO_LARGE = "too_large"


@dataclass(frozen=True)
class Finding:
    """One finding: an "error" blocks publishing, a "warning" does not.

    ``pointer`` is a JSON pointer into the rulebook, ``detail`` a sentence, ``witness`` facts that show it, if any were
    found. ``undetermined`` tells that text patterns or the like kept it from a proof.
    """

    level: str
    kind: FindingKind
    pointer: str
    detail: str
    witness: dict[str, Fact] | None = None
    undetermined: bool = False
