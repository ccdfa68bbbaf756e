"""App configuration of dispatchdesk.accounts, and of the admin site behind it."""

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig


class AccountsConfig(AppConfig):
    """Accounts."""

    name = "dispatchdesk.accounts"
    label = "accounts"
    default_auto_field = "django.db.models.BigAutoField"


class DeskAdminConfig(AdminConfig):
    """Django's admin, on a site that opens to admins of the desk."""

    default_site = "dispatchdesk.accounts.admin_site.DeskAdminSite"
