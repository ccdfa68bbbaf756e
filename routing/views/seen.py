"""What a form says of what it was opened on, and of what somebody else has stored since."""

from collections.abc import Sequence

from django import forms
from django.http import HttpRequest

from routing.errors import Conflict


def seen_context(
    request: HttpRequest,
    form: forms.Form,
    fingerprint: str,
    conflict: Conflict | None = None,
    also: Sequence[str] = (),
) -> dict[str, object]:
    """Return what ``components/seen.html`` shows.

    ``fingerprint`` is that of what is stored now, which is the form's initial; ``also`` labels what differs beside the
    form's fields. Whoever was told of a conflict may save again, which stores theirs.
    """
    is_new = request.method == "GET" or conflict is not None
    differing = [*_differing(form), *also] if conflict else []
    return {
        "seen": fingerprint if is_new else request.POST.get("seen", ""),
        "conflict": conflict,
        "differing": differing,
    }


def _differing(form: forms.Form) -> list[str]:
    """Return the labels of the fields that differ from what is stored; a browser ends lines otherwise."""
    fields = [form[name] for name in form.changed_data]
    return [str(field.label) for field in fields if _lines(field.value()) != _lines(field.initial)]


def _lines(value: object) -> object:
    return value.strip().splitlines() if isinstance(value, str) else value
