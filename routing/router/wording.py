"""What the learned router reads in a text: its words, pairs of words and parts of words, as weighted numbers."""

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

LONGEST_TEXT = 5_000  # characters read of a text: bounds the work, and what is wanted is said early
LONGEST_WORD = 40  # characters read of a word: a pasted key or a line without spaces is no word
SHORTEST_PART, LONGEST_PART = 2, 5  # characters in a part of a word, its edges counted as spaces
SEEN_TWICE_FROM = 1_000  # so many texts and more: a feature must be in two of them to be taken up
REMEMBERED_WORDS = 50_000  # words whose parts are kept at hand

_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)*")
_DIGIT = re.compile(r"\d")


def words_of(text: str) -> list[str]:
    """Return the words of a text in order, in lower case, with every digit as 0.

    One order number must not be told from another, and what is stored must not hold anybody's number.
    Raises TypeError when given anything but text.
    """
    if not isinstance(text, str):
        raise TypeError(f"the router reads text, not {type(text).__name__}")
    plain = unicodedata.normalize("NFKC", text[:LONGEST_TEXT]).lower().replace("\u2019", "'")
    return [word[:LONGEST_WORD] for word in _WORD.findall(_DIGIT.sub("0", plain))]


def pairs_of(words: Sequence[str]) -> list[str]:
    """Return neighbouring words joined by a space."""
    return [f"{left} {right}" for left, right in pairwise(words)]


def parts_of(word: str) -> list[str]:
    """Return the runs of two to five characters in a word, which has a space on either side."""
    padded = f" {word} "
    return [
        padded[start : start + size]
        for size in range(SHORTEST_PART, LONGEST_PART + 1)
        for start in range(len(padded) - size + 1)
    ]


@dataclass(frozen=True, slots=True)
class Rows:
    """Texts as sparse rows: the feature ids and values of row i are those from ``starts[i]`` to ``starts[i + 1]``."""

    ids: NDArray[np.int32]
    values: NDArray[np.float32]
    starts: NDArray[np.int64]


class Vocabulary:
    """The features a router knows, each with its rarity.

    Ids are positions: first words and pairs in the order of ``words``, then parts of words in the order of ``parts``.
    ``rarity`` holds one number for each (inverse document frequency); ``unseen_rarity`` is that of all others, which
    have no id but still count towards a text's length, so that a strange text is held for less like anything known.
    """

    def __init__(
        self, words: Sequence[str], parts: Sequence[str], rarity: NDArray[np.float32], unseen_rarity: float
    ) -> None:
        self.words = tuple(words)
        self.parts = tuple(parts)
        self.rarity = rarity
        self.unseen_rarity = unseen_rarity
        self._word_ids = {word: position for position, word in enumerate(self.words)}
        self._part_ids = {part: position for position, part in enumerate(self.parts, start=len(self.words))}
        self._parts_at_hand: dict[str, tuple[tuple[int, ...], int]] = {}

    def __len__(self) -> int:
        return len(self.words) + len(self.parts)

    @classmethod
    def learn(cls, texts: Sequence[Sequence[str]], *, most: int) -> "Vocabulary":
        """Take up the features of texts given as words, at most ``most``, those in most texts first."""
        in_words: Counter[str] = Counter()
        in_parts: Counter[str] = Counter()
        at_hand: dict[str, list[str]] = {}
        for words in texts:
            in_words.update({*words, *pairs_of(words)})
            for word in words:
                if word not in at_hand:
                    at_hand[word] = parts_of(word)
            in_parts.update({part for word in set(words) for part in at_hand[word]})
        least = 2 if len(texts) >= SEEN_TWICE_FROM else 1
        counted = [
            (-count, kind, name)
            for kind, counts in ((0, in_words), (1, in_parts))
            for name, count in counts.items()
            if count >= least
        ]
        counted.sort()
        kept = sorted(((kind, name, -count) for count, kind, name in counted[:most]))
        total = len(texts)
        rarity = np.array([_rarity(count, total) for _, _, count in kept], dtype=np.float32)
        return cls(
            [name for kind, name, _ in kept if kind == 0],
            [name for kind, name, _ in kept if kind == 1],
            rarity,
            _rarity(0, total),
        )

    def rows(self, texts: Iterable[Sequence[str]]) -> Rows:
        """Return the rows of texts given as words.

        A value is (1 + ln count) x rarity; those of words and pairs have length one together, and those of parts.
        """
        ids: list[int] = []
        counts: list[int] = []
        blocks = [0]  # two for each text: where its words and pairs, then its parts, end
        unseen: list[int] = []
        for words in texts:
            for found, missed in (self._known_words(words), self._known_parts(words)):
                ids.extend(found.keys())
                counts.extend(found.values())
                blocks.append(len(ids))
                unseen.append(missed)
        id_array = np.array(ids, dtype=np.int32)
        values = (1 + np.log(np.array(counts, dtype=np.float64))) * self.rarity[id_array]
        ends = np.array(blocks, dtype=np.int64)
        sums = np.concatenate(([0.0], np.cumsum(values**2)))
        squares = sums[ends[1:]] - sums[ends[:-1]] + np.array(unseen, dtype=np.float64) * self.unseen_rarity**2
        lengths = np.sqrt(np.maximum(squares, 1e-12))
        values /= np.repeat(lengths, np.diff(ends))
        return Rows(id_array, values.astype(np.float32), ends[::2])

    def ids_of_word(self, word: str) -> list[int]:
        """Return the ids of a word and its parts, as far as they are known."""
        known, _ = self._parts(word)
        return [self._word_ids[word], *known] if word in self._word_ids else list(known)

    def _known_words(self, words: Sequence[str]) -> tuple[Counter[int], int]:
        named = [*words, *pairs_of(words)]
        found = [self._word_ids[name] for name in named if name in self._word_ids]
        return Counter(found), len(named) - len(found)

    def _known_parts(self, words: Sequence[str]) -> tuple[Counter[int], int]:
        found: list[int] = []
        missed = 0
        for word in words:
            known, unknown = self._parts(word)
            found.extend(known)
            missed += unknown
        return Counter(found), missed

    def _parts(self, word: str) -> tuple[tuple[int, ...], int]:
        at_hand = self._parts_at_hand.get(word)
        if at_hand is None:
            parts = parts_of(word)
            known = tuple(self._part_ids[part] for part in parts if part in self._part_ids)
            at_hand = (known, len(parts) - len(known))
            if len(self._parts_at_hand) >= REMEMBERED_WORDS:
                self._parts_at_hand.clear()
            self._parts_at_hand[word] = at_hand
        return at_hand


def _rarity(count: int, total: int) -> float:
    return math.log((1 + total) / (1 + count)) + 1
