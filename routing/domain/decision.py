"""What the rules answer for an item at one moment."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from routing.domain.rules import Changes


class Kind(StrEnum):
    """What the rules answer.

    GO: send to ``to``. NEED: provide the facts in ``needs`` first. REVIEW: people of ``queue`` decide. WAIT for
    ``wait_minutes``. FINISH: done. STOP: close without doing it. CHANGE: only set ``changes``, then decide again.
    """

    GO = "go"
    NEED = "need"
    REVIEW = "review"
    WAIT = "wait"
    FINISH = "finish"
    STOP = "stop"
    CHANGE = "change"


class Cause(StrEnum):
    """Why a decision is a review."""

    ESCALATED = "escalated"
    UNAVAILABLE = "unavailable"
    MISSING = "missing"
    NO_RULE = "no_rule"
    CIRCLES = "circles"


NO_CHANGES = Changes()


@dataclass(frozen=True, slots=True)
class Decision:
    """What the rules answer for an item at one moment.

    ``rule_id`` is empty only when no rule decides. ``needs`` names the unknown facts of a NEED, or the missing or
    unavailable facts that a REVIEW is about. ``form`` names the inputs (``input.<name>``) that a requester is asked
    for, once, if nobody else provides the needs. ``reason`` is for people. ``about`` is the agent whose output is
    proposed. ``fires`` tells that the rule did what it says: it does not again until a fact it reads changes.
    ``changes`` are to be made only then. ``recheck_at`` is when time alone may change the answer.
    """

    kind: Kind
    rule_id: str = ""
    to: tuple[str, ...] = ()
    approved_by: str = ""
    params: tuple[tuple[str, str], ...] = ()
    needs: tuple[str, ...] = ()
    form: tuple[str, ...] = ()
    queue: str = ""
    reason: str = ""
    cause: Cause | None = None
    about: str = ""
    wait_minutes: int = 0
    changes: Changes = NO_CHANGES
    fires: bool = False
    recheck_at: datetime | None = None
