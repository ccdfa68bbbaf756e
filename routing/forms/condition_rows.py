"""Conditions as rows of a form: a fact, a comparison and a value, in groups that stand inside one another."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from django.http import QueryDict

from routing.domain.catalogue import Catalogue
from routing.domain.operators import FITTING, WORDS, Shape, offered, shape_of
from routing.domain.rules import All, AnyOf, Condition, Not, Op, Test
from routing.forms.condition_values import CannotRead, join_list, read_operand, split_list, split_money, written
from routing.forms.numbers import whole_number
from routing.forms.value_pickers import choices_of, currencies_of, hint_of

OTHER = "other"  # as a row's fact: the name is typed beside it
MOST_GROUPS, MOST_ROWS = 20, 50
DEEPEST = 2  # the outer group, groups in it, and groups in those
MATCHES = (
    ("all", "All of these hold"),
    ("any", "Any of these holds"),
    ("none", "None of these holds"),
    ("not_all", "Not all of these hold"),
)
_NOT = "not_"
_NEGATIVE = {
    Op.ONE_OF: "is not one of",
    Op.CONTAINS: "does not contain",
    Op.STARTS_WITH: "does not start with",
    Op.MATCHES: "does not match",
    Op.BETWEEN: "is not between",
}
# What the opposite of a comparison is called where it has a word of its own.
_OPPOSITE = {
    Op.IS: Op.IS_NOT,
    Op.IS_NOT: Op.IS,
    Op.MISSING: Op.KNOWN,
    Op.KNOWN: Op.MISSING,
    Op.OVER: Op.AT_MOST,
    Op.AT_MOST: Op.OVER,
    Op.UNDER: Op.AT_LEAST,
    Op.AT_LEAST: Op.UNDER,
}


_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass
class Row:
    """One comparison as typed; ``op`` is an operator's word, with ``not_`` before it for its opposite."""

    fact: str = ""
    other: str = ""
    op: str = ""
    value: str = ""
    upper: str = ""
    error: str = ""
    new: bool = False
    ops: list[tuple[str, str]] = field(default_factory=list)
    choices: tuple[tuple[str, str], ...] = ()
    hint: str = ""
    seen: tuple[str, ...] = ()
    about: str = ""
    currencies: tuple[str, ...] = ()
    shape: Shape = Shape.ANY

    @property
    def input_type(self) -> str:
        """The type of its value's field: a day is picked, unless what is there is a moment."""
        takes_day = self.shape is Shape.DAY and self.op != Op.OLDER_THAN
        return (
            "date"
            if takes_day and all(not text or _DAY.fullmatch(text) for text in (self.value, self.upper))
            else "text"
        )

    @property
    def input_mode(self) -> str:
        """Which keyboard a phone shows for its value."""
        return "decimal" if self.shape is Shape.NUMBER else "text"

    @property
    def name(self) -> str:
        """The fact's name, chosen or typed; empty for a row that nobody filled in."""
        return self.other.strip() if self.fact == OTHER else self.fact

    @property
    def takes(self) -> str:
        """Which fields the comparison takes: nothing, one value, two, or several."""
        match self.op.removeprefix(_NOT):
            case Op.MISSING | Op.KNOWN:
                return "nothing"
            case Op.BETWEEN:
                return "two"
            case Op.ONE_OF:
                return "several"
        return "one"

    @property
    def picks(self) -> str:
        """How its value is picked from the fact's choices: one, several, or not at all."""
        if not self.choices:
            return ""
        return "one" if self.op in {Op.IS, Op.IS_NOT} else "several" if self.takes == "several" else ""

    @property
    def picked(self) -> list[str]:
        """The values that are chosen; some may not be among the choices any more."""
        return split_list(self.value) if self.takes == "several" else [self.value] if self.value else []

    @property
    def gone(self) -> list[str]:
        """The chosen values that are none of the choices."""
        return [value for value in self.picked if value not in dict(self.choices)]

    @property
    def money(self) -> list[str]:
        """The amount, the upper one and the currency as fields of their own; empty when it takes no money."""
        if not self.currencies:
            return []
        amount, currency = split_money(self.value)
        if currency and currency not in self.currencies:  # stays as it was typed, beside the one it must be in
            return [self.value, self.upper, ""]
        return [amount, split_money(self.upper)[0], currency]


@dataclass
class Rows:
    """A group of rows, of which as many must hold as ``match`` (of ``MATCHES``) says, in the group ``parent``.

    ``number``, ``title``, ``inner`` and ``takes_groups`` are for showing it; ``prepare`` fills them in.
    """

    matches: ClassVar[tuple[tuple[str, str], ...]] = MATCHES
    match: str = "all"
    rows: list[Row] = field(default_factory=list)
    parent: int = 0
    number: int = 0
    title: str = ""
    inner: list["Rows"] = field(default_factory=list)
    takes_groups: bool = True


