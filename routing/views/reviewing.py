"""Where a review is decided; the address belongs to whoever answers for queues."""

from django.urls import NoReverseMatch, reverse


def review_address(review_id: int | None) -> str:
    """Return the address of a review; empty without one, or where nothing shows reviews."""
    if review_id is None:
        return ""
    try:
        return reverse("reviews:review", args=[review_id])
    except NoReverseMatch:
        return ""
