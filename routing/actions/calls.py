"""Renders the exact request of a tool or source from an item's facts, and binds it to a digest."""

import re
from collections.abc import Mapping, Sequence
from urllib.parse import quote

from routing.domain import templates
from routing.domain.digests import canonical, digest
from routing.domain.facts import Fact, Facts, Status, known, lookup
from routing.domain.templates import TemplateError
from routing.queries.desk import Place

Call = dict[str, object]

_DOTS = re.compile(r"/(?:\.|%2e){1,2}(?=/|$)", re.IGNORECASE)
_SENT_PARTS = ("url", "headers", "body", "to", "subject", "text")


def with_params(facts: Facts, params: Sequence[tuple[str, str]]) -> dict[str, Fact]:
    """Return the facts with the rule's own texts added as ``with.<name>``.

    Raises TemplateError when a text names a fact that is not known.
    """
    return {**facts, **{f"with.{name}": known(templates.render_text(text, facts)) for name, text in params}}


def _quoted(template: str, facts: Facts) -> dict[str, Fact]:
    values = {name: lookup(facts, name) for name in templates.names(template)}
    return {
        name: known(quote(templates.as_text(fact.value), safe=""), fact.seq) if fact.status is Status.KNOWN else fact
        for name, fact in values.items()
    }


def _address(template: str, facts: Facts) -> str:
    """Fill an address: each value is one piece of it, never a way up to another path.

    Dots are the one thing that quoting leaves as it is and that addresses give a meaning to.
    """
    values = _quoted(template, facts)
    url = templates.render_text(template, values)
    if _DOTS.search(re.split("[?#]", url, maxsplit=1)[0]):
        dotted = [name for name, fact in values.items() if fact.value and not str(fact.value).strip(".")]
        name = min(dotted, default="")
        raise TemplateError(f"{name or 'it'} would lead the address to another path", name)
    return url


def render_call(place: Place, facts: Facts) -> Call:
    """Return the request as plain data: what is shown to a reviewer, stored with the step and sent.

    ``body`` is the very text that is sent; secrets are named by ``credential`` and never part of it. Raises
    TemplateError when a fact it names is not known.
    """
    config: Mapping[str, object] = place.config
    call: Call = {"destination": place.row.slug, "name": place.row.name, "via": config.get("via", "http")}
    if call["via"] == "mail":
        for part in ("to", "subject", "text"):
            call[part] = templates.render_text(str(config.get(part, "")), facts)
    else:
        url = str(config["url"])
        headers = config.get("headers") or {}
        body = config.get("body")
        call["method"] = str(config.get("method", "GET")).upper()
        call["url"] = _address(url, facts)
        call["headers"] = {str(k): _one_line(templates.render_text(str(v), facts)) for k, v in dict(headers).items()}  # type: ignore[call-overload]
        call["body"] = canonical(templates.render_json(body, facts)) if body not in (None, "", {}) else ""
        call["credential"] = config.get("credential")
    call["digest"] = digest(call)
    return call | {"version_id": place.version_id}


def _one_line(value: str) -> str:
    return " ".join(value.split())


def model_texts(place: Place, params: Sequence[tuple[str, str]], by_model: set[str]) -> list[str]:
    """Return the facts written by a model that would reach the request, through the template or the rule's texts.

    Texts that the template can do without (``{{ fact? }}``) count as well: they are sent when they are there.
    """
    named = set(templates.names([place.config.get(part) for part in _SENT_PARTS]))
    for _, text in params:
        named |= templates.names(text)
    return sorted(name for name in named if _is_by_model(name, by_model))


def _is_by_model(name: str, by_model: set[str]) -> bool:
    return name in by_model or any(name.startswith(f"{other}.") for other in by_model)
