"""No field is added without saying whether it can hold personal data, and so whether it has to be erased."""

from pathlib import Path

from django.apps import apps
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models

from tests.privacy.fields import OTHER, PERSONAL

TEXTS = (models.CharField, models.TextField, models.JSONField, models.BinaryField, models.FileField, ArrayField)
OURS = {"routing", "reviews", "dispatchdesk", "accounts", "practice"}


def test_every_field_that_can_hold_words_is_known_to_hold_personal_data_or_not() -> None:
    found = {
        model._meta.label: {field.name for field in model._meta.get_fields() if isinstance(field, TEXTS)}
        for model in apps.get_models()
        if model._meta.app_label in OURS
    }
    known = {label: PERSONAL.get(label, set()) | OTHER.get(label, set()) for label in found}
    assert known == found
    assert [label for label in PERSONAL if PERSONAL[label] & OTHER.get(label, set())] == []


def test_the_documents_name_every_field_that_holds_personal_data() -> None:
    rows = (Path(settings.BASE_DIR) / "docs" / "security.md").read_text().splitlines()
    for label, names in PERSONAL.items():
        [row] = [row for row in rows if row.startswith(f"| `{label}` |")]
        assert [name for name in names if f"`{name}`" not in row] == [], label
