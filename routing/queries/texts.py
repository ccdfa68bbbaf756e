"""The texts that a destination takes from the rule that sends to it."""

from routing.domain import templates
from routing.domain.templates import TemplateError
from routing.queries.desk import Place

_TEMPLATES = ("url", "headers", "body", "prompt", "key", "to", "subject", "text")


def texts_wanted(place: Place) -> list[str]:
    """Return the names that its templates read as ``with.<name>``, in order of the alphabet."""
    named: set[str] = set()
    for key in _TEMPLATES:
        try:
            named |= templates.names(place.config.get(key))
        except TemplateError:
            continue
    return sorted(name.removeprefix("with.") for name in named if name.startswith("with."))
