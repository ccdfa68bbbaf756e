"""A queue as a form: what its people are told, how long they have, and who they are."""

from dataclasses import asdict
from typing import Any

from django import forms
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError

from reviews.actions.staffing import QueueDetails
from reviews.models import Calendar, Queue
from reviews.models.queues import ROLE_CHOICES
from routing.domain.roles import Role
from routing.forms.destinations import RESERVED
from routing.forms.lengths import MinutesField
from routing.forms.names import NameInRulesField
from routing.models import Destination

_WEEK = 10_080


class QueueForm(forms.Form):
    """A queue."""

    name = forms.CharField(label="Name", max_length=100)
    slug = NameInRulesField()
    description = forms.CharField(label="What it decides", max_length=300, required=False)
    instructions = forms.CharField(
        label="What its people are told",
        max_length=20_000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="Shown beside every question.",
    )
    checklist = forms.CharField(
        label="Checklist",
        required=False,
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="One check a line; each is ticked before approving.",
    )
    service_minutes = MinutesField(label="Decided within", most=525_600, initial=240, help_text="Such as 4 hours.")
    calendar = forms.ModelChoiceField(
        label="In working hours", queryset=Calendar.objects.all(), required=False, empty_label="Every hour counts"
    )
    overflow = forms.ModelChoiceField(
        label="If nobody takes it, it goes to",
        queryset=Queue.objects.none(),
        required=False,
        empty_label="Nobody else",
    )
    overflow_minutes = MinutesField(
        label="After", most=525_600, required=False, help_text="Such as 2 hours, of the same working hours."
    )
    eyes = forms.TypedChoiceField(
        label="Who must approve",
        choices=[("1", "One person"), ("2", "Two people, one after the other")],
        coerce=int,
        initial=1,
        help_text="Whoever sent a request in, changed it, fixed it or approved it first cannot be the second.",
    )
    high_risk = forms.BooleanField(
        label="High risk: each review is decided alone",
        required=False,
        help_text="Else reviews that ask the same can be looked at side by side, and the ticked ones decided at once.",
    )
    lease_minutes = MinutesField(
        label="Somebody who takes a review keeps it for", most=_WEEK, initial=10, help_text="Then others may take it."
    )
    hold_seconds = forms.IntegerField(
        label="Seconds to undo",
        min_value=0,
        max_value=3600,
        initial=10,
        help_text="What is approved waits this long before it leaves the house.",
    )
    staff_role = forms.ChoiceField(
        label="Everybody with a role staffs it", choices=[("", "No role"), *ROLE_CHOICES], required=False
    )
    groups = forms.ModelMultipleChoiceField(
        label="Groups that staff it",
        queryset=Group.objects.order_by("name"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    members = forms.ModelMultipleChoiceField(label="Members", queryset=get_user_model().objects.none(), required=False)
    leads = forms.ModelMultipleChoiceField(label="Leads", queryset=get_user_model().objects.none(), required=False)

    def __init__(self, *args: Any, existing: Queue | None = None, **options: Any) -> None:
        options.setdefault("label_suffix", "")
        super().__init__(*args, **options)
        people = get_user_model().objects.filter(is_active=True).exclude(role=Role.INTAKE.value)
        for name in ("members", "leads"):
            field = self.fields[name]
            if isinstance(field, forms.ModelMultipleChoiceField):
                field.queryset = people.order_by("first_name", "username")
        others = Queue.objects.filter(destination__archived=False).select_related("destination")
        overflow = self.fields["overflow"]
        if isinstance(overflow, forms.ModelChoiceField):
            overflow.queryset = others.exclude(pk=existing.pk) if existing is not None else others
        if existing is not None:
            del self.fields["slug"]
        if not Group.objects.exists():
            del self.fields["groups"]

    @property
    def plain_fields(self) -> list[forms.BoundField]:
        """The fields besides the people, who are drawn as a table."""
        return [field for field in self if field.name not in {"members", "leads"}]

    @property
    def people(self) -> list[dict[str, Any]]:
        """Everybody who may be a member, with whether they are and lead."""
        members, leads = (
            {str(getattr(one, "pk", one)) for one in self[name].value() or []} for name in ("members", "leads")
        )
        field = self.fields["members"]
        rows = list(field.queryset or []) if isinstance(field, forms.ModelMultipleChoiceField) else []
        return [
            {"user": row, "is_member": str(row.pk) in members | leads, "is_lead": str(row.pk) in leads} for row in rows
        ]

    def clean_slug(self) -> str:
        """Check that the name is free."""
        slug = str(self.cleaned_data["slug"]).lower()
        if slug in RESERVED | {"hours"} or Destination.objects.filter(slug=slug).exists():
            raise ValidationError(f"“{slug}” is taken. Choose another name.")
        return slug

    def clean_checklist(self) -> tuple[str, ...]:
        """Return the checks."""
        lines = (" ".join(line.split()) for line in str(self.cleaned_data["checklist"]).splitlines())
        checks = tuple(dict.fromkeys(line for line in lines if line))
        if any(len(check) > 200 for check in checks):
            raise ValidationError("A check has at most 200 characters.")
        return checks

    def clean(self) -> dict[str, Any]:
        """Check that what hands on says to whom and after how long."""
        given = self.cleaned_data
        if given.get("overflow") and not given.get("overflow_minutes") and "overflow_minutes" not in self.errors:
            self.add_error("overflow_minutes", "Say after how long, such as 2 hours.")
        if given.get("overflow_minutes") and not given.get("overflow") and "overflow" not in self.errors:
            self.add_error("overflow", "Say which queue gets it then.")
        return given

    def details(self) -> QueueDetails:
        """Return what the form says."""
        data = {name: value for name, value in self.cleaned_data.items() if name not in {"slug", "groups"}}
        members, leads, calendar, overflow = (data.pop(name) for name in ("members", "leads", "calendar", "overflow"))
        return QueueDetails(
            **data,
            calendar_id=calendar.pk if calendar else None,
            overflow_id=overflow.pk if overflow else None,
            group_ids=tuple(group.pk for group in self.cleaned_data.get("groups", ())),
            member_ids=frozenset(row.pk for row in (*members, *leads)),
            lead_ids=frozenset(row.pk for row in leads),
        )


def initial_of(details: QueueDetails) -> dict[str, object]:
    """Return what the form shows of a stored queue."""
    return asdict(details) | {
        "checklist": "\n".join(details.checklist),
        "calendar": details.calendar_id,
        "overflow": details.overflow_id,
        "groups": list(details.group_ids),
        "members": list(details.member_ids),
        "leads": list(details.lead_ids),
    }
