"""App configuration of routing."""

from django.apps import AppConfig


class RoutingConfig(AppConfig):
    """Routing."""

    name = "routing"
    label = "routing"
    default_auto_field = "django.db.models.BigAutoField"
