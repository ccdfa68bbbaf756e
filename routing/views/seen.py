"""What a form says of what it was opened on, and of what somebody else has stored since."""

from django import forms
from django.http import HttpRequest

from routing.errors import Conflict


def seen_context(
    request: HttpRequest, form: forms.Form, mark: str, conflict: Conflict | None = None
) -> dict[str, object]:
    """Return what ``components/seen.html`` shows. ``mark`` is that of what is stored now, which is the form's initial.

    Whoever was told of a conflict has seen what is stored: saving again puts theirs in its place.
    """
    is_new = request.method == "GET" or conflict is not None
    differing = [str(form[name].label) for name in form.changed_data] if conflict else []
    return {"seen": mark if is_new else request.POST.get("seen", ""), "conflict": conflict, "differing": differing}
