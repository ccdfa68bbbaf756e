"""The picture of what went from where to where: nothing is lost in it, and nothing covers anything else."""

import re
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from routing.domain.bands import BAR, LABEL_WIDTH, WIDTH, Bands, Flow, Node, draw

_places = st.sampled_from(["Finance", "Support", "Reply", "A place with a very long name, longer than its line", "é"])
_pairs = st.dictionaries(st.tuples(_places, _places), st.integers(1, 100_000), max_size=12)
_ENDS = re.compile(r"M388 (\S+)C.* 732 (\S+)V(\S+)C.* 388 (\S+)Z")


def drawn(pairs: dict[tuple[str, str], int]) -> Bands:
    return draw([Flow(start, end, count, start == end) for (start, end), count in pairs.items()])


@given(_pairs)
def test_every_decision_stands_once_on_either_side(pairs: dict[tuple[str, str], int]) -> None:
    picture = drawn(pairs)
    for side, at in ((picture.left, 0), (picture.right, 1)):
        wanted: dict[str, int] = {}
        for pair, count in pairs.items():
            wanted[pair[at]] = wanted.get(pair[at], 0) + count
        assert {node.name: node.count for node in side} == wanted


@given(_pairs)
def test_bars_stand_apart_and_bands_side_by_side_within_them(pairs: dict[tuple[str, str], int]) -> None:
    picture = drawn(pairs)
    assert (picture.left_x + BAR, picture.right_x) == (LABEL_WIDTH + BAR, WIDTH - LABEL_WIDTH - BAR)
    for side in (picture.left, picture.right):
        for above, below in pairwise(side):
            assert above.y + above.height < below.y
        assert all(node.y + node.height <= picture.height for node in side)
    sides: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for band in picture.bands:
        found = _ENDS.fullmatch(band.path)
        assert found is not None
        top, to_top, to_low, low = (float(part) for part in found.groups())
        sides.setdefault(("left", band.flow.start), []).append((top, low))
        sides.setdefault(("right", band.flow.end), []).append((to_top, to_low))
    nodes: dict[tuple[str, str], Node] = {("left", node.name): node for node in picture.left}
    nodes |= {("right", node.name): node for node in picture.right}
    for key, spans in sides.items():
        ordered = sorted(spans)
        assert ordered[0][0] >= nodes[key].y - 0.2
        assert ordered[-1][1] <= nodes[key].y + nodes[key].height + 0.2
        for one, other in pairwise(ordered):
            assert one[1] <= other[0] + 0.2
