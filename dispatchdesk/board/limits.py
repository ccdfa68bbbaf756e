"""Limits of the board's columns: how many requests an admin wants in one at most. They are said, not enforced."""

from collections.abc import Mapping

from django.db import transaction

from dispatchdesk.models import ColumnLimit
from routing.domain.roles import Actor, Role
from routing.domain.states import FINAL_STATES, STATE_LABELS, State
from routing.errors import Invalid, NotAllowed

HIGHEST_LIMIT = 999  # columns are counted exactly up to 1,000
LIMITED = tuple(state for state in State if state not in FINAL_STATES)


def column_limits() -> dict[State, int]:
    """Return the columns' limits; those without one are left out."""
    return {State(state): most for state, most in ColumnLimit.objects.values_list("state", "most")}


def set_limits(*, actor: Actor, limits: Mapping[State, int | None]) -> None:
    """Set the limits of all columns; None means that a column has none.

    Raises NotAllowed for other people than admins, Invalid for finished columns and for numbers out of range.
    """
    if actor.role is not Role.ADMIN:
        raise NotAllowed("Only admins set limits.")
    for state, most in limits.items():
        if state not in LIMITED or (most is not None and not 1 <= most <= HIGHEST_LIMIT):
            raise Invalid(
                f"The limit of {STATE_LABELS[state]} must be between 1 and {HIGHEST_LIMIT}.",
                {f"column_{state.value}": f"A number between 1 and {HIGHEST_LIMIT}, or nothing."},
            )
    with transaction.atomic():
        ColumnLimit.objects.exclude(state__in=[state for state, most in limits.items() if most]).delete()
        ColumnLimit.objects.bulk_create(
            [ColumnLimit(state=state.value, most=most) for state, most in sorted(limits.items()) if most],
            update_conflicts=True,
            unique_fields=["state"],
            update_fields=["most"],
        )
