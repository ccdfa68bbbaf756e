"""What training accepts, refuses and reports."""

import pytest

from routing.router.training import TrainingError, train
from tests.router.labelled_requests import LABELS, OUTSIDE, STRANGERS, TEXTS


def test_report_counts_rows_and_measures_on_held_back_ones() -> None:
    report = train(TEXTS + STRANGERS, LABELS + [OUTSIDE] * 8, out_of_scope=OUTSIDE, held_back=0.2).report
    assert (report.rows, report.outside_rows, report.left_out) == (48, 8, 0)
    assert report.labels == (("marketing", 10), ("reporting", 10), ("support", 10), ("website", 10))
    assert (report.measured, report.measured_outside) == (8, 2)
    assert report.accuracy is not None
    assert report.accuracy >= 0.5
    assert report.outside_detected is not None
    lines = report.lines()
    assert lines[0].startswith("Trained on 48 requests with 4 labels")
    assert "  support: 10" in lines
    assert lines[-1] == "The router that is kept was then trained on all of them."


def test_router_that_is_kept_knows_the_held_back_rows_too() -> None:
    """Every row's own words are in the vocabulary, whichever rows were held back."""
    model = train(TEXTS, LABELS, held_back=0.5).model
    assert {"limescale", "slogan", "margin", "banner"} <= set(model.vocabulary.words)


def test_label_with_a_single_row_can_still_be_suggested() -> None:
    trained = train([*TEXTS, "Hire a new barista for the store"], [*LABELS, "people"])
    assert dict(trained.report.labels)["people"] == 1
    (found,) = trained.model.suggest(["We must hire a barista"])
    assert found.label == "people"


def test_two_rows_are_enough_to_train_but_never_to_be_sure() -> None:
    trained = train(["refund my order", "write a newsletter"], ["support", "marketing"])
    assert trained.report.accuracy is None
    assert "could not be measured" in trained.report.lines()[-1]
    found = trained.model.suggest(["refund my order", "a newsletter please"])
    assert [suggestion.label for suggestion in found] == ["support", "marketing"]
    assert max(suggestion.confidence for suggestion in found) < 0.5


def test_labels_told_apart_by_nothing_are_not_suggested_with_confidence() -> None:
    labels = ["heads" if number % 2 else "tails" for number in range(len(TEXTS))]
    found = train(TEXTS, labels).model.suggest(["Where is my parcel", "Write a slogan", "Add a page"])
    assert max(suggestion.confidence for suggestion in found) < 0.8


def test_rows_without_text_or_label_and_repeated_rows_are_left_out_and_counted() -> None:
    report = train([*TEXTS, "", "  ", "no label", TEXTS[0]], [*LABELS, "support", "support", " ", LABELS[0]]).report
    assert (report.rows, report.left_out) == (40, 4)
    assert "Left out: 4 rows without text or label, or given twice." in report.lines()


@pytest.mark.parametrize(
    ("texts", "labels", "message"),
    [
        ([], [], "none was found"),
        (["a kettle", "a mug"], ["support", "support"], "only “support” was found"),
        (["a kettle", "a joke"], ["support", OUTSIDE], "only “support” was found"),
        (["a kettle"], ["support", "website"], "1 texts but 2 labels"),
        (["a kettle", None], ["support", "website"], "row 2: the text and the label must both be text"),
        (["a kettle", "a page"], ["support", 7], "row 2: the text and the label must both be text"),
    ],
)
def test_rows_that_cannot_train_are_refused_in_plain_words(texts: list[str], labels: list[str], message: str) -> None:
    with pytest.raises(TrainingError, match=message):
        train(texts, labels, out_of_scope=OUTSIDE)


@pytest.mark.parametrize("share", [-0.1, 0.6, 1.0])
def test_share_held_back_must_make_sense(share: float) -> None:
    with pytest.raises(ValueError, match=r"from 0 to 0\.5"):
        train(TEXTS, LABELS, held_back=share)
