"""The controls of a work type's inputs: what was typed, what is shown when, and what was given."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from django.http import QueryDict

from routing.actions.answering import DONT_HAVE
from routing.domain.catalogue import Catalogue
from routing.domain.conditions import evaluate, reads
from routing.domain.facts import Facts, Status, lookup, value_from_json
from routing.domain.inputs import InputError, InputSpec, Kind, parse_value
from routing.domain.kleene import FALSE, NOT_APPLICABLE, TRUE
from routing.domain.rulefile import write_condition
from routing.domain.sentences import condition_words
from routing.domain.templates import as_text
from routing.models import FactRevision

PREFIX = "input_"
NONE_PREFIX = "none_"

_HTML_KINDS = {Kind.DATE: "date", Kind.EMAIL: "email", Kind.FILE: "file"}
_MODES = {Kind.NUMBER: "decimal", Kind.MONEY: "decimal", Kind.URL: "url"}


@dataclass(frozen=True, slots=True)
class Typed:
    """What somebody typed, by input name, and the inputs they say they don't have."""

    values: Mapping[str, str] = field(default_factory=dict)
    nones: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Control:
    """One input as a form shows it.

    ``only_when`` says in words when it applies; ``applies`` is that condition as JSON where the browser can tell
    from the other controls. ``kind`` is ``long``, ``choice`` or the type of an HTML input.
    """

    name: str
    label: str
    kind: str
    hint: str
    required: bool
    choices: tuple[str, ...]
    mode: str
    value: str
    none: bool
    error: str
    only_when: str
    applies: str

    @property
    def field_name(self) -> str:
        """The name and id of its HTML control."""
        return f"{PREFIX}{self.name}"

    @property
    def none_name(self) -> str:
        """The name and id of its "I don't have this" box."""
        return f"{NONE_PREFIX}{self.name}"

    @property
    def described_by(self) -> str:
        """The ids of its hint and error, for screen readers."""
        parts = [f"{self.field_name}_hint"] if self.hint else []
        return " ".join([*parts, f"{self.field_name}_error"] if self.error else parts)


def typed(specs: Iterable[InputSpec], data: QueryDict) -> Typed:
    """Return what was typed for these inputs."""
    known = [spec.name for spec in specs]
    return Typed(
        values={name: data.get(f"{PREFIX}{name}", "").replace("\x00", "") for name in known},
        nones=frozenset(name for name in known if data.get(f"{NONE_PREFIX}{name}")),
    )


def present(specs: Iterable[InputSpec], facts: Facts) -> Typed:
    """Return the values that are known, as somebody would type them."""
    values: dict[str, str] = {}
    nones: set[str] = set()
    for spec in specs:
        fact = lookup(facts, spec.fact)
        values[spec.name] = as_text(fact.value) if fact.status is Status.KNOWN else ""
        if fact.status is Status.MISSING:
            nones.add(spec.name)
    return Typed(values, frozenset(nones))


def offered(specs: Iterable[InputSpec], doubtful: Mapping[str, FactRevision]) -> Typed:
    """Return the values that were read from the text and are not sure, for somebody to confirm or correct."""
    found = {spec.name: doubtful[spec.fact].value for spec in specs if spec.fact in doubtful}
    return Typed({name: as_text(value_from_json(value)) for name, value in found.items()})


def unused_answers(
    specs: Iterable[InputSpec], what: Typed, kept: Mapping[str, FactRevision], today: date
) -> list[tuple[str, str]]:
    """Return the labels and texts of what was typed and is not what was kept of it, by the names of facts."""
    found = []
    for spec in specs:
        row, text = kept.get(spec.fact), what.values[spec.name].strip()
        if text and not (row is not None and _says(row, spec, text, today)):
            found.append((spec.label, text))
        elif not text and spec.name in what.nones and (row is None or row.status != Status.MISSING):
            found.append((spec.label, "I don't have this"))
    return found


def _says(row: FactRevision, spec: InputSpec, text: str, today: date) -> bool:
    try:
        return row.status == Status.KNOWN and value_from_json(row.value) == parse_value(spec, text, today=today)
    except InputError:
        return False


def given(what: Typed) -> dict[str, object]:
    """Return the inputs that were answered: a value, or that there is none."""
    answers: dict[str, object] = {name: value for name, value in what.values.items() if value.strip()}
    return answers | {name: DONT_HAVE for name in what.nones if name not in answers}


def changed(before: Typed, after: Typed) -> dict[str, object]:
    """Return the inputs that were answered otherwise than before."""
    same = given(before)
    return {name: value for name, value in given(after).items() if same.get(name) != value}


def build(
    specs: Sequence[InputSpec],
    catalogue: Catalogue,
    facts: Facts,
    what: Typed,
    wrong: Mapping[str, str],
    *,
    keep_all: bool = False,
) -> list[Control]:
    """Return the controls of these inputs, without those that cannot apply (unless all are kept)."""
    in_form = {spec.fact for spec in specs}
    controls = []
    for spec in specs:
        only_when, applies = "", ""
        if spec.applies_when is not None:
            result = evaluate(spec.applies_when, facts)
            here = reads(spec.applies_when)
            if not keep_all and here.isdisjoint(in_form) and result in {FALSE, NOT_APPLICABLE}:
                continue
            if result is not TRUE or not here.isdisjoint(in_form):
                only_when = condition_words(spec.applies_when, catalogue)
                applies = json.dumps(write_condition(spec.applies_when)) if here <= in_form else ""
        controls.append(
            Control(
                name=spec.name,
                label=spec.label,
                kind="long"
                if spec.kind is Kind.LONG_TEXT
                else "choice"
                if spec.kind is Kind.CHOICE
                else _HTML_KINDS.get(spec.kind, "text"),
                hint=spec.hint or (f"An amount in {spec.currency}, such as 49.90." if spec.currency else ""),
                required=spec.required,
                choices=spec.choices,
                mode=_MODES.get(spec.kind, ""),
                value=what.values.get(spec.name, ""),
                none=spec.name in what.nones,
                error=wrong.get(spec.name, ""),
                only_when=only_when,
                applies=applies,
            )
        )
    return controls
