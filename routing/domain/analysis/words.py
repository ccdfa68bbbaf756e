"""The sentences of findings, in the user's words."""

from routing.domain.analysis.prover import Parts
from routing.domain.analysis.space import Case, seen
from routing.domain.catalogue import Catalogue
from routing.domain.conditions import NOW
from routing.domain.facts import Status, lookup
from routing.domain.rules import Not, Op, Rule, Test
from routing.domain.sentences import comparison_words, condition_words

_MOST_NAMED = 4


def titled(number: int, rule: Rule, *, start: bool = True) -> str:
    """Return a rule's number and name."""
    word = "Rule" if start else "rule"
    return f"{word} {number} “{rule.name}”" if rule.name else f"{word} {number}"


def contradiction_words(parts: Parts, catalogue: Catalogue) -> str:
    """Return which comparisons cannot hold together."""
    words = [condition_words(part if holds else Not(part), catalogue) for part, holds in parts]
    if len(words) == 1:
        return f"nothing makes this hold: {words[0]}"
    others = "each other" if len(words) == 2 else "one another"
    return f"{', '.join(words[:-1])} and {words[-1]} contradict {others}"


def characterised(case: Case, names: list[str], catalogue: Catalogue) -> str:
    """Return what these facts are, in words."""
    facts = seen(case)
    words = []
    missing = [name for name in names if lookup(facts, name).status not in {Status.KNOWN, Status.UNAVAILABLE}]
    if len(missing) > 1:
        words.append(f"nothing is known of {_listed([catalogue.label(name) for name in missing])}")
        names = [name for name in names if name not in missing]
    for name in names[:_MOST_NAMED]:
        fact = lookup(facts, name)
        if fact.status is Status.UNAVAILABLE:
            words.append(f"{catalogue.label(name)} could not be had")
        elif fact.status is not Status.KNOWN or (name.startswith(("steps.", "source.")) and name.count(".") == 1):
            op = Op.KNOWN if fact.status is Status.KNOWN else Op.MISSING
            words.append(comparison_words(Test(name, op), catalogue))
        elif isinstance(fact.value, tuple):
            words.append(f"{catalogue.label(name)} are {', '.join(fact.value) or 'none'}")
        elif name != NOW or len(names) == 1:
            operand = fact.value
            words.append(comparison_words(Test(name, Op.IS, operand), catalogue))
    return _listed(words + [""] * (len(names) - min(len(names), _MOST_NAMED)))


def _listed(words: list[str]) -> str:
    """Join words, of many the first with the number of the others."""
    if len(words) > _MOST_NAMED:
        return f"{', '.join(words[:_MOST_NAMED])} and {len(words) - _MOST_NAMED} more"
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
