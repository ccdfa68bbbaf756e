"""What a destination does, as forms in the user's words: one form for each kind and way."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile

from routing.domain.rules import BY_RULE
from routing.forms.config_fields import (
    AddressField,
    HeadersField,
    JsonTemplateField,
    MappingField,
    SchemaField,
    TemplateField,
    header_name,
)
from routing.forms.names import NameInRulesField
from routing.forms.tables import Row, TableError, column_name, read_table
from routing.models import Destination, DestinationKind
from routing.outgoing.credentials import origin_of

RESERVED = frozenset({BY_RULE, "router", "new"})


def area(count: int) -> forms.Textarea:
    """Return a text area of this many rows."""
    return forms.Textarea(attrs={"rows": count})


class DestinationForm(forms.Form):
    """What every destination has. ``config`` turns the rest into a configuration; ``secret`` is never shown again."""

    kind: ClassVar[DestinationKind]
    via: ClassVar[str] = ""
    title: ClassVar[str]
    sections: ClassVar[tuple[tuple[str, tuple[str, ...]], ...]] = ()
    secret_fields: ClassVar[tuple[str, ...]] = ()

    name = forms.CharField(label="Name", max_length=100)
    slug = NameInRulesField()
    description = forms.CharField(
        label="What it is for", max_length=300, required=False, help_text="The router reads this when it is a model."
    )

    def __init__(self, *args: Any, existing: Destination | None = None, **options: Any) -> None:
        options.setdefault("label_suffix", "")
        super().__init__(*args, **options)
        self.existing = existing
        if existing is not None:
            del self.fields["slug"]

    def clean_slug(self) -> str:
        """Check that the name is free."""
        slug = str(self.cleaned_data["slug"]).lower()
        if slug in RESERVED:
            raise ValidationError(f"“{slug}” means something else in rules. Choose another name.")
        if Destination.objects.filter(slug=slug).exists():
            raise ValidationError(f"There is a destination “{slug}” already. Choose another name.")
        return slug

    @property
    def drawn_sections(self) -> list[tuple[str, list[forms.BoundField]]]:
        """The fields in their sections, for the page."""
        first = ("", ("name", "slug", "description"))
        return [
            (title, [self[name] for name in names if name in self.fields]) for title, names in (first, *self.sections)
        ]

    def config(self) -> dict[str, object]:
        """Return the configuration that the fields say."""
        skipped = {"name", "slug", "description", *self.secret_fields}
        found = {name: value for name, value in self.cleaned_data.items() if name not in skipped}
        return found | ({"via": self.via} if self.via else {})

    @classmethod
    def initial_of(cls, destination: Destination, config: Mapping[str, object]) -> dict[str, object]:
        """Return what the form shows of a stored destination."""
        return {**config, "name": destination.name, "description": destination.description}

    def rows(self) -> list[Row] | None:
        """Return the uploaded table, if there is one."""
        return None


_CHECKED = ("Checked afterwards", ("check_percent",))


def _check_percent() -> forms.IntegerField:
    return forms.IntegerField(
        label="How much of what it finishes alone, in per cent",
        min_value=0,
        max_value=100,
        required=False,
        help_text="Drawn by chance: what no person looked at goes to people afterwards. "
        f"Empty: the desk's own share, {settings.SPOT_CHECK_PERCENT} %.",
    )


class AgentForm(DestinationForm):
    """An AI agent: a prompt from named facts, and the schema its answer must keep to."""

    kind, title = DestinationKind.AGENT, "AI agent"
    sections = (
        ("What it is told", ("system", "prompt")),
        ("What it answers", ("schema",)),
        ("Model and limits", ("model", "max_tokens", "timeout_seconds")),
        _CHECKED,
    )

    system = forms.CharField(
        label="Instructions", widget=area(5), required=False, help_text="Who it is and how it works."
    )
    prompt = TemplateField(
        label="Prompt", rows=8, help_text="It is told only what stands here. Insert facts as {{ item.text }}."
    )
    schema = SchemaField(
        label="JSON schema of its answer",
        help_text="An answer that does not keep to it goes to a person. Empty: any text, as the field text.",
    )
    model = forms.CharField(label="Model", max_length=100, required=False, help_text="Empty: the desk's own model.")
    max_tokens = forms.IntegerField(label="Longest answer, in tokens", min_value=1, max_value=100_000, initial=800)
    timeout_seconds = forms.IntegerField(label="Longest wait, in seconds", min_value=1, max_value=300, initial=60)
    check_percent = _check_percent()


class HttpForm(DestinationForm):
    """What calls over HTTP share: the request, the credential, and what the answer gives."""

    via = "http"
    secret_fields = ("credential_header", "credential_secret", "credential_forget")

    method = forms.ChoiceField(label="Method", choices=[(m, m) for m in ("GET", "POST", "PUT", "PATCH", "DELETE")])
    url = AddressField(
        label="Address",
        max_length=2000,
        help_text="Facts are inserted safely: https://crm.example.com/orders/{{ input.order_number }}",
    )
    headers = HeadersField(label="Headers", help_text="One a line, such as Accept: application/json.")
    body = JsonTemplateField(
        label="Body, as JSON", help_text='Such as {"order": "{{ input.order_number }}"}. Empty: no body.'
    )
    fields_given = MappingField(
        label="Fields of the answer",
        help_text="One a line, name = path in the JSON answer, such as total = rows.0.total. Empty: all of them.",
    )
    timeout_seconds = forms.IntegerField(label="Longest wait, in seconds", min_value=1, max_value=300, initial=30)
    credential_header = forms.CharField(label="Header", max_length=100, required=False, initial="Authorization")
    credential_secret = forms.CharField(
        label="Secret",
        max_length=4000,
        required=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text="The header's whole value, such as Bearer abc123. It is kept encrypted, sent to this address's host "
        "only, and never shown again. Empty: leave it as it is.",
    )
    credential_forget = forms.BooleanField(label="Forget the stored secret", required=False)

    def __init__(
        self, *args: Any, existing: Destination | None = None, has_secret: bool = False, **options: Any
    ) -> None:
        super().__init__(*args, existing=existing, **options)
        if not has_secret:
            del self.fields["credential_forget"]

    def clean_credential_secret(self) -> str:
        """Check that a header can carry it."""
        secret = str(self.cleaned_data["credential_secret"])
        if not secret.isascii() or not secret.isprintable():
            raise ValidationError("A header cannot carry this: use plain letters, digits and signs on one line.")
        return secret

    def clean(self) -> dict[str, Any]:
        """Check what concerns several fields."""
        found = super().clean() or self.cleaned_data
        if found.get("credential_secret"):
            header_name(found.get("credential_header") or "")
            if "{{" in origin_of(str(found.get("url", ""))):
                self.add_error("credential_secret", "A secret needs an address whose host is written out.")
        if found.get("method") == "GET" and found.get("body") is not None:
            self.add_error("body", "A GET request has no body. Choose POST, or leave it empty.")
        return found

    def config(self) -> dict[str, object]:
        """Return the configuration, with the mapping under its own name."""
        found = super().config()
        return found | {"fields": found.pop("fields_given")}

    @classmethod
    def initial_of(cls, destination: Destination, config: Mapping[str, object]) -> dict[str, object]:
        """Return what the form shows, with the mapping under the field's name."""
        return super().initial_of(destination, config) | {"fields_given": config.get("fields")}


