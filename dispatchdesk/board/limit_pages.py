"""The settings' page of the board: the limits of its columns."""

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render

from dispatchdesk.board.limits import HIGHEST_LIMIT, LIMITED, column_limits, set_limits
from routing.domain.roles import Role
from routing.domain.states import STATE_LABELS
from routing.views.access import DeskRequest, page


class LimitsForm(forms.Form):
    """A number for each column with open work; empty for none."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        for state in LIMITED:
            self.fields[f"column_{state.value}"] = forms.IntegerField(
                label=STATE_LABELS[state], required=False, min_value=1, max_value=HIGHEST_LIMIT
            )


@page("GET", "POST", roles=frozenset({Role.ADMIN}))
def limits(request: DeskRequest) -> HttpResponse:
    """Show the columns' limits, and set them."""
    if request.method == "GET":
        present = {f"column_{state.value}": most for state, most in column_limits().items()}
        return render(request, "settings/board.html", {"form": LimitsForm(initial=present)})
    form = LimitsForm(request.POST)
    if not form.is_valid():
        return render(request, "settings/board.html", {"form": form}, status=422)
    set_limits(actor=request.actor, limits={state: form.cleaned_data[f"column_{state.value}"] for state in LIMITED})
    messages.success(request, "The limits are set. Boards that are open show them when they are opened again.")
    return redirect("board_limits")
