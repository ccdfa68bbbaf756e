"""What people do with a review: take it, keep it, give it back, decide it, take a decision back."""

from contextlib import suppress
from datetime import timedelta

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse

from reviews.actions import claiming, judging
from reviews.actions.claiming import LATER, claim_next
from reviews.forms.verdicts import VerdictForm
from reviews.models import Review, Verdict
from reviews.queries.waiting import the_review
from reviews.views.workbench import claim_of, narrowed, show
from routing.errors import Conflict, Invalid, NotAllowed
from routing.forms.notes import NoteForm
from routing.forms.numbers import whole_number
from routing.queries import desk as desk_queries
from routing.transitions import database_now
from routing.views.access import DeskRequest, page
from routing.views.notes import keep_note

LATER_MINUTES = LATER // timedelta(minutes=1)
_DONE = {
    "approve": "Approved",
    "correct": "Fixed and approved",
    "reject": "Declined",
    "ask": "Asked the requester about",
    "redo": "Sent back to the AI agent:",
    "complete": "Done with",
}


@page("POST")
def take_next(request: DeskRequest) -> HttpResponse:
    """Claim the next review of the person's queues and show it."""
    return _to_next(request)


@page("POST")
def take(request: DeskRequest, review_id: int) -> HttpResponse:
    """Claim this review; what was typed on it before its claim was lost is shown again."""
    try:
        found = claiming.claim(
            actor=request.actor,
            review_id=review_id,
            takeover="takeover" in request.POST,
            note=request.POST.get("takeover_note", ""),
        )
    except Invalid as error:
        return show(request, the_review(request.actor, review_id), message=str(error), status=422)
    except Conflict as error:
        return _lost(request, review_id, error)
    form = VerdictForm(request.POST, review=found, desk=desk_queries.load(), actor=request.actor)
    if not form.has_typed():
        return _to(request, reverse("reviews:review", args=[found.pk]))
    form.is_valid()
    return show(request, the_review(request.actor, review_id), form=form)


@page("POST")
def renew(request: DeskRequest, review_id: int) -> HttpResponse:
    """Keep the claim while somebody works; answers how many seconds are left."""
    try:
        found = claiming.renew(actor=request.actor, review_id=review_id, epoch=_number(request, "epoch"))
    except Conflict as error:
        return JsonResponse({"message": str(error)}, status=409)
    return JsonResponse({"seconds_left": claim_of(request.actor, found, database_now()).seconds_left})


@page("POST")
def leave(request: DeskRequest, review_id: int) -> HttpResponse:
    """Let others take a review soon whose page was left; nobody reads the answer."""
    with suppress(Conflict):
        claiming.leave(actor=request.actor, review_id=review_id, epoch=_number(request, "epoch"))
    return HttpResponse(status=204)


@page("POST")
def give_back(request: DeskRequest, review_id: int) -> HttpResponse:
    """Give a claim back; with ``pass_on`` or ``later`` go to the next one, this one is not offered again or not now."""
    actor, epoch = request.actor, _number(request, "epoch")
    pass_on, later = "pass_on" in request.POST, "later" in request.POST
    try:
        if later:
            found = claiming.put_off(actor=actor, review_id=review_id, epoch=epoch)
        else:
            found = claiming.release(actor=actor, review_id=review_id, epoch=epoch, pass_on=pass_on)
    except (Conflict, Invalid) as error:
        return _lost(request, review_id, error)
    if pass_on:
        messages.success(request, f"Passed on {found.item.code}. It is not offered to you again.")
        return _to_next(request)
    if later:
        messages.success(request, f"Put {found.item.code} off. It comes back to you in {LATER_MINUTES} minutes.")
        return _to_next(request)
    messages.info(request, f"Gave {found.item.code} back.")
    return _to(request, reverse("reviews:home"))


@page("POST")
def decide(request: DeskRequest, review_id: int) -> HttpResponse:
    """Decide a review and show the next one, claimed in the same request."""
    found = the_review(request.actor, review_id)
    form = VerdictForm(request.POST, review=found, desk=desk_queries.load(), actor=request.actor)
    if not form.is_valid():
        return show(request, found, form=form, status=422)
    try:
        verdict = judging.judge(
            actor=request.actor,
            review_id=review_id,
            epoch=_number(request, "epoch"),
            digest=request.POST.get("digest", ""),
            judgement=form.judgement(),
        )
    except Invalid as error:
        form.take(error)
        return show(request, found, form=form, status=422)
    except NotAllowed as error:
        return show(request, found, form=form, message=str(error), status=403)
    except Conflict as error:
        return _lost(request, review_id, error)
    _say(request, found, verdict)
    return _to_next(request)


@page("POST")
def undo(request: DeskRequest, review_id: int) -> HttpResponse:
    """Take back an approval while nothing has left; the review is the person's again."""
    try:
        found = judging.undo(actor=request.actor, review_id=review_id)
    except Conflict as error:
        messages.error(request, str(error))
        return _to(request, reverse("reviews:home"))
    messages.success(request, f"Undone. Nothing was sent; {found.item.code} is yours again.")
    return _to(request, reverse("reviews:review", args=[found.pk]))


@page("POST")
def add_note(request: DeskRequest, review_id: int) -> HttpResponse:
    """Keep an internal note on the review's item; for htmx draw the notes alone, so that the review stays as it is."""
    found = the_review(request.actor, review_id)
    form, wrong = keep_note(request, found.item)
    if request.htmx and request.htmx.target == "notes":
        context = {
            "review": found,
            "notes": list(found.item.notes.all()),
            "note_form": form if wrong else NoteForm(),
            "narrowing": narrowed(request),
            "added": not wrong,
        }
        return render(request, "reviews/_notes.html", context, status=wrong or 200)
    if wrong:
        return show(request, found, note_form=form, status=wrong)
    path = reverse("reviews:review", args=[found.pk])
    return HttpResponseRedirect(f"{path}{narrowed(request).query}#notes", status=303)


def _number(request: DeskRequest, name: str) -> int:
    number = whole_number(request.POST.get(name, ""))
    return -1 if number is None else number


def _say(request: DeskRequest, found: Review, verdict: Verdict) -> None:
    request.session["review_decided"] = found.pk
    if verdict.first:
        messages.success(request, f"Approved {found.item.code} first. It happens once somebody else approves it too.")
    elif verdict.kind == "reassign":
        now = the_review(request.actor, found.pk)
        to = now.assignee.display_name() if now.assignee else str(now.queue)
        messages.success(request, f"Gave {found.item.code} to {to}.")
    elif verdict.retypes:
        messages.success(request, f"{found.item.code} is of another type now; its rules decide it from the start.")
    elif found.kind == Review.CHECK:
        messages.success(request, f"Noted for {found.item.code}: {verdict.words.lower()}.")
    elif verdict.hold_until is None:
        messages.success(request, f"{_DONE[verdict.kind]} {found.item.code}.")


def _to(request: DeskRequest, path: str) -> HttpResponse:
    return HttpResponseRedirect(path + narrowed(request).query, status=303)


def _to_next(request: DeskRequest) -> HttpResponse:
    found = claim_next(actor=request.actor, narrowing=narrowed(request))
    return _to(request, reverse("reviews:review", args=[found.pk]) if found else reverse("reviews:home"))


def _lost(request: DeskRequest, review_id: int, error: Exception) -> HttpResponse:
    """Show the review as it is now, with what was typed and who was first."""
    now = the_review(request.actor, review_id)
    form = VerdictForm(request.POST, review=now, desk=desk_queries.load(), actor=request.actor)
    form.is_valid()
    return show(request, now, form=form.rebased(), message=str(error), status=409)
