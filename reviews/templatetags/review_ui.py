"""Template filters of the workbench: untrusted text with its hidden characters shown, and markdown made safe."""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal, InvalidOperation

import nh3
from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

from reviews.domain import durations
from reviews.domain.hidden import hidden_names, name_of, pieces, spelled_out
from reviews.queries.quality import Right

register = template.Library()

_TAGS = {
    "blockquote", "br", "code", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p", "pre", "s", "strong",
    "table", "tbody", "td", "th", "thead", "tr", "ul",
}  # fmt: skip


@register.filter
def visible(text: object) -> SafeString:
    """Return a text exactly as it is, escaped, with each hidden character drawn as its name."""
    return format_html_join("", "{}", ((_drawn(part, hidden),) for part, hidden in pieces(str(text))))


def _drawn(part: str, hidden: bool) -> str | SafeString:  # noqa: FBT001 - one half of a pair
    if not hidden:
        return part
    return format_html('<span class="hidden-char" title="{}">{}</span>', name_of(part), f"U+{ord(part):04X}")


@register.simple_tag
def interval_bar(part: Right) -> SafeString:
    """Draw a share as a dot on a line from 0 to 100 %, with its interval as a thicker part of it."""
    return format_html(
        '<svg class="interval" viewBox="0 0 100 12" width="100" height="12" aria-hidden="true" focusable="false">'
        '<path class="interval-whole" d="M0 6h100"/><path class="interval-part" d="M{} 6H{}"/>'
        '<circle cx="{}" cy="6" r="4"/></svg>',
        *(f"{share:.1f}" for share in (part.low, part.high, min(96, max(4, part.percent)))),
    )


@register.filter
def hidden_characters(text: object) -> list[str]:
    """Return the names of the hidden characters in a text."""
    return hidden_names(str(text))


class _Plain(RendererHTML):
    """Renders markdown without links: what a link says is followed by where it leads, as text."""

    def link_open(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:  # noqa: ARG002
        env.setdefault("links", []).append(str(tokens[idx].attrGet("href") or ""))
        return ""

    def link_close(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:  # noqa: ARG002
        return f" <code>{nh3.clean_text(env['links'].pop())}</code>"


_MARKDOWN = MarkdownIt("commonmark", {"html": False, "maxNesting": 20}, renderer_cls=_Plain)
_MARKDOWN.enable(["table", "strikethrough"]).disable(["image"])


@register.filter
def markdown(text: object) -> SafeString:
    """Draw markdown as it reads: no HTML of its own, no images, and links as text with their address."""
    drawn = _MARKDOWN.render(spelled_out(str(text)), {})
    return mark_safe(nh3.clean(drawn, tags=_TAGS, attributes={}))  # noqa: S308 - cleaned just now


@register.filter
def has_markdown(text: object) -> bool:
    """Return whether reading a text as markdown shows it otherwise than as plain paragraphs."""
    found = _MARKDOWN.parse(str(text), {})
    inline = [child for token in found for child in token.children or []]
    plain = {"paragraph_open", "paragraph_close", "inline", "text", "softbreak"}
    return any(token.type not in plain for token in [*found, *inline])


@register.filter
def percent(share: object) -> str:
    """Return a share from 0 to 1, given as text, in whole percent; empty when it is none."""
    try:
        return f"{Decimal(str(share)):.0%}"
    except InvalidOperation:
        return ""


@register.filter
def lasting(time: timedelta | None) -> str:
    """Return a duration in words: 3 min 20 s; a dash when it was not measured."""
    return durations.lasting(time)
