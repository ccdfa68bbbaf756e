"""People and programs that may use the desk, their sessions, and the second step of signing in."""

import hashlib
import time
from base64 import b32decode
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.models import AbstractUser, UserManager
from django.contrib.postgres.fields import ArrayField
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models
from django.db.models import Q
from django_otp.models import Device, ThrottlingMixin, TimestampMixin
from django_otp.oath import TOTP

from routing.domain.roles import Role
from routing.outgoing.encryption import decrypt

STAFF_ROLES = [(role.value, role.value.capitalize()) for role in (Role.OPERATOR, Role.REVIEWER, Role.ADMIN)]
TOKEN_ROLES = [*STAFF_ROLES, (Role.INTAKE.value, "Intake")]


class People(UserManager["User"]):
    """Makes accounts; one made by ``manage.py createsuperuser`` is an admin."""

    use_in_migrations = False

    def create_superuser(
        self, username: str, email: str | None = None, password: str | None = None, **extra_fields: Any
    ) -> "User":
        """Make an admin who may also look at records in the admin site."""
        return super().create_superuser(username, email, password, **{"role": Role.ADMIN.value, **extra_fields})


class User(AbstractUser):
    """Somebody who signs in, with the one role that says what they may do.

    ``board_query`` is the query of the address that the board opens with for them; empty for the desk's own.
    """

    role = models.CharField(max_length=10, choices=TOKEN_ROLES, default=Role.OPERATOR.value)
    board_query = models.CharField(max_length=1000, blank=True)

    objects: ClassVar[People] = People()

    class Meta(AbstractUser.Meta):
        constraints = [
            models.CheckConstraint(condition=Q(role__in=[r for r, _ in TOKEN_ROLES]), name="user_role_valid")
        ]

    def display_name(self) -> str:
        """Return the person's full name, or the username when none is set."""
        return self.get_full_name() or self.username


class ApiToken(models.Model):
    """A bearer token for a program; only its SHA-256 is kept."""

    name = models.CharField(max_length=150)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="api_tokens")
    role = models.CharField(max_length=10, choices=TOKEN_ROLES)
    digest = models.BinaryField(max_length=32, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return f"{self.name} ({self.role})"


class DeskSession(AbstractBaseSession):
    """A browser's session: whose (None: nobody's yet), from where, since when, and when it was last used."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.CASCADE, related_name="sessions")
    address = models.GenericIPAddressField(null=True)
    browser = models.CharField(max_length=60, blank=True)
    begun_at = models.DateTimeField()
    seen_at = models.DateTimeField()


class SecondStep(TimestampMixin, ThrottlingMixin, Device):  # type: ignore[misc]
    """The six digits that an authenticator app shows (RFC 6238), asked for after the password.

    ``secret`` is encrypted base32; ``last_t`` is the last time step that was used, as no code counts twice;
    ``recovery`` holds the SHA-256 of codes that each work once instead. It counts once it is ``confirmed``.
    """

    SECONDS = 30
    PURPOSE = "second step"

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="second_step")
    secret = models.BinaryField()
    last_t = models.BigIntegerField(default=-1)
    recovery = ArrayField(models.BinaryField(max_length=32), default=list)

    def verify_token(self, token: str) -> bool:
        """Use a code up and return whether it fits; after each that does not, the wait is twice as long.

        The row must be locked, the code in lower case and without spaces or dashes.
        """
        if not self.verify_is_allowed()[0]:
            return False
        fits = self._is_present_code(token) if token.isdecimal() else self._use_recovery(token)
        if fits:
            self.throttle_reset(commit=False)
            self.set_last_used_timestamp(commit=False)
            self.save()
        else:
            self.throttle_increment()
        return fits

    def _is_present_code(self, given: str) -> bool:
        secret = decrypt(self.secret, self.PURPOSE)
        if secret is None or len(given) != 6:
            return False
        totp = TOTP(b32decode(secret), self.SECONDS)
        totp.time = time.time()
        fits = bool(totp.verify(int(given), tolerance=1, min_t=self.last_t + 1))
        if fits:
            # A clock ahead of ours is found as drift: its steps count as used as well.
            self.last_t = totp.t()
        return fits

    def _use_recovery(self, given: str) -> bool:
        digest = recovery_digest(given)
        left = [bytes(kept) for kept in self.recovery if bytes(kept) != digest]
        fits = len(left) < len(self.recovery)
        self.recovery = left
        return fits

    def get_throttle_factor(self) -> int:
        """Return the seconds to wait after the first wrong code."""
        return 1


def recovery_digest(code: str) -> bytes:
    """Return what is kept of a recovery code."""
    return hashlib.sha256(code.encode()).digest()
