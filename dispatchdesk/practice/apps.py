"""App configuration of dispatchdesk.practice."""

from django.apps import AppConfig


class PracticeConfig(AppConfig):
    """Practice desk."""

    name = "dispatchdesk.practice"
    label = "practice"
    default_auto_field = "django.db.models.BigAutoField"
