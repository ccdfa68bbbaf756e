"""The five results of a condition and how not, all-of and any-of combine them."""

from collections.abc import Iterable
from enum import StrEnum


class Result(StrEnum):
    """What a condition comes to.

    UNKNOWN: a fact it needs was not asked for yet. BLOCKED: one could not be had. NOT_APPLICABLE: one is missing or
    of another kind, so that neither the condition nor its negation holds.
    """

    TRUE = "true"
    FALSE = "false"
    UNKNOWN = "unknown"
    BLOCKED = "blocked"
    NOT_APPLICABLE = "not_applicable"


TRUE = Result.TRUE
FALSE = Result.FALSE
UNKNOWN = Result.UNKNOWN
BLOCKED = Result.BLOCKED
NOT_APPLICABLE = Result.NOT_APPLICABLE


def negation(result: Result) -> Result:
    """Turn true and false round; the other three stay as they are."""
    if result is TRUE:
        return FALSE
    if result is FALSE:
        return TRUE
    return result


def _weakest(results: Iterable[Result], winner: Result, neutral: Result) -> Result:
    unknown = blocked = inapplicable = False
    for result in results:
        if result is winner:
            return winner
        if result is UNKNOWN:
            unknown = True
        elif result is BLOCKED:
            blocked = True
        elif result is NOT_APPLICABLE:
            inapplicable = True
    if unknown:
        return UNKNOWN
    if blocked:
        return BLOCKED
    return NOT_APPLICABLE if inapplicable else neutral


def conjunction(results: Iterable[Result]) -> Result:
    """All of: false wins, then unknown, blocked, does-not-apply; true when nothing is left."""
    return _weakest(results, FALSE, TRUE)


def disjunction(results: Iterable[Result]) -> Result:
    """Any of: true wins, then unknown, blocked, does-not-apply; false when nothing is left."""
    return _weakest(results, TRUE, FALSE)
