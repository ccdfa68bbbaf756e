"""The learned router: suggests a label for a text from a linear model over words and parts of words.

It needs numpy only; scikit-learn is used to train (see ``training``), never to suggest.
"""

import hashlib
import io
import json
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from routing.router.wording import Rows, Vocabulary, words_of

_MAGIC = b"DESKROUTER"
_FORMAT = 1  # raise it whenever an older router would read the file differently
_HEADER = len(_MAGIC) + 2 + hashlib.sha256().digest_size
_AT_ONCE = 256  # texts scored together: bounds memory in a large batch
_REMEMBERED_WORDS = 20_000
_WORDS_IN_A_REASON = 3
_NOTABLE = 0.25  # a word is named when it weighs at least this share of the one that weighs most


class RouterFileError(Exception):
    """The bytes are not a router this version can read; the message says why, in the user's words."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What the router suggests for one text.

    ``confidence`` is the estimated probability (0 to 1) that ``label`` is right; it is 0 for a text with nothing in
    it that the router knows. ``runner_up`` is the label that came second.
    """

    label: str
    confidence: float
    runner_up: str
    reason: str


@dataclass(frozen=True, slots=True)
class Calibration:
    """Turns scores into a probability: logistic in the best score, its lead over the second, and that of outside."""

    best: float
    lead: float
    outside: float
    constant: float

    def confidence(self, scores: "Scores") -> NDArray[np.float64]:
        """Return the probability for each row that its best label is right."""
        logits = self.best * scores.best + self.lead * scores.lead + self.outside * scores.outside + self.constant
        return np.asarray(1 / (1 + np.exp(-np.clip(logits, -40, 40))), dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Scores:
    """For each row: positions of the first and second label, the first's score and lead, and the outside's score."""

    first: NDArray[np.intp]
    second: NDArray[np.intp]
    best: NDArray[np.float64]
    lead: NDArray[np.float64]
    outside: NDArray[np.float64]

    @classmethod
    def of(cls, table: NDArray[np.float64], labels: int) -> "Scores":
        """Read a table of one row per text: a column for each label, then one for outside if there is one."""
        order = np.argsort(-table[:, :labels], axis=1, kind="stable")
        first, second = order[:, 0], order[:, 1]
        at = np.arange(len(table))
        best = table[at, first]
        outside = table[:, labels] if table.shape[1] > labels else np.zeros(len(table))
        return cls(first, second, best, best - table[at, second], outside)


class LearnedRouter:
    """A trained router. It does not change once made, and may be shared between threads.

    ``weights`` has a row for each feature of the vocabulary and a column for each label (at least two), then one for
    what is out of scope if such rows were given; ``constants`` has one number for each column.
    """

    def __init__(
        self,
        labels: Sequence[str],
        vocabulary: Vocabulary,
        weights: NDArray[np.float16],
        constants: NDArray[np.float32],
        calibration: Calibration,
    ) -> None:
        self.labels = tuple(labels)
        self.vocabulary = vocabulary
        self.calibration = calibration
        self._stored_weights = weights
        self._weights = weights.astype(np.float32)
        self._constants = constants
        self._weight_of_word: dict[str, NDArray[np.float32]] = {}

    def suggest(self, texts: Sequence[str]) -> list[Suggestion]:
        """Return a suggestion for each text, in order. Raises TypeError for anything that is not text."""
        suggestions: list[Suggestion] = []
        for start in range(0, len(texts), _AT_ONCE):
            suggestions.extend(self._suggest([words_of(text) for text in texts[start : start + _AT_ONCE]]))
        return suggestions

    def _suggest(self, texts: Sequence[Sequence[str]]) -> list[Suggestion]:
        rows = self.vocabulary.rows(texts)
        scores = Scores.of(self._table(rows), len(self.labels))
        known = np.diff(rows.starts) > 0
        confidence = np.where(known, self.calibration.confidence(scores), 0.0)
        has_outside = self._weights.shape[1] > len(self.labels)
        strange = has_outside & (scores.outside > scores.best)
        return [
            Suggestion(
                self.labels[first],
                float(confidence[row]),
                self.labels[second],
                self._reason(words, int(first), is_known=bool(known[row]), is_strange=bool(strange[row])),
            )
            for row, (words, first, second) in enumerate(zip(texts, scores.first, scores.second, strict=True))
        ]

    def _table(self, rows: Rows) -> NDArray[np.float64]:
        """Return the score of every row for every column of the weights."""
        table = np.zeros((len(rows.starts) - 1, self._weights.shape[1]), dtype=np.float64)
        filled = np.flatnonzero(np.diff(rows.starts))
        if filled.size:
            products = self._weights[rows.ids] * rows.values[:, None]
            table[filled] = np.add.reduceat(products, rows.starts[filled], axis=0)
        return np.asarray(table + self._constants, dtype=np.float64)

    def _reason(self, words: Sequence[str], label: int, *, is_known: bool, is_strange: bool) -> str:
        if not words:
            return "there are no words to go by"
        if not is_known:
            return "none of its words are known"
        if is_strange:
            return "it reads like requests that belong nowhere"
        weighed = [
            (float(self._weight(word)[label]), word)
            for word in dict.fromkeys(words)
            if len(word) > 1 and "0" not in word
        ]
        weighed.sort(key=lambda pair: -pair[0])
        if not weighed or weighed[0][0] <= 0:
            return "no single word stands out"
        least = weighed[0][0] * _NOTABLE
        named = [f"“{word}”" for weight, word in weighed[:_WORDS_IN_A_REASON] if weight >= least]
        return f"because of {', '.join(named)}"

    def _weight(self, word: str) -> NDArray[np.float32]:
        """Return how much a word and its parts speak for each column."""
        weight = self._weight_of_word.get(word)
        if weight is None:
            ids = self.vocabulary.ids_of_word(word)
            weight = np.asarray(self.vocabulary.rarity[ids] @ self._weights[ids], dtype=np.float32)
            if len(self._weight_of_word) >= _REMEMBERED_WORDS:
                self._weight_of_word.clear()
            self._weight_of_word[word] = weight
        return weight

    def to_bytes(self) -> bytes:
        """Return the router as a checked .npz of plain arrays; the same router always gives the same bytes."""
        about = {
            "labels": self.labels,
            "calibration": [getattr(self.calibration, name) for name in _CALIBRATION],
            "unseen_rarity": self.vocabulary.unseen_rarity,
        }
        payload = io.BytesIO()
        np.savez_compressed(
            payload,
            allow_pickle=False,
            about=_packed(json.dumps(about)),
            words=_packed("\n".join(self.vocabulary.words)),
            parts=_packed("\n".join(self.vocabulary.parts)),
            rarity=self.vocabulary.rarity,
            weights=self._stored_weights,
            constants=self._constants,
        )
        body = payload.getvalue()
        return _MAGIC + _FORMAT.to_bytes(2, "big") + hashlib.sha256(body).digest() + body

    @classmethod
    def from_bytes(cls, data: bytes) -> "LearnedRouter":
        """Read what ``to_bytes`` wrote, running nothing that is in it.

        Raises RouterFileError when it is no router, was damaged, or was written by a newer version.
        """
        if not data.startswith(_MAGIC) or len(data) < _HEADER:
            raise RouterFileError("this is not a trained router; train it again")
        form = int.from_bytes(data[len(_MAGIC) : len(_MAGIC) + 2], "big")
        if form > _FORMAT:
            raise RouterFileError(
                f"this router was stored by a newer version (format {form}; this version reads up to {_FORMAT})"
            )
        body = data[_HEADER:]
        if hashlib.sha256(body).digest() != data[len(_MAGIC) + 2 : _HEADER]:
            raise RouterFileError("the stored router is damaged; train it again")
        try:
            with np.load(io.BytesIO(body), allow_pickle=False) as arrays:
                return cls._from_arrays({name: arrays[name] for name in arrays.files})
        except (ValueError, KeyError, TypeError, EOFError, OSError, zipfile.BadZipFile, zlib.error) as error:
            raise RouterFileError("the stored router cannot be read; train it again") from error

    @classmethod
    def _from_arrays(cls, arrays: dict[str, NDArray[np.generic]]) -> "LearnedRouter":
        about = json.loads(_unpacked(arrays["about"]))
        words, parts = (_unpacked(arrays[name]).split("\n") if arrays[name].size else [] for name in ("words", "parts"))
        rarity = np.asarray(arrays["rarity"], dtype=np.float32)
        weights = np.asarray(arrays["weights"], dtype=np.float16)
        constants = np.asarray(arrays["constants"], dtype=np.float32)
        labels = [str(label) for label in about["labels"]]
        calibration = Calibration(**dict(zip(_CALIBRATION, map(float, about["calibration"]), strict=True)))
        unseen_rarity = float(about["unseen_rarity"])
        columns = constants.size
        fits = (
            len(labels) >= 2
            and columns in {len(labels), len(labels) + 1}
            and constants.shape == (columns,)
            and rarity.shape == (len(words) + len(parts),)
            and weights.shape == (rarity.size, columns)
        )
        if not fits:
            raise ValueError("the arrays do not fit each other")
        if not all(np.isfinite(array).all() for array in (rarity, weights, constants)):
            raise ValueError("a number is not finite")
        return cls(labels, Vocabulary(words, parts, rarity, unseen_rarity), weights, constants, calibration)


_CALIBRATION = ("best", "lead", "outside", "constant")


def _packed(text: str) -> NDArray[np.uint8]:
    return np.frombuffer(text.encode(), dtype=np.uint8)


def _unpacked(array: NDArray[np.generic]) -> str:
    return array.tobytes().decode()
