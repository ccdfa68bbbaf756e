"""What ``make bench`` reports: every figure beside its limit, judged by the target that it has."""

import json

import pytest

from tests.bench.report import CLAIM, MINUTE, P50, TARGETS, Part, Target, document, lines, row


@pytest.mark.parametrize(
    ("target", "ratio", "mark"),
    [
        (Target(0.08, 0.20), 0.20, "excellent"),
        (Target(0.08, 0.20), 0.08, "good"),
        (Target(0.08, 0.20), 0.07, "failing"),
        (Target(2.5, 1.5), 1.5, "excellent"),
        (Target(2.5, 1.5), 2.5, "good"),
        (Target(2.5, 1.5), 2.6, "failing"),
        (Target(0, 0), 0, "excellent"),
        (Target(0, 0), 1, "failing"),
    ],
)
def test_rates_are_at_least_their_target_and_costs_at_most(target: Target, ratio: float, mark: str) -> None:
    assert target.mark(ratio) == mark


def test_the_report_and_its_json_say_the_same_of_each_figure() -> None:
    figures: dict[str, Part] = {
        CLAIM: {"8 contenders": row(500, 5_000, unit="claims a second")},
        P50: {"1 viewer": row(9, 3, unit="ms")},
        MINUTE: {"moves missed": {"ours": 0, "moves": 1_200}},
        "back-test": {"10,000 decisions": {"seconds": 1.5}},
    }
    told = json.loads(json.dumps(document(figures, {"processors": 2})))
    assert told["about"] == {"processors": 2}
    claim = {"ours": 500, "limit": 5_000, "ratio": 0.1, "unit": "claims a second", "good": 0.08, "excellent": 0.2}
    assert told["figures"][CLAIM]["8 contenders"] == claim | {"mark": "good"}
    assert told["figures"][P50]["1 viewer"]["mark"] == "failing"
    assert told["figures"][MINUTE]["moves missed"]["mark"] == "excellent"
    assert told["figures"]["back-test"] == {"10,000 decisions": {"seconds": 1.5}}
    text = "\n".join(lines(figures))
    for name in (*figures, "ours 500  limit 5,000  ratio 0.1", "mark good", "mark failing", "seconds 1.5"):
        assert name in text


def test_no_target_is_easier_to_surpass_than_to_reach() -> None:
    for target in TARGETS.values():
        assert target.mark(target.excellent) == "excellent"
        assert target.mark(target.good) in {"good", "excellent"}
