"""The form of a note."""

from django import forms


class NoteForm(forms.Form):
    """A note on an item; requesters never see it."""

    text = forms.CharField(
        label="Add a note",
        max_length=10_000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Only people of this desk see notes.",
        error_messages={"required": "Write something first."},
    )
