"""App configuration of dispatchdesk."""

from importlib import import_module

from django.apps import AppConfig


class DispatchDeskConfig(AppConfig):
    """Dispatch Desk."""

    name = "dispatchdesk"
    label = "dispatchdesk"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Make our Celery application the one that shared tasks are sent through."""
        import_module("dispatchdesk.celery")
