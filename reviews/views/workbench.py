"""The workbench: the queue on the left, the question in the middle, the evidence on the right."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.contrib.messages import get_messages
from django.forms import BoundField
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django_htmx.http import push_url, trigger_client_event

from reviews.actions.claiming import closed_words
from reviews.actions.effects import RETYPED
from reviews.actions.previewing import preview_calls
from reviews.forms.verdicts import VerdictForm
from reviews.models import Review, Verdict
from reviews.queries import waiting
from reviews.queries.alike import alike, why_alone
from reviews.queries.evidence import evidence, why
from reviews.queries.hands import eyes_of
from reviews.queries.narrowing import Narrowing, choices
from reviews.queries.people import is_lead, may_decide, queues_of
from reviews.queries.proposals import Shown, shown
from reviews.queries.redone import can_redo
from routing.domain.roles import Actor
from routing.domain.states import FINAL_STATES
from routing.errors import Invalid
from routing.forms.notes import NoteForm
from routing.forms.numbers import whole_number
from routing.queries import desk as desk_queries
from routing.queries.desk import FALLBACK_QUEUE, Desk
from routing.transitions import database_now
from routing.views.access import DeskRequest, page

ROWS_SHOWN = 100
NOTES = ("comment", "decline_reason", "redo_note", "reassign_note", "ask_note")


@dataclass(frozen=True, slots=True)
class Claim:
    """How a review stands for the person who looks at it."""

    mine: bool
    holder: str
    seconds_left: int
    may_take: bool
    may_take_over: bool


@dataclass(frozen=True, slots=True)
class Held:
    """The person's newest approval that can still be undone; of two, the first sends nothing by itself."""

    review_id: int
    code: str
    words: str
    first: bool
    seconds_left: int


@page("GET")
def home(request: DeskRequest) -> HttpResponse:
    """Show the person's queues in their true order; for htmx the list alone, beside the review named by ``open``."""
    if request.htmx and request.htmx.target == "bench-queue":
        shown_id = whole_number(request.GET.get("open", ""))
        beside = None if shown_id is None else {"pk": shown_id, "lost": _lost_words(request.actor, shown_id)}
        return render(request, "reviews/_refreshed.html", _frame(request) | {"review": beside})
    return draw(request, {}, url=reverse("reviews:home") + narrowed(request).query)


def _lost_words(actor: Actor, review_id: int) -> str:
    """Say why a review is not this person's to decide now; empty when they hold it, or when there is none."""
    found = waiting.find_review(actor, review_id)
    if found is None:
        return ""
    claim = claim_of(actor, found, database_now())
    if claim.mine:
        return ""
    if found.status != Review.OPEN:
        why = closed_words(found)
    else:
        why = f"{claim.holder} has this now." if claim.holder else "You no longer hold this."
    return f"{why} What you wrote is kept."


@page("GET")
def review(request: DeskRequest, review_id: int) -> HttpResponse:
    """Show one review; looking changes nothing."""
    return show(request, waiting.the_review(request.actor, review_id))


@page("POST")
def preview(request: DeskRequest, review_id: int) -> HttpResponse:
    """Show what the typed corrections change, and the requests as they would be sent; stores nothing."""
    found = waiting.the_review(request.actor, review_id)
    form = VerdictForm(request.POST, review=found, desk=desk_queries.load(), actor=request.actor)
    form.is_valid()
    if request.htmx and request.htmx.target == "preview":
        return render(request, "reviews/_preview.html", {"shown": _shown(found, form), "form": form})
    return show(request, found, form=form)


def narrowed(request: DeskRequest) -> Narrowing:
    """Return what the list is narrowed to; forms carry it on, like the address."""

    def part(name: str) -> str:
        return str(request.POST.get(name) or request.GET.get(name) or "")

    return Narrowing(part("queue"), part("type"), part("rule"), part("cause"))


