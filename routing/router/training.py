"""Trains the learned router from labelled requests, and measures it on requests it has not seen."""

import random
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVC

from routing.router.learned import Calibration, LearnedRouter, Scores, Suggestion
from routing.router.wording import Vocabulary, words_of

THRESHOLD = 0.8  # from this confidence on a request is counted as sent on its own
_MOST_WEIGHTS = 6_000_000  # features x columns, two bytes each: keeps a stored router under about 12 MB
_STRANGERS = 0.05  # the least share of incoming requests that is assumed to be out of scope
_FEW_ROWS = 500
_ROUNDS = 20_000  # far more than the solver needs; it stops by itself


class TrainingError(Exception):
    """These rows cannot train a router; the message says what to change."""


@dataclass(frozen=True, slots=True)
class Report:
    """What training used and how good the router was on requests held back from it.

    All shares are 0 to 1, or None when nothing could be held back to measure them. ``coverage`` is the share of
    held-back requests in scope at or above ``threshold``, ``accuracy_when_sure`` how often those were right, and
    ``outside_detected`` the share of held-back out-of-scope requests below it.
    """

    rows: int
    left_out: int
    labels: tuple[tuple[str, int], ...]
    outside_rows: int
    measured: int
    measured_outside: int
    threshold: float
    accuracy: float | None
    coverage: float | None
    accuracy_when_sure: float | None
    outside_detected: float | None
    seconds: float

    def lines(self) -> list[str]:
        """Return the report for people, a sentence a line."""
        lines = [f"Trained on {self.rows:,} requests with {len(self.labels)} labels in {self.seconds:.1f} s."]
        lines += [f"  {label}: {rows:,}" for label, rows in self.labels]
        if self.outside_rows:
            lines.append(f"  out of scope: {self.outside_rows:,}")
        if self.left_out:
            lines.append(f"Left out: {self.left_out:,} rows without text or label, or given twice.")
        if self.accuracy is None or self.coverage is None:
            lines.append("Too few requests to hold some back, so how good it is could not be measured.")
            return lines
        lines.append(f"Measured on {self.measured:,} requests held back from a first training:")
        lines.append(f"  right label: {self.accuracy:.1%}")
        lines.append(f"  at least {self.threshold:.0%} sure: {self.coverage:.1%}")
        if self.accuracy_when_sure is not None:
            lines.append(f"  right when that sure: {self.accuracy_when_sure:.1%}")
        if self.outside_detected is not None:
            lines.append(
                f"  out of scope and less than {self.threshold:.0%} sure: {self.outside_detected:.1%}"
                f" of {self.measured_outside:,}"
            )
        lines.append("The router that is kept was then trained on all of them.")
        return lines


@dataclass(frozen=True, slots=True)
class Trained:
    """A trained router with the report on its training."""

    model: LearnedRouter
    report: Report


@dataclass(frozen=True, slots=True)
class _Row:
    """One labelled request; the label is None when it is out of scope."""

    text: str
    words: tuple[str, ...]
    label: str | None


def train(
    texts: Sequence[str],
    labels: Sequence[str],
    *,
    out_of_scope: str | None = None,
    seed: int = 0,
    held_back: float = 0.15,
) -> Trained:
    """Train a router on texts and their labels, one each.

    Rows labelled ``out_of_scope`` are never suggested; they teach the router what to be unsure about. A share
    ``held_back`` (0 to 0.5) of each label is kept from a first training and measures it. The router returned is then
    trained on all rows with the same method: a small desk cannot spare any, and the measure is then, if anything,
    too low. The same arguments give the same router. Raises TrainingError when the rows cannot train one.
    """
    started = time.perf_counter()
    if not 0 <= held_back <= 0.5:
        raise ValueError("held_back is a share from 0 to 0.5")
    rows = _read(texts, labels, out_of_scope)
    counts = Counter(row.label for row in rows if row.label is not None)
    if len(counts) < 2:
        raise TrainingError(_too_few(counts))
    kept, held = _hold_back(rows, held_back, seed)
    measured = _measure(_fit(kept, seed), held) if any(row.label is not None for row in held) else _Measures()
    model = _fit(rows, seed)
    report = Report(
        rows=len(rows),
        left_out=len(texts) - len(rows),
        labels=tuple(sorted(counts.items())),
        outside_rows=len(rows) - counts.total(),
        measured=measured.inside,
        measured_outside=measured.outside,
        threshold=THRESHOLD,
        accuracy=measured.accuracy,
        coverage=measured.coverage,
        accuracy_when_sure=measured.accuracy_when_sure,
        outside_detected=measured.outside_detected,
        seconds=time.perf_counter() - started,
    )
    return Trained(model, report)


