"""Sentences end in one mark."""

import pytest

from routing.domain.sentences import ended


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("It waits", "It waits."),
        ("It waits.", "It waits."),
        ("The answer was “no”..", "The answer was “no”."),
        ("Support decides: May this go on?", "Support decides: May this go on?"),
        ("Stop!", "Stop!"),
        ("and so on…", "and so on…"),
    ],
)
def test_a_sentence_ends_in_one_mark(words: str, sentence: str) -> None:
    assert ended(words) == sentence
