"""Work types and their inputs as forms."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from django import forms
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.http import QueryDict

from routing.actions.work_types import RESERVED_SLUGS, TypeDetails
from routing.domain import rulefile
from routing.domain.catalogue import Catalogue
from routing.domain.conditions import tests
from routing.domain.rules import Condition
from routing.forms.condition_rows import Rows, TooDeep, condition_of, posted_rows, prepare, rows_of
from routing.forms.lengths import MinutesField
from routing.forms.names import NameInRulesField
from routing.models import InputField, WorkType
from routing.models.work import INPUT_KINDS
from routing.queries.desk import Desk
from routing.queries.fact_names import FactGroup, fact_groups

YEAR = 525_600


class TypeForm(forms.Form):
    """A work type."""

    name = forms.CharField(label="Name", max_length=100)
    slug = NameInRulesField()
    description = forms.CharField(
        label="What it is",
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="The router reads this when it is a model; requesters read it on the public form.",
    )
    service_level_minutes = MinutesField(
        label="Done within", most=YEAR, initial=1440, help_text="Such as 4 hours or 2 days. Sets when a request is due."
    )
    question_due_minutes = MinutesField(
        label="Requesters answer within",
        most=YEAR,
        initial=4320,
        help_text="Half-way they are reminded; then people look.",
    )
    move_limit = forms.IntegerField(
        label="Most moves without a person",
        min_value=1,
        max_value=1000,
        initial=30,
        help_text="Then people look, so that nothing goes round for ever.",
    )
    public_form = forms.BooleanField(label="Anybody may send requests of this type by a public form", required=False)
    active = forms.BooleanField(label="New requests may have this type", required=False, initial=True)
    groups = forms.ModelMultipleChoiceField(
        label="Who may see its requests",
        queryset=Group.objects.order_by("name"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="None chosen: everybody. Admins always see all.",
    )

    def __init__(self, *args: Any, existing: WorkType | None = None, **options: Any) -> None:
        options.setdefault("label_suffix", "")
        super().__init__(*args, **options)
        if existing is not None:
            del self.fields["slug"]
        if not Group.objects.exists():
            del self.fields["groups"]

    def clean_slug(self) -> str:
        """Check that the name is free."""
        slug = str(self.cleaned_data["slug"]).lower()
        if slug in RESERVED_SLUGS or WorkType.objects.filter(slug=slug).exists():
            raise ValidationError(f"“{slug}” is taken. Choose another name.")
        return slug

    def details(self) -> TypeDetails:
        """Return what the form says."""
        data = {name: value for name, value in self.cleaned_data.items() if name not in {"slug", "groups"}}
        return TypeDetails(**data, group_ids=tuple(group.pk for group in self.cleaned_data.get("groups", ())))


def initial_of(details: TypeDetails) -> dict[str, object]:
    """Return what the form shows of a stored type."""
    return asdict(details) | {"groups": list(details.group_ids)}


class InputForm(forms.Form):
    """One input, without the condition on which it applies; that is rows beside it."""

    label = forms.CharField(label="What people call it", max_length=100, help_text="Such as Order number.")
    name = forms.RegexField(
        r"^[a-z][a-z0-9_]*$",
        label="Name in rules",
        max_length=50,
        help_text="Such as order_number. It cannot be changed later.",
        error_messages={"invalid": "Use small letters, digits and _, and start with a letter."},
    )
    kind = forms.ChoiceField(label="Kind", choices=INPUT_KINDS)
    required = forms.BooleanField(label="Required before the work goes to a destination", required=False)
    hint = forms.CharField(label="Hint for the requester", max_length=300, required=False)
    choices = forms.CharField(
        label="Choices", required=False, widget=forms.Textarea(attrs={"rows": 4}), help_text="One a line."
    )
    currency = forms.RegexField(
        r"^[A-Za-z]{3}$", label="Currency", required=False, help_text="Such as EUR. Empty: any, said with the amount."
    )
    pattern = forms.CharField(
        label="How to find it in the text",
        max_length=500,
        required=False,
        help_text=r"A regular expression (RE2), such as \b(K-\d+)\b. Empty: by its kind, where that is possible.",
    )
    source_fact = forms.ChoiceField(label="A data source gives it", required=False)
    ask_requester = forms.BooleanField(
        label="The requester is asked when nobody else knows it", required=False, initial=True
    )

    def __init__(
        self, *args: Any, sources: list[tuple[str, str]], existing: InputField | None = None, **options: Any
    ) -> None:
        options.setdefault("label_suffix", "")
        super().__init__(*args, **options)
        field = self.fields["source_fact"]
        if isinstance(field, forms.ChoiceField):
            field.choices = [("", "No data source"), *sources]
        if existing is not None:
            del self.fields["name"]

    def shown(self, kind: str) -> list[forms.BoundField]:
        """Return the fields that an input of this kind has."""
        hidden = {"choices"} if kind != "choice" else set()
        hidden |= {"currency"} if kind != "money" else set()
        hidden |= {"pattern"} if kind == "file" else set()
        return [field for field in self if field.name not in hidden]

    def clean_choices(self) -> list[str]:
        """Return the choices, each once."""
        lines = [" ".join(line.split())[:100] for line in str(self.cleaned_data["choices"]).splitlines()]
        return list(dict.fromkeys(line for line in lines if line))[:200]

    def clean_currency(self) -> str:
        """Write the currency in capitals."""
        return str(self.cleaned_data["currency"]).upper()

    def values(self) -> dict[str, object]:
        """Return the model's fields; those that its kind does not have are empty."""
        data = {name: value for name, value in self.cleaned_data.items() if name != "name"}
        if data["kind"] != "choice":
            data["choices"] = []
        if data["kind"] != "money":
            data["currency"] = ""
        return data


