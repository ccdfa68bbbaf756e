"""What the rules can still come to from what is known: the review point ahead, and who approves a write."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from routing.domain.catalogue import Catalogue
from routing.domain.engine import is_refracted
from routing.domain.facts import HISTORY_NAMESPACES, UNKNOWN, Facts, Status, lookup
from routing.domain.kleene import FALSE, NOT_APPLICABLE, TRUE
from routing.domain.kleene import UNKNOWN as UNDECIDED
from routing.domain.prepared import ReadyRule, ready_book
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
    open_facts = _still_open(facts, ready)
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


def approvers(destination: str, facts: Facts, book: Rulebook, catalogue: Catalogue) -> list[str]:
    """Return the queues that rules which hold, or may come to, have approve a write to this destination.

    In the order of the rules, those that hold first. What has not happened yet counts as unknown.
    """
    ready = ready_book(book, catalogue).rules
    open_facts = _still_open(facts, ready)
    acting = [(item.evaluate(open_facts), item.rule.approver(destination)) for item in ready]
    possible = [(result, queue) for result, queue in acting if queue and result not in {FALSE, NOT_APPLICABLE}]
    return list(dict.fromkeys(queue for _, queue in sorted(possible, key=lambda pair: pair[0] is not TRUE)))


def _still_open(facts: Facts, rules: Sequence[ReadyRule]) -> Facts:
    """Return the facts with what has not happened yet as unknown, as far as these rules read it."""
    open_facts = dict(facts)
    for name in {name for item in rules for name in item.reads}:
        if name.partition(".")[0] in HISTORY_NAMESPACES and lookup(facts, name).status is Status.MISSING:
            open_facts[name] = UNKNOWN
    return open_facts


def _queue(rule: Rule) -> str:
    match rule.then:
        case Escalate(queue=queue):
            return queue
        case Go(approved_by=queue) if queue and queue != BY_RULE:
            return queue
    return ""
