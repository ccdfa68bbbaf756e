"""The forms of signing in."""

from datetime import timedelta

from django import forms
from django.conf import settings
from django.contrib.auth import authenticate
from django.contrib.auth.forms import PasswordChangeForm
from django.http import HttpRequest

from dispatchdesk.accounts.models import User
from routing.domain.roles import Role

LOCKED_MINUTES = settings.AXES_COOLOFF_TIME // timedelta(minutes=1)
_LOCKED = f"Too many tries with this username from your network. Try again in {LOCKED_MINUTES} minutes."


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
                raise forms.ValidationError(_LOCKED, code="locked")
            if not isinstance(user, User) or user.role == Role.INTAKE:
                raise forms.ValidationError("This username and password do not fit together. Check both and try again.")
            self.user = user
        return given


def check_own_password(request: HttpRequest, user: User, password: str) -> None:
    """Raise ValidationError unless this is the password of whoever is signed in.

    A wrong one counts as a wrong try to sign in, so that nobody guesses the password with a session that they took.
    """
    is_right = authenticate(request, username=user.get_username(), password=password) is not None
    if getattr(request, "axes_locked_out", False):
        raise forms.ValidationError(_LOCKED)
    if not is_right:
        raise forms.ValidationError("This is not your password.")


class NewPasswordForm(PasswordChangeForm):
    """One's password, and twice a new one."""

    def __init__(self, user: User, *args: object, request: HttpRequest, **kwargs: object) -> None:
        super().__init__(user, *args, **kwargs)
        self._request = request

    def clean_old_password(self) -> str:
        """Check the present password."""
        password: str = self.cleaned_data["old_password"]
        check_own_password(self._request, self.user, password)
        return password


class CodeForm(forms.Form):
    """A code of the second step: six digits of the app, or a recovery code."""

    code = forms.CharField(
        label="Code",
        max_length=40,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "autocapitalize": "none", "autofocus": True}),
        help_text="The six digits that your authenticator app shows now, or one of your recovery codes.",
        error_messages={"required": "Type the code that your app shows."},
    )
