"""The form of a note."""

from django import forms
from django.core.validators import MaxLengthValidator
from django.http import QueryDict

from routing.actions.noting import LONGEST_NOTE
from routing.forms.requests import form_key


class NoteForm(forms.Form):
    """A note on an item; it goes to the requester only by the button ``public`` with the value ``yes``."""

    key = forms.CharField(max_length=64, required=False, widget=forms.HiddenInput(attrs={"autocomplete": "off"}))
    text = forms.CharField(
        label="Add a note",
        widget=forms.Textarea(attrs={"rows": 3}),
        # Not as max_length: browsers would cut what is pasted, without a word.
        validators=[
            MaxLengthValidator(LONGEST_NOTE, "At most 10,000 characters, please. This text has %(show_value)d.")
        ],
        error_messages={"required": "Write something first."},
    )

    def __init__(self, data: QueryDict | None = None) -> None:
        super().__init__(data, auto_id="note_%s", initial={"key": form_key()})

    @property
    def public(self) -> bool:
        """Whether it was sent by the button that says so; anything else stays internal."""
        return self.data.get("public") == "yes"

    def renew_key(self, why: str) -> None:
        """Say why the form was not taken under its key, and give it another."""
        self.add_error("text", why)
        self.data = {**self.data.dict(), "key": form_key()} if isinstance(self.data, QueryDict) else self.data
