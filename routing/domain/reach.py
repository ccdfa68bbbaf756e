"""The review point ahead: the first queue the rules can still reach from what is known."""

from collections.abc import Mapping
from dataclasses import dataclass

from routing.domain.catalogue import Catalogue
from routing.domain.engine import is_refracted
from routing.domain.facts import HISTORY_NAMESPACES, UNKNOWN, Facts, Status, lookup
from routing.domain.kleene import TRUE
from routing.domain.kleene import UNKNOWN as UNDECIDED
from routing.domain.prepared import ready_book
from routing.domain.rules import BY_RULE, Escalate, Finish, Go, Rule, Rulebook, Stop


@dataclass(frozen=True, slots=True)
class Ahead:
    """A queue still ahead, or (``queue`` empty) the reason why there is none."""

    queue: str
    reason: str = ""


def review_point(facts: Facts, book: Rulebook, catalogue: Catalogue, *, fired: Mapping[str, int]) -> Ahead:
    """Return the first queue that a rule which may still fire would ask.

    What has not happened yet (``steps``, ``reviews``) may still happen, so here it counts as unknown.
    """
    ready = ready_book(book, catalogue).rules
    names = {name for item in ready for name in item.reads}
    open_facts = dict(facts)
    for name in names:
        if name.partition(".")[0] in HISTORY_NAMESPACES and lookup(facts, name).status is Status.MISSING:
            open_facts[name] = UNKNOWN
    sends = ""
    for item in ready:
        rule = item.rule
        if is_refracted(item.reads, facts, fired.get(rule.id)):
            continue
        result = item.evaluate(open_facts)
        if result not in {TRUE, UNDECIDED}:
            continue
        queue = _queue(rule)
        if queue:
            return Ahead(queue)
        if isinstance(rule.then, Go) and rule.then.approved_by == BY_RULE:
            sends = sends or f"rule {book.rules.index(rule) + 1} sends"
        if result is TRUE and isinstance(rule.then, (Finish, Stop)):
            break
    return Ahead("", sends or "no rule asks a person")


def _queue(rule: Rule) -> str:
    match rule.then:
        case Escalate(queue=queue):
            return queue
        case Go(approved_by=queue) if queue and queue != BY_RULE:
            return queue
    return ""
