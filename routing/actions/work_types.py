"""Admins declare work types and what each asks for."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from routing.actions.configuring import check_admin
from routing.actions.editing import check_unchanged
from routing.crash_points import one_transaction
from routing.domain import checks, rulefile
from routing.domain.conditions import provided, reads
from routing.domain.faults import RuleError
from routing.domain.patterns import PatternError
from routing.domain.roles import Actor
from routing.domain.rules import Ask, Go
from routing.domain.templates import TemplateError, names
from routing.errors import Invalid, NotVisible
from routing.models import InputField, Rulebook, WorkType
from routing.queries import desk as desk_queries
from routing.queries.rulebooks import FIRST_LOOK

_TAKEN = "This name is taken. Choose another."
RESERVED_SLUGS = frozenset({FIRST_LOOK, "new", "router", "rule"})


@dataclass(frozen=True, slots=True)
class TypeDetails:
    """What a work type is; times in minutes, ``group_ids`` who may see it (empty: everybody)."""

    name: str
    description: str
    service_level_minutes: int
    question_due_minutes: int
    move_limit: int
    public_form: bool
    active: bool
    group_ids: tuple[int, ...] = ()


def details_of(row: WorkType) -> TypeDetails:
    """Return what is stored of a work type."""
    return TypeDetails(
        name=row.name,
        description=row.description,
        service_level_minutes=row.service_level_minutes,
        question_due_minutes=row.question_due_minutes,
        move_limit=row.move_limit,
        public_form=row.public_form,
        active=row.active,
        group_ids=tuple(row.visible_to.order_by("name").values_list("pk", flat=True)),
    )


def save_type(*, actor: Actor, slug: str, details: TypeDetails, new: bool = False, seen: str = "") -> WorkType:
    """Make a work type with its empty rulebook, or change one.

    ``seen`` is the fingerprint of what was edited; raises ChangedMeanwhile when something else is stored by now.
    Raises Invalid when a new one's slug is taken.
    """
    check_admin(actor)
    values = {
        "name": details.name,
        "description": details.description,
        "service_level_minutes": details.service_level_minutes,
        "question_due_minutes": details.question_due_minutes,
        "move_limit": details.move_limit,
        "public_form": details.public_form,
        "active": details.active,
    }
    with one_transaction("work_types.save_type"):
        row = WorkType.objects.select_for_update().filter(slug=slug).first()
        if new and (row is not None or slug in RESERVED_SLUGS):
            raise Invalid(f"“{slug}” is taken.", {"slug": _TAKEN})
        if row is None:
            if not new:
                raise NotVisible(f"There is no work type “{slug}”.")
            row, is_first = WorkType.objects.get_or_create(slug=slug, defaults=values)
            if not is_first:  # somebody else has made it at this moment
                raise Invalid(f"“{slug}” is taken.", {"slug": _TAKEN})
            Rulebook.objects.create(work_type=row)
        else:
            check_unchanged(seen, details_of(row), details, row.name)
            for name, value in values.items():
                setattr(row, name, value)
            row.save(update_fields=list(values))
        row.visible_to.set(details.group_ids)
        return row


def values_of(row: InputField) -> dict[str, object]:
    """Return what is stored of an input, by the fields of its form and ``applies_when``."""
    return {name: getattr(row, name) for name in _INPUT_FIELDS}


_INPUT_FIELDS = (
    *("label", "kind", "required", "hint", "choices", "currency", "pattern", "source_fact", "ask_requester"),
    "applies_when",
)


def save_input(
    *, actor: Actor, work_type: WorkType, name: str, values: Mapping[str, object], new: bool = False, seen: str = ""
) -> InputField:
    """Make or change an input; ``values`` are fields of InputField. Its name, which rules know, never changes.

    ``seen`` is the fingerprint of what was edited; raises ChangedMeanwhile when something else is stored by now.
    Raises Invalid with a message per field when it could never work: no choices, an unreadable pattern, a source that
    is not there, a condition on itself or on the time.
    """
    check_admin(actor)
    with one_transaction("work_types.save_input"):
        WorkType.objects.select_for_update().get(pk=work_type.pk)
        row = work_type.inputs.filter(name=name).first()
        if new and row is not None:
            raise Invalid(f"“{name}” is taken.", {"name": "This type has an input of this name already."})
        if row is None:
            if not new:
                raise NotVisible(f"{work_type.name} has no input “{name}”.")
            row = InputField(work_type=work_type, name=name, position=work_type.inputs.count())
        else:
            check_unchanged(seen, values_of(row), values, row.label)
        for field, value in values.items():
            setattr(row, field, value)
        _check_input(row)
        row.save()
        return row


_FIELD_OF_POINTER = {"/choices": "choices", "/pattern": "pattern", "/source": "source_fact"}


def _check_input(row: InputField) -> None:
    try:
        spec = desk_queries.input_spec(row)
        desk = desk_queries.load()
        found = checks.input_problems(spec, desk.catalogue(row.work_type_id))
    except RuleError as error:
        raise Invalid("The condition cannot be read.", {"applies_when": str(error)}) from error
    except PatternError as error:
        raise Invalid("The pattern cannot be read.", {"pattern": str(error)}) from error
    if found:
        fields: dict[str, str] = {}
        for problem in found:
            name = _FIELD_OF_POINTER.get(problem.pointer, "applies_when")
            fields[name] = f"{fields[name]} {problem.detail}" if name in fields else problem.detail
        raise Invalid("This input could never be had.", fields)


def move_input(*, actor: Actor, work_type: WorkType, name: str, by: int) -> None:
    """Move an input up (-1) or down (1) in the order in which it is asked for."""
    check_admin(actor)
    with one_transaction("work_types.move_input"):
        WorkType.objects.select_for_update().get(pk=work_type.pk)
        rows = list(work_type.inputs.order_by("position", "id"))
        place = next((index for index, row in enumerate(rows) if row.name == name), None)
        if place is None:
            raise NotVisible(f"{work_type.name} has no input “{name}”.")
        rows.insert(min(max(place + by, 0), len(rows) - 1), rows.pop(place))
        for position, row in enumerate(rows):
            row.position = position
        InputField.objects.bulk_update(rows, ["position"])


def remove_input(*, actor: Actor, work_type: WorkType, name: str) -> None:
    """Take an input away; values it has stay with their items. Raises Invalid while something reads it."""
    check_admin(actor)
    with one_transaction("work_types.remove_input"):
        row = InputField.objects.filter(work_type=work_type, name=name).first()
        if row is None:
            raise NotVisible(f"{work_type.name} has no input “{name}”.")
        readers = list(readers_of(work_type, name))
        if readers:
            raise Invalid(f"{row.label} is still needed by {' and '.join(readers)}.")
        row.delete()


def readers_of(work_type: WorkType, name: str) -> Iterator[str]:
    """Yield what reads an input, in words: live rules of its type, other inputs, destinations those rules send to."""
    fact = f"input.{name}"
    desk = desk_queries.load()
    book = desk.book(work_type.pk)
    sent_to: set[str] = set()
    for number, rule in enumerate(book.rules.rules, start=1):
        named = set(reads(rule.when))
        match rule.then:
            case Go(params=params):
                sent_to |= set(rule.then.to)
                named |= _names(text for _, text in params)
            case Ask(inputs=asked):
                named |= {f"input.{one}" for one in asked}
        if fact in {provided(one) for one in named}:
            yield f"rule {number} of {book.title}"
    for other in work_type.inputs.exclude(name=name):
        if other.applies_when and fact in {provided(one) for one in reads(rulefile.read_condition(other.applies_when))}:
            yield f"the input {other.label}"
    for slug in sorted(sent_to & desk.places.keys()):
        if fact in {provided(one) for one in desk.places[slug].port.needs}:
            yield desk.places[slug].row.name


def _names(texts: Iterator[str]) -> set[str]:
    found: set[str] = set()
    for text in texts:
        try:
            found |= names(text)
        except TemplateError:
            continue
    return found
