"""The targets, how a figure is judged by them, and how all of it is printed."""

from collections.abc import Mapping
from dataclasses import dataclass

Row = dict[str, float | str]
Part = dict[str, Row]


@dataclass(frozen=True, slots=True)
class Target:
    """What a figure's ratio must reach to be good or excellent; costs are at most that, rates at least."""

    good: float
    excellent: float

    @property
    def is_cost(self) -> bool:
        """Whether less is better."""
        return self.good >= self.excellent

    def mark(self, ratio: float) -> str:
        """Judge a ratio."""
        for word, bound in (("excellent", self.excellent), ("good", self.good)):
            if ratio <= bound if self.is_cost else ratio >= bound:
                return word
        return "failing"


ONE_INTAKE = "one intake over HTTP"
BATCH_INTAKE = "batch intake over HTTP"
WAITING = "intake -> waiting for a person"
DONE = "verdict -> done"
CLAIM = "claim the next"
P50, P99 = "commit -> viewer, p50", "commit -> viewer, p99"
PAGE = "board's first page"
DECIDE = "decide()"
BYTES = "bytes a finished item"
RESTART = "restart"
MINUTE = "a minute of 20 moves a second"

TARGETS: Mapping[tuple[str, str], Target] = {
    (ONE_INTAKE, "16 connections"): Target(0.04, 0.10),
    (BATCH_INTAKE, "100 a request"): Target(0.08, 0.20),
    (WAITING, "8 threads"): Target(3, 8),
    (DONE, "8 threads"): Target(3, 8),
    (CLAIM, "8 contenders"): Target(0.08, 0.20),
    (P50, "1 viewer"): Target(2.5, 1.5),
    (P99, "1 viewer"): Target(2.5, 1.5),
    (P50, "100 viewers"): Target(2.5, 1.5),
    (P99, "100 viewers"): Target(2.5, 1.5),
    (P50, "1,000 viewers"): Target(4, 2),
    (P99, "1,000 viewers"): Target(4, 2),
    (PAGE, "1,000,000 items, time"): Target(1.5, 1.2),
    (PAGE, "queries"): Target(12, 12),
    (PAGE, "bytes"): Target(150_000, 150_000),
    (DECIDE, "10 mixed rules"): Target(5, 3),
    (DECIDE, "30 mixed rules"): Target(5, 3),
    (DECIDE, "100 mixed rules"): Target(5, 3),
    (DECIDE, "10 ordered rules"): Target(5, 3),
    (DECIDE, "30 ordered rules"): Target(5, 3),
    (DECIDE, "100 ordered rules"): Target(5, 3),
    (DECIDE, "1,000 rules, fastest other engine"): Target(1, 1),
    (BYTES, "four events, two decisions"): Target(1.5, 1),
    (RESTART, "statements, 10,000 waiting"): Target(1, 1),
    (MINUTE, "moves missed"): Target(0, 0),
    (MINUTE, "viewers unlike the database after 200 disconnects"): Target(0, 0),
    (MINUTE, "p50 at the end"): Target(1.5, 1.2),
    (MINUTE, "p50 beside one that never reads"): Target(1.5, 1.2),
}


def row(ours: float, limit: float, **more: float | str) -> Row:
    """Return a row: ours, the limit of the same run, and their ratio."""
    return {"ours": ours, "limit": limit, "ratio": ours / limit, **more}


def marked(name: tuple[str, str], given: Row) -> Row:
    """Return a row with its mark, where there is a target for it; without a limit the figure itself is judged."""
    target = TARGETS.get(name)
    ratio = given.get("ratio", given.get("ours"))
    if target is None or not isinstance(ratio, int | float):
        return given
    return {**given, "good": target.good, "excellent": target.excellent, "mark": target.mark(ratio)}


def lines(figures: Mapping[str, Mapping[str, Row]]) -> list[str]:
    """Return the figures as lines of text, a heading for each kind."""
    found = []
    for part, rows in figures.items():
        found += ["", part]
        for name, given in rows.items():
            judged = marked((part, name), given)
            found.append(f"  {name:<50}" + "".join(f"  {key} {_plain(value)}" for key, value in judged.items()))
    return found


def document(figures: Mapping[str, Mapping[str, Row]], about: Mapping[str, object]) -> dict[str, object]:
    """Return the figures as JSON: ``about`` the run, and ``figures`` by kind and name, each with its mark."""
    judged = {part: {name: marked((part, name), one) for name, one in rows.items()} for part, rows in figures.items()}
    return {"about": dict(about), "figures": judged}


def _plain(value: float | str) -> str:
    if isinstance(value, str):
        return value
    if value >= 100 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.3g}"
