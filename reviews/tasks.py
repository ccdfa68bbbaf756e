"""Celery tasks: ids in, one action called, safe to run twice."""

from celery import shared_task

from reviews.actions import notice_mail


@shared_task(name="reviews.send_notices")
def send_notices() -> None:
    """Send the notices that are due by mail."""
    notice_mail.send_notices()
