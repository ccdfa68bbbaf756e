"""Working time as a form: hours by weekday, holidays by country, and days off."""

import re
from collections.abc import Mapping
from datetime import date
from itertools import pairwise
from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from holidays import list_supported_countries
from holidays.registry import COUNTRIES

from reviews.actions.calendars import CalendarDetails
from reviews.domain.working_time import DAY_MINUTES, Span
from reviews.models import Calendar

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_SPAN = re.compile(r"(\d{1,2})(?:[:.](\d{2}))?\s*[-\u2013]\s*(\d{1,2})(?:[:.](\d{2}))?")
_MOST_DAYS_OFF = 500


def _countries() -> list[tuple[str, str]]:
    names = {codes[1]: re.sub(r"(?<=[a-z])(?=[A-Z])", " ", codes[0]) for codes in COUNTRIES.values()}
    known = [(code, names[code]) for code in list_supported_countries(include_aliases=False) if code in names]
    return [("", "None"), *sorted(known, key=lambda pair: pair[1])]


def zones() -> list[str]:
    """Return the time zones that a form offers."""
    return ["UTC", *sorted(name for name in available_timezones() if "/" in name and not name.startswith("Etc/"))]


def read_hours(text: str) -> tuple[Span, ...]:
    """Read hours such as “9:00-12:00, 13:00-17:00”; raises ValidationError in the user's words."""
    spans = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        found = _SPAN.fullmatch(part)
        if found is None:
            raise ValidationError(f"“{part[:40]}” cannot be read. Write hours such as 9:00-12:00, 13:00-17:00.")
        hours = [int(number or 0) for number in found.groups()]
        opens, closes = hours[0] * 60 + hours[1], hours[2] * 60 + hours[3]
        if hours[1] > 59 or hours[3] > 59 or not opens < closes <= DAY_MINUTES:
            raise ValidationError(f"“{part[:40]}” is no time of a day: from 0:00 until 24:00 at most, and forwards.")
        spans.append((opens, closes))
    spans.sort()
    for before, after in pairwise(spans):
        if after[0] < before[1]:
            raise ValidationError("Two of these hours overlap.")
    return tuple(spans)


def write_hours(spans: Any) -> str:
    """Return hours as they are typed."""
    return ", ".join(f"{a // 60}:{a % 60:02}-{b // 60}:{b % 60:02}" for a, b in spans)


class CalendarForm(forms.Form):
    """When people work."""

    name = forms.CharField(label="Name", max_length=100)
    zone = forms.ChoiceField(
        label="Time zone", choices=lambda: [(name, name) for name in zones()], initial=settings.TIME_ZONE
    )
    country = forms.ChoiceField(label="Public holidays of", choices=_countries, required=False)
    region = forms.CharField(
        label="Part of the country",
        max_length=10,
        required=False,
        help_text="Its code, such as BY; empty for all of it.",
    )
    days_off = forms.CharField(
        label="Other days off",
        required=False,
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="One a line, such as 2026-12-24.",
    )

    def __init__(self, *args: Any, existing: Calendar | None = None, **options: Any) -> None:
        options.setdefault("label_suffix", "")
        super().__init__(*args, **options)
        self.existing = existing
        for number, weekday in enumerate(WEEKDAYS):
            self.fields[f"day{number}"] = forms.CharField(
                label=weekday, max_length=200, required=False, initial="9:00-17:00" if number < 5 else ""
            )
        self.order_fields(["name", "zone", *(f"day{number}" for number in range(7)), "country", "region", "days_off"])

    def clean_name(self) -> str:
        """Check that the name is free."""
        name = str(self.cleaned_data["name"])
        others = Calendar.objects.filter(name=name)
        if (others.exclude(pk=self.existing.pk) if self.existing is not None else others).exists():
            raise ValidationError(f"“{name}” is taken. Choose another name.")
        return name

    def clean_region(self) -> str:
        """Check that the country has such a part."""
        country, region = self.cleaned_data.get("country"), str(self.cleaned_data["region"]).strip().upper()
        parts = list_supported_countries(include_aliases=False).get(str(country), [])
        if region and region not in parts:
            words = f"Choose one of {', '.join(parts)}." if parts else "Its parts have no holidays of their own here."
            raise ValidationError(f"There is no part “{region}”. {words}")
        return region

    def clean_days_off(self) -> tuple[date, ...]:
        """Return the days."""
        days = set()
        for line in str(self.cleaned_data["days_off"]).splitlines():
            word = line.strip().partition(" ")[0]
            try:
                days |= {date.fromisoformat(word)} if word else set()
            except ValueError as error:
                raise ValidationError(f"“{line[:40]}” is no day. Write it as 2026-12-24, one a line.") from error
        if len(days) > _MOST_DAYS_OFF:
            raise ValidationError(f"At most {_MOST_DAYS_OFF} days are possible.")
        return tuple(sorted(days))

    def clean(self) -> dict[str, Any]:
        """Read the hours of each day; somebody must work at some time."""
        hours: dict[int, tuple[Span, ...]] = {}
        for number in range(7):
            try:
                hours[number] = read_hours(str(self.cleaned_data.get(f"day{number}", "")))
            except ValidationError as error:
                self.add_error(f"day{number}", error)
        if not any(hours.values()) and not self.errors:
            raise ValidationError("Give hours for at least one day: else nothing would ever be due.")
        self.cleaned_data["hours"] = {number: spans for number, spans in hours.items() if spans}
        return self.cleaned_data

    def details(self) -> CalendarDetails:
        """Return what the form says."""
        given = self.cleaned_data
        return CalendarDetails(
            given["name"], given["zone"], given["hours"], given["country"], given["region"], given["days_off"]
        )


def initial_of(calendar: Calendar) -> Mapping[str, object]:
    """Return what the form shows of a stored calendar."""
    days: dict[str, object] = {f"day{day}": write_hours(calendar.hours.get(str(day), ())) for day in range(7)}
    return days | {
        "name": calendar.name,
        "zone": calendar.zone,
        "country": calendar.country,
        "region": calendar.region,
        "days_off": "\n".join(day.isoformat() for day in calendar.days_off),
    }