def _read(texts: Sequence[str], labels: Sequence[str], out_of_scope: str | None) -> list[_Row]:
    """Return the usable rows: those with text and label, each pair once (a twin held back would flatter)."""
    if len(texts) != len(labels):
        raise TrainingError(f"there are {len(texts):,} texts but {len(labels):,} labels; each text needs one label")
    outside = out_of_scope.strip() if out_of_scope is not None else None
    rows: dict[tuple[str, str], _Row] = {}
    for number, (text, label) in enumerate(zip(texts, labels, strict=True), start=1):
        if not isinstance(text, str) or not isinstance(label, str):
            raise TrainingError(f"row {number:,}: the text and the label must both be text")
        name = label.strip()
        words = words_of(text)
        if words and name:
            rows.setdefault((text.strip(), name), _Row(text, tuple(words), None if name == outside else name))
    return list(rows.values())


def _too_few(counts: Counter[str]) -> str:
    found = f"only “{next(iter(counts))}” was found" if counts else "none was found"
    return f"a router needs requests with at least two different labels; {found}. Add labelled requests and train again"


def _shuffled_by_label(rows: Sequence[_Row], seed: int) -> Iterable[list[int]]:
    """Yield the positions of the rows of each label, in an order that depends on nothing but rows and seed."""
    by_label: dict[str, list[int]] = {}
    for position, row in enumerate(rows):
        by_label.setdefault(row.label or "", []).append(position)
    order = random.Random(seed)  # noqa: S311  # a repeatable split, nothing secret
    for label in sorted(by_label):
        order.shuffle(by_label[label])
        yield by_label[label]


def _hold_back(rows: Sequence[_Row], share: float, seed: int) -> tuple[list[_Row], list[_Row]]:
    """Split into rows to train on and rows to measure on, each label in the same proportion."""
    held: set[int] = set()
    for positions in _shuffled_by_label(rows, seed):
        held.update(positions[: int(len(positions) * share + 0.5)])
    kept = [row for position, row in enumerate(rows) if position not in held]
    return kept, [rows[position] for position in sorted(held)]


def _folds(rows: Sequence[_Row], seed: int) -> NDArray[np.int64]:
    """Deal the rows into folds, label by label; the only row of a label gets -1: it is never left out."""
    count = 10 if len(rows) < _FEW_ROWS else 5
    folds = np.full(len(rows), -1)
    dealt = 0
    for positions in _shuffled_by_label(rows, seed):
        if len(positions) > 1:
            folds[positions] = [turn % count for turn in range(dealt, dealt + len(positions))]
            dealt += len(positions)
    return folds


