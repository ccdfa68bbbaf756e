"""Rulebook files as text: YAML and JSON to plain data and back, with nothing read that such a file does not need."""

import json
import re
from collections.abc import Iterable
from decimal import Decimal, InvalidOperation
from typing import Any

import yaml

from routing.domain import bookfile
from routing.domain.bookfile import BookFile
from routing.domain.facts import is_storable
from routing.domain.faults import Problem, RuleError

MOST_BYTES = 2_000_000
DEEPEST = 60
MOST_DIGITS = 4_000
_NOTHING = {"", "~", "null", "Null", "NULL"}
_TRUTHS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_WHOLE = re.compile(r"-?(0|[1-9][0-9]*)")
_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?")
_READER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_book(given: bytes | str, *, name: str = "") -> BookFile:
    """Read a file; ``name`` may end in .json, .yaml or .yml. Raises RuleError with every problem."""
    return bookfile.read(read_data(given, name=name))


def read_data(given: bytes | str, *, name: str = "") -> object:
    """Return what the text says as plain data: dates and the like stay text. Raises RuleError."""
    text = _text(given)
    ending = name.lower().rpartition(".")[2]
    is_json = ending == "json" or (ending not in {"yaml", "yml"} and text.lstrip().startswith("{"))
    data = _read_json(text) if is_json else _read_yaml(text)
    _check_texts(data)
    return data


def _refusal(detail: str) -> RuleError:
    return RuleError([Problem("", detail)])


def _text(given: bytes | str) -> str:
    too_large = len(given) > MOST_BYTES
    try:
        text = given.decode("utf-8-sig") if isinstance(given, bytes) else given.removeprefix("\ufeff")
        too_large = too_large or len(text.encode()) > MOST_BYTES
    except UnicodeError as error:
        raise _refusal("This is no text in UTF-8. Save the file as UTF-8, then try again.") from error
    if too_large:
        raise _refusal("The file is larger than 2 MB. A rulebook of that size cannot be read.")
    if not text.strip():
        raise _refusal("There is nothing in it.")
    return text


def _check_texts(data: object) -> None:
    """Refuse what the database cannot keep, and what is nested deeper than any rule."""
    level: list[object] = [data]
    for _ in range(DEEPEST):
        inner: list[object] = []
        for part in level:
            if isinstance(part, dict):
                inner.extend(part.keys())
                inner.extend(part.values())
            elif isinstance(part, list):
                inner.extend(part)
            elif isinstance(part, str) and not is_storable(part):
                raise _refusal("A text in it holds a character that is none (NUL, or half of a pair).")
        if not inner:
            return
        level = inner
    raise _too_deep()


def _too_deep(line: int = 0) -> RuleError:
    where = f"Line {line}: here" if line else "Here"
    return _refusal(f"{where} more than {DEEPEST} parts stand inside one another.")


def _whole(text: str) -> int:
    if len(text) > MOST_DIGITS:
        raise _refusal(f"A number has more than {MOST_DIGITS} digits: {text[:12]}….")
    return int(text)


def _fraction(text: str) -> object:
    """Return a number as rules hold it: as it is written, also where a float would round it."""
    if len(text) > MOST_DIGITS:
        raise _refusal(f"A number has more than {MOST_DIGITS} digits: {text[:12]}….")
    try:
        exact = Decimal(text)
    except InvalidOperation as error:
        raise _refusal(f"A number is too large or too small: {text[:40]}.") from error
    number = float(text)
    return number if Decimal(repr(number)) == exact else {"number": text}


def _read_json(text: str) -> object:
    try:
        return json.loads(
            text, object_pairs_hook=_object, parse_int=_whole, parse_float=_fraction, parse_constant=_no_number
        )
    except json.JSONDecodeError as error:
        raise _refusal(f"Line {error.lineno}, column {error.colno}: this is no JSON ({error.msg}).") from error
    except RecursionError as error:
        raise _too_deep() from error


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    made = dict(pairs)
    if len(made) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise _refusal(f"“{twice[:60]}” is named twice in one place.")
    return made


def _no_number(word: str) -> object:
    raise _refusal(f"{word} is no number that can be compared.")


def _read_yaml(text: str) -> object:
    try:
        return _built(yaml.parse(text, Loader=_READER))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"Line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        raise _refusal(f"{where}this is no YAML ({error.problem or error.context}).") from error
    except yaml.YAMLError as error:
        raise _refusal("This is no YAML: it holds a character that cannot stand in a text.") from error


