"""Facts as JSON: what was written reads back, and what cannot be read is told by the name of the fact."""

import json

import pytest
from hypothesis import given

from routing.domain.factfile import MOST_FACTS, read_facts, write_facts
from routing.domain.facts import Fact, Status, known
from routing.domain.faults import RuleError
from tests.domain.strategies import facts


@given(facts)
def test_facts_that_were_written_read_back(given_facts: dict[str, Fact]) -> None:
    written = json.loads(json.dumps(write_facts(given_facts)))
    kept = {name: fact for name, fact in given_facts.items() if fact.status is not Status.UNKNOWN}
    read = read_facts(written)
    assert {name: (fact.status, fact.value) for name, fact in read.items()} == {
        name: (fact.status, fact.value) for name, fact in kept.items()
    }


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        ([], "Facts are given by name, such as input.topic: refund."),
        ({"": 1}, "“” is no name of a fact, such as input.topic."),
        ({"input.a": "\x00"}, "input.a: the text holds characters that cannot be kept."),
        ({"input.a": ["\ud800"]}, "input.a: the text holds characters that cannot be kept."),
        ({"a\x00": 1}, "“a\x00” is no name of a fact, such as input.topic."),
        (
            {"input.a": {"amount": "1", "currency": "eu\x00"}},
            "input.a: a currency is a code of three capitals, such as EUR.",
        ),
        ({"input.a": None}, "input.a: a value is expected, or {missing: true}."),
        ({f"input.n{number}": 1 for number in range(MOST_FACTS + 1)}, f"At most {MOST_FACTS} facts are possible here."),
    ],
)
def test_what_is_no_fact_is_told(data: object, problem: str) -> None:
    with pytest.raises(RuleError) as error:
        read_facts(data)
    assert error.value.problems[0].detail == problem


def test_every_fact_that_cannot_be_read_is_named_with_its_place() -> None:
    with pytest.raises(RuleError) as error:
        read_facts({"input.a": None, "input.b": 1, "input.c/d": {"amount": "x", "currency": "EUR"}})
    assert [problem.pointer for problem in error.value.problems] == ["/input.a", "/input.c~1d"]


def test_what_is_known_by_now_and_what_is_not_are_told_apart() -> None:
    read = read_facts({"a.b": {"missing": True}, "a.c": {"unavailable": True}, "a.d": "missing"}, seq=4)
    assert read == {
        "a.b": Fact(Status.MISSING, None, 4),
        "a.c": Fact(Status.UNAVAILABLE, None, 4),
        "a.d": known("missing", 4),
    }
