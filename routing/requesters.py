"""Signed links by which a requester without an account reaches the page of their own item."""

from django.conf import settings
from django.core import signing
from django.urls import reverse

from routing.models import WorkItem

SALT = "requester page"
MAX_AGE_SECONDS = 30 * 24 * 3600


def page_token(item: WorkItem) -> str:
    """Return a signed, dated token for the item's requester."""
    return signing.dumps([item.pk, item.requester_email], salt=SALT)


def page_link(item: WorkItem) -> str:
    """Return the full address of the requester's page."""
    return f"{settings.PUBLIC_URL}{reverse('requests:page', args=[page_token(item)])}"


def item_of(token: str, *, max_age: int | None = MAX_AGE_SECONDS) -> WorkItem | None:
    """Return the item of a token; None when it is not ours, of another address by now, or older than that (seconds)."""
    try:
        item_id, email = signing.loads(token, salt=SALT, max_age=max_age)
    except signing.BadSignature:
        return None
    return WorkItem.objects.select_related("work_type").filter(pk=item_id, requester_email=email).first()
