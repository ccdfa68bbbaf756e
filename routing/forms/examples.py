"""An example as a form: its name, its facts as lines, the rules that have done their part, and what must come out."""

import json
from dataclasses import dataclass, field

from django.http import QueryDict

from routing.domain.answers import Answer, answer_from_json, answer_to_json, possible_answers, relevant_facts
from routing.domain.catalogue import Catalogue
from routing.domain.engine import is_refracted
from routing.domain.factfile import read_facts, write_facts
from routing.domain.faults import RuleError
from routing.domain.prepared import ready_book
from routing.domain.rules import Rulebook
from routing.forms.fact_lines import read_lines, write_lines
from routing.models import Example
from routing.queries.trials import Given, expected_words


@dataclass
class ExampleForm:
    """What was typed. ``expected`` is an answer as JSON text, chosen from ``choices``: (JSON text, words)."""

    name: str = ""
    facts: str = ""
    done: list[str] = field(default_factory=list)
    expected: str = ""
    choices: list[tuple[str, str]] = field(default_factory=list)
    errors: dict[str, str] = field(default_factory=dict)


def shown_example(example: Example, catalogue: Catalogue) -> ExampleForm:
    """Return a stored example as the form shows it."""
    try:
        lines = write_lines(read_facts(example.facts), catalogue)
    except RuleError:
        lines = json.dumps(example.facts, ensure_ascii=False, indent=2)
    return ExampleForm(example.name, lines, list(example.done), _text(example.expected))


def posted_example(data: QueryDict) -> ExampleForm:
    """Read a submitted form."""
    return ExampleForm(
        data.get("name", "").strip(), data.get("facts", ""), data.getlist("done"), data.get("expected", "")
    )


def offer(form: ExampleForm, rules: Rulebook, catalogue: Catalogue) -> None:
    """Fill the list of what can come out: each answer of the rules, a fact that is asked for, and what is chosen."""
    names = sorted({name for rule in ready_book(rules, catalogue).rules for name in rule.reads})
    asked = [Answer("need", needs=(name,)) for name in names if name.startswith(("input.", "source.", "router."))]
    answers = [*possible_answers(rules, catalogue), *asked]
    chosen = _answer(form.expected)
    if chosen is not None and chosen not in answers:
        answers.append(chosen)
    form.choices = [(_text(answer_to_json(answer)), expected_words(answer, catalogue)) for answer in answers]


def read(form: ExampleForm, catalogue: Catalogue) -> tuple[dict[str, object], dict[str, object]] | None:
    """Return (facts, expected) as examples keep them; None when something cannot be read, which the form then says."""
    lines = read_lines(form.facts, catalogue)
    if lines.errors:
        form.errors["facts"] = " ".join(lines.errors)
    answer = _answer(form.expected)
    if answer is None:
        form.errors["expected"] = "Choose what must come out."
    if form.errors or answer is None:
        return None
    return write_facts(lines.facts), answer_to_json(answer)


def kept_facts(given: Given, rules: Rulebook, catalogue: Catalogue) -> tuple[dict[str, object], list[str]]:
    """Return what an example made from a trial keeps: the facts that the rules read, and the rules done by then."""
    facts = relevant_facts(given.facts, rules, catalogue)
    done = [
        item.rule.id
        for item in ready_book(rules, catalogue).rules
        if is_refracted(item.reads, given.facts, given.fired.get(item.rule.id))
    ]
    return write_facts(facts), done


def _answer(text: str) -> Answer | None:
    try:
        return answer_from_json(json.loads(text))
    except (ValueError, RecursionError):
        return None


def _text(data: object) -> str:
    return json.dumps(data, ensure_ascii=False, sort_keys=True)
