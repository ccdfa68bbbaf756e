"""Turns a signed-in user into the frozen actor that every action takes."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from dispatchdesk.accounts.models import User
from routing.domain.roles import Actor, Role
from routing.rows import read


def visible_types(user: User, role: Role) -> frozenset[int] | None:
    """Return the ids of the work types somebody may see; None when they see all.

    Admins see all. A type that names groups is seen by their members only.
    """
    if role is Role.ADMIN:
        return None
    found = read(_VISIBLE, {"user": user.pk})
    return frozenset(type_id for type_id, is_visible in found if is_visible) if found else None


# No row unless a type names groups.
_VISIBLE = """
    SELECT t.id, NOT EXISTS (SELECT FROM routing_worktype_visible_to v WHERE v.worktype_id = t.id) OR EXISTS (
        SELECT FROM routing_worktype_visible_to v JOIN accounts_user_groups g USING (group_id)
        WHERE v.worktype_id = t.id AND g.user_id = %(user)s)
    FROM routing_worktype t WHERE EXISTS (SELECT FROM routing_worktype_visible_to)
"""


def actor_of(user: User, *, role: Role | None = None, token_id: int | None = None) -> Actor:
    """Return the actor of an active user, with the role of a token when it names one."""
    acting = role or Role(user.role)
    return Actor(
        role=acting,
        name=user.display_name(),
        user_id=user.pk,
        token_id=token_id,
        visible_types=visible_types(user, acting),
    )


def actor_middleware(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Set ``request.actor`` for signed-in people; it is None for everybody else."""

    def middleware(request: HttpRequest) -> HttpResponse:
        user = request.user
        request.actor = actor_of(user) if isinstance(user, User) else None  # type: ignore[attr-defined]
        return get_response(request)

    return middleware
