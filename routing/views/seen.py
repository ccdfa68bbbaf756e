"""What a form says of what it was opened on, and of what somebody else has stored since."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from django import forms
from django.http import HttpRequest

from routing.actions.editing import ChangedMeanwhile, fingerprint_of

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


def seen_context(
    request: HttpRequest,
    form: forms.Form,
    stored: "DataclassInstance | Mapping[str, object]",
    conflict: ChangedMeanwhile | None = None,
    also: Sequence[str] = (),
) -> dict[str, object]:
    """Return what ``components/seen.html`` shows.

    ``stored`` is what the form was opened on, if it is opened now. After a conflict the form's initial is what is
    stored by then, ``also`` labels what differs beside its fields, and saving again stores what the form says.
    """
    if conflict is not None:
        differing = [*_differing(form), *also]
        return {"seen": fingerprint_of(conflict.stored), "conflict": conflict, "differing": differing}
    return {"seen": fingerprint_of(stored) if request.method == "GET" else request.POST.get("seen", "")}


def _differing(form: forms.Form) -> list[str]:
    """Return the labels of the fields that differ from what is stored; a browser ends lines otherwise."""
    fields = [form[name] for name in form.changed_data]
    return [str(field.label) for field in fields if _lines(field.value()) != _lines(field.initial)]


def _lines(value: object) -> object:
    return value.strip().splitlines() if isinstance(value, str) else value
