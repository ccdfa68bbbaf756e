"""What people rely on from a trained router: its suggestions, their confidence, and its stored form."""

import hashlib
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.router.learned import LearnedRouter, RouterFileError
from routing.router.training import Trained, train
from tests.router.labelled_requests import LABELS, OUTSIDE, STRANGERS, TEXTS

NEW = [
    ("My order KC-5555 never arrived", "support"),
    ("Please refund my broken teapot", "support"),
    ("Write an email for the winter sale", "marketing"),
    ("Revenue by product for June", "reporting"),
    ("Change the title on the home page", "website"),
]


@pytest.fixture(scope="module")
def trained() -> Trained:
    return train(TEXTS + STRANGERS, LABELS + [OUTSIDE] * len(STRANGERS), out_of_scope=OUTSIDE)


@pytest.fixture(scope="module")
def router(trained: Trained) -> LearnedRouter:
    return trained.model


def test_new_requests_get_their_label_with_enough_confidence_to_be_sent(router: LearnedRouter) -> None:
    found = router.suggest([text for text, _ in NEW])
    assert [suggestion.label for suggestion in found] == [label for _, label in NEW]
    assert min(suggestion.confidence for suggestion in found) >= 0.8
    assert all(suggestion.runner_up in set(LABELS) - {suggestion.label} for suggestion in found)


def test_reason_names_words_of_the_request_that_speak_for_the_label(router: LearnedRouter) -> None:
    (found,) = router.suggest(["Please REFUND me, my order 4711 is broken"])
    assert "“order”" in found.reason
    assert "4711" not in found.reason


def test_out_of_scope_is_never_suggested_and_is_doubted(router: LearnedRouter) -> None:
    found = router.suggest([*STRANGERS, "What will the weather be in Rome", "Tell me a joke about robots"])
    assert OUTSIDE not in {name for suggestion in found for name in (suggestion.label, suggestion.runner_up)}
    assert max(suggestion.confidence for suggestion in found) < 0.5
    assert found[-1].reason == "it reads like requests that belong nowhere"


@pytest.mark.parametrize("text", ["", " \n\t", "?!… --", "\x00", "\ud800"])
def test_text_without_words_has_no_confidence(router: LearnedRouter, text: str) -> None:
    (found,) = router.suggest([text])
    assert found.confidence == 0
    assert found.reason == "there are no words to go by"


def test_text_in_unknown_letters_has_no_confidence(router: LearnedRouter) -> None:
    (found,) = router.suggest(["注文の品が届きません"])
    assert (found.confidence, found.reason) == (0, "none of its words are known")


def test_anything_but_text_is_refused(router: LearnedRouter) -> None:
    with pytest.raises(TypeError, match="reads text, not int"):
        router.suggest(["fine", 5])  # type: ignore[list-item]


def test_no_texts_give_no_suggestions(router: LearnedRouter) -> None:
    assert router.suggest([]) == []


@settings(max_examples=60, deadline=None)
@given(texts=st.lists(st.text(max_size=80), max_size=5))
def test_any_text_gets_a_suggestion_that_does_not_depend_on_its_company(
    router: LearnedRouter, texts: list[str]
) -> None:
    together = router.suggest([*texts, NEW[0][0]])
    alone = [router.suggest([text])[0] for text in [*texts, NEW[0][0]]]
    assert [found.label for found in together] == [found.label for found in alone]
    assert [found.confidence for found in together] == pytest.approx([found.confidence for found in alone], abs=1e-6)
    assert all(0 <= found.confidence <= 1 for found in together)


def test_order_holds_across_a_large_batch(router: LearnedRouter) -> None:
    texts = [text for text, _ in NEW] * 300
    assert [found.label for found in router.suggest(texts)] == [label for _, label in NEW] * 300


def test_an_enormous_text_is_read_in_bounded_time(router: LearnedRouter) -> None:
    started = time.perf_counter()
    router.suggest(["refund " * 1_000_000, "a" * 5_000_000, "\ufdfa" * 1_000_000])
    assert time.perf_counter() - started < 2


