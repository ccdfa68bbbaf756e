"""A destination's page: its configuration in the words of its form, and the form to try it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms

from routing.domain.facts import Fact, known
from routing.forms.condition_values import read_untyped
from routing.forms.config_fields import FactsField, TemplateField
from routing.forms.destinations import form_class
from routing.models import Destination


class TryForm(forms.Form):
    """What a destination is tried with: a request of the desk, facts in its place or besides, the rule's texts."""

    code = forms.CharField(label="Code of a request", max_length=30, required=False, help_text="Such as D-12.")
    facts = FactsField(label="Facts", help_text="Besides, or instead. One a line: input.order_number = K-10234")

    def __init__(self, *args: Any, texts: Sequence[str] = (), **options: Any) -> None:
        super().__init__(*args, **{"label_suffix": "", "auto_id": "try_%s", **options})
        self.texts = tuple(texts)
        for name in texts:
            self.fields[f"text-{name}"] = TemplateField(label=f"Text “{name}” from the rule", required=False, rows=3)

    def facts_given(self) -> dict[str, Fact]:
        """Return the facts as typed."""
        return {name: known(read_untyped(value)) for name, value in self.cleaned_data["facts"].items()}

    def texts_given(self) -> list[tuple[str, str]]:
        """Return the rule's texts as typed."""
        return [(name, str(self.cleaned_data[f"text-{name}"])) for name in self.texts]


@dataclass(frozen=True, slots=True)
class Shown:
    """One part of a configuration to be read; ``is_block`` for what has several lines or is code."""

    label: str
    text: str
    is_block: bool


def described(destination: Destination, config: Mapping[str, object]) -> list[tuple[str, list[Shown]]]:
    """Return a configuration in the words of its form, by section; what is empty is left out, never a secret."""
    made = form_class(destination.kind, config)
    form = made(initial=made.initial_of(destination, config), existing=destination)
    found = []
    for title, fields in form.drawn_sections[1:]:
        parts = [_shown(field) for field in fields if field.name not in form.secret_fields]
        parts = [part for part in parts if part.text]
        if parts:
            found.append((title, parts))
    return found


def _shown(field: forms.BoundField) -> Shown:
    value = field.value()
    if isinstance(field.field, forms.BooleanField):
        return Shown(str(field.label), "Yes" if value else "", is_block=False)
    if isinstance(field.field, forms.ChoiceField):
        return Shown(str(field.label), str(dict(field.field.choices).get(value, "")), is_block=False)  # type: ignore[arg-type]
    text = "" if value is None else str(value)
    return Shown(str(field.label), text, is_block="\n" in text or isinstance(field.field.widget, forms.Textarea))
