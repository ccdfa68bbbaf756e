"""Which earlier rules take a case for good, so that no later rule ever gets it."""

from routing.domain.analysis.formula import Formula, Outcomes
from routing.domain.analysis.space import Case, Space, seen
from routing.domain.catalogue import Catalogue
from routing.domain.conditions import evaluate, reads
from routing.domain.engine import decide
from routing.domain.facts import Status, lookup
from routing.domain.kleene import BLOCKED, TRUE, UNKNOWN
from routing.domain.rules import Ask, Finish, Rule, Rulebook, Stop

_LONG_AGO = 1_000_000_000  # as the position at which a rule fired: later than all that is known


def ends(rule: Rule, *, first_look: bool) -> bool:
    """Whether a rule that is true ends the work or hands it to other rules."""
    return isinstance(rule.then, Finish | Stop) or (first_look and bool(rule.changes.type))


def may_have_fired(rule: Rule, *, first_look: bool) -> bool:
    """Whether the rule can have done its part before and be passed over now."""
    return not ends(rule, first_look=first_look) and not isinstance(rule.then, Ask)


def aging(rule: Rule) -> list[str]:
    """Return the facts that the rule reads and that can become unknown again: answers of data sources."""
    return sorted(name for name in reads(rule.when) if name.startswith("source."))


def asked(rule: Rule) -> list[str]:
    """Return the facts that the rule asks for by its outcome."""
    return [f"input.{name}" for name in rule.then.inputs] if isinstance(rule.then, Ask) else []


def taking(rule: Rule, outcome: Outcomes, space: Space, *, first_look: bool) -> int:
    """Return the literal that the rule takes a case for good."""
    formula: Formula = space.formula
    unknown = outcome[UNKNOWN]
    if may_have_fired(rule, first_look=first_look):
        aged = formula.any_of(space.status(name, Status.UNKNOWN) for name in aging(rule))
        unknown = formula.all_of([unknown, -aged])
    parts = [outcome[BLOCKED], unknown]
    if ends(rule, first_look=first_look):
        parts.append(outcome[TRUE])
    wanting = formula.any_of(space.status(name, Status.UNKNOWN) for name in asked(rule))
    parts.append(formula.all_of([outcome[TRUE], wanting]))
    return formula.any_of(parts)


def takes(rule: Rule, case: Case, *, first_look: bool) -> bool:
    """Whether the rule takes these facts for good, by the engine."""
    facts = seen(case)
    result = evaluate(rule.when, facts)
    if result is BLOCKED:
        return True
    if result is UNKNOWN:
        aged = any(lookup(facts, name).status is Status.UNKNOWN for name in aging(rule))
        return not (aged and may_have_fired(rule, first_look=first_look))
    if result is not TRUE:
        return False
    wanting = any(lookup(facts, name).status is Status.UNKNOWN for name in asked(rule))
    return wanting or ends(rule, first_look=first_look)


def is_reached(rule: Rule, book: Rulebook, catalogue: Catalogue, case: Case, *, first_look: bool) -> bool:
    """Whether the rule is true on these facts and its turn comes, earlier ones having done their part."""
    if evaluate(rule.when, seen(case)) is not TRUE:
        return False
    position = book.rules.index(rule)
    earlier = book.rules[:position]
    fired = {other.id: _LONG_AGO for other in earlier if may_have_fired(other, first_look=first_look)}
    if isinstance(rule.then, Ask):  # with nothing left to ask it gives way, and its turn has come all the same
        return not any(takes(other, case, first_look=first_look) for other in earlier)
    decision = decide(case.facts, book, catalogue, fired=fired, escalated={}, now=case.now)
    return decision.rule_id == rule.id and not any(takes(other, case, first_look=first_look) for other in earlier)
