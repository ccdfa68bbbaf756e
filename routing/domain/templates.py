"""Placeholders: ``{{ fact.name }}`` in texts and JSON, filled with facts; no attributes, no code.

A name with a question mark, ``{{ fact.name? }}``, may be without a value and is then empty. Values are inserted as they
are: braces inside a value are text, never placeholders.
"""

import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from routing.domain.facts import Facts, Money, Status, Value, lookup

_PLACEHOLDER = re.compile(r"\{\{([^{}]{0,200})\}\}")
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,63}(?:\.[A-Za-z0-9_-]{1,64}){0,6}")
_EXACT_DIGITS = 15  # what a JSON number, read as a float by most programs, holds exactly


class TemplateError(ValueError):
    """A template cannot be read or filled; ``fact`` names the fact that is wanting, if that is why."""

    def __init__(self, message: str, fact: str = "") -> None:
        super().__init__(message)
        self.fact = fact


def _parse(template: str) -> list[tuple[str, str, bool]]:
    """Split into (text before, fact name, optional); the last name is empty."""
    pieces: list[tuple[str, str, bool]] = []
    position = 0
    for match in _PLACEHOLDER.finditer(template):
        inner = match.group(1).strip()
        name = inner.removesuffix("?").rstrip()
        if not _NAME.fullmatch(name):
            raise TemplateError(f"“{match.group(0)}” is no placeholder: write {{{{ fact.name }}}}")
        pieces.append((template[position : match.start()], name, inner.endswith("?")))
        position = match.end()
    rest = template[position:]
    pieces.append((rest, "", False))
    if any("{{" in text or "}}" in text for text, _, _ in pieces):
        raise TemplateError("a placeholder is not closed: write {{ fact.name }}")
    return pieces


def _strings(template: object) -> Iterator[str]:
    match template:
        case str():
            yield template
        case list() | tuple():
            for part in template:
                yield from _strings(part)
        case dict():
            for part in template.values():
                yield from _strings(part)


def names(template: object) -> frozenset[str]:
    """Return every fact that a text, or JSON holding texts, may insert; raises TemplateError."""
    return frozenset(name for text in _strings(template) for _, name, _ in _parse(text) if name)


def required_names(template: object) -> frozenset[str]:
    """Return the facts without which it cannot be filled (not those marked ``?``); raises TemplateError."""
    return frozenset(name for text in _strings(template) for _, name, optional in _parse(text) if name and not optional)


def as_text(value: Value) -> str:
    """Return a value as people write it: ``49.90 EUR``, ``2026-03-01``, ``yes``; several are joined by commas."""
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case Decimal():
            return f"{value:f}"
        case Money():
            return f"{value.amount:f} {value.currency}"
        case date():
            return value.isoformat()
        case tuple():
            return ", ".join(value)
        case _:
            return str(value)


def as_json(value: Value) -> object:
    """Return a value as a JSON type: numbers stay numbers while they are exact, money is {amount, currency}."""
    match value:
        case Decimal():
            return _number(value)
        case Money():
            return {"amount": _number(value.amount), "currency": value.currency}
        case date():
            return value.isoformat()
        case tuple():
            return list(value)
        case _:
            return value


def _number(value: Decimal) -> int | float | str:
    if len(value.as_tuple().digits) > _EXACT_DIGITS:
        return f"{value:f}"
    return int(value) if value == value.to_integral_value() else float(value)


def _value(name: str, facts: Facts, *, optional: bool) -> Value:
    fact = lookup(facts, name)
    if fact.status is Status.KNOWN and fact.value is not None:
        return fact.value
    if optional:
        return None
    raise TemplateError(f"{name} has no value", name)


def render_text(template: str, facts: Facts) -> str:
    """Fill a text; raises TemplateError naming the fact that has no value."""
    parts: list[str] = []
    for before, name, optional in _parse(template):
        parts.append(before)
        if name:
            parts.append(as_text(_value(name, facts, optional=optional)))
    return "".join(parts)


def render_json(template: object, facts: Facts) -> object:
    """Fill the strings of a JSON value (its keys stay); one that is just a placeholder becomes the typed value.

    Such an optional placeholder without a value becomes None. Raises TemplateError naming the fact.
    """
    match template:
        case str():
            pieces = _parse(template)
            if len(pieces) == 2 and not pieces[0][0] and not pieces[1][0]:
                return as_json(_value(pieces[0][1], facts, optional=pieces[0][2]))
            return render_text(template, facts)
        case dict():
            return {key: render_json(part, facts) for key, part in template.items()}
        case list() | tuple():
            return [render_json(part, facts) for part in template]
        case _:
            return template
