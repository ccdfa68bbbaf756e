"""The sign-in form."""

from django import forms
from django.contrib.auth import authenticate
from django.http import HttpRequest

from dispatchdesk.accounts.models import User
from routing.domain.roles import Role


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
    next = forms.CharField(required=False, widget=forms.HiddenInput)

    user: User | None = None

    def __init__(self, *args: object, request: HttpRequest, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self._request = request

    def clean(self) -> dict[str, object]:
        """Check both together; an unknown name, a wrong password and a closed account get the same answer."""
        given = dict(super().clean() or {})
        if "username" in given and "password" in given:
            user = authenticate(self._request, username=given["username"], password=given["password"])
            if not isinstance(user, User) or user.role == Role.INTAKE:
                raise forms.ValidationError("This username and password do not fit together. Check both and try again.")
            self.user = user
        return given