_REQUEST = ("The request", ("method", "url", "headers", "body"))
_SECRET = ("Credential", ("credential_header", "credential_secret", "credential_forget"))
_RULE_MAY = ("rule_may_approve", "rule_may_approve_model_text", "high_risk")


def _may_approve() -> forms.BooleanField:
    return forms.BooleanField(label="A rule may approve it without a person", required=False)


def _high_risk() -> forms.BooleanField:
    return forms.BooleanField(label="High risk: each request is approved alone, never several at once", required=False)


def _may_approve_model_text() -> forms.BooleanField:
    return forms.BooleanField(label="…also when the request holds words that a model wrote", required=False)


class HttpToolForm(HttpForm):
    """A tool that is called over HTTP."""

    kind, title = DestinationKind.TOOL, "Tool, called over HTTP"
    sections = (
        ("What it does", ("effect", *_RULE_MAY)),
        _REQUEST,
        _SECRET,
        ("The answer", ("success_path", "success_equals", "fields_given", "timeout_seconds")),
        _CHECKED,
    )

    effect = forms.ChoiceField(
        label="It",
        choices=[("read", "Only reads"), ("write", "Changes something")],
        widget=forms.RadioSelect,
        initial="write",
        help_text="What changes something is approved before it is sent, and never repeated on its own when unsure.",
    )
    rule_may_approve = _may_approve()
    rule_may_approve_model_text = _may_approve_model_text()
    high_risk = _high_risk()
    success_path = forms.CharField(
        label="It worked when this field of the answer",
        max_length=200,
        required=False,
        help_text="A path, such as status.",
    )
    success_equals = forms.CharField(label="…says", max_length=200, required=False, help_text="Such as ok.")
    check_percent = _check_percent()

    def clean(self) -> dict[str, Any]:
        """Check what concerns several fields."""
        found = super().clean()
        if bool(found.get("success_path")) != bool(found.get("success_equals")):
            name = "success_equals" if found.get("success_path") else "success_path"
            self.add_error(name, "Give both: the field, and what it says when it worked.")
        return found

    def config(self) -> dict[str, object]:
        """Return the configuration, with the success check in its shape."""
        found = super().config()
        path, equals = found.pop("success_path"), found.pop("success_equals")
        return found | ({"success": {"path": path, "equals": equals}} if path else {})

    @classmethod
    def initial_of(cls, destination: Destination, config: Mapping[str, object]) -> dict[str, object]:
        """Return what the form shows, with the success check in its two fields."""
        check = config.get("success")
        check = check if isinstance(check, dict) else {}
        checked = {"success_path": check.get("path", ""), "success_equals": check.get("equals", "")}
        return super().initial_of(destination, config) | checked