class TooDeep(ValueError):
    """Rows cannot show the condition: groups stand too deep in one another, are too many, or one is empty."""


def rows_of(condition: Condition, catalogue: Catalogue) -> list[Rows]:
    """Return a condition as groups of rows, the outer group first; raises TooDeep."""
    plain = _unwrapped(condition)
    groups: list[Rows] = []
    _add_group(groups, plain if _is_group(plain) else All((plain,)), 0, 0, catalogue)
    return groups


def _unwrapped(condition: Condition) -> Condition:
    """Take off a *not* of a *not*, which is nothing."""
    while isinstance(condition, Not) and isinstance(condition.part, Not):
        condition = condition.part.part
    return condition


def _is_group(condition: Condition) -> bool:
    return isinstance(condition.part if isinstance(condition, Not) else condition, All | AnyOf)


def _add_group(groups: list[Rows], condition: Condition, parent: int, depth: int, catalogue: Catalogue) -> None:
    number = len(groups)
    whole = condition.part if isinstance(condition, Not) else condition
    always = depth == 0 and condition == All()
    if not isinstance(whole, All | AnyOf) or depth > DEEPEST or not (whole.parts or always):
        raise TooDeep
    words = ("not_all", "none") if isinstance(condition, Not) else ("all", "any")
    group = Rows(words[isinstance(whole, AnyOf)], parent=parent)
    groups.append(group)
    for part in map(_unwrapped, whole.parts):
        if _is_group(part):
            _add_group(groups, part, number, depth + 1, catalogue)
        else:
            group.rows.append(_row(part, catalogue))
    if len(groups) > MOST_GROUPS or len(group.rows) > MOST_ROWS:
        raise TooDeep


def _row(condition: Condition, catalogue: Catalogue) -> Row:
    match condition:
        case Test(op=op):
            return _row_of_test(condition, op.value, catalogue)
        case Not(part=Test(op=op) as test) if op in _OPPOSITE:
            return _row_of_test(test, _OPPOSITE[op].value, catalogue)
        case Not(part=Test(op=op) as test) if op in _NEGATIVE:
            return _row_of_test(test, f"{_NOT}{op.value}", catalogue)
    raise TooDeep


def _row_of_test(test: Test, op: str, catalogue: Catalogue) -> Row:
    value, upper = written(test, catalogue)
    return Row(fact=test.fact, op=op, value=value, upper=upper)


def posted_rows(data: QueryDict, prefix: str) -> list[Rows]:
    """Read the groups of a submitted form; ``<prefix>0`` is the outer group."""
    count = data.get(f"{prefix}-groups", "1")
    number = min(whole_number(count) or 1, MOST_GROUPS)
    groups: list[Rows] = []
    for index in range(number):
        group = _posted_group(data, f"{prefix}{index}")
        groups.append(group)
        if group.parent >= index or _depth(groups, index) > DEEPEST:
            group.parent = 0
    return groups


def _posted_group(data: QueryDict, prefix: str) -> Rows:
    columns = [data.getlist(f"{prefix}-{name}")[:MOST_ROWS] for name in ("fact", "other", "op", "value", "upper")]
    rows = [Row(*parts) for parts in zip(*columns, strict=False)]
    currencies = data.getlist(f"{prefix}-currency")[:MOST_ROWS]
    for place, row in enumerate(rows):
        if data.get(f"{prefix}-{place}-picks"):
            row.value = join_list(data.getlist(f"{prefix}-{place}-pick"))
        if place < len(currencies) and currencies[place]:
            row.value, row.upper = (_with_currency(text, currencies[place]) for text in (row.value, row.upper))
    match = data.get(f"{prefix}-match", "")
    parent = whole_number(data.get(f"{prefix}-parent", "")) or 0
    return Rows(match if match in dict(MATCHES) else "all", rows, parent)


def _with_currency(amount: str, currency: str) -> str:
    """Return the amount with the chosen currency; one that was typed counts."""
    return f"{amount.strip()} {currency}" if amount.strip() and not re.search(r"[^\d\s.,'-]", amount) else amount


def _depth(groups: list[Rows], number: int) -> int:
    """Return how many groups stand around this one; a group comes after the one it stands in."""
    return 0 if number == 0 else 1 + _depth(groups, groups[number].parent)


