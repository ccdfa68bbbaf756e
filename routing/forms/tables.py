"""Uploaded tables: CSV read into rows whose columns rules can name."""

import csv
import io
import re
from collections.abc import Collection, Sequence
from decimal import Decimal

from routing.domain.facts import Money, value_to_json
from routing.domain.reading import read_amount

MAX_BYTES = 5_000_000
MAX_ROWS, MAX_COLUMNS = 50_000, 100
_NUMBER = re.compile(r"-?(?:0|[1-9]\d{0,14})(?:\.\d{1,10})?")
_MONEY = re.compile(r"-?\d[\d.,]*\s?[A-Z]{3}")

Row = dict[str, object]


class TableError(ValueError):
    """The table cannot be used; the message says why."""


def column_name(header: str) -> str:
    """Return the name rules use for a column: “Order No.” is ``order_no``."""
    return re.sub(r"[^a-z0-9]+", "_", header.strip().lower()).strip("_")[:60]


def read_table(content: bytes, *, texts: Collection[str] = ()) -> list[Row]:
    """Read a CSV file with a line of headings: cells of a column are numbers or amounts where all of them are.

    Columns named in ``texts`` stay texts. Empty cells are left out. Raises TableError.
    """
    if len(content) > MAX_BYTES:
        raise TableError(f"The file is larger than {MAX_BYTES // 1_000_000} MB.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise TableError("The file is not in UTF-8. Export it as CSV in UTF-8.") from error
    if "\x00" in text:
        raise TableError("The file is no CSV text.")
    try:
        lines = list(csv.reader(io.StringIO(text), delimiter=_delimiter(text)))
    except csv.Error as error:
        raise TableError(f"The file cannot be read as CSV: {error}.") from error
    lines = [line for line in lines if any(cell.strip() for cell in line)]
    if len(lines) < 2:
        raise TableError("The file needs a line of headings and at least one row.")
    if len(lines) > MAX_ROWS + 1:
        raise TableError(f"The file has more than {MAX_ROWS:,} rows.")
    return _rows(_columns(lines[0]), lines[1:], texts)


def _delimiter(text: str) -> str:
    heading = text.partition("\n")[0]
    return max(",;\t", key=heading.count)


def _columns(headings: Sequence[str]) -> list[str]:
    names = [column_name(heading) for heading in headings]
    if len(names) > MAX_COLUMNS:
        raise TableError(f"The file has more than {MAX_COLUMNS} columns.")
    for heading, name in zip(headings, names, strict=True):
        if not name:
            raise TableError(f"A column has no usable heading (“{heading.strip()}”).")
        if names.count(name) > 1:
            raise TableError(f"Two columns would both be called “{name}”.")
    return names


def _rows(names: Sequence[str], lines: Sequence[Sequence[str]], texts: Collection[str]) -> list[Row]:
    for number, line in enumerate(lines, start=2):
        if len(line) > len(names):
            raise TableError(f"Line {number} has more cells than there are headings.")
    cells = [[cell.strip() for cell in line] for line in lines]
    columns = [[line[index] for line in cells if index < len(line) and line[index]] for index in range(len(names))]
    kinds = ["text" if name in texts else _kind(column) for name, column in zip(names, columns, strict=True)]
    return [
        {
            name: _value(line[index], kinds[index])
            for index, name in enumerate(names)
            if index < len(line) and line[index]
        }
        for line in cells
    ]


def _kind(column: Sequence[str]) -> str:
    if column and all(_NUMBER.fullmatch(cell) for cell in column):
        return "number"
    if column and all(_MONEY.fullmatch(cell) and read_amount(cell) for cell in column):
        return "money"
    return "text"


def _value(cell: str, kind: str) -> object:
    if kind == "number":
        return value_to_json(Decimal(cell)) if "." in cell else int(cell)
    amount = read_amount(cell) if kind == "money" else None
    return value_to_json(Money(*amount)) if amount else cell
