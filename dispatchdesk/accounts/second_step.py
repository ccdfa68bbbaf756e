"""The second step of signing in: turned on by oneself, passed with a code, turned off by oneself or an admin."""

import math
import secrets
from base64 import b32encode
from urllib.parse import quote, urlencode

from django.db import transaction
from django.utils import timezone

from dispatchdesk.accounts.models import SecondStep, User, recovery_digest
from dispatchdesk.accounts.people import new_password
from routing.domain.roles import Actor, Role
from routing.errors import Invalid, NotAllowed, NotVisible
from routing.outgoing.encryption import decrypt, encrypt

RECOVERY_CODES = 8
ISSUER = "Dispatch Desk"


def is_asked_of(user: User) -> bool:
    """Whether this person is asked for a code after the password."""
    return bool(SecondStep.objects.filter(user=user, confirmed=True).exists())


def begin(*, actor: Actor) -> SecondStep:
    """Return a step of the actor's that is not confirmed yet. Raises Invalid when it is on.

    Its secret is always a new one: one that was shown before may have been seen by somebody else.
    """
    with transaction.atomic():
        user = User.objects.select_for_update(no_key=True).get(pk=actor.user_id or 0)
        step: SecondStep | None = SecondStep.objects.select_for_update().filter(user=user).first()
        if step is not None and step.confirmed:
            raise Invalid("The second step is on already. Turn it off first to use another app.")
        secret = b32encode(secrets.token_bytes(20)).decode()
        values = {"name": "app", "confirmed": False, "secret": encrypt(secret, SecondStep.PURPOSE)}
        begun: SecondStep = SecondStep.objects.update_or_create(user=user, defaults=values)[0]
    return begun


def secret_of(step: SecondStep) -> str:
    """Return the secret to be typed into an app: base32, 32 letters and digits."""
    return decrypt(step.secret, SecondStep.PURPOSE) or ""


def app_address(step: SecondStep) -> str:
    """Return the ``otpauth:`` address that apps read from a picture (Google's Key URI format)."""
    label = f"{ISSUER}:{step.user.get_username()}"
    return f"otpauth://totp/{quote(label)}?{urlencode({'secret': secret_of(step), 'issuer': ISSUER}, quote_via=quote)}"


def confirm(*, actor: Actor, code: str) -> list[str]:
    """Turn the actor's step on with a code that its app shows; returns the recovery codes, which are told once.

    Raises Invalid when the code does not fit or nothing was begun.
    """
    with transaction.atomic():
        step = SecondStep.objects.select_for_update().filter(user_id=actor.user_id, confirmed=False).first()
        if step is None:
            raise Invalid("There is no second step to turn on. Open its page again.")
        refused = _refusal(step, code)
        if not refused:
            codes = [new_password() for _ in range(RECOVERY_CODES)]
            step.recovery = [recovery_digest(plain(one)) for one in codes]
            step.confirmed = True
            step.save(update_fields=["recovery", "confirmed"])
            return codes
    raise Invalid(refused, {"code": refused})


def pass_with(*, user_id: int, code: str) -> None:
    """Use a code up to pass the step. Raises Invalid when it does not fit, or when it is too soon to try again."""
    with transaction.atomic():
        step = SecondStep.objects.select_for_update().filter(user_id=user_id, confirmed=True).first()
        refused = "" if step is None else _refusal(step, code)
    if refused:
        raise Invalid(refused, {"code": refused})


def turn_off(*, actor: Actor, user_id: int) -> User:
    """Turn somebody's step off: one's own, or as an admin anybody's. Raises NotAllowed or NotVisible."""
    if actor.user_id != user_id and actor.role not in {Role.ADMIN, Role.SYSTEM}:
        raise NotAllowed("Only admins turn off the second step of others.")
    user = User.objects.filter(pk=user_id).first()
    if user is None:
        raise NotVisible("There is no such person.")
    SecondStep.objects.filter(user=user).delete()
    return user


def plain(code: str) -> str:
    """Return a code without what only makes it readable."""
    return "".join(code.replace("-", "").split()).lower()


def _refusal(step: SecondStep, code: str) -> str:
    """Use the code up; returns why it is refused, empty when it is not."""
    allowed, why = step.verify_is_allowed()
    if not allowed:
        left = math.ceil((why["locked_until"] - timezone.now()).total_seconds())
        seconds = f"{left} second{'' if left == 1 else 's'}"
        return f"A code did not fit just now, so this one was not looked at. Wait {seconds} and try again."
    if step.verify_token(plain(code)):
        return ""
    return "This code does not fit. Take the one that your app shows now; each works once."
