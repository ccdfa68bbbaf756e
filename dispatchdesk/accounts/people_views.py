"""People: the list, their forms, closing accounts, first passwords, and changing one's own password."""

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.debug import sensitive_post_parameters

from dispatchdesk.accounts import people, second_step
from dispatchdesk.accounts.forms import NewPasswordForm
from dispatchdesk.accounts.models import User
from dispatchdesk.accounts.people_forms import PersonForm, initial_of
from dispatchdesk.accounts.sessions import end_sessions
from reviews.models import Membership
from routing.actions.editing import ChangedMeanwhile
from routing.errors import Invalid, NotVisible
from routing.views.access import ADMINS, DeskRequest, page
from routing.views.seen import seen_context


@page("GET", roles=ADMINS)
def person_list(request: DeskRequest) -> HttpResponse:
    """Everybody who signs in, with their queues."""
    queues: dict[int, list[str]] = {}
    for row in Membership.objects.select_related("queue__destination").order_by("queue__destination__name"):
        queues.setdefault(row.user_id, []).append(f"{row.queue}{' (lead)' if row.lead else ''}")
    staff = User.objects.filter(role__in=people.STAFF)
    users = staff.select_related("second_step").prefetch_related("groups").order_by("-is_active", "username")
    lines = [{"user": user, "queues": queues.get(user.pk, [])} for user in users]
    return render(request, "people/list.html", {"lines": lines})


def _person(user_id: int) -> User:
    user = User.objects.filter(pk=user_id, role__in=people.STAFF).first()
    if user is None:
        raise NotVisible("There is no such person.")
    return user


@page("GET", "POST", roles=ADMINS)
def new(request: DeskRequest) -> HttpResponse:
    """Add somebody; their first password is shown once."""
    if request.method == "GET":
        return _form(request, PersonForm())
    form = PersonForm(request.POST)
    if not form.is_valid():
        return _form(request, form, status=422)
    try:
        user, password = people.add_person(
            actor=request.actor, username=form.cleaned_data["username"], details=form.details()
        )
    except Invalid as refusal:
        return _refused(request, form, refusal)
    return _password_page(request, user, password)


@page("GET", "POST", roles=ADMINS)
def edit(request: DeskRequest, user_id: int) -> HttpResponse:
    """Change who somebody is and may do."""
    user = _person(user_id)
    if request.method == "GET":
        return _form(request, PersonForm(existing=user, initial=initial_of(people.details_of(user))), user)
    form = PersonForm(request.POST, existing=user)
    if not form.is_valid():
        return _form(request, form, user, status=422)
    try:
        seen = request.POST.get("seen", "")
        people.change_person(actor=request.actor, user_id=user_id, details=form.details(), seen=seen)
    except Invalid as refusal:
        return _refused(request, form, refusal, user)
    except ChangedMeanwhile as conflict:
        form = PersonForm(request.POST, existing=user, initial=initial_of(conflict.stored))
        return _form(request, form, user, status=409, conflict=conflict)
    messages.success(request, f"{user.username} is saved. It counts from their next click.")
    return redirect("people:list")


def _form(
    request: DeskRequest,
    form: PersonForm,
    user: User | None = None,
    *,
    status: int = 200,
    conflict: ChangedMeanwhile | None = None,
) -> HttpResponse:
    context: dict[str, object] = {"form": form, "person": user}
    if user is not None:
        context |= seen_context(request, form, people.details_of(user), conflict)
    return render(request, "people/form.html", context, status=status)


def _refused(request: DeskRequest, form: PersonForm, refusal: Invalid, user: User | None = None) -> HttpResponse:
    named = refusal.fields.keys() & form.fields.keys()
    for name in named:
        form.add_error(name, refusal.fields[name])
    if not named:
        form.add_error(None, str(refusal))
    return _form(request, form, user, status=422)


@page("POST", roles=ADMINS)
def set_active(request: DeskRequest, user_id: int) -> HttpResponse:
    """Close an account, or open it again."""
    active = request.POST.get("active") == "yes"
    try:
        user = people.set_active(actor=request.actor, user_id=user_id, active=active)
    except Invalid as refusal:
        messages.error(request, str(refusal))
        return redirect("people:list")
    words = "can sign in again" if active else "can no longer sign in, and is signed out everywhere"
    messages.success(request, f"{user.display_name()} {words}.")
    return redirect("people:list")


@page("POST", roles=ADMINS)
def second_step_off(request: DeskRequest, user_id: int) -> HttpResponse:
    """Turn off the second step of somebody who lost their app and codes."""
    user = second_step.turn_off(actor=request.actor, user_id=user_id)
    messages.success(request, f"{user.display_name()} signs in with the password alone until they turn it on again.")
    return redirect("people:list")


@page("POST", roles=ADMINS)
def sign_out(request: DeskRequest, user_id: int) -> HttpResponse:
    """Sign somebody out everywhere."""
    user = _person(user_id)
    people.sign_out(actor=request.actor, user_id=user_id)
    messages.success(request, f"{user.display_name()} is signed out everywhere.")
    return redirect("people:list")


@page("POST", roles=ADMINS)
def reset_password(request: DeskRequest, user_id: int) -> HttpResponse:
    """Give somebody a new first password, shown once."""
    user, password = people.reset_password(actor=request.actor, user_id=user_id, besides=request.session)
    if user.pk == request.actor.user_id:
        update_session_auth_hash(request, user)
    return _password_page(request, user, password)


def _password_page(request: DeskRequest, user: User, password: str) -> HttpResponse:
    response = render(request, "people/password.html", {"person": user, "password": password})
    response["Cache-Control"] = "no-store"
    return response


@sensitive_post_parameters()
@page("GET", "POST")
def own_password(request: DeskRequest) -> HttpResponse:
    """Change one's own password."""
    user = _person(request.actor.user_id or 0)
    form = NewPasswordForm(user, request.POST or None, request=request, label_suffix="")
    if request.method == "GET" or not form.is_valid():
        status = 200 if request.method == "GET" else 422
        return render(request, "people/own_password.html", {"form": form}, status=status)
    form.save()
    update_session_auth_hash(request, user)
    end_sessions(user.pk, besides=request.session)
    messages.success(request, "Your password is changed. Other places where you were signed in are signed out.")
    return redirect("routing:settings")
