"""How much went from where to where, as a picture: places on both sides, and a band between them for each pair."""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, LABEL_WIDTH, BAR = 1120, 380, 8
_HEIGHT, _LOWEST, _GAP, _THINNEST = 300.0, 20.0, 8.0, 1.5
_LETTERS = 54


@dataclass(frozen=True, slots=True)
class Flow:
    """How many decisions went from one place to another; ``same`` when both are one."""

    start: str
    end: str
    count: int
    same: bool


@dataclass(frozen=True, slots=True)
class Node:
    """A place on one side: its whole name and the part that fits, how many, and where its bar stands, in pixels."""

    name: str
    short: str
    count: int
    y: float
    height: float

    @property
    def text_y(self) -> float:
        """The baseline of its name."""
        return round(self.y + self.height / 2 + 4, 1)


@dataclass(frozen=True, slots=True)
class Band:
    """One flow as the path data of SVG."""

    flow: Flow
    path: str


@dataclass(frozen=True, slots=True)
class Bands:
    """The picture, in pixels."""

    left: tuple[Node, ...]
    right: tuple[Node, ...]
    bands: tuple[Band, ...]
    height: int
    width: int = WIDTH
    bar: int = BAR
    left_x: int = LABEL_WIDTH
    right_x: int = WIDTH - LABEL_WIDTH - BAR


def draw(flows: Sequence[Flow]) -> Bands:
    """Draw flows; places stand in the order in which they come, at a height by their share of all."""
    total = sum(flow.count for flow in flows)
    scale = _HEIGHT / max(total, 1)
    left = _side([(flow.start, flow.count) for flow in flows], scale)
    right = _side([(flow.end, flow.count) for flow in flows], scale)
    used = {("left", node.name): node.y for node in left} | {("right", node.name): node.y for node in right}
    order = [node.name for node in right]
    bands = []
    for flow in sorted(flows, key=lambda one: order.index(one.end)):
        starts, ends = ("left", flow.start), ("right", flow.end)
        thick = max(flow.count * scale, _THINNEST)
        bands.append(Band(flow, _path(used[starts], used[ends], thick)))
        used[starts] += thick
        used[ends] += thick
    height = max((side[-1].y + side[-1].height for side in (left, right) if side), default=0)
    return Bands(left, right, tuple(bands), round(height) + 1)


def _side(counted: Sequence[tuple[str, int]], scale: float) -> tuple[Node, ...]:
    counts: dict[str, int] = {}
    heights: dict[str, float] = {}
    for name, count in counted:
        counts[name] = counts.get(name, 0) + count
        heights[name] = heights.get(name, 0) + max(count * scale, _THINNEST)
    nodes, y = [], 0.0
    for name, count in counts.items():
        height = max(heights[name], _LOWEST)
        nodes.append(
            Node(name, textwrap.shorten(name, _LETTERS, placeholder="…"), count, round(y, 1), round(height, 1))
        )
        y += height + _GAP
    return tuple(nodes)


def _path(start: float, end: float, thick: float) -> str:
    x, to_x = LABEL_WIDTH + BAR, WIDTH - LABEL_WIDTH - BAR
    middle = (x + to_x) // 2
    low, to_low = start + thick, end + thick
    return (
        f"M{x} {start:.1f}C{middle} {start:.1f} {middle} {end:.1f} {to_x} {end:.1f}"
        f"V{to_low:.1f}C{middle} {to_low:.1f} {middle} {low:.1f} {x} {low:.1f}Z"
    )
