"""Rulebook files: what is written is read back equal, and what is wrong is named with its place."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.domain import bookfile
from routing.domain.answers import Answer
from routing.domain.bookfile import BookFile, FiledExample
from routing.domain.facts import Fact, Status
from routing.domain.faults import RuleError
from routing.domain.rules import All, Go, Op, Rule, Rulebook, Test
from routing.forms.bookfiles import MOST_BYTES, read_book, read_data, write_json, write_yaml
from tests.domain import strategies

AT = datetime(2026, 3, 31, 9, tzinfo=UTC)
TRICKY = [
    *("yes", "no", "1e3", "010", "null", "~", "1", "-0", "a: b", "- x", "#c", " x", "x ", "2026-01-01", "=", "<<"),
    *("1_0", ".5", "1:30", "a\nb\n", "\nx", "a\n\n", "a\rb", "a\x85b", "\ufeffx", "*a", "&a", "!a", "{", "'", '"'),
]
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=30)
tricky_texts = texts | st.sampled_from(TRICKY)
answers = st.builds(
    Answer,
    st.sampled_from(["go", "need", "review", "wait", "finish", "stop", "type"]),
    to=st.lists(st.sampled_from(["reply", "refund"]), max_size=2).map(tuple),
    queue=st.sampled_from(["", "support"]),
)


def _known_apart(facts: dict[str, Fact]) -> dict[str, Fact]:
    """Facts as a file holds them: what is unknown is left out, and all have one position."""
    return {name: Fact(fact.status, fact.value, 1) for name, fact in facts.items() if fact.status is not Status.UNKNOWN}


examples = st.builds(
    FiledExample,
    st.sampled_from(["refund", "Größe 38"]),
    strategies.facts.map(_known_apart),
    st.lists(st.sampled_from(["r1", "r2"]), max_size=2).map(tuple),
    st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - bounds are naive
    answers,
)
books = st.builds(
    BookFile,
    st.sampled_from(["support", "first-look"]),
    strategies.rulebooks(),
    st.lists(examples, max_size=1).map(tuple),
)


def data(**more: object) -> dict[str, Any]:
    return {"rulebook": "support", "format": 1, "fallback_queue": "triage", "rules": []} | more


def problems(given: object) -> list[tuple[str, str]]:
    with pytest.raises(RuleError) as error:
        bookfile.read(given)
    return [(problem.pointer, problem.detail) for problem in error.value.problems]


def refusal(text: str | bytes, name: str = "a.yaml") -> str:
    with pytest.raises(RuleError) as error:
        read_data(text, name=name)
    [problem] = error.value.problems
    return problem.detail


@settings(max_examples=150, deadline=None)
@given(books)
def test_any_rulebook_written_is_read_back_equal(book: BookFile) -> None:
    assert read_book(write_yaml(book), name="a.yaml") == book
    assert read_book(write_json(book), name="a.json") == book
    assert write_yaml(read_book(write_yaml(book))) == write_yaml(book)


@settings(max_examples=300, deadline=None)
@given(st.lists(tricky_texts, max_size=4))
def test_any_text_written_is_read_back_the_same(given_texts: list[str]) -> None:
    rules = tuple(
        Rule(f"r{number}", All((Test("input.topic", Op.IS, text),)), Go(("a",), params=(("text", text),)), because=text)
        for number, text in enumerate(given_texts)
    )
    book = BookFile("support", Rulebook(rules, "triage"))
    assert read_book(write_yaml(book).encode(), name="a.yaml") == book
    assert read_book(write_json(book).encode(), name="a.json") == book


def test_yaml_is_written_for_people_and_for_differences() -> None:
    rule = Rule("r1", Test("input.topic", Op.IS, "Größe"), Go(("reply",), params=(("text", "Dear you,\nthanks.\n"),)))
    example = FiledExample("late", {"input.topic": Fact(Status.MISSING, None, 1)}, (), AT, Answer("finish"))
    assert write_yaml(BookFile("support", Rulebook((rule,), "triage"), (example,))) == (
        "rulebook: support\n"
        "format: 1\n"
        "fallback_queue: triage\n"
        "rules:\n"
        "  - id: r1\n"
        "    when:\n"
        "      fact: input.topic\n"
        "      op: is\n"
        "      value: Größe\n"
        "    then:\n"
        "      do: go\n"
        "      to:\n"
        "        - reply\n"
        "      with:\n"
        "        text: |\n"
        "          Dear you,\n"
        "          thanks.\n"
        "examples:\n"
        "  - name: late\n"
        "    facts:\n"
        "      input.topic:\n"
        "        missing: true\n"
        "    at: '2026-03-31T09:00:00Z'\n"
        "    expected:\n"
        "      kind: finish\n"
    )


def test_plain_yaml_words_mean_what_json_means() -> None:
    text = "a: 2026-03-31\nb: yes\nc: 010\nd: 1.5\ne: true\nf: 12345678901234567890.5\ng:\nh: '1'\ni: 1:30\n"
    assert read_data(text) == {
        "a": "2026-03-31",
        "b": "yes",
        "c": "010",
        "d": 1.5,
        "e": True,
        "f": {"number": "12345678901234567890.5"},
        "g": None,
        "h": "1",
        "i": "1:30",
    }


@pytest.mark.parametrize(
    ("text", "name", "says"),
    [
        (b"\xff\xfe", "a.yaml", "no text in UTF-8"),
        (b" \n", "a.yaml", "There is nothing in it."),
        (b"# only a comment", "a.yaml", "There is nothing in it."),
        (b"x" * (MOST_BYTES + 1), "a.yaml", "larger than 2 MB"),
        ("a: 1\nb: [1\nc: 2\n", "a.yaml", "Line 3"),
        ("a: 1\nb: &x 1\n", "a.yaml", "Line 2: anchors"),
        ("a: *x\n", "a.yaml", "anchors (&) and aliases"),
        ("a: !!python/object/apply:os.system ['true']\n", "a.yaml", "Line 1: tags"),
        ("a: 1\nb: 2\na: 3\n", "a.yaml", "Line 3: “a” is named twice"),
        ("[a]: 1\n", "a.yaml", "a name is expected here"),
        ("a: 1\n---\nb: 1\n", "a.yaml", "second document"),
        ("[" * 100, "a.yaml", "more than 60 parts"),
        ("[" * 100_000, "a.yaml", "no YAML"),
        ('a: "\\0"\n', "a.yaml", "holds a character that is none"),
        ("a: \x07\n", "a.yaml", "no YAML"),
        ("a: 1e99999999999999999999\n", "a.yaml", "too large"),
        ("a: " + "9" * 5000, "a.yaml", "4000 digits"),
        ('{"a": 1,\n "a": 2}', "a.json", "“a” is named twice"),
        ('{"a": NaN}', "a.json", "NaN is no number"),
        ('{"a": "\\ud800"}', "a.json", "holds a character that is none"),
        ('{"a":\n 1,}', "a.json", "Line 2"),
        ("[" * 100_000, "a.json", "more than 60 parts"),
        ("[" * 100 + "]" * 100, "a.json", "more than 60 parts"),
        ('{"a": ' + "9" * 5000 + "}", "", "4000 digits"),
    ],
)
def test_hostile_and_broken_text_is_refused_in_words(text: str | bytes, name: str, says: str) -> None:
    assert says in refusal(text, name)


def test_every_problem_is_named_with_its_place() -> None:
    broken = data(
        rulebook="no slug",
        format="1",
        extra=1,
        rules=[{"id": "r1", "when": {"fact": "input.topic", "op": "like"}, "then": {"do": "fly"}}],
        examples=[
            {"name": "", "facts": {"input.topic": None}, "done": ["a b"], "at": "2026-03-31", "expected": {"kind": []}},
            {"name": "x", "facts": {}, "at": "0001-01-01T00:00:00+14:00", "expected": {"kind": "go", "too": 1}},
            3,
        ],
    )
    assert [pointer for pointer, _ in problems(broken)] == [
        "/extra",
        "/rulebook",
        "/format",
        "/rules/0/when/op",
        "/rules/0/then/do",
        "/examples/0/name",
        "/examples/0/facts/input.topic",
        "/examples/0/done",
        "/examples/0/at",
        "/examples/0/expected",
        "/examples/1/at",
        "/examples/1/expected",
        "/examples/2",
    ]
    assert problems(data(format=2)) == [("/format", "The format is 1: this desk reads no other.")]
    assert problems([]) == [("", "A rulebook is expected here: rulebook, format, fallback_queue and rules.")]
    twice = {"name": "x", "facts": {}, "at": "2026-03-31T09:00:00Z", "expected": {"kind": "finish"}}
    assert problems(data(examples=[twice, twice])) == [
        ("/examples/1/name", "Another example has the name “x” already.")
    ]


def test_form_alone_finds_ids_used_twice() -> None:
    rules = [{"id": "r1", "then": {"do": "finish"}}, {"id": "r1", "then": {"do": "finish"}}]
    found = bookfile.form_problems(bookfile.read(data(rules=rules)).rules)
    assert [problem.pointer for problem in found] == ["/rules/1/id"]


def test_patterns_and_texts_that_cannot_be_read_are_named() -> None:
    matches = {"fact": "input.topic", "op": "matches", "value": "("}
    go = {"do": "go", "to": ["reply"], "with": {"text": "{{ nothing"}}
    with pytest.raises(RuleError) as error:
        bookfile.read(data(rules=[{"id": "r1", "when": matches, "then": go}]))
    pointers = [problem.pointer for problem in error.value.problems]
    assert pointers == ["/rules/0/when/value", "/rules/0/then/with/text"]
