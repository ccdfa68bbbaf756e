"""Asks the requester: one form, twice at most, and then a person."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from django.utils.text import capfirst

from routing.actions.passes import Pass
from routing.actions.proposals import escalation
from routing.domain import engine
from routing.domain.states import Action, State
from routing.models import Letter, Question, WaitKind, WorkItem
from routing.requesters import page_link
from routing.transitions import REQUESTER_OWNER, Change

MAX_ROUNDS = 2


def ask(work: Pass, decision: engine.Decision, lacking: Iterable[str], form: Sequence[str]) -> None:
    """Ask the requester for the inputs among these facts, or a person when nobody can be asked."""
    lacking = set(lacking)
    wanted = lacking.union(form)
    inputs = [spec.fact for spec in work.desk.catalogue(work.item.work_type_id).inputs if spec.fact in wanted]
    others = sorted(lacking.difference(inputs))
    if others or not inputs:
        _ask_people(work, decision, others or sorted(decision.needs), "Nobody can provide {what}. How should it go on?")
    elif not work.item.requester_email:
        _ask_people(work, decision, inputs, "{what} is missing and there is no requester to ask. What is it?")
    elif (asked := work.past.question) is not None and set(inputs) <= {f"input.{n}" for n in asked.names}:
        _wait(work, asked)
    elif work.item.question_rounds >= MAX_ROUNDS:
        _ask_people(work, decision, inputs, "The requester was asked twice and {what} is still missing. What is it?")
    else:
        question = _question(work, inputs)
        work.note("need", rule_id=decision.rule_id, detail={"facts": inputs}, fires=False)
        _wait(work, question)


def _question(work: Pass, inputs: list[str], note: str = "") -> Question:
    item = work.item
    question, letter = new_question(item, [name.removeprefix("input.") for name in inputs], note, work.now)
    work.questions.append(question)
    work.letters.append(letter)
    return question


def new_question(item: WorkItem, names: list[str], note: str, now: datetime) -> tuple[Question, Letter]:
    """Return an unsaved question for these inputs with the letter that carries it; counts the round."""
    minutes = item.work_type.question_due_minutes if item.work_type else 3 * 24 * 60
    item.question_rounds += 1
    due = now + timedelta(minutes=minutes)
    question = Question(
        item=item, run=item.run, names=names, note=note, asked_at=now, due_at=due, remind_at=now + (due - now) / 2
    )
    return question, letter(item, "question", now, question_body(item, note))


def letter(item: WorkItem, kind: str, now: datetime, body: str) -> Letter:
    """Return an unsaved letter to the item's requester, with the code in its subject."""
    return Letter(
        item=item,
        kind=kind,
        to=item.requester_email,
        subject=f"[{item.code}] {item.title}"[:250],
        body=body,
        due_at=now,
        created_at=now,
    )


def question_body(item: WorkItem, note: str = "") -> str:
    """Return the text of a question: what is asked stands on the page behind the link."""
    greeting = f"Hello {item.requester_name}," if item.requester_name else "Hello,"
    extra = f"{note}\n\n" if note else ""
    return (
        f"{greeting}\n\nwe need something more from you for your request “{item.title}”.\n\n{extra}"
        f"Please tell us here:\n{page_link(item)}\n\nYour request is {item.code}.\n"
    )


def _wait(work: Pass, question: Question) -> None:
    work.change = Change(
        work.item,
        Action.ASK,
        State.WAITING,
        owner=REQUESTER_OWNER,
        wait_kind=WaitKind.REQUESTER,
        data={"inputs": list(question.names), "round": work.item.question_rounds},
    )


def _ask_people(work: Pass, decision: engine.Decision, names: list[str], question: str) -> None:
    catalogue = work.desk.catalogue(work.item.work_type_id)
    what = ", ".join(catalogue.label(name) for name in names)
    noted = work.note("review", rule_id=decision.rule_id, cause="missing", detail={"facts": names}, fires=False)
    text = capfirst(question.format(what=what))
    work.openings.append(escalation(work, queue="", cause="missing", question=text, noted=noted, names=names))
    work.change = Change(work.item, Action.ESCALATE, State.IN_REVIEW)
