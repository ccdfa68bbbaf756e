"""What one was told, how one wants to be told, and the page by which mail is stopped."""

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt

from reviews.actions.telling import mark_read
from reviews.actions.wishes import read_token, save_wishes, stop_mail
from reviews.domain.notices import Kind
from reviews.forms.notices import WishesForm, initial_of
from reviews.models import Notice, Verdict
from reviews.models.notices import KINDS
from reviews.queries.counts import counts_of
from reviews.queries.notices import notices_of, sentence, wishes_of
from routing.forms.numbers import whole_number
from routing.views.access import DeskRequest, open_page, page

_PER_PAGE = 50
_MOST_TOASTS = 3


@page("GET")
def notice_list(request: DeskRequest) -> HttpResponse:
    """Show what the person was told, newest first."""
    before = whole_number(request.GET.get("before", ""))
    rows = notices_of(request.actor).select_related("item", "review__queue__destination")
    if before:
        rows = rows.filter(pk__lt=before)
    found = list(rows[: _PER_PAGE + 1])
    shown = found[:_PER_PAGE]
    about = Verdict.objects.select_related("by").in_bulk([row.about for row in shown if row.about])
    context = {
        "lines": [
            {"notice": row, "words": sentence(row), "url": _target(row), "verdict": about.get(row.about)}
            for row in shown
        ],
        "newest": shown[0].pk if shown else 0,
        "older": shown[-1].pk if len(found) > _PER_PAGE else 0,
        "has_unread": counts_of(request.actor).unread.count > 0,
    }
    template = "notices/_list.html" if request.htmx else "notices/list.html"
    return render(request, template, context)


def _target(row: Notice) -> str:
    if row.review_id is None:
        return reverse("routing:item", args=[row.item.code])
    return reverse("reviews:review", args=[row.review_id])


@page("GET")
def latest(request: DeskRequest) -> HttpResponse:
    """Say how many are unread, and what was told since the newest that a page knows; asked when the feed says so."""
    rows = notices_of(request.actor).filter(
        read_at__isnull=True, pk__gt=whole_number(request.GET.get("after", "")) or 0
    )
    new = list(rows.select_related("item")[: _MOST_TOASTS + 1])
    told = [{"text": f"{sentence(row)}.", "url": _target(row)} for row in reversed(new)]
    if len(new) > _MOST_TOASTS:
        told = [{"text": "There are several new notices for you.", "url": reverse("notices:list")}]
    found = counts_of(request.actor).unread
    return JsonResponse({"count": found.count, "newest": found.newest, "told": told})


@page("POST")
def read(request: DeskRequest) -> HttpResponse:
    """Mark what the page showed as read, or one notice of it."""
    up_to = whole_number(request.POST.get("up_to", "")) or 0
    mark_read(actor=request.actor, up_to=up_to, only=whole_number(request.POST.get("notice", "")))
    return redirect("notices:list")


@page("GET", "POST")
def wishes(request: DeskRequest) -> HttpResponse:
    """Show and change how the person is told."""
    context = {"has_mail": settings.EMAIL_SERVER is not None, "address": getattr(request.user, "email", "")}
    if request.method == "GET":
        form = WishesForm(initial=initial_of(wishes_of(request.actor.person_id)))
        return render(request, "notices/settings.html", {**context, "form": form})
    form = WishesForm(request.POST)
    if not form.is_valid():
        return render(request, "notices/settings.html", {**context, "form": form}, status=422)
    save_wishes(actor=request.actor, **form.wishes())
    messages.success(request, "Saved. It counts from now on.")
    return redirect("notices:settings")


# A mail program that stops mails in one click (RFC 8058) has no page to take a token from; the link's signature is what
# allows it, and all it can do is to stop mails.
@csrf_exempt
@open_page("GET", "POST")
def stop(request: HttpRequest, token: str) -> HttpResponse:
    """Ask whether mails are to stop, as mail scanners open every link; stop them when that is sent."""
    found = read_token(token)
    if found is None:
        return render(request, "requests/not_there.html", status=404)
    context = {"kind": found.kind, "kind_words": dict(KINDS).get(str(found.kind), "")}
    if request.method != "POST":
        return render(request, "notices/stop.html", context)
    kind: Kind | None = None if request.POST.get("what") == "all" else found.kind
    stop_mail(found, kind)
    return render(request, "notices/stopped.html", {**context, "kind": kind})