class MailToolForm(DestinationForm):
    """A tool that sends a mail."""

    kind, via, title = DestinationKind.TOOL, "mail", "Tool that sends a mail"
    sections = (("The mail", ("to", "subject", "text")), ("Approval", _RULE_MAY), _CHECKED)

    to = TemplateField(label="To", rows=1, initial="{{ item.requester_email }}", max_length=500)
    subject = TemplateField(label="Subject", rows=1, initial="Re: {{ item.title }}", max_length=500)
    text = TemplateField(
        label="Text", rows=8, help_text="{{ with.text }} takes the text from the rule that sends here."
    )
    rule_may_approve = _may_approve()
    rule_may_approve_model_text = _may_approve_model_text()
    high_risk = _high_risk()
    check_percent = _check_percent()

    def config(self) -> dict[str, object]:
        """Return the configuration; a mail always changes something."""
        return super().config() | {"effect": "write"}


class HttpSourceForm(HttpForm):
    """A data source that is asked over HTTP."""

    kind, title = DestinationKind.SOURCE, "Data source, asked over HTTP"
    sections = (_REQUEST, _SECRET, ("The answer", ("fields_given", "max_age_minutes", "timeout_seconds")))

    max_age_minutes = forms.IntegerField(
        label="Answers are good for, in minutes",
        min_value=1,
        max_value=5_256_000,
        required=False,
        help_text="Older ones are fetched anew. Empty: for ever.",
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        method = self.fields["method"]
        if isinstance(method, forms.ChoiceField):
            method.choices = [("GET", "GET"), ("POST", "POST")]


class TableSourceForm(DestinationForm):
    """A data source that is an uploaded table."""

    kind, via, title = DestinationKind.SOURCE, "table", "Data source that is a table"
    sections = (("The table", ("table", "key_column", "key")),)
    secret_fields = ("table",)

    table = forms.FileField(label="CSV file", help_text="With a line of headings, in UTF-8, 5 MB at most.")
    key_column = forms.CharField(label="Column that rows are found by", max_length=60, help_text="Such as email.")
    key = TemplateField(
        label="…with this value", rows=1, max_length=300, help_text="Such as {{ item.requester_email }}."
    )

    def __init__(self, *args: Any, existing: Destination | None = None, **options: Any) -> None:
        super().__init__(*args, existing=existing, **options)
        if existing is not None:
            self.fields["table"].required = False
            self.fields["table"].help_text = "Leave empty to keep the present table."

    def clean_key_column(self) -> str:
        """Bring the name to the form that rules use."""
        return column_name(str(self.cleaned_data["key_column"]))

    def clean(self) -> dict[str, Any]:
        """Read the file, and check that the key column is there."""
        found = super().clean() or self.cleaned_data
        upload, column = found.get("table"), found.get("key_column")
        if isinstance(upload, UploadedFile) and column:
            try:
                table = read_table(upload.read(), texts={column})
            except TableError as error:
                self.add_error("table", str(error))
                return found
            found["table"] = table
            columns = list(dict.fromkeys(name for row in table for name in row))
            if column not in columns:
                self.add_error("key_column", f"The file has no such column. It has: {', '.join(columns)}.")
        return found

    def rows(self) -> list[Row] | None:
        """Return the uploaded rows, or None when the present ones stay."""
        return self.cleaned_data["table"] or None


class TextSourceForm(DestinationForm):
    """A data source that is a text, such as brand rules."""

    kind, via, title = DestinationKind.SOURCE, "text", "Data source that is a text"
    sections = (("The text", ("text",)),)

    text = forms.CharField(label="Text", widget=area(12), max_length=100_000)


FORMS: dict[str, type[DestinationForm]] = {
    "agent": AgentForm,
    "tool-http": HttpToolForm,
    "tool-mail": MailToolForm,
    "source-http": HttpSourceForm,
    "source-table": TableSourceForm,
    "source-text": TextSourceForm,
}


def form_class(kind: str, config: Mapping[str, object]) -> type[DestinationForm]:
    """Return the form for a stored destination."""
    return FORMS["agent" if kind == DestinationKind.AGENT else f"{kind}-{config.get('via') or 'http'}"]
