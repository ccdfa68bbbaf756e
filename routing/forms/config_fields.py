"""Form fields of a destination's configuration: templates, addresses, JSON, and lines of names and values."""

import json
import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from routing.domain import templates
from routing.domain.catalogue import ITEM_FACTS, ROUTER_FACTS
from routing.domain.templates import TemplateError
from routing.forms.condition_values import CannotRead, read_untyped
from routing.outgoing.jsontext import read_json
from routing.outgoing.schemas import schema_problem

_SPACES = frozenset({"item", "input", "router", "source", "steps", "reviews", "with", "now"})
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_SET_BY_DESK = frozenset({"host", "content-length", "transfer-encoding", "connection", "idempotency-key"})
_OUTPUT_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_URL = re.compile(r"https?://([^/?#]+)([/?#].*)?", re.IGNORECASE | re.DOTALL)


def check_placeholders(template: object) -> None:
    """Raise ValidationError when a template cannot be read or names something that is no fact."""
    try:
        named = templates.names(template)
    except TemplateError as error:
        raise ValidationError(f"{str(error)[:1].upper()}{str(error)[1:]}.") from error
    for name in sorted(named):
        space = name.partition(".")[0]
        wrong = space not in _SPACES or (space == "item" and name not in ITEM_FACTS)
        if wrong or (space == "router" and name not in ROUTER_FACTS):
            raise ValidationError(
                f"There is no fact “{name}”. Names start with item, input, source, steps or with, as in item.text."
            )


class TemplateField(forms.CharField):
    """A text with placeholders."""

    def __init__(self, *, rows: int = 3, **options: Any) -> None:
        widget = forms.Textarea(attrs={"rows": rows}) if rows > 1 else forms.TextInput()
        super().__init__(widget=widget, **options)

    def validate(self, value: str) -> None:
        """Check the placeholders."""
        super().validate(value)
        check_placeholders(value)


class AddressField(forms.CharField):
    """A web address with placeholders, of http or https."""

    def validate(self, value: str) -> None:
        """Check the scheme, the host and the placeholders."""
        super().validate(value)
        check_placeholders(value)
        if re.fullmatch(r"\{\{[^{}]*\}\}", value):
            return
        match = _URL.fullmatch(value)
        if match is None:
            raise ValidationError(
                "The address starts with https:// or http://, such as https://crm.example.com/orders."
            )
        if "{{" in match[1]:
            raise ValidationError(
                "The host cannot hold a placeholder: write it out, or take the whole address from a fact."
            )
        if "@" in match[1]:
            raise ValidationError(
                "The address cannot hold a user name or password: enter them as the credential below."
            )


class JsonTextField(forms.CharField):
    """JSON as typed; its clean value is the parsed data, or None when it is empty."""

    def __init__(self, *, rows: int = 8, **options: Any) -> None:
        attrs = {"rows": rows, "class": "mono", "spellcheck": "false"}
        super().__init__(widget=forms.Textarea(attrs=attrs), required=False, **options)

    def clean(self, value: Any) -> Any:
        """Return the parsed JSON."""
        text = super().clean(value)
        if not text:
            return None
        try:
            return read_json(text)
        except json.JSONDecodeError as error:
            hint = " Placeholders stand inside quotes: “{{ input.amount }}”." if "{{" in text else ""
            raise ValidationError(f"This is no JSON: {error.msg}, line {error.lineno}.{hint}") from error
        except ValueError as error:
            raise ValidationError(f"This JSON cannot be used: {error}.") from error

    def prepare_value(self, value: Any) -> Any:
        """Return stored data as text; what was typed stays as it is."""
        return json.dumps(value, indent=2, ensure_ascii=False) if isinstance(value, dict | list) else value


class JsonTemplateField(JsonTextField):
    """JSON whose texts hold placeholders."""

    def clean(self, value: Any) -> Any:
        """Return the parsed JSON after a look at its placeholders."""
        data = super().clean(value)
        if data is not None:
            check_placeholders(data)
        return data


class SchemaField(JsonTextField):
    """The JSON schema of a model's answer."""

    def clean(self, value: Any) -> Any:
        """Return the schema when it can be used."""
        schema = super().clean(value)
        if schema is None:
            return None
        problem = schema_problem(schema) if isinstance(schema, dict) else "it is no object"
        if problem:
            raise ValidationError(f"This schema cannot be used: {problem}.")
        return schema


class LinesField(forms.CharField):
    """Lines of a name and a value, parted by ``separator``; its clean value is a dict."""

    separator, example = "=", "name = value"

    def __init__(self, **options: Any) -> None:
        attrs = {"rows": 3, "class": "mono", "spellcheck": "false"}
        super().__init__(widget=forms.Textarea(attrs=attrs), required=False, **options)

    def clean(self, value: Any) -> Any:
        """Return the pairs in order."""
        pairs: dict[str, str] = {}
        for number, line in enumerate(super().clean(value).splitlines(), start=1):
            if not line.strip():
                continue
            name, mark, rest = (part.strip() for part in line.partition(self.separator))
            if not (name and mark and rest):
                raise ValidationError(f"Line {number} is not of the form “{self.example}”.")
            if name in pairs:
                raise ValidationError(f"Line {number}: “{name}” is there twice.")
            self.check_pair(name, rest)
            pairs[name] = rest
        return pairs

    def check_pair(self, name: str, value: str) -> None:
        """Raise ValidationError for a pair that cannot be used."""

    def prepare_value(self, value: Any) -> Any:
        """Return stored pairs as lines; what was typed stays as it is."""
        if not isinstance(value, dict):
            return value
        mark = f" {self.separator} " if self.separator == "=" else f"{self.separator} "
        return "\n".join(f"{name}{mark}{rest}" for name, rest in value.items())


class HeadersField(LinesField):
    """Headers of a request, as ``Name: value``."""

    separator, example = ":", "Accept: application/json"

    def check_pair(self, name: str, value: str) -> None:
        """Check that the name is one and the value's placeholders are facts."""
        if not _HEADER_NAME.fullmatch(name):
            raise ValidationError(f"“{name}” is no name of a header.")
        if name.lower() in _SET_BY_DESK:
            raise ValidationError(f"The header {name} is set by the desk itself.")
        if name.lower() in {"authorization", "proxy-authorization", "cookie"}:
            raise ValidationError(f"{name} is a secret: enter it as the credential below, where nobody can read it.")
        check_placeholders(value)


class MappingField(LinesField):
    """Fields that an answer gives, as ``name = path``."""

    separator, example = "=", "total = rows.0.total"

    def check_pair(self, name: str, value: str) -> None:  # noqa: ARG002 - any text is a path
        """Check that rules can name the field."""
        if not _OUTPUT_NAME.fullmatch(name):
            raise ValidationError(f"“{name}” is no name for a field: use letters, digits and _.")


def header_name(value: str) -> None:
    """Raise ValidationError unless this is the name of a header."""
    if not _HEADER_NAME.fullmatch(value):
        raise ValidationError("This is no name of a header, such as Authorization.")


class FactsField(LinesField):
    """Facts to try something with, as ``input.order_number = K-1``; numbers and amounts are taken as such."""

    separator, example = "=", "input.order_number = K-10234"

    def check_pair(self, name: str, value: str) -> None:
        """Check that it is the name of a fact, and that a number or amount can be read."""
        check_placeholders(f"{{{{ {name} }}}}")
        try:
            read_untyped(value)
        except CannotRead as error:
            raise ValidationError(f"{name}: {error}") from error
