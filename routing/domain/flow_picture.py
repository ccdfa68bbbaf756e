"""The flow of a rulebook as a picture: boxes with lines of text, and arrows between them."""

import textwrap
from dataclasses import dataclass

from routing.domain.flow import Flow, Way
from routing.domain.layers import WIDTH, lay_out

LETTERS = 25  # that fit a line of a box
_LINE, _PAD = 18, 10


@dataclass(frozen=True, slots=True)
class Text:
    """A line of a box, with the height of its baseline; ``small`` lines tell about the others."""

    text: str
    y: int
    small: bool = False


@dataclass(frozen=True, slots=True)
class Box:
    """A place or a rule; ``rule_id`` is empty for places. ``title`` holds what the lines may have cut short."""

    x: int
    y: int
    height: int
    shape: str
    title: str
    lines: tuple[Text, ...]
    rule_id: str = ""

    @property
    def text_x(self) -> int:
        """Where its lines begin."""
        return self.x + 12


@dataclass(frozen=True, slots=True)
class Picture:
    """Boxes, and arrows as the path data of SVG with whether they lead back."""

    boxes: tuple[Box, ...]
    arrows: tuple[tuple[str, bool], ...]
    width: int
    height: int
    box_width: int = WIDTH


def picture(flow: Flow) -> Picture:
    """Draw a flow: every rule is a box between the places that it leads from and to."""
    texts: dict[str, tuple[str, str, str, list[tuple[str, bool]]]] = {}
    for place in flow.places.values():
        lines = [(place.kind, True), *((line, False) for line in _wrapped(place.label, 2))]
        texts[place.key] = (place.shape, f"{place.kind}: {place.label}", "", lines)
    links = []
    for way in flow.ways:
        key = f"rule:{way.number}"
        texts[key] = ("rule", _title(way), way.rule_id, _lines_of(way))
        links += [(start, key) for start in way.starts]
        links += list(zip((key, *way.to), way.to, strict=False))
    drawn = lay_out({key: len(lines) * _LINE + _PAD for key, (_, _, _, lines) in texts.items()}, links)
    boxes = []
    for key, (shape, title, rule_id, lines) in texts.items():
        x, y = drawn.corners[key]
        rows = tuple(Text(text, y + (at + 1) * _LINE, small) for at, (text, small) in enumerate(lines))
        boxes.append(Box(x, y, len(lines) * _LINE + _PAD, shape, title, rows, rule_id))
    arrows = tuple((_path(points), link in drawn.back) for link, points in drawn.arrows.items())
    return Picture(tuple(boxes), arrows, drawn.width, drawn.height)


def _title(way: Way) -> str:
    numbered = f"{way.number}. {way.name}" if way.number else way.name
    return "; ".join([numbered, *_notes(way)])


def _notes(way: Way) -> list[str]:
    found = [f"finds out {', '.join(way.finds_out)} first"] if way.finds_out else []
    return [*found, *([f"{way.approved_by} approves"] if way.approved_by else [])]


def _lines_of(way: Way) -> list[tuple[str, bool]]:
    name = f"{way.number}. {way.name}" if way.number else way.name
    notes = [line for note in _notes(way) for line in _wrapped(note, 2)]
    return [*((line, False) for line in _wrapped(name, 2)), *((line, True) for line in notes)]


def _wrapped(text: str, lines: int) -> list[str]:
    return textwrap.wrap(text, LETTERS, max_lines=lines, placeholder="…") or [""]


def _path(points: tuple[tuple[int, int], ...]) -> str:
    (x, y), *rest = points
    path = [f"M{x} {y}"]
    for at, (to_x, to_y) in enumerate(rest):
        middle = (x + to_x) // 2
        path.append(f"C{middle} {y} {middle} {to_y} {to_x} {to_y}" if at % 2 == 0 else f"L{to_x} {to_y}")
        x, y = to_x, to_y
    return "".join(path)
