"""The documented way to the first account of a desk of one's own."""

import pytest
from django.core.management import call_command

from dispatchdesk.accounts.models import User

pytestmark = pytest.mark.django_db


def test_createsuperuser_makes_an_admin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", "a long enough secret")
    call_command("createsuperuser", username="ada", email="ada@example.org", interactive=False, verbosity=0)
    user = User.objects.get(username="ada")
    assert (user.role, user.check_password("a long enough secret")) == ("admin", True)