def show(
    request: DeskRequest,
    found: Review,
    *,
    form: VerdictForm | None = None,
    note_form: NoteForm | None = None,
    message: str = "",
    status: int = 200,
) -> HttpResponse:
    """Draw one review, with what was typed when there is a form; ``message`` says what went wrong."""
    desk = desk_queries.load()
    claim = claim_of(request.actor, found, database_now())
    bound = (
        form
        if form is not None
        else _before_undo(request.actor, found, VerdictForm(review=found, desk=desk, actor=request.actor))
    )
    proposal = _shown(found, bound)
    rule = why(found, desk)
    names = {name.partition(":")[2]: name for name in bound.text_names()}
    context = {
        "review": found,
        "item": found.item,
        "claim": claim,
        "eyes": eyes_of(found, request.actor.person_id) if found.status == Review.OPEN else None,
        "form": bound,
        "shown": proposal,
        "texts": [(text, bound[names[text.name]]) for text in proposal.texts],
        "inputs": _pairs(bound, "input:", "none:"),
        "results": [bound[name] for name in bound.fields if name.startswith("result:")],
        "why": rule,
        "reason": "" if found.reason == found.question or (rule and found.reason in rule.sentence) else found.reason,
        "evidence": evidence(found, desk),
        "note_form": note_form or NoteForm(),
        "title_in_text": found.item.text.startswith(found.item.title),
        "message": message,
        "closed": closed_words(found) if found.status != Review.OPEN else "",
        "typed": _typed(bound) if found.status != Review.OPEN else [],
        "may_decline": _may_decline(found),
        "can_redo": found.status == Review.OPEN and can_redo(found),
        "alike": _alike(request.actor, found, desk),
        "can_ask": bool(found.item.requester_email),
        "can_retype": found.proposal.get("kind") in RETYPED and bound.can_retype,
        "can_reopen": found.item.state in FINAL_STATES,
    }
    url = reverse("reviews:review", args=[found.pk]) + narrowed(request).query
    return draw(request, context, url=url, status=status)


def _before_undo(actor: Actor, found: Review, form: VerdictForm) -> VerdictForm:
    """Return the form with what the person had changed, when they have just undone that."""
    if found.status != Review.OPEN or found.claimed_by_id != actor.user_id:
        return form
    verdict = found.verdicts.order_by("pk").last()
    if verdict is None or verdict.undone_at is None or verdict.by_id != actor.user_id:
        return form
    parts = verdict.correction or {}
    texts = {
        f"{prefix}:{name}": text
        for part, prefix in (("fields", "field"), ("drafts", "draft"))
        for name, text in parts.get(part, {}).items()
    }
    return form.with_texts(texts, verdict.comment) if texts else form


def _pairs(form: VerdictForm, prefix: str, other: str) -> list[tuple[BoundField, BoundField]]:
    names = [name.removeprefix(prefix) for name in form.fields if name.startswith(prefix)]
    return [(form[f"{prefix}{name}"], form[f"{other}{name}"]) for name in names]


def _alike(actor: Actor, found: Review, desk: Desk) -> int:
    """Return how many others can be decided together with this review."""
    if found.status != Review.OPEN or why_alone(found, desk):
        return 0
    return sum(pk != found.pk for pk in alike(actor, found).values_list("pk", flat=True))


def _may_decline(found: Review) -> bool:
    kind = found.proposal.get("kind")
    return kind not in {"task", "check"} and not (kind == "route" and found.queue.slug == FALLBACK_QUEUE)


def _typed(form: VerdictForm) -> list[tuple[str, str]]:
    """Return what was written on a review that is closed meanwhile, so that it can be copied."""
    if not form.is_bound:
        return []
    texts = [(str(form.fields[name].label), text) for name, text in form.edited().items()]
    return texts + [(str(form.fields[name].label), form.data[name]) for name in NOTES if form.data.get(name)]


