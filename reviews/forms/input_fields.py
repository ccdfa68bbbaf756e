"""Form fields of what work types declare, as reviewers fill them in."""

from django import forms

from routing.domain.inputs import InputSpec, Kind

LONGEST_TEXT = 20_000


def input_field(spec: InputSpec) -> forms.Field:
    """Return the form field of a declared input."""
    match spec.kind:
        case Kind.CHOICE:
            choices = [("", "Choose"), *((choice, choice) for choice in spec.choices)]
            return forms.ChoiceField(label=spec.label, help_text=spec.hint, required=False, choices=choices)
        case Kind.LONG_TEXT:
            widget: forms.Widget = forms.Textarea(attrs={"rows": 3})
        case Kind.DATE:
            widget = forms.DateInput(attrs={"type": "date"})
        case Kind.EMAIL:
            widget = forms.EmailInput()
        case _:
            widget = forms.TextInput()
    return forms.CharField(
        label=spec.label, help_text=spec.hint, required=False, max_length=LONGEST_TEXT, widget=widget
    )
