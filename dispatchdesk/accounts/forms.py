"""The forms of signing in."""

from datetime import timedelta

from django import forms
from django.conf import settings
from django.contrib.auth import authenticate
from django.http import HttpRequest

from dispatchdesk.accounts.models import User
from routing.domain.roles import Role

LOCKED_MINUTES = settings.AXES_COOLOFF_TIME // timedelta(minutes=1)


class SignInForm(forms.Form):
    """A name and a password; ``user`` is whom they belong to once the form is valid."""

    username = forms.CharField(
        label="Username",
        max_length=150,
        widget=forms.TextInput(attrs={"autocomplete": "username", "autocapitalize": "none", "autofocus": True}),
    )
    password = forms.CharField(
        label="Password",
        max_length=1000,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
    next = forms.CharField(required=False, max_length=2000, widget=forms.HiddenInput)

    user: User | None = None

    def __init__(self, *args: object, request: HttpRequest, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self._request = request

    def clean(self) -> dict[str, object]:
        """Check both together; an unknown name, a wrong password and a closed account get the same answer."""
        given = dict(super().clean() or {})
        if "username" in given and "password" in given:
            user = authenticate(self._request, username=given["username"], password=given["password"])
            if getattr(self._request, "axes_locked_out", False):
                raise forms.ValidationError(
                    f"Too many tries with this username from your network. Try again in {LOCKED_MINUTES} minutes.",
                    code="locked",
                )
            if not isinstance(user, User) or user.role == Role.INTAKE:
                raise forms.ValidationError("This username and password do not fit together. Check both and try again.")
            self.user = user
        return given


class CodeForm(forms.Form):
    """A code of the second step: six digits of the app, or a recovery code."""

    code = forms.CharField(
        label="Code",
        max_length=40,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "autocapitalize": "none", "autofocus": True}),
        help_text="The six digits that your authenticator app shows now, or one of your recovery codes.",
        error_messages={"required": "Type the code that your app shows."},
    )
