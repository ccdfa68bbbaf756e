"""The settings' first page: where everything is set up, the switch for all writes, the router and the model."""

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import NoReverseMatch, reverse

from routing.actions import configuring
from routing.domain.roles import Role
from routing.queries import set_up
from routing.views.access import TRIAGE, DeskRequest, page

SECTIONS = (
    ("routing:rulebooks", "Rulebooks", "Where requests go next, as sentences.", "rules"),
    ("routing:work_types", "Work types", "Kinds of requests, and what each asks for.", "form"),
    ("routing:destinations", "Destinations", "AI agents, tools and data sources.", "agent"),
    ("queues:list", "Queues", "Who decides what, and what they are told.", "queue"),
    ("board_limits", "Board", "How many requests its columns should hold.", "board"),
    ("people:list", "People", "Who signs in, and what they may do.", "person"),
    ("erase", "Erase personal data", "What the desk holds of one requester, when they ask for it.", "requester"),
    ("routing:outbox", "Outbox", "Mail of this desk: there is no mail server, so nobody receives it.", "mail"),
)
FOR_ADMINS = frozenset({"people:list", "board_limits", "erase"})


@page("GET")
def home(request: DeskRequest) -> HttpResponse:
    """Everything that can be set up, and how the desk is doing."""
    is_admin = request.actor.role is Role.ADMIN
    steps = set_up.set_up_steps() if is_admin else []
    host, model = set_up.model_in_use()
    context = {
        "sections": [
            {"url": reverse(name), "title": title, "text": text, "icon": icon}
            for name, title, text, icon in SECTIONS
            if (is_admin or name not in FOR_ADMINS) and (settings.EMAIL_SERVER is None or name != "routing:outbox")
        ],
        "steps": [{"step": step, "url": _address(step.address)} for step in steps],
        "is_set_up": all(step.done for step in steps),
        "switches": set_up.switches(),
        "may_pause": request.actor.role in TRIAGE,
        "router": set_up.router_state(),
        "model_host": host,
        "model_name": model,
    }
    return render(request, "settings/home.html", context)


def _address(name: str) -> str:
    try:
        return reverse(name) if name else ""
    except NoReverseMatch:
        return ""


@page("POST", roles=TRIAGE)
def pause_writes(request: DeskRequest) -> HttpResponse:
    """Hold back everything that changes something outside, or let it go on."""
    paused = request.POST.get("paused") == "yes"
    configuring.pause_writes(actor=request.actor, paused=paused)
    words = "Sending is paused: approved work waits." if paused else "Sending goes on."
    messages.success(request, words)
    return redirect("routing:settings")
