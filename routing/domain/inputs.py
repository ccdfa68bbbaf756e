"""What a work type asks for: inputs, their kinds, and when they apply."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from routing.domain.conditions import Evaluator, evaluator, reads
from routing.domain.facts import Fact, Facts, Status, lookup
from routing.domain.kleene import FALSE, NOT_APPLICABLE
from routing.domain.rules import Condition


class Kind(StrEnum):
    """What kind of value an input takes."""

    TEXT = "text"
    LONG_TEXT = "long_text"
    NUMBER = "number"
    MONEY = "money"
    CHOICE = "choice"
    DATE = "date"
    EMAIL = "email"
    URL = "url"
    FILE = "file"


@dataclass(frozen=True, slots=True)
class InputSpec:
    """One declared input of a work type; rules know it as the fact ``input.<name>``.

    ``provider`` lists who is asked, in order and parted by commas: ``text`` (the item's own words, by ``pattern`` or by
    kind), ``source`` (the fact named in ``source``, such as ``source.customers.email``), ``requester``. ``currency`` is
    the one ISO 4217 code that money must have (empty: any). ``applies_when`` None means always.
    """

    name: str
    label: str
    kind: Kind = Kind.TEXT
    hint: str = ""
    required: bool = False
    applies_when: Condition | None = None
    choices: tuple[str, ...] = ()
    currency: str = ""
    pattern: str = ""
    provider: str = "text,requester"
    source: str = ""

    @property
    def fact(self) -> str:
        """The name of the fact that holds this input."""
        return f"input.{self.name}"

    @property
    def providers(self) -> tuple[str, ...]:
        """Who is asked for the value, in order."""
        return tuple(part for part in (part.strip() for part in self.provider.split(",")) if part)


@dataclass(frozen=True, slots=True, eq=False)
class ConditionalInput:
    """An input that applies only when its condition holds, with the condition compiled."""

    spec: InputSpec
    condition: Condition
    evaluate: Evaluator
    reads: frozenset[str]

    def seen(self, stored: Facts, effective: Facts) -> Fact:
        """Return the input's fact as rules see it, given all stored facts and what is known of the effective ones."""
        fact = lookup(stored, self.spec.fact)
        if fact.status is Status.KNOWN:
            return fact
        newest = max((lookup(effective, name).seq for name in self.reads), default=0)
        if fact.status is not Status.MISSING and self.evaluate(effective) in _DOES_NOT_APPLY:
            return Fact(Status.MISSING, None, max(fact.seq, newest), "not_applicable")
        return replace(fact, seq=max(fact.seq, newest))


_DOES_NOT_APPLY = frozenset({FALSE, NOT_APPLICABLE})


def conditional_inputs(specs: Iterable[InputSpec]) -> tuple[ConditionalInput, ...]:
    """Return the inputs that do not always apply, ready to be evaluated often; raises PatternError."""
    return tuple(
        ConditionalInput(spec, spec.applies_when, evaluator(spec.applies_when), reads(spec.applies_when))
        for spec in specs
        if spec.applies_when is not None
    )


def effective_facts(facts: Facts, specs: Iterable[InputSpec]) -> Facts:
    """Return the facts as rules see them: an input that does not apply is missing, not unknown.

    Only inputs that hold no value change: one that was given stays known, so that learning more never takes a decided
    rule back. Such an input takes the newest position of what decides whether it applies, so a rule that fired on
    its absence may fire again once it does apply.
    """
    return with_applicability(facts, conditional_inputs(specs))


def with_applicability(facts: Facts, inputs: tuple[ConditionalInput, ...]) -> Facts:
    """Do what ``effective_facts`` does, with inputs made ready before."""
    effective = dict(facts)
    for _ in inputs:  # one may apply by another that is itself found not to apply
        before = [effective.get(item.spec.fact) for item in inputs]
        for item in inputs:
            effective[item.spec.fact] = item.seen(facts, effective)
        if before == [effective[item.spec.fact] for item in inputs]:
            break
    return effective
