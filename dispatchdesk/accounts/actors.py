"""Turns a signed-in user into the frozen actor that every action takes."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from dispatchdesk.accounts.models import User
from routing.domain.roles import Actor, Role
from routing.models import WorkType


def visible_types(user: User, role: Role) -> frozenset[int] | None:
    """Return the ids of the work types somebody may see; None when they see all.

    Admins see all. A type that names groups is seen by their members only.
    """
    if role is Role.ADMIN:
        return None
    limited = dict.fromkeys(WorkType.objects.filter(visible_to__isnull=False).values_list("pk", flat=True), False)
    if not limited:
        return None
    mine = WorkType.objects.filter(visible_to__user=user).values_list("pk", flat=True)
    hidden = set(limited) - set(mine)
    return frozenset(pk for pk in WorkType.objects.values_list("pk", flat=True) if pk not in hidden)


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
