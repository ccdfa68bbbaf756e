"""A choice is found in a text by the words that its pattern names for it."""

from routing.domain.inputs import InputSpec, Kind, find_in_text

TOPIC = InputSpec(
    "topic",
    "Topic",
    Kind.CHOICE,
    choices=("late delivery", "refund", "other"),
    pattern=r"(?i)\b(?P<late_delivery>parcel|tracking)\b|\b(?P<refund>money back|refund)\b",
)


def test_a_choice_is_found_by_other_words_than_its_own() -> None:
    found = find_in_text(TOPIC, "Where is my Parcel? The parcel should be here.")
    assert found is not None
    assert (found.value, found.quote, found.doubtful) == ("late delivery", "Parcel", False)


def test_words_of_two_choices_are_doubtful() -> None:
    found = find_in_text(TOPIC, "The parcel came late, I want my money back")
    assert found is not None
    assert (found.value, found.doubtful) == ("late delivery", True)


def test_a_choice_without_words_in_the_text_is_not_found() -> None:
    assert find_in_text(TOPIC, "Nothing about any other thing") is None
