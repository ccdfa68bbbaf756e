"""Examples of a rulebook held against rules: what must come out, and what does."""

from dataclasses import dataclass

from routing.domain.answers import answer_from_json, follow
from routing.domain.catalogue import Catalogue
from routing.domain.factfile import read_facts
from routing.domain.facts import Fact, known
from routing.domain.faults import RuleError
from routing.domain.rules import Rulebook as Rules
from routing.models import Example
from routing.queries.trials import answer_words, expected_words

POSITION = 1  # of all facts of an example, and where the rules fired that have done their part


@dataclass(frozen=True, slots=True)
class ExampleResult:
    """One example with what must come out and what does, in words."""

    example: Example
    green: bool
    expected: str
    actual: str


def example_results(rulebook_id: int, rules: Rules, catalogue: Catalogue) -> list[ExampleResult]:
    """Hold every example of a rulebook against these rules, in one query; one that cannot be read is red."""
    rows = Example.objects.filter(rulebook_id=rulebook_id).order_by("name")
    return [result_of(row, rules, catalogue) for row in rows]


def result_of(example: Example, rules: Rules, catalogue: Catalogue) -> ExampleResult:
    """Hold one example against these rules."""
    try:
        expected, facts = answer_from_json(example.expected), example_facts(example)
    except (ValueError, RuleError) as error:
        return ExampleResult(example, green=False, expected="", actual=f"It cannot be read: {error}")
    fired = dict.fromkeys(example.done, POSITION)
    found = follow(facts, rules, catalogue, fired=fired, escalated={}, now=example.at, position=POSITION)
    return ExampleResult(
        example,
        green=found.answer == expected,
        expected=expected_words(expected, catalogue),
        actual=answer_words(found.decision, catalogue),
    )


def example_facts(example: Example) -> dict[str, Fact]:
    """Return an example's facts as rules see them, with those that every request has; raises RuleError."""
    always = {"item.priority": known("normal"), "item.tags": known(()), "item.created_at": known(example.at)}
    return {**always, **read_facts(example.facts, seq=POSITION)}
