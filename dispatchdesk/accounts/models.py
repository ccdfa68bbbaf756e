"""People and programs that may use the desk."""

from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.models import AbstractUser, UserManager
from django.db import models
from django.db.models import Q

from routing.domain.roles import Role

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
