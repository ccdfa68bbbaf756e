"""The findings of a rulebook: what must be mended, and what an admin may want to know before publishing."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from routing.domain.analysis.cells import is_inexact
from routing.domain.analysis.finding import Finding, FindingKind
from routing.domain.analysis.formula import Formula, TooLarge
from routing.domain.analysis.prover import Prover
from routing.domain.analysis.space import Case, Nothing, read_tests, root_of
from routing.domain.analysis.words import characterised, contradiction_words, titled
from routing.domain.catalogue import Catalogue
from routing.domain.checks import problems
from routing.domain.conditions import NOW, provided, reads
from routing.domain.facts import Fact, known
from routing.domain.faults import Problem
from routing.domain.rules import Ask, Escalate, Go, Rule, Rulebook


def findings(
    book: Rulebook, catalogue: Catalogue, *, first_look: bool, unstaffed: Mapping[str, str] | None = None
) -> tuple[Finding, ...]:
    """Return everything that can be said against a rulebook, errors first.

    ``unstaffed`` maps the slugs of queues in which nobody can decide to their names. Rules with a problem, and those
    switched off, are left out of what is proved.
    """
    wrong = problems(book, catalogue)
    found = [Finding("error", FindingKind.PROBLEM, problem.pointer, problem.detail) for problem in wrong]
    found.extend(_unstaffed(book, unstaffed or {}))
    found.extend(_proved(book, catalogue, wrong, first_look=first_look))
    return tuple(sorted(found, key=lambda finding: finding.level != "error"))


def _unstaffed(book: Rulebook, unstaffed: Mapping[str, str]) -> Iterator[Finding]:
    kind = FindingKind.UNSTAFFED
    for number, rule in enumerate(book.rules, start=1):
        if not rule.enabled:
            continue
        pointer = f"/rules/{number - 1}/then"
        title = titled(number, rule)
        match rule.then:
            case Go(to=to, approved_by=approver):
                for index, slug in enumerate(to):
                    if slug in unstaffed:
                        words = (
                            f"{title} sends to {unstaffed[slug]}, where nobody can decide. Add people to that queue."
                        )
                        yield Finding("error", kind, f"{pointer}/to/{index}", words)
                if approver in unstaffed:
                    words = f"{title} has {unstaffed[approver]} approve, where nobody can. Add people to that queue."
                    yield Finding("error", kind, f"{pointer}/approved_by", words)
            case Escalate(queue=slug) if slug in unstaffed:
                words = f"{title} lets {unstaffed[slug]} decide, where nobody can. Add people to that queue."
                yield Finding("error", kind, f"{pointer}/queue", words)
    if book.fallback_queue in unstaffed:
        name = unstaffed[book.fallback_queue]
        words = f"{name} gets what no rule decides, and nobody can decide there. Add people to that queue."
        yield Finding("error", kind, "/fallback_queue", words)


def _proved(book: Rulebook, catalogue: Catalogue, wrong: tuple[Problem, ...], *, first_look: bool) -> Iterator[Finding]:
    broken = {problem.pointer.split("/")[2] for problem in wrong if problem.pointer.startswith("/rules/")}
    numbered = {
        rule.id: (index + 1, rule) for index, rule in enumerate(book.rules) if rule.enabled and str(index) not in broken
    }
    whole = len(numbered) == sum(rule.enabled for rule in book.rules)
    sound = replace(book, rules=tuple(rule for _, rule in numbered.values()))
    unclear = _unclear(sound, catalogue)
    for number, rule in numbered.values():
        if rule.id in unclear:
            yield _undetermined(number, rule)
    sound = replace(sound, rules=tuple(rule for rule in sound.rules if rule.id not in unclear))
    try:
        with Formula() as formula:
            prover = Prover(sound, catalogue, formula, first_look=first_look)
            for rule in sound.rules:
                yield from _of_rule(prover, rule, {key: number for key, (number, _) in numbered.items()})
            if whole and not unclear:
                numbers = {key: number for key, (number, _) in numbered.items()}
                yield from _of_asking(prover, numbers)
                yield from _of_gap(prover)
    except TooLarge:
        words = "These rules are too large to be proved; nothing more is said about them."
        yield Finding("warning", FindingKind.TOO_LARGE, "", words, undetermined=True)


def _unclear(book: Rulebook, catalogue: Catalogue) -> set[str]:
    """Return the rules that read a fact whose values cannot be told apart exactly."""
    names = {name for name, own in read_tests(book, catalogue).items() if is_inexact(name, own, catalogue)}
    grown = True
    while grown:
        by_input = {
            spec.fact
            for spec in catalogue.inputs
            if spec.applies_when is not None and {provided(name) for name in reads(spec.applies_when)} & names
        }
        grown = not by_input <= names
        names |= by_input
    return {rule.id for rule in book.rules if ({provided(name) for name in reads(rule.when)} | _asked(rule)) & names}


def _asked(rule: Rule) -> set[str]:
    return {f"input.{name}" for name in rule.then.inputs} if isinstance(rule.then, Ask) else set()


def _undetermined(number: int, rule: Rule) -> Finding:
    words = (
        f"Whether {titled(number, rule, start=False)} is ever reached is undetermined: "
        "its comparisons with texts or times could not be settled."
    )
    return Finding("warning", FindingKind.NEVER_REACHED, f"/rules/{number - 1}", words, undetermined=True)


def _of_rule(prover: Prover, rule: Rule, numbers: Mapping[str, int]) -> Iterator[Finding]:
    reached = prover.reached(rule)
    if isinstance(reached, Case):
        return
    number = numbers[rule.id]
    title, pointer = titled(number, rule), f"/rules/{number - 1}"
    true = prover.true(rule)
    if true is Nothing.PROVED:
        parts, nearly = prover.contradiction(rule)
        words = f"{title} can never be true: {contradiction_words(parts, prover.catalogue)}."
        yield Finding("error", FindingKind.NEVER_TRUE, f"{pointer}/when", words, _witness(nearly))
    elif reached is Nothing.UNDETERMINED or not isinstance(true, Case):
        yield _undetermined(number, rule)
    else:
        taker = prover.taker(rule, true)
        by = f" These facts are taken by {titled(numbers[taker.id], taker, start=False)}." if taker else ""
        words = f"{title} is never reached: earlier rules take all its cases.{by}"
        yield Finding("warning", FindingKind.NEVER_REACHED, pointer, words, _witness(true))


def _of_asking(prover: Prover, numbers: Mapping[str, int]) -> Iterator[Finding]:
    catalogue = prover.catalogue
    optional = {spec.fact for spec in catalogue.inputs if not spec.required and spec.applies_when is None}
    facts = dict.fromkeys(root_of(name) for name in prover.space.variables)
    for fact in facts:
        if not (fact in optional or fact.startswith("source.")):
            continue
        found = prover.asks_all(fact)
        if found is None:
            continue
        rule, case = found
        number = numbers[rule.id]
        whom = catalogue.label(fact)
        what = f"asks {whom} about every request" if fact.startswith("source.") else f"asks for {whom} in every request"
        words = f"{titled(number, rule)} {what}, whatever else is known of it."
        yield Finding("warning", FindingKind.ASKS_EVERY_ITEM, f"/rules/{number - 1}", words, _witness(case))


def _of_gap(prover: Prover) -> Iterator[Finding]:
    found = prover.undecided()
    queue = prover.catalogue.name_of(prover.book.fallback_queue)
    kind = FindingKind.NO_RULE_DECIDES
    if found is Nothing.UNDETERMINED:
        words = (
            "Whether some rule always decides is undetermined: comparisons with texts or times could not be settled."
        )
        yield Finding("warning", kind, "", words, undetermined=True)
    elif not isinstance(found, Nothing):
        case, names = found
        when = characterised(case, names, prover.catalogue)
        words = f"When {when}, no rule decides: {queue} gets the request." if when else ""
        words = words or f"No rule ever decides: {queue} gets every request."
        yield Finding("warning", kind, "", words, _witness(case))


def _witness(case: Case | None) -> dict[str, Fact] | None:
    return None if case is None else {**case.facts, NOW: known(case.now)}
