"""App configuration of dispatchdesk.accounts."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Accounts."""

    name = "dispatchdesk.accounts"
    label = "accounts"
    default_auto_field = "django.db.models.BigAutoField"
