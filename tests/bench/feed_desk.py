"""The desk that ``feed`` measures: somebody who is signed in, and an item that moves."""

from time import perf_counter

from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.db import transaction

from dispatchdesk.accounts.models import User
from dispatchdesk.accounts.sessions import SessionStore
from routing import transitions
from routing.domain.roles import DESK, Actor, Role
from routing.domain.states import Action, State
from routing.transitions import Change
from tests.desks import TestDesk

ADMIN = Actor(role=Role.ADMIN, name="bench")


def signed_in_session() -> str:
    """Make an operator, and return the key of their session."""
    user = User.objects.create_user("bench", role=Role.OPERATOR.value)
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    return str(session.session_key)


def item_that_moves() -> tuple[int, int]:
    """Make an item, and return its id and its version."""
    item = TestDesk().send("A request that moves", actor=DESK)
    return item.pk, item.version


def move(item_id: int) -> tuple[int, float]:
    """Move an item, and return its version and the moment of the commit, before anybody is told."""
    moments: list[float] = []
    with transaction.atomic():
        transaction.on_commit(lambda: moments.append(perf_counter()))
        item = transitions.lock_one(item_id)
        change = Change(item, Action.REQUEUE, State.INCOMING)
        transitions.apply([change], ADMIN, transitions.database_now())
    return item.version, moments[0]