def _shown(found: Review, form: VerdictForm) -> Shown:
    desk = desk_queries.load()
    texts = _corrections(form)
    requests: Sequence[Mapping[str, object]] = ()
    if texts and found.proposal.get("kind") == "calls":
        try:
            requests = preview_calls(found, texts)
        except Invalid as error:
            form.take(error)
    return shown(found, desk, texts=texts, requests=requests)


def _corrections(form: VerdictForm) -> dict[str, str]:
    if not form.is_bound:
        return {}
    form.is_valid()
    return {name.partition(":")[2]: text for name, text in form.edited().items()}


def claim_of(actor: Actor, found: Review, now: datetime) -> Claim:
    """Return who holds a review and what this person may do about it."""
    left = int((found.lease_expires_at - now).total_seconds()) if found.lease_expires_at else 0
    held = found.claimed_by_id is not None and left > 0
    mine = held and found.claimed_by_id == actor.user_id
    lead = is_lead(actor, found.queue_id)
    staffed = found.assignee_id == actor.user_id or (
        may_decide(actor, found.queue_id) and (found.assignee_id is None or lead)
    )
    is_open = found.status == Review.OPEN
    return Claim(
        mine=is_open and mine,
        holder=found.claimed_by.display_name() if held and found.claimed_by else "",
        seconds_left=max(0, left),
        may_take=is_open and staffed and not held,
        may_take_over=is_open and held and not mine and lead,
    )


def draw(request: DeskRequest, context: dict[str, object], *, url: str, status: int = 200) -> HttpResponse:
    """Draw the workbench: the whole page, or for htmx its root alone with the messages as toasts."""
    context |= _frame(request) | {"decided_id": request.session.pop("review_decided", "")}
    if not request.htmx or request.htmx.history_restore_request or request.htmx.target != "workbench":
        return render(request, "reviews/workbench.html", context, status=status)
    response = render(request, "reviews/_workbench.html", context, status=status)
    for message in get_messages(request):
        trigger_client_event(response, "desk:toast", {"text": str(message), "tone": message.level_tag})
    return push_url(response, url)


def _frame(request: DeskRequest) -> dict[str, object]:
    actor, narrowing = request.actor, narrowed(request)
    now = database_now()
    rows = waiting.waiting_reviews(actor)
    queues = list(queues_of(actor))
    shown_rows = narrowing.on(rows)
    found = list(shown_rows[: ROWS_SHOWN + 1])
    passed = waiting.passed_on(actor, found, now)
    waiting_now = [(row, claim_of_row(row, actor, now), passed.get(row.pk)) for row in found]
    return {
        "rows": waiting_now[:ROWS_SHOWN],
        "more_rows": len(waiting_now) > ROWS_SHOWN,
        "queues": queues,
        "queue": narrowing.queue,
        "narrowing": narrowing,
        "choices": choices(Narrowing(queue=narrowing.queue).on(rows), narrowing, desk_queries.load()),
        "offered": narrowing.on(waiting.offered_reviews(actor, now)).exists(),
        "held": held_back(actor, now),
        "desk_is_empty": not queues,
    }


def claim_of_row(row: Review, actor: Actor, now: datetime) -> str:
    """Return who looks at a review of the list: "you", a name, or nobody (empty)."""
    if row.claimed_by is None or row.lease_expires_at is None or row.lease_expires_at <= now:
        return ""
    return "you" if row.claimed_by_id == actor.user_id else row.claimed_by.display_name()


def held_back(actor: Actor, now: datetime) -> Held | None:
    """Return the person's newest approval whose effect has not left the house."""
    rows = Verdict.objects.filter(by_id=actor.user_id, undone_at__isnull=True, hold_until__gt=now)
    verdict = rows.select_related("review__item").order_by("-pk").first()
    if verdict is None or verdict.hold_until is None:
        return None
    left = int((verdict.hold_until - now).total_seconds()) + 1
    return Held(verdict.review_id, verdict.review.item.code, verdict.get_kind_display(), verdict.first, left)
