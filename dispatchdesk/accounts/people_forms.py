"""People as forms."""

from dataclasses import asdict
from typing import Any

from django import forms
from django.contrib.auth.validators import UnicodeUsernameValidator

from dispatchdesk.accounts.models import STAFF_ROLES, User
from dispatchdesk.accounts.people import PersonDetails

ROLE_WORDS = {
    "operator": "Operator: triages on the board",
    "reviewer": "Reviewer: decides what is asked in their queues",
    "admin": "Admin: does both, and sets up the desk",
}


class PersonForm(forms.Form):
    """Somebody who signs in."""

    username = forms.CharField(label="Username", max_length=150, validators=[UnicodeUsernameValidator()])
    full_name = forms.CharField(label="Name", max_length=200, required=False)
    email = forms.EmailField(label="E-mail address", required=False)
    role = forms.ChoiceField(
        label="Role", choices=[(value, ROLE_WORDS[value]) for value, _ in STAFF_ROLES], widget=forms.RadioSelect
    )
    groups = forms.CharField(
        label="Groups",
        max_length=500,
        required=False,
        help_text="Parted by commas. Groups can staff queues, and types of work can be seen by some groups only.",
    )

    def __init__(self, *args: Any, existing: User | None = None, **options: Any) -> None:
        options.setdefault("label_suffix", "")
        super().__init__(*args, **options)
        if existing is not None:
            del self.fields["username"]

    def details(self) -> PersonDetails:
        """Return what the form says."""
        names = (" ".join(name.split()) for name in self.cleaned_data["groups"].split(","))
        return PersonDetails(
            full_name=self.cleaned_data["full_name"],
            email=self.cleaned_data["email"],
            role=self.cleaned_data["role"],
            groups=tuple(dict.fromkeys(name for name in names if name)),
        )


def initial_of(details: PersonDetails) -> dict[str, object]:
    """Return what the form shows of somebody."""
    return asdict(details) | {"groups": ", ".join(details.groups)}