def edit_rows(groups: list[Rows], command: Sequence[str]) -> bool:
    """Do what a button of the form says: add or remove a row or a group. Returns whether it was one of these."""
    action, *numbers = command
    places = [place for place in map(whole_number, numbers) if place is not None]
    match action, places:
        case "add-row", [group] if group < len(groups):
            if len(groups[group].rows) < MOST_ROWS:
                groups[group].rows.append(Row(new=True))
        case "remove-row", [group, row] if group < len(groups) and row < len(groups[group].rows):
            del groups[group].rows[row]
        case "add-group", [group] if group < len(groups):
            if len(groups) < MOST_GROUPS and _depth(groups, group) < DEEPEST:
                groups.append(Rows("any" if groups[group].match == "all" else "all", [Row(new=True)], group))
        case "remove-group", [group] if 0 < group < len(groups):
            _remove_group(groups, group)
        case _:
            return False
    return True


def _remove_group(groups: list[Rows], number: int) -> None:
    """Take a group out, with all that stands in it."""
    gone = {number}
    for index, group in enumerate(groups):
        if index > 0 and group.parent in gone:
            gone.add(index)
    kept = [index for index in range(len(groups)) if index not in gone]
    for index in kept:
        groups[index].parent = kept.index(groups[index].parent)
    groups[:] = [groups[index] for index in kept]


_BUILDERS: dict[str, Callable[[tuple[Condition, ...]], Condition]] = {
    "all": All,
    "any": AnyOf,
    "none": lambda parts: Not(AnyOf(parts)),
    "not_all": lambda parts: Not(All(parts)),
}


def condition_of(groups: list[Rows], catalogue: Catalogue) -> Condition | None:
    """Return the condition that the rows say; None when a row cannot be read, which then says why in ``error``.

    A group without a condition says nothing, and no condition at all is always true.
    """
    parts = [_parts_of(group, catalogue) for group in groups]
    if any(row.error for group in groups for row in group.rows):
        return None
    for number in range(len(groups) - 1, 0, -1):  # what stands inside comes later, so it is whole by now
        if parts[number]:
            parts[groups[number].parent].append(_BUILDERS[groups[number].match](tuple(parts[number])))
    return _BUILDERS[groups[0].match](tuple(parts[0])) if parts[0] else All()


def _parts_of(group: Rows, catalogue: Catalogue) -> list[Condition]:
    parts: list[Condition] = []
    for row in group.rows:
        if not row.name:
            if row.fact == OTHER:
                row.error = "Type the fact's name, such as steps.reply.output.tone."
            continue
        try:
            parts.append(_condition_of_row(row, catalogue))
        except CannotRead as error:
            row.error = str(error)
    return parts


def _condition_of_row(row: Row, catalogue: Catalogue) -> Condition:
    word = row.op.removeprefix(_NOT)
    if word not in set(Op):
        raise CannotRead("Choose how it is compared.")
    op = Op(word)
    if op not in FITTING[shape_of(row.name, catalogue)]:
        raise CannotRead(f"“{WORDS[op]}” does not fit {catalogue.label(row.name)}. Choose another comparison.")
    test = Test(row.name, op, read_operand(row.name, op, row.value, row.upper, catalogue))
    return Not(test) if row.op.startswith(_NOT) else test


def prepare(groups: list[Rows], catalogue: Catalogue, names: set[str]) -> None:
    """Give each row the comparisons and choices that fit its fact; ``names`` are the facts that the list offers."""
    for number, group in enumerate(groups):
        group.number, group.inner = number, []
        group.takes_groups = _depth(groups, number) < DEEPEST
        if number:
            outer = groups[group.parent]
            outer.inner.append(group)
            group.title = f"{outer.title}.{len(outer.inner)}" if outer.title else f"Group {len(outer.inner)}"
        for row in group.rows:
            if row.fact and row.fact != OTHER and row.fact not in names:
                row.fact, row.other = OTHER, row.fact
            shape = shape_of(row.name, catalogue) if row.name else Shape.ANY
            ops = offered(row.name, catalogue) if row.name else FITTING[shape]
            word = row.op.removeprefix(_NOT)
            if row.value and word in FITTING[shape] and word not in ops:
                ops = (*ops, Op(word))  # a rule that was written elsewhere stays as it is
            row.shape, row.ops = shape, _ops(ops)
            if row.op not in dict(row.ops):
                row.op = row.ops[0][0]
            row.choices = choices_of(row.name, catalogue)
            row.currencies = currencies_of(row.name, shape, catalogue, split_money(row.value)[1])
            picked = row.picks or row.input_type == "date"
            row.hint = "" if picked else hint_of(row.name, row.op.removeprefix(_NOT), shape, row.takes)


def _ops(ops: Sequence[Op]) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for op in ops:
        found.append((op.value, WORDS[op]))
        if op in _NEGATIVE:
            found.append((f"{_NOT}{op.value}", _NEGATIVE[op]))
    return found