def input_initial(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the form shows of a stored input, of whose fields these are the values."""
    return {**values, "choices": "\n".join(values["choices"])}


def source_choices(desk: Desk, type_id: int, stored: str = "") -> list[tuple[str, str]]:
    """Return the source facts that may give an input; one that is gone stays to be seen."""
    names = [(fact.name, fact.label) for group in fact_groups(desk, type_id) for fact in group.facts]
    found = [(name, label) for name, label in names if name.startswith("source.") and name.count(".") > 1]
    return found if not stored or stored in dict(found) else [*found, (stored, f"{stored} (gone)")]


def stored_rows(row: InputField | None, catalogue: Catalogue) -> list[Rows]:
    """Return the condition on which an input applies as rows; empty when it is too deep for rows."""
    if row is None or not row.applies_when:
        return [Rows()]
    try:
        return rows_of(rulefile.read_condition(row.applies_when), catalogue)
    except TooDeep:
        return []


def posted_condition(data: QueryDict) -> list[Rows]:
    """Read the rows of a submitted form; empty when the stored condition is to stay."""
    return [] if data.get("keeps") == "yes" else posted_rows(data, "g")


def applies_when(groups: list[Rows], catalogue: Catalogue) -> tuple[dict[str, object] | None, bool]:
    """Return the condition as it is stored (None: always), and whether every row could be read."""
    condition: Condition | None = condition_of(groups, catalogue)
    if condition is None:
        return None, False
    return (rulefile.write_condition(condition) if any(tests(condition)) else None), True


def facts_for_rows(groups: list[Rows], desk: Desk, type_id: int, own: str) -> list[FactGroup]:
    """Return the facts that the condition may name, without the input itself, and make the rows ready to be shown."""
    found = []
    for group in fact_groups(desk, type_id):
        facts = tuple(fact for fact in group.facts if fact.name not in {own, "now", "item.age", "item.created_at"})
        if facts:
            found.append(FactGroup(group.label, facts))
    prepare(groups, desk.catalogue(type_id), {fact.name for group in found for fact in group.facts})
    return found
