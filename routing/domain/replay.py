"""A draft followed over what rules decided on one item: where it would have sent the work, until it parts ways."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from routing.domain.answers import Followed, Reader, follow
from routing.domain.catalogue import Catalogue
from routing.domain.facts import Facts
from routing.domain.rules import Rulebook


class Outcome(StrEnum):
    """What became of one stored decision when the draft was followed.

    SKIPPED: no rule made it, or its own rules say otherwise today, since destinations or inputs have changed.
    NOT_FOLLOWED: the draft parted ways before, or one was skipped, so what is known since may not have come about.
    """

    SAME = "same"
    ELSEWHERE = "elsewhere"
    NOT_FOLLOWED = "not_followed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Past:
    """One stored decision of a rulebook: what was known, which rules decided, and which of them.

    ``kind`` and ``rule_id`` are as stored. ``sets_only``: it sent the work nowhere. ``by_rules`` is False for what a
    person or the desk's own limits decided.
    """

    id: int
    position: int
    at: datetime
    kind: str
    rule_id: str
    fires: bool
    sets_only: bool
    by_rules: bool
    facts: Facts
    rules: Rulebook


@dataclass(frozen=True, slots=True)
class Replayed:
    """One stored decision beside the draft's: ``went`` by the rules of its time, ``live`` by today's, ``draft``."""

    past: Past
    outcome: Outcome
    went: Followed | None = None
    live: Followed | None = None
    draft: Followed | None = None


def replay(
    decisions: Sequence[Past], draft: Rulebook, live: Rulebook | None, catalogue: Catalogue, read: Reader
) -> Iterator[Replayed]:
    """Yield each decision of one item's run that sent it somewhere, oldest first, beside the draft's.

    ``read`` reads facts in the item's text. Nothing is asked of anybody: a draft that needs what nobody gathered has
    its need as its answer.
    """
    fired, escalated = dict[str, int](), dict[str, int]()
    before_fired, before_escalated = dict[str, int](), dict[str, int]()
    parted = False
    for past in decisions:
        replayed = None
        if past.sets_only:
            pass
        elif parted:
            replayed = Replayed(past, Outcome.NOT_FOLLOWED)
        elif not past.by_rules:
            parted, replayed = True, Replayed(past, Outcome.SKIPPED)
        else:
            history = (before_fired, before_escalated)
            went = _answered(past, past.rules, catalogue, history, read)
            if (went.decision.kind.value, went.decision.rule_id) != (past.kind, past.rule_id):
                parted, replayed = True, Replayed(past, Outcome.SKIPPED)
            else:
                theirs = _answered(past, draft, catalogue, (fired, escalated), read)
                now = _answered(past, live, catalogue, history, read) if live is not None else None
                parted = theirs.answer != went.answer
                replayed = Replayed(past, Outcome.ELSEWHERE if parted else Outcome.SAME, went, now, theirs)
                fired = dict(theirs.fired)
                if theirs.decision.kind.value == "review":
                    escalated[theirs.decision.rule_id] = escalated.get(theirs.decision.rule_id, 0) + 1
        if past.fires and past.rule_id:
            before_fired[past.rule_id] = past.position
        if past.kind == "review":
            before_escalated[past.rule_id] = before_escalated.get(past.rule_id, 0) + 1
        if replayed is not None:
            yield replayed


def _answered(
    past: Past, rules: Rulebook, catalogue: Catalogue, history: tuple[dict[str, int], dict[str, int]], read: Reader
) -> Followed:
    fired, escalated = history
    return follow(
        past.facts,
        rules,
        catalogue,
        fired=fired,
        escalated=escalated,
        now=past.at,
        position=past.position,
        read=read,
    )
