"""The one question: where should this piece of work go next? A pure function of facts and an ordered rulebook."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from routing.domain.catalogue import Catalogue
from routing.domain.conditions import at_time, blocking, lacking, next_change
from routing.domain.decision import Cause, Decision, Kind
from routing.domain.facts import Facts, Status, lookup
from routing.domain.inputs import with_applicability
from routing.domain.kleene import BLOCKED, FALSE, NOT_APPLICABLE, TRUE, UNKNOWN
from routing.domain.prepared import ReadyBook, ReadyRule, Target, ready_book, target_of
from routing.domain.rules import SUGGESTED, Ask, Go, Rulebook
from routing.domain.wants import Wants, form, wants_of_target

__all__ = ["MOST_ESCALATIONS", "Cause", "Decision", "Kind", "decide", "is_refracted", "seen_facts"]

MOST_ESCALATIONS = 3  # of one item by one rule; the next tells the lead that it goes in circles
SUGGESTED_TYPE = "router.type"  # as a rule's type: whatever the router suggests


def decide(
    facts: Facts,
    book: Rulebook,
    catalogue: Catalogue,
    *,
    fired: Mapping[str, int],
    escalated: Mapping[str, int],
    now: datetime,
) -> Decision:
    """Return what the first rule that may not be skipped answers.

    ``fired`` maps rule ids to the position in the item's facts at which each fired last in this run, ``escalated`` to
    how often each made a review (the empty id: no rule decided). ``now`` is aware. Facts are given as stored: time and
    whether inputs apply are worked out here. Pass the same rulebook and catalogue objects again and again: they are
    made ready once. Raises PatternError or TemplateError for a rulebook that ``problems`` refuses.
    """
    ready = ready_book(book, catalogue)
    seen = _seen(facts, ready, now) if ready.conditional or ready.timed else facts
    decision, deciding = _first(ready, seen, fired)
    if decision.kind is Kind.REVIEW and escalated and escalated.get(decision.rule_id, 0) >= MOST_ESCALATIONS:
        words = f"This goes in circles: people were asked {MOST_ESCALATIONS} times already. {decision.reason}"
        decision = replace(decision, cause=Cause.CIRCLES, reason=words)
    if ready.timed:
        moment = _recheck_at(ready, deciding, seen, fired, now)
        if moment is not None:
            decision = replace(decision, recheck_at=moment)
    return decision


def seen_facts(facts: Facts, book: Rulebook, catalogue: Catalogue, now: datetime) -> Facts:
    """Return the facts as ``decide`` shows them to the rules: with time, and inputs missing where they do not apply."""
    return _seen(facts, ready_book(book, catalogue), now)


def is_refracted(reads: Iterable[str], facts: Facts, fired_at: int | None) -> bool:
    """Whether a rule that fired at this position (None: never) must not fire again: no fact it reads is newer."""
    return fired_at is not None and all(lookup(facts, name).seq <= fired_at for name in reads)


def _seen(facts: Facts, ready: ReadyBook, now: datetime) -> Facts:
    timed = at_time(facts, now)
    return with_applicability(timed, ready.conditional) if ready.conditional else timed


def _first(ready: ReadyBook, facts: Facts, fired: Mapping[str, int]) -> tuple[Decision, ReadyRule | None]:
    for item in ready.candidates(facts):
        result = item.evaluate(facts)
        if result is FALSE or result is NOT_APPLICABLE:
            continue
        if fired and is_refracted(item.reads, facts, fired.get(item.rule.id)):
            continue
        if result is TRUE:
            decision = _outcome(item, ready, facts)
            if decision is not None:
                return decision, item
        elif result is UNKNOWN:
            return _need(item, ready, facts, lacking(item.rule.when, facts)), item
        elif result is BLOCKED:
            names = blocking(item.rule.when, facts)
            return _wanting(item, ready, facts, Wants(absent=dict.fromkeys(names, Status.UNAVAILABLE))), item
    return ready.undecided, None


def _outcome(item: ReadyRule, ready: ReadyBook, facts: Facts) -> Decision | None:
    """Return what a true rule answers, or None when all it asks for is known, so that the next rule is looked at."""
    then = item.rule.then
    if isinstance(then, Ask):
        unknown = [f"input.{name}" for name in then.inputs if lookup(facts, f"input.{name}").status is Status.UNKNOWN]
        return _need(item, ready, facts, tuple(unknown)) if unknown else None
    decision = item.decision
    if item.rule.changes.type == SUGGESTED_TYPE:
        suggested = _suggestion(SUGGESTED_TYPE, item, ready, facts)
        if isinstance(suggested, Decision):
            return suggested
        if suggested not in ready.catalogue.types:
            return _review(item, ready, (SUGGESTED_TYPE,), f"There is no type “{suggested}”.")
        decision = replace(decision, changes=replace(decision.changes, type=suggested))
    if isinstance(then, Go):
        return _go(then, decision, item, ready, facts)
    return decision


def _go(then: Go, decision: Decision, item: ReadyRule, ready: ReadyBook, facts: Facts) -> Decision:
    target = item.target
    if target is None:
        suggested = _suggestion(SUGGESTED, item, ready, facts)
        if isinstance(suggested, Decision):
            return suggested
        target = target_of(then, (suggested,), ready.catalogue)
        decision = replace(decision, to=(suggested,))
    if target.refusal:
        return _review(item, ready, (), f"{target.refusal[0].upper()}{target.refusal[1:]}.")
    if target.only_people:
        return decision
    wants = wants_of_target(target, ready, facts)
    return decision if wants is None else _wanting(item, ready, facts, wants, target)


def _suggestion(name: str, item: ReadyRule, ready: ReadyBook, facts: Facts) -> str | Decision:
    """Return what the router suggests, or the decision that it must be asked or could not say."""
    fact = lookup(facts, name)
    if fact.status is Status.KNOWN:
        return str(fact.value)
    if fact.status is Status.UNKNOWN:
        return _need(item, ready, facts, (name,))
    return _wanting(item, ready, facts, Wants(absent={name: fact.status}))


def _wanting(item: ReadyRule, ready: ReadyBook, facts: Facts, wants: Wants, target: Target | None = None) -> Decision:
    """Turn what is wanting into a review that names what nobody can give, else into a need."""
    if not wants.absent:
        return _need(item, ready, facts, tuple(wants.lacking), target)
    missing = any(status is Status.MISSING for status in wants.absent.values())
    labels = [ready.catalogue.label(name) for name in wants.absent]
    whose = " and ".join(port.name for port in target.ports) if target else "the rule"
    words = "there is none" if missing else "it could not be had"
    reason = f"{whose} needs {' and '.join(labels)}, but {words}."
    decision = _review(item, ready, tuple(wants.absent), f"{reason[0].upper()}{reason[1:]}")
    return replace(decision, cause=Cause.MISSING) if missing else decision


def _review(item: ReadyRule, ready: ReadyBook, names: tuple[str, ...], reason: str) -> Decision:
    return Decision(
        Kind.REVIEW,
        item.rule.id,
        needs=names,
        queue=ready.book.fallback_queue,
        reason=reason,
        cause=Cause.UNAVAILABLE,
    )


def _need(
    item: ReadyRule, ready: ReadyBook, facts: Facts, names: tuple[str, ...], target: Target | None = None
) -> Decision:
    labels = " and ".join(ready.catalogue.label(name) for name in names)
    return Decision(
        Kind.NEED,
        item.rule.id,
        needs=names,
        form=form(names, target or item.target, ready, facts),
        reason=f"Needs {labels}.",
    )


def _recheck_at(
    ready: ReadyBook, deciding: ReadyRule | None, facts: Facts, fired: Mapping[str, int], now: datetime
) -> datetime | None:
    """Return the earliest moment at which time alone changes what a rule up to the deciding one comes to."""
    earliest: datetime | None = None
    for item in ready.rules:
        if item.timed and not is_refracted(item.reads, facts, fired.get(item.rule.id)):
            moment = next_change(item.rule.when, facts, now)
            if moment is not None and (earliest is None or moment < earliest):
                earliest = moment
        if item is deciding:
            break
    return earliest
