"""Admins add people, change what they may do, and close accounts; everybody changes their own password."""

import secrets
from dataclasses import dataclass
from itertools import chain, count

from django.contrib.auth.models import Group
from django.contrib.sessions.backends.base import SessionBase
from django.utils import timezone

from dispatchdesk.accounts.actors import actor_of
from dispatchdesk.accounts.models import User
from dispatchdesk.accounts.sessions import end_sessions
from reviews.actions.staffing import free_reviews_of
from reviews.models import Review
from reviews.queries.people import queues_of
from routing.actions.editing import check_unchanged
from routing.crash_points import one_transaction
from routing.domain.roles import Actor, Role
from routing.errors import Invalid, NotAllowed, NotVisible

_SIGNS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that look like one another
STAFF = frozenset({Role.OPERATOR.value, Role.REVIEWER.value, Role.ADMIN.value})


@dataclass(frozen=True, slots=True)
class PersonDetails:
    """Who somebody is: their one role, and the names of the groups they belong to (made when new)."""

    full_name: str
    email: str
    role: str
    groups: tuple[str, ...] = ()


def new_password() -> str:
    """Return a password that can be read aloud: four times four signs, about 79 bits."""
    return "-".join("".join(secrets.choice(_SIGNS) for _ in range(4)) for _ in range(4))


def add_person(*, actor: Actor, username: str, details: PersonDetails) -> tuple[User, str]:
    """Make an account and return it with its first password, which is told once. Raises Invalid."""
    _check(actor, details)
    password = new_password()
    with one_transaction("people.add_person"):
        _one_at_a_time()
        if User.objects.filter(username__iexact=username).exists():
            raise Invalid(f"“{username}” is taken.", {"username": "Somebody has this username already."})
        user = User(username=username)
        _set(user, details)
        user.set_password(password)
        user.save()
        _join(user, details)
        return user, password


def first_admin() -> tuple[User, str] | None:
    """Make an admin when none can sign in, and return it with its password; None when one can."""
    admins = User.objects.filter(role=Role.ADMIN.value, is_active=True)
    if any(user.has_usable_password() for user in admins):
        return None
    taken = set(User.objects.filter(username__startswith="admin").values_list("username", flat=True))
    username = next(name for name in chain(["admin"], (f"admin-{n}" for n in count(2))) if name not in taken)
    password = new_password()
    return User.objects.create_user(username, password=password, role=Role.ADMIN.value), password


def details_of(user: User) -> PersonDetails:
    """Return what is stored of somebody."""
    groups = tuple(user.groups.order_by("name").values_list("name", flat=True))
    return PersonDetails(full_name=user.get_full_name(), email=user.email, role=user.role, groups=groups)


def change_person(*, actor: Actor, user_id: int, details: PersonDetails, seen: str = "") -> User:
    """Change who somebody is and may do; it counts from their next click, and a new role ends their tokens.

    What they hold or were given in queues that they decide in no more is offered there again.
    ``seen`` is the fingerprint of what was edited; raises ChangedMeanwhile when something else is stored by now.
    Raises Invalid for the last admin.
    """
    _check(actor, details)
    with one_transaction("people.change_person"):
        user = _find(user_id)
        check_unchanged(seen, details_of(user), details, user.display_name())
        before = set(queues_of(actor_of(user)).values_list("pk", flat=True))
        if details.role != Role.ADMIN.value:
            _keep_an_admin(user)
        if details.role != user.role:
            user.api_tokens.filter(revoked_at__isnull=True).update(revoked_at=timezone.now())
        _set(user, details)
        user.save(update_fields=["first_name", "last_name", "email", "role"])
        _join(user, details)
        left = before - set(queues_of(actor_of(user)).values_list("pk", flat=True))
        if left:
            free_reviews_of(actor=actor, user_id=user.pk, reviews=Review.objects.filter(queue__in=left))
        return user


def set_active(*, actor: Actor, user_id: int, active: bool) -> User:
    """Close an account, which ends its sessions and tokens, or open it again. Raises Invalid for the last admin."""
    _check_admin(actor)
    with one_transaction("people.set_active"):
        user = _find(user_id)
        if not active:
            _keep_an_admin(user)
        user.is_active = active
        user.save(update_fields=["is_active"])
        if not active:
            free_reviews_of(actor=actor, user_id=user.pk)
        return user


def reset_password(*, actor: Actor, user_id: int, besides: SessionBase | None = None) -> tuple[User, str]:
    """Give somebody a new first password, which is told once and ends their sessions ``besides`` one."""
    _check_admin(actor)
    password = new_password()
    with one_transaction("people.reset_password"):
        user = _find(user_id)
        user.set_password(password)
        user.save(update_fields=["password"])
        end_sessions(user_id, besides=besides)
        return user, password


def sign_out(*, actor: Actor, user_id: int) -> None:
    """End all sessions of somebody."""
    _check_admin(actor)
    end_sessions(user_id)


def _check_admin(actor: Actor) -> None:
    if actor.role not in {Role.ADMIN, Role.SYSTEM}:
        raise NotAllowed("Only admins change people's accounts.")


def _check(actor: Actor, details: PersonDetails) -> None:
    _check_admin(actor)
    if details.role not in STAFF:
        raise Invalid("A person is an operator, a reviewer or an admin.", {"role": "Choose one of the three."})


def _one_at_a_time() -> None:
    """Lock all admins, lowest id first: two changes at once could take away the last two, or use one name twice."""
    admins = User.objects.select_for_update(no_key=True).filter(role=Role.ADMIN.value).order_by("pk")
    list(admins.values_list("pk", flat=True))


def _find(user_id: int) -> User:
    _one_at_a_time()
    user = User.objects.select_for_update(no_key=True).filter(pk=user_id, role__in=STAFF).first()
    if user is None:
        raise NotVisible("There is no such person.")
    return user


def _keep_an_admin(user: User) -> None:
    if user.role != Role.ADMIN.value or not user.is_active:
        return
    if not User.objects.filter(role=Role.ADMIN.value, is_active=True).exclude(pk=user.pk).exists():
        raise Invalid(f"{user.display_name()} is the only admin. Make somebody else an admin first.")


def _set(user: User, details: PersonDetails) -> None:
    first, _, last = details.full_name.strip().partition(" ")
    user.first_name, user.last_name = first[:150], last.strip()[:150]
    user.email, user.role = details.email, details.role


def _join(user: User, details: PersonDetails) -> None:
    user.groups.set([Group.objects.get_or_create(name=name[:150])[0] for name in details.groups])
