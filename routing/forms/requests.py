"""The forms by which requests come in: of staff for somebody, and of the public."""

import uuid
from collections.abc import Mapping

from django import forms
from django.http import QueryDict

from routing.actions.intake import MAX_TEXT, MAX_TITLE
from routing.errors import Invalid
from routing.models import Priority, WorkType

_FIELDS_OF_ERRORS = {"requester.email": "requester_email"}


def form_key() -> str:
    """Return a key for one form, so that sending it twice makes one item."""
    return uuid.uuid4().hex


class RequestForm(forms.Form):
    """What every request holds."""

    key = forms.CharField(max_length=64, widget=forms.HiddenInput)
    title = forms.CharField(
        label="Title", max_length=MAX_TITLE, required=False, help_text="A few words. Left empty, the text's beginning."
    )
    text = forms.CharField(
        label="What is needed",
        max_length=MAX_TEXT,
        widget=forms.Textarea(attrs={"rows": 8}),
        error_messages={"required": "Write what is needed."},
    )

    def take(self, error: Invalid) -> dict[str, str]:
        """Add what an action refused to the fields it is about, and return what is left, for the other controls."""
        left = {}
        for name, message in error.fields.items():
            field = _FIELDS_OF_ERRORS.get(name, name)
            if field in self.fields:
                self.add_error(field, message)
            else:
                left[field] = message
        if not error.fields:
            self.add_error(None, str(error))
        return left

    def renew_key(self, why: str) -> None:
        """Say why the form was not taken under its key, and give it another."""
        self.add_error(None, why)
        self.data = {**self.data.dict(), "key": form_key()} if isinstance(self.data, QueryDict) else self.data


class NewRequestForm(RequestForm):
    """A request that staff send, for themselves or for somebody."""

    type = forms.ChoiceField(label="Type", required=False)
    priority = forms.ChoiceField(
        label="Priority",
        choices=[(name.lower(), Priority[name].label) for name in Priority.names],
        initial="normal",
        required=False,
    )
    requester_name = forms.CharField(label="Requester's name", max_length=150, required=False)
    requester_email = forms.EmailField(
        label="Requester's e-mail address",
        required=False,
        help_text="Questions and replies go there. Without one, a person is asked instead.",
    )

    def __init__(self, types: Mapping[str, WorkType], data: Mapping[str, object] | None = None, **options: object):
        super().__init__(data, **options)  # type: ignore[arg-type]
        choices = [("", "Let the desk find out"), *((slug, row.name) for slug, row in types.items())]
        field = self.fields["type"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - declared above
        field.choices = choices


class PublicRequestForm(RequestForm):
    """A request by the public form of one type. ``website`` is a trap: people do not see it, programs fill it in."""

    requester_name = forms.CharField(
        label="Your name", max_length=150, required=False, widget=forms.TextInput(attrs={"autocomplete": "name"})
    )
    requester_email = forms.EmailField(
        label="Your e-mail address",
        help_text="We write to you there when we need something and when it is done.",
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )
    website = forms.CharField(required=False, label="Leave this empty")
