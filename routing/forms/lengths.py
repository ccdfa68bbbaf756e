"""Lengths of time as people write them."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from routing.domain.sentences import duration
from routing.forms.condition_values import CannotRead, read_minutes


class MinutesField(forms.CharField):
    """A length of time such as “2 hours”; its clean value is whole minutes."""

    def __init__(self, *, most: int, least: int = 1, **options: Any) -> None:
        super().__init__(max_length=40, **options)
        self.least, self.most = least, most

    def clean(self, value: Any) -> Any:
        """Return the minutes; None where none need be given."""
        text = super().clean(value)
        if not text:
            return None
        try:
            minutes = read_minutes(text)
        except CannotRead as error:
            raise ValidationError(str(error)) from error
        if minutes != int(minutes) or not self.least <= minutes <= self.most:
            raise ValidationError(f"Give {duration(self.least)} to {duration(self.most)}, in whole minutes.")
        return int(minutes)

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Return whether what was typed is another length than the stored minutes."""
        try:
            return bool(self.clean(data) != initial)
        except ValidationError:
            return True

    def prepare_value(self, value: Any) -> Any:
        """Return stored minutes in words; what was typed stays as it is."""
        return duration(value) if isinstance(value, int) else value
