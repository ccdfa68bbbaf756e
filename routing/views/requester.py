"""The pages of requesters, who have no account: their signed page, and the public form of a type."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.conf import settings
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse

from routing import requesters
from routing.actions import answering, attaching, public_intake, relinking, reporting
from routing.actions.intake import Request
from routing.domain.inputs import InputSpec
from routing.domain.roles import Actor, Role
from routing.domain.states import FINAL_STATES, State
from routing.errors import Conflict, Invalid
from routing.forms import inputs as controls
from routing.forms.inputs import Typed
from routing.forms.requests import PublicRequestForm, form_key
from routing.models import Question, WaitKind, WorkItem, WorkType
from routing.queries import desk as desk_queries
from routing.queries.facts import knowledge
from routing.queries.letters import mails_to_requester, messages_to_requester
from routing.transitions import database_now
from routing.views import uploads
from routing.views.access import open_page
from routing.views.answers import asked_inputs

_WORKED_ON = ("We are working on it", "You need not do anything. We write to you when there is news.")
_ON_HOLD = ("It is on hold", "Somebody looks after it and goes on later. We write to you when there is news.")
_TOGETHER = (
    "It is handled together with another request",
    "Both are about the same, so we go on with one of them. You need not do anything.",
)
_WORDS = {
    State.INCOMING: _WORKED_ON,
    State.WORKING: _WORKED_ON,
    State.WAITING: ("It waits, and goes on by itself", "You need not do anything. We write to you when there is news."),
    State.IN_REVIEW: ("Somebody is looking at it", "You need not do anything. We write to you when there is news."),
    State.DONE: ("It is done", "Nothing more is needed from you."),
    State.STOPPED: ("It was closed", "We do not go on with this. Send a new request if you still need it."),
}


@dataclass(frozen=True, slots=True)
class _Answer:
    """What a requester sent, and what is wrong with it; nothing of either when the page is just opened.

    ``unused`` is what came when nothing was asked any more, and is not what is known: (label, text) each.
    """

    typed: Typed | None = None
    text: str = ""
    wrong: Mapping[str, str] = field(default_factory=dict)
    unused: Sequence[tuple[str, str]] = ()


def _not_there(request: HttpRequest, again: str = "") -> HttpResponse:
    """Answer every link that leads nowhere alike; ``again`` is where a new one is asked for, from this address."""
    return render(request, "requests/not_there.html", {"again": again}, status=404)


def _speaker(request: HttpRequest, item: WorkItem) -> Actor:
    """Return who speaks: somebody of the desk who is signed in and uses a requester's link speaks for themselves.

    So nobody has a hand in what two must approve by answering as the requester.
    """
    actor: Actor | None = getattr(request, "actor", None)
    if actor is not None and actor.is_staff_member:
        return actor
    return Actor(role=Role.REQUESTER, name=item.requester_name or "The requester")


@open_page("GET", "POST")
def item_page(request: HttpRequest, token: str) -> HttpResponse:
    """Show a requester their request and what is asked of them, and take their answers."""
    item = requesters.item_of(token)
    if item is None:
        return _not_there(request, "again/")
    question = Question.objects.filter(item=item, status=Question.OPEN).first()
    if request.method != "POST":
        return _show(request, item, question, _Answer())
    specs = asked_inputs(item, question)
    typed = controls.typed(specs, request.POST)
    text = request.POST.get("answer", "").replace("\x00", "")
    try:
        actor = _speaker(request, item)
        provider = f"person:{actor.person_id}" if actor.is_staff_member else "requester"
        typed = uploads.keep_files(request, item, specs, typed, actor.name)
        answering.answer(actor=actor, item_id=item.pk, given=controls.given(typed), text=text, provider=provider)
    except Invalid as error:
        return _show(request, item, question, _Answer(typed, text, error.fields), status=422)
    except Conflict:
        item.refresh_from_db()
        return _show(request, item, None, _Answer(unused=_unused(item, request.POST, text, provider)), status=409)
    return redirect(f"{reverse('requests:page', args=[token])}?thanks=1")


def _unused(item: WorkItem, data: QueryDict, text: str, provider: str) -> list[tuple[str, str]]:
    """Return what somebody wrote who answered in another window as well, so that no words of theirs are lost unseen.

    Held against what they answered alone: whoever has the link finds out by guessing nothing that others know.
    """
    catalogue = desk_queries.load().catalogue(item.work_type_id)
    known = {spec.name: spec for spec in catalogue.inputs}
    asked = {name for names in item.questions.values_list("names", flat=True) for name in names}
    specs = [known.get(name) or InputSpec(name, name.replace("_", " ").capitalize()) for name in sorted(asked)]
    kept = {row.name: row for row in item.facts.filter(provider=provider).order_by("seq")}
    found = controls.unused_answers(specs, controls.typed(specs, data), kept, database_now().date())
    answer = kept.get("item.answer")
    is_kept = not text.strip() or (answer is not None and answer.value == text.strip())
    return found if is_kept else [*found, ("Your answer", text.strip())]


def _show(
    request: HttpRequest,
    item: WorkItem,
    question: Question | None,
    answer: _Answer,
    *,
    status: int = 200,
) -> HttpResponse:
    is_asked = question is not None and item.state == State.WAITING and item.wait_kind == WaitKind.REQUESTER
    speaker = _speaker(request, item)
    title, words = _status(item)
    context: dict[str, object] = {
        "item": item,
        "status_title": title,
        "status_words": words,
        "is_closed": status == 409 and not answer.wrong,
        "thanks": bool(request.GET.get("thanks")),
        "files": item.files.all(),
        "may_report": item.state in FINAL_STATES,
        "is_reported": item.state in FINAL_STATES and reporting.requester_waits(item),
        "answer": answer,
        "problem_error": answer.wrong.get("problem", ""),
        "notes": messages_to_requester(item),
        "mails": mails_to_requester(item),
        "signed_in_as": speaker.name if speaker.is_staff_member else "",
    }
    if is_asked and question is not None:
        desk, known = desk_queries.load(), knowledge([item], database_now())[item.pk]
        specs = asked_inputs(item, question)
        typed = answer.typed or controls.offered(specs, known.doubtful)
        catalogue = desk.catalogue(item.work_type_id)
        context |= {
            "question": question,
            "asks_freely": bool(question.note) or not specs,
            "answer_error": answer.wrong.get("answer", ""),
            "controls": controls.build(specs, catalogue, known.facts, typed, answer.wrong),
            "offers": not answer.typed and bool(typed.values),
        }
    return render(request, "requests/page.html", context, status=status)


def _status(item: WorkItem) -> tuple[str, str]:
    """Return how the request stands, in a few words and in a sentence."""
    if item.wait_kind == WaitKind.HOLD:
        return _ON_HOLD
    return _TOGETHER if item.closed_as == "duplicate" else _WORDS[State(item.state)]


@open_page("POST")
def report(request: HttpRequest, token: str) -> HttpResponse:
    """Take what a requester says is wrong with their finished request; people look at it."""
    item = requesters.item_of(token)
    if item is None:
        return _not_there(request, "../again/")
    text = request.POST.get("problem", "").replace("\x00", "")
    actor = _speaker(request, item)
    try:
        reporting.report_problem(actor=actor, item_id=item.pk, text=text)
    except Invalid as error:
        wrong = {"problem": str(error)}
        return _show(request, item, None, _Answer(text=text, wrong=wrong), status=422)
    except Conflict:
        item.refresh_from_db()
        wrong = {"problem": "We are working on it again, so this was not sent. What you wrote:"}
        question = Question.objects.filter(item=item, status=Question.OPEN).first()
        return _show(request, item, question, _Answer(text=text, wrong=wrong), status=409)
    return redirect("requests:page", token)


@open_page("POST")
def send_link(request: HttpRequest, token: str) -> HttpResponse:
    """Send a link anew to the address that an older one was made for; says the same whatever comes of it."""
    item = requesters.item_of(token, max_age=None)
    if item is not None:
        relinking.send_link(item.pk)
    return render(request, "requests/link_sent.html", _sends_mail())


def _sends_mail() -> dict[str, object]:
    return {"has_mail_server": settings.EMAIL_SERVER is not None}


@open_page("GET", "POST")
def public_form(request: HttpRequest, slug: str) -> HttpResponse:
    """Show the public form of a type, where it is turned on, and take what it is filled in with."""
    work_type = WorkType.objects.filter(slug=slug, public_form=True, active=True).first()
    if work_type is None:
        return _not_there(request)
    desk = desk_queries.load()
    catalogue = desk.catalogue(work_type.pk)
    specs = [spec for spec in catalogue.inputs if "requester" in spec.providers]
    if request.method != "POST":
        form = PublicRequestForm(initial={"key": form_key()})
        return _show_form(request, work_type, form, controls.build(specs, catalogue, {}, Typed(), {}))
    form = PublicRequestForm(request.POST)
    chosen = uploads.sent_files(request, specs)
    typed = uploads.with_names(controls.typed(specs, request.POST), chosen)
    status, wrong = 422, dict[str, str]()
    if form.is_valid():
        if form.cleaned_data["website"]:
            return render(request, "requests/received.html", _sends_mail())
        try:
            item = public_intake.receive_public(
                request=_request(work_type, form, typed), files=uploads.all_files(request, chosen)
            )
        except Invalid as error:
            wrong = form.take(error)
        except Conflict:
            status = 409
            form.renew_key("This form was sent before, with other words. Send it again to make another request.")
        except public_intake.TooMany as error:
            status = 429
            form.add_error(None, str(error))
        else:
            return render(request, "requests/received.html", {"item": item} | _sends_mail())
    typed = uploads.without_names(typed, specs)
    return _show_form(request, work_type, form, controls.build(specs, catalogue, {}, typed, wrong), wrong, status)


def _show_form(
    request: HttpRequest,
    work_type: WorkType,
    form: PublicRequestForm,
    built: Sequence[controls.Control],
    wrong: Mapping[str, str] | None = None,
    status: int = 200,
) -> HttpResponse:
    context = {
        "work_type": work_type,
        "form": form,
        "controls": built,
        "files_error": (wrong or {}).get("files", ""),
        "most_files": attaching.MOST_FILES,
        "most_megabytes": attaching.MOST_BYTES // 1024 // 1024,
    }
    return render(request, "requests/form.html", context, status=status)


def _request(work_type: WorkType, form: PublicRequestForm, typed: Typed) -> Request:
    data = form.cleaned_data
    given = {name: value for name, value in controls.given(typed).items() if name not in typed.nones}
    return Request(
        title=data["title"],
        text=data["text"],
        type=work_type.slug,
        channel=public_intake.CHANNEL,
        inputs=given,
        requester_name=data["requester_name"],
        requester_email=data["requester_email"],
        key=f"public:{data['key']}",
        body={name: str(data[name]) for name in ("title", "text", "requester_name", "requester_email")}
        | {"inputs": given},
    )
