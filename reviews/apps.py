"""App configuration of reviews."""

from django.apps import AppConfig


class ReviewsConfig(AppConfig):
    """Reviews; registers queues as the destination kind that people staff."""

    name = "reviews"
    label = "reviews"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Let routing open and close reviews."""
        from reviews.actions.opening import QueuePeople  # noqa: PLC0415 - models are not ready at import time
        from routing import kinds  # noqa: PLC0415

        kinds.register("queue", QueuePeople())
