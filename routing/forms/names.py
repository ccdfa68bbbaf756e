"""The name by which rules know a thing."""

from typing import Any

from django import forms


class NameInRulesField(forms.SlugField):
    """A slug that somebody chooses once."""

    def __init__(self, **options: Any) -> None:
        shape = "Small letters, digits and -."
        options.setdefault("error_messages", {"invalid": f"Use no other signs here. {shape}"})
        super().__init__(
            label="Name in rules", max_length=50, help_text=f"{shape} It cannot be changed later.", **options
        )
