"""Django's admin site behind the desk's own door: admins of the desk, signed in like everybody else."""

from typing import Any

from django.contrib.admin import AdminSite
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from dispatchdesk.accounts.models import User
from routing.domain.roles import Role
from routing.errors import NotAllowed


class DeskAdminSite(AdminSite):
    """Lets in people with the role admin."""

    site_header = site_title = "Dispatch Desk"
    index_title = "Records"

    def has_permission(self, request: HttpRequest) -> bool:
        """Whether this person is an admin of the desk."""
        return is_admin(request)

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:  # noqa: ARG002
        """Lead to the desk's sign-in page; there is no other way in."""
        if request.user.is_authenticated:
            raise NotAllowed("Your role does not open this page.")
        return redirect_to_login(request.GET.get("next") or reverse("admin:index"))


def is_admin(request: HttpRequest) -> bool:
    """Whether the request is of an active admin of the desk."""
    return isinstance(request.user, User) and request.user.is_active and request.user.role == Role.ADMIN