def _fit(rows: Sequence[_Row], seed: int) -> LearnedRouter:
    """Train a router on these rows: one linear separator a label, and a calibration from rows each fold left out."""
    labels = sorted({row.label for row in rows if row.label is not None})
    has_outside = any(row.label is None for row in rows)
    columns = len(labels) + has_outside
    vocabulary = Vocabulary.learn([row.words for row in rows], most=_MOST_WEIGHTS // columns)
    sparse = vocabulary.rows([row.words for row in rows])
    matrix = csr_matrix((sparse.values, sparse.ids, sparse.starts), shape=(len(rows), len(vocabulary)))
    position = {label: column for column, label in enumerate(labels)}
    target = np.array([len(labels) if row.label is None else position[row.label] for row in rows])
    folds = _folds(rows, seed)
    table = np.zeros((len(rows), columns))
    for fold in sorted(set(folds.tolist()) - {-1}):
        weights, constants = _separate(matrix[folds != fold], target[folds != fold], seed)
        table[folds == fold] = matrix[folds == fold] @ weights + constants
    weights, constants = _separate(matrix, target, seed)
    tried = folds >= 0
    calibration = _calibrate(table[tried], target[tried], len(labels), constants, seed)
    return LearnedRouter(labels, vocabulary, weights.astype(np.float16), constants.astype(np.float32), calibration)


def _separate(
    matrix: csr_matrix, target: NDArray[np.int64], seed: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the weights (features x columns) and constants of one linear separator a column, each against the rest."""
    model = LinearSVC(C=1.0, dual=True, max_iter=_ROUNDS, random_state=seed).fit(matrix, target)
    if len(model.classes_) == 2:
        return np.vstack([-model.coef_[0], model.coef_[0]]).T, np.array([-model.intercept_[0], model.intercept_[0]])
    return model.coef_.T, model.intercept_


def _calibrate(
    table: NDArray[np.float64],
    target: NDArray[np.int64],
    labels: int,
    constants: NDArray[np.float64],
    seed: int,
) -> Calibration:
    """Learn from scores of rows the separators had not seen how often the best label is right.

    At least a share ``_STRANGERS`` of what comes in is assumed to be out of scope; training files hold few of those.
    One more row, a text of which nothing is known, is always counted among them: it scores the constants.
    """
    scores = Scores.of(np.vstack([table, constants]), labels)
    truth = np.append(target, -1)
    is_right = scores.first == truth
    is_inside = (truth >= 0) & (truth < labels)
    inside, outside = int(is_inside.sum()), int((~is_inside).sum())
    weights = np.where(is_inside, 1.0, max(1.0, inside * _STRANGERS / (1 - _STRANGERS) / outside))
    if not is_right.any():  # nothing shows that it can be right: whatever it suggests, a person decides
        return Calibration(best=0.0, lead=0.0, outside=0.0, constant=-4.0)
    features = np.column_stack([scores.best, scores.lead, scores.outside])
    model = LogisticRegression(C=10.0, max_iter=1000, random_state=seed).fit(features, is_right, sample_weight=weights)
    best, lead, beyond = (float(value) for value in model.coef_[0])
    return Calibration(best, lead, beyond, float(model.intercept_[0]))


@dataclass(frozen=True, slots=True)
class _Measures:
    """Counts and shares as in ``Report``."""

    inside: int = 0
    outside: int = 0
    accuracy: float | None = None
    coverage: float | None = None
    accuracy_when_sure: float | None = None
    outside_detected: float | None = None


def _measure(model: LearnedRouter, held: Sequence[_Row]) -> _Measures:
    pairs: list[tuple[_Row, Suggestion]] = list(zip(held, model.suggest([row.text for row in held]), strict=True))
    inside = [
        (row.label == found.label, found.confidence >= THRESHOLD) for row, found in pairs if row.label is not None
    ]
    sure = [is_right for is_right, is_sure in inside if is_sure]
    outside = [found.confidence < THRESHOLD for row, found in pairs if row.label is None]
    return _Measures(
        inside=len(inside),
        outside=len(outside),
        accuracy=_share(is_right for is_right, _ in inside),
        coverage=_share(is_sure for _, is_sure in inside),
        accuracy_when_sure=_share(sure),
        outside_detected=_share(outside),
    )


def _share(flags: Iterable[bool]) -> float | None:
    counted = list(flags)
    return sum(counted) / len(counted) if counted else None
