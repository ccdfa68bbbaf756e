"""Takes what was written into the form of a note, wherever the form stands."""

from routing.actions import noting
from routing.errors import Conflict, Invalid
from routing.forms.notes import NoteForm
from routing.models import WorkItem
from routing.views.access import DeskRequest


def keep_note(request: DeskRequest, item: WorkItem, *, offers_sending: bool = False) -> tuple[NoteForm, int]:
    """Keep the note, and send it when its form offers that and the button for it was pressed.

    Returns the form as it stands then, and the status of what is wrong with it: 0 when the note was kept.
    """
    form = NoteForm(request.POST)
    form.fields["text"].widget.attrs["autofocus"] = True
    if not form.is_valid():
        return form, 422
    public = offers_sending and form.public
    text, key = form.cleaned_data["text"], form.cleaned_data["key"]
    try:
        noting.add_note(actor=request.actor, item_id=item.pk, text=text, public=public, key=key)
    except Invalid as error:
        form.add_error("text", str(error))
        return form, 422
    except Conflict as error:
        form.renew_key(f"{error} Press the button again to make another note of this.")
        return form, 409
    return form, 0
