"""The practice desk's guide, for the board."""

from typing import Any

from django import template

from dispatchdesk.practice.guide import guide

register = template.Library()


@register.inclusion_tag("practice/_guide.html", takes_context=True)
def practice_guide(context: dict[str, Any]) -> dict[str, Any]:
    """Show the guide and the switch of the stream; nothing on a real desk."""
    request = context["request"]
    return {
        "guide": guide(request.actor),
        "switch_role_url": context["desk"].switch_role_url,
        "csrf_token": context.get("csrf_token"),
    }
