"""Template tags for the smallest parts of the interface: icons, times, initials, priorities, states, due rings."""

from datetime import UTC, datetime
from functools import lru_cache

from django import template
from django.utils import timezone as clock
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

register = template.Library()
# A card is drawn while a commit is on its way to its viewers; most of its parts were drawn before. Typed, or what was
# drawn for a string that is marked as safe would be shown for an equal one that is not.
_kept = lru_cache(maxsize=4096, typed=True)

OWNER_ICONS = {
    "desk": "desk",
    "step": "agent",
    "agent": "agent",
    "tool": "tool",
    "source": "source",
    "queue": "queue",
    "requester": "requester",
    "clock": "clock",
    "nobody": "none",
}
TRIGGER_ICONS = {
    "email": "mail",
    "mail": "mail",
    "form": "form",
    "web": "form",
    "api": "api",
    "token": "api",
    "file": "file",
    "schedule": "clock",
    "person": "person",
}
PRIORITY_NAMES = ("low", "normal", "high", "urgent")


@register.simple_tag
@_kept
def icon(name: str, extra: str = "") -> SafeString:
    """Draw an icon of the page's sprite (``_frame/icons.html``); it is decoration, so say the same in words nearby."""
    return format_html(
        '<svg class="i{}" aria-hidden="true"><use href="#i-{}"/></svg>', f" {extra}" if extra else "", name
    )


@register.filter
def owner_icon(kind: str) -> str:
    """Return the icon's name for a kind of next owner."""
    return OWNER_ICONS.get(kind, "person")


@register.filter
def trigger_icon(kind: str) -> str:
    """Return the icon's name for a kind of trigger."""
    return TRIGGER_ICONS.get(kind, "arrive")


@register.simple_tag
@_kept
def ago(when: datetime | None, form: str = "long") -> SafeString:
    """Show a time that the browser turns into "3 hours ago" (form "long"), "3 h" ("short") or "for 3 hours" ("since").

    Without JavaScript the exact time is shown, in the desk's time zone. None shows nothing.
    """
    if when is None:
        return mark_safe("")
    text = f"since {_minute(when)}" if form == "since" else _minute(when)
    return format_html('<time datetime="{}" data-ago="{}">{}</time>', _iso(when), form, text)


@register.simple_tag
def exact(when: datetime | None) -> SafeString:
    """Show a time to the second, as it stays on paper. None shows nothing."""
    if when is None:
        return mark_safe("")
    return format_html('<time datetime="{}">{}</time>', _iso(when), f"{clock.localtime(when):%-d %b %Y, %H:%M:%S}")


@register.filter
def initials(name: str) -> str:
    """Return one or two capitals for a name: "Ana Maria Ruiz" gives "AR"."""
    words = [word for word in name.split() if word[:1].isalnum()]
    if not words:
        return "?"
    return (words[0][0] + (words[-1][0] if len(words) > 1 else "")).upper()


@register.simple_tag
@_kept
def avatar(name: str, kind: str = "person") -> SafeString:
    """Draw who owns something: initials for a person, an icon for everything else. Say the name beside it."""
    if kind == "person":
        return format_html('<span class="avatar" aria-hidden="true">{}</span>', initials(name))
    return format_html(
        '<span class="avatar avatar-{}" aria-hidden="true"><svg class="i"><use href="#i-{}"/></svg></span>',
        kind,
        owner_icon(kind),
    )


@register.simple_tag
@_kept
def state_mark(state: str, label: str) -> SafeString:
    """Draw a state as its sign alone; screen readers and the tooltip say the label."""
    return format_html(
        '<span class="state state-{}" title="{}">{}<span class="sr">{}</span></span>',
        state,
        label,
        icon(f"state-{state}"),
        label,
    )


@register.simple_tag
def state_chip(state: str, label: str) -> SafeString:
    """Draw a state as a sign and its label."""
    return format_html('<span class="chip state state-{}">{}{}</span>', state, icon(f"state-{state}"), label)


@register.simple_tag
@_kept
def priority_mark(priority: int, label: str, form: str = "mark") -> SafeString:
    """Draw a priority (0 low to 3 urgent) as bars that differ in number, not only in colour.

    Normal draws nothing unless ``form`` is "words", which shows the label too.
    """
    if priority == 1 and form != "words":
        return mark_safe("")
    return format_html(
        '<span class="priority priority-{}" title="{} priority">{}<span{}>{}</span></span>',
        PRIORITY_NAMES[priority],
        label,
        icon(f"priority-{PRIORITY_NAMES[priority]}"),
        "" if form == "words" else mark_safe(' class="sr"'),
        label,
    )


@register.simple_tag
def due_ring(due_at: datetime | None, created_at: datetime | None = None) -> SafeString:
    """Show a due time; the browser draws the share of the time since ``created_at`` that has gone by as a ring.

    None draws nothing: work that is finished or has no due time has no ring.
    """
    if due_at is None:
        return mark_safe("")
    return format_html(
        '<span class="due" data-due="{}" data-from="{}">due {}</span>',
        epoch(due_at),
        epoch(created_at or clock.now()),
        _minute(due_at),
    )


@register.filter
def epoch(when: datetime | None) -> str:
    """Return whole seconds since 1970 for sorting in the browser; empty for None."""
    return "" if when is None else str(int(when.timestamp()))


def _iso(when: datetime) -> str:
    return f"{when.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _minute(when: datetime) -> str:
    return f"{clock.localtime(when):%-d %b, %H:%M}"
