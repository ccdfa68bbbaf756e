"""Signing in, in one step or two, and out, and the practice desk's switch between roles."""

import time
from ipaddress import ip_address
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth import login, logout
from django.core.exceptions import NON_FIELD_ERRORS
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render, resolve_url
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.debug import sensitive_post_parameters

from dispatchdesk.accounts import second_step
from dispatchdesk.accounts.forms import LOCKED_MINUTES, CodeForm, SignInForm
from dispatchdesk.accounts.models import User
from dispatchdesk.accounts.sessions import keep_origin
from dispatchdesk.practice.accounts import is_practice_desk, practice_user
from dispatchdesk.runtime.environment import LOOPBACK_NAMES, split_url
from routing.errors import Invalid
from routing.views.access import open_page

# Between the password and the code.
PENDING = "pending"
PENDING_SECONDS = 300
BACKEND = "django.contrib.auth.backends.ModelBackend"
# What proxies and tunnels add to the requests they pass on, besides X-Forwarded-For, -Host, -Proto and so on.
_PROXY_HEADERS = frozenset({"forwarded", "via", "x-real-ip", "x-client-ip", "true-client-ip", "cf-connecting-ip"})


@sensitive_post_parameters("password")
@open_page("GET", "POST")
def sign_in(request: HttpRequest) -> HttpResponse:
    """Show the sign-in page, or sign somebody in and lead them to where they were going."""
    if request.method == "POST":
        form = SignInForm(request.POST, request=request)
        if form.is_valid() and form.user is not None:
            go_on = _ask_code if second_step.is_asked_of(form.user) else _enter
            return go_on(request, form.user, form.cleaned_data["next"])
        is_locked = form.has_error(NON_FIELD_ERRORS, "locked")
        response = _page(request, form, status=429 if is_locked else 422)
        if is_locked:
            response["Retry-After"] = str(LOCKED_MINUTES * 60)
        return response
    if request.user.is_authenticated:
        return HttpResponseRedirect(_safe(request, request.GET.get("next", "")))
    return _page(request, SignInForm(request=request, initial={"next": request.GET.get("next", "")}))


def _page(request: HttpRequest, form: SignInForm, status: int = 200) -> HttpResponse:
    context = {"form": form, "offers_roles": may_switch_roles(request), "next": form["next"].value() or ""}
    return render(request, "accounts/sign_in.html", context, status=status)


def _enter(request: HttpRequest, user: User, then: str) -> HttpResponse:
    """Start a session of its own for the user: nothing of the one before goes on, its id least of all."""
    request.session.flush()
    login(request, user, backend=BACKEND)
    keep_origin(request)
    return HttpResponseRedirect(_safe(request, then))


def _ask_code(request: HttpRequest, user: User, then: str) -> HttpResponse:
    """Remember for some minutes that the password was right, and ask for the code."""
    request.session.flush()
    request.session[PENDING] = [user.pk, user.get_session_auth_hash(), time.time(), then]
    return HttpResponseRedirect(resolve_url("sign_in_code"))


def _pending(request: HttpRequest) -> tuple[User | None, str]:
    """Return whose password was right a moment ago and where they were going; None when nobody's was."""
    user_id, proof, at, then = request.session.get(PENDING, (0, "", 0.0, ""))
    user = User.objects.filter(pk=user_id, is_active=True).first()
    if user is None or user.get_session_auth_hash() != proof or time.time() - at > PENDING_SECONDS:
        return None, then
    return user, then


@open_page("GET", "POST")
def sign_in_code(request: HttpRequest) -> HttpResponse:
    """Ask for the code of the second step, and sign in whoever has it."""
    user, then = _pending(request)
    if user is None:
        return HttpResponseRedirect(resolve_url("login") + (f"?{urlencode({'next': then})}" if then else ""))
    form = CodeForm(request.POST or None, label_suffix="")
    if request.method == "POST" and form.is_valid():
        try:
            second_step.pass_with(user_id=user.pk, code=form.cleaned_data["code"])
        except Invalid as refusal:
            form.add_error("code", refusal.fields["code"])
        else:
            return _enter(request, user, then)
    return render(request, "accounts/code.html", {"form": form}, status=200 if request.method == "GET" else 422)


def _safe(request: HttpRequest, address: str) -> str:
    """Return the address when it is one of this desk's, else the board's."""
    is_ours = url_has_allowed_host_and_scheme(
        address, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return address if is_ours else resolve_url(settings.LOGIN_REDIRECT_URL)


@open_page("POST")
def sign_out(request: HttpRequest) -> HttpResponse:
    """End the session."""
    logout(request)
    return HttpResponseRedirect(resolve_url(settings.LOGOUT_REDIRECT_URL))


@open_page("POST")
def switch_role(request: HttpRequest) -> HttpResponse:
    """Go on as the practice person of another role; there is no such thing on a real desk or from elsewhere."""
    user = practice_user(request.POST.get("role", "")) if may_switch_roles(request) else None
    if user is None:
        raise Http404("no practice desk")
    return _enter(request, user, request.POST.get("next", ""))


def may_switch_roles(request: HttpRequest) -> bool:
    """Whether this is a practice desk that only this machine reaches, asked from this machine.

    A proxy on this machine makes everybody look local, so neither a public address nor a forwarded request will do.
    """
    if not is_practice_desk() or any(map(_is_added_by_proxy, request.headers)):
        return False
    public_host = split_url("PUBLIC_URL", settings.PUBLIC_URL).hostname or ""
    return (
        _is_loopback(request.META.get("REMOTE_ADDR", ""))
        and _is_loopback(settings.HOST)
        and _is_loopback(public_host)
        and _is_loopback(request.get_host().rpartition(":")[0] or request.get_host())
    )


def _is_added_by_proxy(header: str) -> bool:
    name = header.lower()
    return name in _PROXY_HEADERS or name.startswith("x-forwarded-")


def _is_loopback(host: str) -> bool:
    name = host.strip("[]").lower()
    if name in {known.strip("[]") for known in LOOPBACK_NAMES}:
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False
