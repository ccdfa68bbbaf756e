"""Staff answer for the requester what they were asked, for instance what they said on the phone."""

from collections.abc import Mapping

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render

from routing.actions import answering
from routing.domain.inputs import InputSpec
from routing.errors import Conflict, Invalid
from routing.forms import inputs as controls
from routing.forms.inputs import Typed
from routing.models import Question, WorkItem
from routing.queries import desk as desk_queries
from routing.queries.facts import knowledge
from routing.queries.items import find_item, may_answer
from routing.transitions import database_now
from routing.views import uploads
from routing.views.access import DeskRequest, page


def asked_inputs(item: WorkItem, question: Question | None) -> list[InputSpec]:
    """Return the inputs that a question asks for, in the type's order."""
    names = question.names if question else []
    return [spec for spec in desk_queries.load().catalogue(item.work_type_id).inputs if spec.name in names]


@page("GET", "POST")
def answer(request: DeskRequest, code: str) -> HttpResponse:
    """Show what the requester is asked, and take the answer from whoever knows it."""
    item = find_item(request.actor, code)
    question = Question.objects.filter(item=item, status=Question.OPEN).first()
    if question is None or not may_answer(item, request.actor):
        raise Conflict(f"{item.code}: nothing is asked of the requester any more.")
    specs = asked_inputs(item, question)
    if request.method != "POST":
        known = knowledge([item], database_now())[item.pk]
        return _show(request, item, question, controls.offered(specs, known.doubtful))
    typed, text = controls.typed(specs, request.POST), request.POST.get("answer", "").replace("\x00", "")
    try:
        typed = uploads.keep_files(request, item, specs, typed, request.actor.name)
        given, provider = controls.given(typed), f"person:{request.actor.person_id}"
        answering.answer(actor=request.actor, item_id=item.pk, given=given, text=text, provider=provider)
    except Invalid as error:
        return _show(request, item, question, typed, text, error.fields)
    messages.success(request, f"{item.code}: answered for the requester.")
    return redirect(item.get_absolute_url())


def _show(
    request: DeskRequest,
    item: WorkItem,
    question: Question,
    typed: Typed,
    text: str = "",
    wrong: Mapping[str, str] | None = None,
) -> HttpResponse:
    specs, facts = asked_inputs(item, question), knowledge([item], database_now())[item.pk].facts
    context = {
        "item": item,
        "question": question,
        "asks_freely": bool(question.note) or not specs,
        "answer": text,
        "wrong": wrong or {},
        "answer_error": (wrong or {}).get("answer", ""),
        "controls": controls.build(specs, desk_queries.load().catalogue(item.work_type_id), facts, typed, wrong or {}),
    }
    return render(request, "items/answer.html", context, status=422 if wrong else 200)
