"""App configuration of reviews."""

from django.apps import AppConfig


class ReviewsConfig(AppConfig):
    """Reviews."""

    name = "reviews"
    label = "reviews"
    default_auto_field = "django.db.models.BigAutoField"
