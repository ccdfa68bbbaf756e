"""Lays boxes with arrows between them out in columns: no two boxes overlap, and most arrows point to the right."""

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

WIDTH, GAP_X, GAP_Y, MARGIN = 184, 44, 16, 12
_THROUGH = 12  # the height kept free for an arrow that passes a column
_SWEEPS = 4
Link = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Drawn:
    """Left upper corners of the boxes, the points that each arrow passes, and the size of the whole."""

    corners: dict[str, tuple[int, int]]
    arrows: dict[Link, tuple[tuple[int, int], ...]]
    back: frozenset[Link]
    width: int
    height: int


def lay_out(heights: Mapping[str, int], links: Iterable[Link]) -> Drawn:
    """Place boxes of these heights, by key; a link back to an earlier box is drawn straight."""
    unique = list(dict.fromkeys(links))
    back = _back_links(heights, unique)
    forward = [link for link in unique if link not in back]
    column = _columns(heights, forward)
    sizes, steps, paths = dict(heights), [], {}
    for link in forward:
        path = [link[0], *(f"{link[0]}>{link[1]}:{at}" for at in range(column[link[0]] + 1, column[link[1]])), link[1]]
        for offset, key in enumerate(path):
            column.setdefault(key, column[link[0]] + offset)
            sizes.setdefault(key, _THROUGH)
        steps += list(itertools.pairwise(path))
        paths[link] = path
    columns = _ordered(column, steps)
    tall = max(sum(sizes[key] + GAP_Y for key in keys) for keys in columns) - GAP_Y
    corners: dict[str, tuple[int, int]] = {}
    for at, keys in enumerate(columns):
        y = MARGIN + (tall - sum(sizes[key] + GAP_Y for key in keys) + GAP_Y) // 2
        for key in keys:
            corners[key] = (MARGIN + at * (WIDTH + GAP_X), y)
            y += sizes[key] + GAP_Y
    arrows = {link: _points(path, corners, sizes) for link, path in paths.items()}
    arrows |= {link: _points(link, corners, sizes) for link in back}
    width = 2 * MARGIN + len(columns) * (WIDTH + GAP_X) - GAP_X
    return Drawn({key: corners[key] for key in heights}, arrows, back, width, tall + 2 * MARGIN)


def _points(
    path: Iterable[str], corners: Mapping[str, tuple[int, int]], sizes: Mapping[str, int]
) -> tuple[tuple[int, int], ...]:
    points = []
    for key in path:
        x, y = corners[key]
        points += [(x, y + sizes[key] // 2), (x + WIDTH, y + sizes[key] // 2)]
    return tuple(points[1:-1])


def _back_links(keys: Iterable[str], links: list[Link]) -> frozenset[Link]:
    """Return the links that close a circle, found by walking in the order given."""
    after: dict[str, list[str]] = {key: [] for key in keys}
    for start, end in links:
        after[start].append(end)
    back, done = set(), set()
    for root, ends in after.items():
        if root in done:
            continue
        open_keys = {root}
        walk = [(root, iter(ends))]
        while walk:
            key, rest = walk[-1]
            following = next(rest, None)
            if following is None:
                walk.pop()
                open_keys.discard(key)
                done.add(key)
            elif following in open_keys:
                back.add((key, following))
            elif following not in done:
                open_keys.add(following)
                walk.append((following, iter(after[following])))
    return frozenset(back)


def _columns(keys: Iterable[str], links: list[Link]) -> dict[str, int]:
    """Return each box's column: one more than the last of those before it (the longest path)."""
    column = dict.fromkeys(keys, 0)
    before = dict.fromkeys(column, 0)
    after: dict[str, list[str]] = {key: [] for key in column}
    for start, end in links:
        before[end] += 1
        after[start].append(end)
    ready = [key for key, count in before.items() if count == 0]
    for key in ready:
        for end in after[key]:
            column[end] = max(column[end], column[key] + 1)
            before[end] -= 1
            if before[end] == 0:
                ready.append(end)
    return column


def _ordered(column: Mapping[str, int], steps: list[Link]) -> list[list[str]]:
    """Return the columns with their boxes sorted by the mean place of their neighbours, to and fro."""
    columns: list[list[str]] = [[] for _ in range(max(column.values()) + 1)]
    for key, at in column.items():
        columns[at].append(key)
    near: tuple[dict[str, list[str]], dict[str, list[str]]] = ({}, {})
    for start, end in steps:
        near[0].setdefault(end, []).append(start)
        near[1].setdefault(start, []).append(end)
    for sweep in range(_SWEEPS):
        place = {key: index / len(keys) for keys in columns for index, key in enumerate(keys)}
        side = near[sweep % 2]
        for keys in columns if sweep % 2 == 0 else reversed(columns):
            means = {key: _mean([place[one] for one in side.get(key, [key])]) for key in keys}
            keys.sort(key=means.__getitem__)
            place |= {key: index / len(keys) for index, key in enumerate(keys)}
    return columns


def _mean(numbers: list[float]) -> float:
    return sum(numbers) / len(numbers)
