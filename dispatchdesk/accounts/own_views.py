"""How somebody signs in themselves: the second step, and where they are signed in."""

import segno
from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.debug import sensitive_post_parameters

from dispatchdesk.accounts import second_step
from dispatchdesk.accounts.forms import CodeForm, check_own_password
from dispatchdesk.accounts.models import User
from dispatchdesk.accounts.sessions import end_sessions, handle_of, sessions_of
from routing.errors import Invalid
from routing.views.access import DeskRequest, page


class PasswordForm(forms.Form):
    """One's password once more, for what a session alone should not do."""

    password = forms.CharField(
        label="Your password",
        max_length=1000,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
        error_messages={"required": "Type your password."},
    )


@page("GET")
def sign_in_page(request: DeskRequest) -> HttpResponse:
    """The second step, and all places where one is signed in."""
    return _show(request, PasswordForm(label_suffix=""))


def _show(request: DeskRequest, form: PasswordForm, status: int = 200) -> HttpResponse:
    user = _me(request)
    step = getattr(user, "second_step", None)
    context = {
        "step": step if step is not None and step.confirmed else None,
        "form": form,
        "places": [
            {"session": row, "handle": handle_of(row.pk), "here": row.pk == request.session.session_key}
            for row in sessions_of(user.pk)
        ],
    }
    return render(request, "people/own_sign_in.html", context, status=status)


def _me(request: DeskRequest) -> User:
    return User.objects.select_related("second_step").get(pk=request.actor.user_id or 0)


@page("POST")
def begin_second_step(request: DeskRequest) -> HttpResponse:
    """Begin to turn the second step on."""
    try:
        second_step.begin(actor=request.actor)
    except Invalid as refusal:
        messages.error(request, str(refusal))
        return redirect("people:own_sign_in")
    return redirect("people:second_step")


@page("GET", "POST")
def second_step_page(request: DeskRequest) -> HttpResponse:
    """Turn the second step on: the picture for the app, then a code that the app shows."""
    step = getattr(_me(request), "second_step", None)
    if step is None or step.confirmed:
        return redirect("people:own_sign_in")
    form = CodeForm(request.POST or None, label_suffix="")
    if request.method == "POST" and form.is_valid():
        try:
            codes = second_step.confirm(actor=request.actor, code=form.cleaned_data["code"])
        except Invalid as refusal:
            form.add_error("code", str(refusal))
        else:
            return _told_once(render(request, "people/recovery_codes.html", {"codes": codes}))
    picture = segno.make(second_step.app_address(step), error="m").svg_data_uri(scale=5, border=3, light="white")
    context = {"form": form, "picture": picture, "secret": second_step.secret_of(step)}
    status = 200 if request.method == "GET" else 422
    return _told_once(render(request, "people/second_step.html", context, status=status))


def _told_once(response: HttpResponse) -> HttpResponse:
    response["Cache-Control"] = "no-store"
    return response


@sensitive_post_parameters()
@page("POST")
def second_step_off(request: DeskRequest) -> HttpResponse:
    """Turn one's second step off, with the password."""
    form = PasswordForm(request.POST, label_suffix="")
    user = _me(request)
    if form.is_valid():
        try:
            check_own_password(request, user, form.cleaned_data["password"])
        except forms.ValidationError as refusal:
            form.add_error("password", refusal)
    if not form.is_valid():
        return _show(request, form, status=422)
    second_step.turn_off(actor=request.actor, user_id=user.pk)
    messages.success(request, "The second step is off. Your password alone signs you in.")
    return redirect("people:own_sign_in")


@page("POST")
def end(request: DeskRequest) -> HttpResponse:
    """End one of one's sessions (``session``: its handle), or all but this one."""
    user_id, handle = request.actor.user_id or 0, request.POST.get("session", "")
    ended = end_sessions(user_id, handle=handle, besides=request.session)
    if ended:
        messages.success(request, "Signed out there." if handle else "Signed out everywhere else.")
    else:
        messages.info(request, "Nothing to sign out: that session had ended already.")
    return redirect("people:own_sign_in")
