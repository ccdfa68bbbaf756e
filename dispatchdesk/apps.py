"""App configuration of dispatchdesk."""

from django.apps import AppConfig


class DispatchDeskConfig(AppConfig):
    """Dispatch Desk."""

    name = "dispatchdesk"
    label = "dispatchdesk"
    default_auto_field = "django.db.models.BigAutoField"