def _built(events: Iterable[yaml.Event]) -> object:
    """Build plain data from a parser's events, without recursion and without tags, anchors and aliases."""
    whole: list[Any] = []
    open_parts: list[list[Any] | dict[str, Any]] = [whole]
    keys: list[str | None] = [None]
    documents = 0
    for event in events:
        line = event.start_mark.line + 1 if event.start_mark else 0
        if isinstance(event, yaml.DocumentStartEvent):
            documents += 1
            if documents > 1:
                raise _refusal(f"Line {line}: a second document begins here. One file holds one rulebook.")
        elif isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise _refusal(f"Line {line}: anchors (&) and aliases (*) are not read. Write the part out.")
        elif isinstance(event, yaml.NodeEvent):
            if event.tag not in {None, "!"}:  # type: ignore[attr-defined]
                raise _refusal(f"Line {line}: tags (!) are not read. Write the value without one.")
            _place(event, line, open_parts, keys)
        elif isinstance(event, yaml.CollectionEndEvent):
            open_parts.pop()
            keys.pop()
    if not whole:
        raise _refusal("There is nothing in it.")
    return whole[0]


def _place(
    event: yaml.NodeEvent, line: int, open_parts: list[list[Any] | dict[str, Any]], keys: list[str | None]
) -> None:
    """Put what begins with this event into the innermost open part; a mapping takes keys and values by turns."""
    part: Any
    match event:
        case yaml.ScalarEvent():
            part = _scalar(event.value) if event.implicit[0] else event.value
        case yaml.SequenceStartEvent():
            part = []
        case _:
            part = {}
    holder, key = open_parts[-1], keys[-1]
    if isinstance(holder, list):
        holder.append(part)
    elif key is None:
        if not isinstance(event, yaml.ScalarEvent):
            raise _refusal(f"Line {line}: a name is expected here, not a list or an object.")
        if event.value in holder:
            raise _refusal(f"Line {line}: “{event.value[:60]}” is named twice in one place.")
        keys[-1] = event.value
    else:
        holder[key] = part
        keys[-1] = None
    if not isinstance(event, yaml.ScalarEvent):
        if len(open_parts) > DEEPEST:
            raise _too_deep(line)
        open_parts.append(part)
        keys.append(None)


def _scalar(text: str) -> object:
    if text in _NOTHING:
        return None
    if text in _TRUTHS:
        return _TRUTHS[text]
    if _WHOLE.fullmatch(text):
        return _whole(text)
    return _fraction(text) if _NUMBER.fullmatch(text) else text


class _Writer(yaml.SafeDumper):
    """Writes lists indented below their name, and never an alias."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002, FBT001 - its signature
        super().increase_indent(flow, False)

    def ignore_aliases(self, _data: object) -> bool:
        return True


def _write_text(writer: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    """Write a text so that it is read as one: in lines where it has several, quoted where it looks like a number."""
    style = None
    if not isinstance(_scalar_or_text(text), str):
        style = "'"
    elif "\n" in text and all(line == line.rstrip() and line.isprintable() for line in text.split("\n")):
        style = "|" if text[:1].strip() else '"'
    elif not text.isprintable():
        style = '"'
    return writer.represent_scalar("tag:yaml.org,2002:str", text, style=style)


def _scalar_or_text(text: str) -> object:
    return _scalar(text) if len(text) <= MOST_DIGITS else text if not _NUMBER.fullmatch(text) else None


def _write_number(writer: yaml.SafeDumper, number: float) -> yaml.ScalarNode:
    return writer.represent_scalar("tag:yaml.org,2002:float", repr(number))


_Writer.add_representer(str, _write_text)
_Writer.add_representer(float, _write_number)


def write_yaml(book: BookFile) -> str:
    """Return the file as YAML, the same for the same rulebook."""
    return yaml.dump(
        bookfile.write(book), Dumper=_Writer, sort_keys=False, allow_unicode=True, default_flow_style=False, width=100
    )


def write_json(book: BookFile) -> str:
    """Return the file as JSON, the same for the same rulebook."""
    return json.dumps(bookfile.write(book), indent=2, ensure_ascii=False, allow_nan=False) + "\n"
