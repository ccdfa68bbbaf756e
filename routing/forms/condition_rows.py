"""Conditions as rows of a form: a fact, a comparison and a value, in one group with groups inside it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from django.http import QueryDict

from routing.domain.catalogue import Catalogue
from routing.domain.checks import PRIORITIES
from routing.domain.inputs import Kind
from routing.domain.operators import FITTING, WORDS, Shape, shape_of
from routing.domain.rules import All, AnyOf, Condition, Not, Op, Test
from routing.forms.condition_values import CannotRead, read_operand, written
from routing.forms.numbers import whole_number

OTHER = "other"  # as a row's fact: the name is typed beside it
MOST_GROUPS, MOST_ROWS = 10, 50
DECISIONS = ("approved", "corrected", "declined", "completed")  # what reviews tell as the fact reviews.<queue>.verdict
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
    def is_exact(self) -> bool:
        """Whether the comparison is with exactly one of the fact's choices."""
        return self.op in {Op.IS, Op.IS_NOT}


@dataclass
class Rows:
    """A group of rows of which all or any must hold."""

    match: str = "all"
    rows: list[Row] = field(default_factory=list)


class TooDeep(ValueError):
    """The condition holds groups inside groups inside groups, which rows cannot show."""


def rows_of(condition: Condition, catalogue: Catalogue) -> list[Rows]:
    """Return a condition as groups of rows, the outer group first; raises TooDeep."""
    if isinstance(condition, Test) or (isinstance(condition, Not) and isinstance(condition.part, Test)):
        condition = All((condition,))
    if not isinstance(condition, All | AnyOf):
        raise TooDeep
    outer = Rows(_word(condition))
    groups = [outer]
    for part in condition.parts:
        if isinstance(part, All | AnyOf):
            groups.append(Rows(_word(part), [_row(inner, catalogue) for inner in part.parts]))
        else:
            outer.rows.append(_row(part, catalogue))
    return groups


def _word(condition: All | AnyOf) -> str:
    return "all" if isinstance(condition, All) else "any"


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
    return [_posted_group(data, f"{prefix}{index}") for index in range(max(number, 1))]


def _posted_group(data: QueryDict, prefix: str) -> Rows:
    columns = [data.getlist(f"{prefix}-{name}")[:MOST_ROWS] for name in ("fact", "other", "op", "value", "upper")]
    rows = [Row(*parts) for parts in zip(*columns, strict=False)]
    return Rows("any" if data.get(f"{prefix}-match") == "any" else "all", rows)


def edit_rows(groups: list[Rows], command: Sequence[str]) -> bool:
    """Do what a button of the form says: add or remove a row or a group. Returns whether it was one of these."""
    action, *numbers = command
    places = [place for place in map(whole_number, numbers) if place is not None]
    match action, places:
        case "add-row", [group] if group < len(groups):
            groups[group].rows.append(Row(new=True))
        case "remove-row", [group, row] if group < len(groups) and row < len(groups[group].rows):
            del groups[group].rows[row]
        case "add-group", []:
            if len(groups) < MOST_GROUPS:
                groups.append(Rows("any" if groups[0].match == "all" else "all", [Row(new=True)]))
        case "remove-group", [group] if 0 < group < len(groups):
            del groups[group]
        case _:
            return False
    return True


def condition_of(groups: list[Rows], catalogue: Catalogue) -> Condition | None:
    """Return the condition that the rows say; None when a row cannot be read, which then says why in ``error``."""
    outer, *inner = [_condition_of_group(group, catalogue) for group in groups]
    if any(row.error for group in groups for row in group.rows):
        return None
    parts = (*outer.parts, *(group for group in inner if group.parts))
    return type(outer)(parts) if parts else All()


def _condition_of_group(group: Rows, catalogue: Catalogue) -> All | AnyOf:
    build: Callable[[tuple[Condition, ...]], All | AnyOf] = All if group.match == "all" else AnyOf
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
    return build(tuple(parts))


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
    for group in groups:
        for row in group.rows:
            if row.fact and row.fact != OTHER and row.fact not in names:
                row.fact, row.other = OTHER, row.fact
            shape = shape_of(row.name, catalogue) if row.name else Shape.ANY
            row.ops = _ops(shape)
            if row.op not in dict(row.ops):
                row.op = row.ops[0][0]
            spec = catalogue.input_of(row.name) if row.name else None
            row.choices = _choices(row.name, catalogue, spec.choices if spec and spec.kind is Kind.CHOICE else ())
            row.hint = _hint(row, shape)


def _ops(shape: Shape) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for op in FITTING[shape]:
        found.append((op.value, WORDS[op]))
        if op in _NEGATIVE:
            found.append((f"{_NOT}{op.value}", _NEGATIVE[op]))
    return found


def _choices(fact: str, catalogue: Catalogue, of_input: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    match fact:
        case "router.type" | "item.type":
            return tuple(catalogue.types.items())
        case "router.destination":
            return tuple((slug, catalogue.name_of(slug)) for slug in {**catalogue.ports, **catalogue.queues})
        case "item.priority":
            return tuple((name, name) for name in PRIORITIES)
    if fact.startswith("reviews.") and fact.endswith(".verdict"):
        return tuple((word, word) for word in DECISIONS)
    return tuple((choice, choice) for choice in of_input)


def _hint(row: Row, shape: Shape) -> str:
    if row.takes == "nothing":
        return ""
    if row.op == Op.OLDER_THAN or shape is Shape.MINUTES:
        return "Such as 90 minutes, 2 hours or 3 days."
    if row.name == "router.confidence":
        return "Such as 80 %."
    if row.op.removeprefix(_NOT) == Op.MATCHES:
        return "A regular expression (RE2)."
    match shape:
        case Shape.MONEY:
            return "An amount with its currency, such as 200 EUR."
        case Shape.DAY:
            return "A day, such as 2026-03-31."
        case Shape.ANY if row.name:
            return (
                "A number, an amount such as 200 EUR, true or false are taken as such; put “12” in quotes for a text."
            )
    return "Several, parted by commas." if row.takes == "several" else ""
