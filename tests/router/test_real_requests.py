"""The learned router on 15,100 real requests: bounds a little under what was measured (see each line)."""

import csv
from pathlib import Path

import numpy as np
import pytest

from routing.router.learned import LearnedRouter
from routing.router.training import Trained, train

DATA = Path(__file__).resolve().parents[3] / "shared" / "data" / "clinc150"
OUTSIDE = "out_of_scope"

pytestmark = pytest.mark.skipif(
    not (DATA / "validation.csv").exists(), reason="the real requests are not here (../shared/data/clinc150)"
)


def read(name: str) -> tuple[list[str], list[str]]:
    with (DATA / name).open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return [row["text"] for row in rows], [row["domain"] for row in rows]


@pytest.fixture(scope="module")
def trained() -> Trained:
    return train(*read("train.csv"), out_of_scope=OUTSIDE)


def test_report_of_the_held_back_part(trained: Trained) -> None:
    report = trained.report
    assert (report.measured, report.measured_outside) == (2250, 15)
    assert report.accuracy is not None
    assert report.accuracy > 0.97  # measured 0.979
    assert report.coverage is not None
    assert report.coverage > 0.92  # measured 0.945


def test_requests_it_never_saw_are_routed_right_or_doubted(trained: Trained) -> None:
    texts, labels = read("validation.csv")
    found = trained.model.suggest(texts)
    truth = np.array(labels)
    confidence = np.array([suggestion.confidence for suggestion in found])
    right = np.array([suggestion.label for suggestion in found]) == truth
    inside, sure = truth != OUTSIDE, confidence >= 0.8
    assert right[inside].mean() >= 0.97  # measured 0.974
    assert sure[inside].mean() >= 0.92  # measured 0.932
    assert right[sure].mean() >= 0.98  # measured 0.985, out-of-scope ones counted as wrong
    assert (~sure[~inside]).mean() >= 0.87  # measured 0.91
    assert _calibration_error(confidence, right) < 0.025  # measured 0.016


def test_stored_router_is_small_and_suggests_the_same(trained: Trained) -> None:
    data = trained.model.to_bytes()
    assert len(data) < 1_000_000  # measured 529,000
    texts, _ = read("validation.csv")
    assert LearnedRouter.from_bytes(data).suggest(texts) == trained.model.suggest(texts)


def _calibration_error(confidence: np.ndarray, right: np.ndarray) -> float:
    """Return the expected calibration error over fifteen equal bins of confidence."""
    bins = np.minimum((confidence * 15).astype(int), 14)
    return sum(
        abs(float(confidence[bins == number].mean() - right[bins == number].mean())) * float((bins == number).mean())
        for number in set(bins.tolist())
    )
