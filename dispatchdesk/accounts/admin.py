"""People, groups and tokens in Django's admin."""

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group
from django.http import HttpRequest

from dispatchdesk.accounts.admin_site import is_admin
from dispatchdesk.accounts.models import ApiToken, User


class _ForAdmins:
    """Admins of the desk see what there is. People are changed under Settings, by actions that keep the law."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        return is_admin(request)

    def has_view_permission(self, request: HttpRequest, _obj: object = None) -> bool:
        return is_admin(request)

    def has_add_permission(self, _request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, _request: HttpRequest, _obj: object = None) -> bool:
        return False

    def has_delete_permission(self, _request: HttpRequest, _obj: object = None) -> bool:
        return False


admin.site.unregister(Group)


@admin.register(Group)
class DeskGroupAdmin(_ForAdmins, GroupAdmin):
    """Groups: who may see a work type, and who staffs a queue."""

    fields = ("name",)


@admin.register(User)
class DeskUserAdmin(_ForAdmins, UserAdmin):  # type: ignore[type-arg]
    """People with their role; Django's own permissions are not used."""

    list_display = ("username", "first_name", "last_name", "role", "is_active", "last_login")
    list_filter = ("role", "is_active")
    fieldsets = (
        (None, {"fields": ("username", "role", "is_active")}),
        ("Person", {"fields": ("first_name", "last_name", "email", "groups")}),
        ("Times", {"fields": ("last_login", "date_joined")}),
    )


@admin.register(ApiToken)
class ApiTokenAdmin(_ForAdmins, admin.ModelAdmin):  # type: ignore[type-arg]
    """Tokens: made on the command line, where they are shown once; ended here by setting when they were revoked."""

    list_display = ("name", "user", "role", "created_at", "revoked_at")
    fields = ("name", "user", "role", "created_at", "revoked_at")
    readonly_fields = ("name", "user", "role", "created_at")

    def has_change_permission(self, request: HttpRequest, _obj: object = None) -> bool:
        """Admins, to end one."""
        return is_admin(request)