def test_round_trip_gives_equal_suggestions_and_bytes(router: LearnedRouter) -> None:
    data = router.to_bytes()
    again = LearnedRouter.from_bytes(data)
    texts = [*TEXTS, *STRANGERS, "", "注文"]
    assert again.suggest(texts) == router.suggest(texts)
    assert again.to_bytes() == data


def test_stored_router_holds_nobodys_number(router: LearnedRouter) -> None:
    known = router.vocabulary.words + router.vocabulary.parts
    assert any("0000" in name for name in known)
    assert not [name for name in known if set(name) & set("123456789")]


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[:0],
        lambda data: data[44:],
        lambda data: data[:30],
        lambda data: data[:-1],
        lambda data: data + b"x",
        lambda data: data[: len(data) // 2] + bytes([data[len(data) // 2] ^ 1]) + data[len(data) // 2 + 1 :],
    ],
    ids=["empty", "another file", "header cut", "tail cut", "longer", "one bit"],
)
def test_damaged_file_is_refused_in_plain_words(router: LearnedRouter, damage: object) -> None:
    assert callable(damage)
    with pytest.raises(RouterFileError, match=r"train it again"):
        LearnedRouter.from_bytes(damage(router.to_bytes()))


def test_file_of_a_newer_version_is_refused_as_newer(router: LearnedRouter) -> None:
    data = bytearray(router.to_bytes())
    data[10:12] = (2).to_bytes(2, "big")
    with pytest.raises(RouterFileError, match="newer version"):
        LearnedRouter.from_bytes(bytes(data))


@pytest.mark.parametrize("spoil", ["missing", "shape", "infinite", "pickled"])
def test_well_sealed_file_with_wrong_contents_is_refused(router: LearnedRouter, spoil: str, tmp_path: Path) -> None:
    """Whoever can seal a file still cannot make the router run code or fail later."""
    body = tmp_path / "body.npz"
    body.write_bytes(router.to_bytes()[44:])
    with np.load(body) as stored:
        arrays = {name: stored[name] for name in stored.files}
    if spoil == "missing":
        del arrays["rarity"]
    elif spoil == "shape":
        arrays["weights"] = arrays["weights"][:-1]
    elif spoil == "infinite":
        arrays["constants"] = arrays["constants"] * np.inf
    else:
        arrays["weights"] = np.array([{"run": "me"}], dtype=object)
    np.savez(body, **arrays)
    with pytest.raises(RouterFileError, match="cannot be read"):
        LearnedRouter.from_bytes(_sealed(body.read_bytes()))


def _sealed(body: bytes) -> bytes:
    return b"DESKROUTER" + (1).to_bytes(2, "big") + hashlib.sha256(body).digest() + body


_PROGRAM = """
import sys
from routing.router.learned import LearnedRouter
router = LearnedRouter.from_bytes(sys.stdin.buffer.read())
print(router.suggest(["refund my broken kettle"])[0].label, "sklearn" in sys.modules, "scipy" in sys.modules)
"""


def test_suggesting_loads_neither_scikit_learn_nor_scipy(router: LearnedRouter) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM], input=router.to_bytes(), capture_output=True, check=True, timeout=60
    )
    assert done.stdout.split() == [b"support", b"False", b"False"]


_TRAIN = """
import hashlib
from routing.router.training import train
from tests.router.labelled_requests import LABELS, TEXTS
print(hashlib.sha256(train(TEXTS, LABELS, seed=3).model.to_bytes()).hexdigest())
"""


def test_same_rows_and_seed_give_the_same_router_in_another_process() -> None:
    digests = set()
    for hash_seed in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", _TRAIN],
            env=os.environ | {"PYTHONHASHSEED": hash_seed},
            capture_output=True,
            check=True,
            timeout=60,
        )
        digests.add(done.stdout.strip())
    assert len(digests) == 1
