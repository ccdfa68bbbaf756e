"""The form that reports a problem with a finished item."""

from collections.abc import Sequence
from typing import Any

from django import forms

from routing.actions.reporting import LONGEST_REPORT
from routing.models import Step


class ReportForm(forms.Form):
    """What is wrong, and with whose work."""

    text = forms.CharField(
        label="What is wrong?", max_length=LONGEST_REPORT, widget=forms.Textarea(attrs={"rows": 4, "autofocus": True})
    )
    place = forms.ChoiceField(label="Whose work was it?", required=False)

    def __init__(self, *args: Any, steps: Sequence[Step], **options: Any) -> None:
        super().__init__(*args, **{"label_suffix": "", **options})
        choices = [(step.name, str(step.destination or step.name)) for step in steps]
        place = self.fields["place"]
        if isinstance(place, forms.ChoiceField):
            place.choices = [("", "Not known, or something else"), *choices]
        if not choices:
            del self.fields["place"]
