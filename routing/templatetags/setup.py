"""Template filters of the set-up pages."""

from django import template

from routing.domain.sentences import duration

register = template.Library()


@register.filter
def length_of_time(minutes: int) -> str:
    """Return minutes in words: 2 days, 90 minutes."""
    return duration(minutes)
