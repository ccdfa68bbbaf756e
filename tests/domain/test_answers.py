"""Answers: the one form in which decisions are compared, and what rules come to in one pass."""

import json
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.domain.answers import (
    Answer,
    answer_from_json,
    answer_to_json,
    follow,
    possible_answers,
    relevant_facts,
    text_reader,
)
from routing.domain.facts import Fact, Facts, known
from routing.domain.rules import All, Changes, Finish, Op, Rule, Rulebook, Test, Wait
from tests.domain.strategies import CATALOGUE, facts, rulebooks

NOW = datetime(2026, 3, 1, tzinfo=UTC)
_slugs = st.sampled_from(["support", "triage", "reply"])
_answers = st.builds(
    Answer,
    st.sampled_from(["go", "need", "review", "wait", "finish", "stop", "type"]),
    st.lists(_slugs, max_size=2).map(tuple),
    st.one_of(st.just(""), _slugs),
    st.one_of(st.just(""), _slugs),
    st.lists(st.sampled_from(["input.a", "input.b"]), max_size=2).map(lambda names: tuple(sorted(names))),
)


def answer(book: Rulebook, given_facts: Facts) -> Answer | None:
    return follow(given_facts, book, CATALOGUE, fired={}, escalated={}, now=NOW).answer


@given(_answers)
def test_an_answer_that_was_stored_reads_back(one: Answer) -> None:
    assert answer_from_json(json.loads(json.dumps(answer_to_json(one)))) == one


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ("finish", "An answer with a kind"),
        ({"kind": "leave"}, "The kind is one of"),
        ({"kind": ["go"]}, "The kind is one of"),
        ({"kind": "go", "to": "reply"}, "A list of texts"),
        ({"kind": "review", "queue": 3}, "A text is expected"),
        ({"kind": "finish", "colour": "red"}, "“colour” is not known here."),
    ],
)
def test_what_is_no_answer_is_told(data: object, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        answer_from_json(data)


def test_rules_that_only_set_something_are_applied_before_the_next_decide() -> None:
    high = Rule("high", All(), None, Changes(priority="high", tags=("late",)))
    late = Rule("late", All((Test("item.priority", Op.IS, "high"), Test("item.tags", Op.CONTAINS, "late"))), Wait(5))
    book = Rulebook((high, late, Rule("rest", All(), Finish())), "triage")
    found = follow({"item.priority": known("low", 3)}, book, CATALOGUE, fired={}, escalated={}, now=NOW, position=3)
    assert (found.answer, found.path) == (Answer("wait"), ("high", "late"))
    assert (found.facts["item.priority"], found.facts["item.tags"]) == (known("high", 4), known(("late",), 5))
    assert found.fired == {"high": 5, "late": 5}


def test_what_the_text_says_is_read_before_anybody_is_asked() -> None:
    topic = Rule("topic", Test("input.topic", Op.IS, "delivery"), Finish())
    book = Rulebook((topic,), "triage")
    read = text_reader(CATALOGUE.inputs, "Delivery is late", date(2026, 3, 1))
    asked = follow({}, book, CATALOGUE, fired={}, escalated={}, now=NOW)
    found = follow({}, book, CATALOGUE, fired={}, escalated={}, now=NOW, read=read)
    assert asked.answer == Answer("need", needs=("input.topic",))
    assert (found.answer, found.facts["input.topic"]) == (Answer("finish"), known("delivery", 1))


@given(rulebooks(), facts)
def test_the_facts_that_are_kept_for_an_example_answer_as_all_do(book: Rulebook, given_facts: dict[str, Fact]) -> None:
    extra = {**given_facts, "source.other.x": known(1, 1), "input.unheard_of": known("x", 1)}
    kept = relevant_facts(extra, book, CATALOGUE)
    assert answer(book, kept) == answer(book, extra)
    assert not {"source.other.x", "input.unheard_of"} & set(kept)


@given(rulebooks(), facts)
def test_every_answer_is_one_of_those_that_are_offered(book: Rulebook, given_facts: dict[str, Fact]) -> None:
    found = answer(book, given_facts)
    if found is not None and found.kind != "need":
        assert found in possible_answers(book, CATALOGUE)
