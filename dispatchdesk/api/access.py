"""Who calls: a bearer token becomes the actor that every action takes, so many times a second."""

import time
from threading import Lock

from django.conf import settings
from django.http import HttpRequest
from ninja.security import HttpBearer
from ninja.throttling import BaseThrottle

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


class PerToken(BaseThrottle):
    """Takes ``API_REQUESTS_PER_SECOND`` of each token in each web process: one program leaves room for others."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._asked: dict[int | None, tuple[int, int]] = {}

    def allow_request(self, request: HttpRequest) -> bool:
        """Count this request in its second."""
        second, token = int(time.monotonic()), caller(request).token_id
        with self._lock:
            counted_in, number = self._asked.get(token, (second, 0))
            number = number + 1 if counted_in == second else 1
            self._asked[token] = second, number
        return number <= settings.API_REQUESTS_PER_SECOND

    def wait(self) -> float:
        """Return the seconds after which to try again."""
        return 1.0


def check_staff(actor: Actor) -> None:
    """Raise NotAllowed for a token that may only send items in."""
    if not actor.is_staff_member:
        raise NotAllowed("An intake token creates items and reads its own; it opens nothing else.")


def caller(request: HttpRequest) -> Actor:
    """Return the actor of a request whose token was accepted."""
    actor: Actor = request.auth  # type: ignore[attr-defined]
    return actor
