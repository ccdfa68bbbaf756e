"""Background work that belongs to the desk as a whole."""

from celery import shared_task

from dispatchdesk.models import Moment, mark


@shared_task(name="dispatchdesk.answer")
def answer() -> None:
    """Show that messages travel through the broker and that a worker acts on them."""
    mark(Moment.WORKER)
