"""Who calls: a bearer token becomes the actor that every action takes."""

from django.http import HttpRequest
from ninja.security import HttpBearer

from dispatchdesk.accounts.actors import actor_of
from dispatchdesk.accounts.tokens import find_token
from routing.domain.roles import Actor, Role
from routing.errors import NotAllowed


class BearerToken(HttpBearer):
    """Takes ``Authorization: Bearer TOKEN``."""

    def authenticate(self, request: HttpRequest, token: str) -> Actor | None:  # noqa: ARG002 - ninja passes it
        """Return the actor of a live token; None (401) otherwise."""
        found = find_token(token.strip())
        return actor_of(found.user, role=Role(found.role), token_id=found.pk) if found else None


def check_staff(actor: Actor) -> None:
    """Raise NotAllowed for a token that may only send items in."""
    if not actor.is_staff_member:
        raise NotAllowed("An intake token creates items and reads its own; it opens nothing else.")


def caller(request: HttpRequest) -> Actor:
    """Return the actor of a request whose token was accepted."""
    actor: Actor = request.auth  # type: ignore[attr-defined]
    return actor
