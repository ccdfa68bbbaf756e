"""Inputs that people give: requesters through their page, staff on an item, programs through the API."""

from collections.abc import Mapping

from routing import transitions
from routing.actions import deciding
from routing.actions.passes import Pass
from routing.crash_points import one_transaction
from routing.domain.conditions import reads
from routing.domain.engine import seen_facts
from routing.domain.facts import MISSING, Fact, Status, known, lookup
from routing.domain.inputs import InputError, parse_answer
from routing.domain.roles import Actor, Role
from routing.domain.states import Action, State
from routing.errors import Conflict, Invalid
from routing.models import Question, WorkItem
from routing.queries import desk as desk_queries
from routing.transitions import Change

DONT_HAVE = "__none__"
LONGEST_ANSWER = 20_000


def read_inputs(work: Pass, given: Mapping[str, object]) -> tuple[dict[str, Fact], dict[str, str]]:
    """Check inputs by name (with or without ``input.``); None or ``DONT_HAVE`` means there is none.

    Returns the facts that can be used, and a message for each answer that cannot, both by the input's name.
    """
    specs = {spec.name: spec for spec in work.desk.catalogue(work.item.work_type_id).inputs}
    read: dict[str, Fact] = {}
    wrong: dict[str, str] = {}
    for raw_name, raw in given.items():
        name = raw_name.removeprefix("input.")
        spec = specs.get(name)
        if spec is None:
            wrong[name] = f"{work.item.type_name} has no such input."
            continue
        if raw is None or raw == DONT_HAVE:
            read[name] = MISSING
            continue
        try:
            read[name] = known(parse_answer(spec, raw, today=work.now.date()))
        except InputError as error:
            wrong[name] = str(error)
    return read, wrong


def learn_inputs(work: Pass, given: Mapping[str, object], provider: str) -> None:
    """Check and record inputs; raises Invalid with a message per field, and records nothing then."""
    read, wrong = read_inputs(work, given)
    if wrong:
        raise Invalid("Some answers could not be used.", wrong)
    for name, fact in read.items():
        work.learn(f"input.{name}", fact, provider)


def answer(
    *, actor: Actor, item_id: int, given: Mapping[str, object], text: str = "", provider: str = "requester"
) -> WorkItem:
    """Take the requester's answers, closing the open question; the item is decided again.

    ``text`` answers what a person asked in their own words and becomes the fact ``item.answer``. Inputs that turn out
    not to apply need no answer. Raises Invalid with a message per field (``answer`` for the text), and Conflict when
    nothing is asked any more (a late answer to an item that has ended).
    """
    with one_transaction("answering.answer"):
        item = transitions.lock_one(item_id)
        question = Question.objects.select_for_update().filter(item=item, status=Question.OPEN).first()
        if question is None or item.state != State.WAITING:
            raise Conflict("Thank you, nothing more is needed for this request at the moment.")
        work = _work(item)
        read, wrong = read_inputs(work, given)
        for name, fact in read.items():
            work.learn(f"input.{name}", fact, provider)
        wrong |= _unanswered(work, question, wrong) | _unfit(text, is_needed=not question.names)
        if wrong:
            raise Invalid("Some answers could not be used.", wrong)
        if text.strip():
            work.learn_value("item.answer", text.strip(), provider)
        question.status, question.closed_at = Question.ANSWERED, work.now
        question.save(update_fields=["status", "closed_at"])
        work.change = Change(item, Action.ANSWER, State.INCOMING, decide_at=work.now, data={"inputs": sorted(given)})
        deciding.flush([work], actor)
        return item


def _unanswered(work: Pass, question: Question, wrong: Mapping[str, str]) -> dict[str, str]:
    """Return a message for each input that was asked for, applies, and got no answer at all."""
    catalogue = work.desk.catalogue(work.item.work_type_id)
    seen = seen_facts(work.known.facts, work.book.rules, catalogue, work.now)
    unread = {f"input.{name}" for name in wrong}
    return {
        spec.name: "Please answer, or choose “I don't have this”."
        for spec in catalogue.inputs
        if spec.name in question.names
        and spec.name not in wrong
        and lookup(seen, spec.fact).status is Status.UNKNOWN
        and not (spec.applies_when and unread & reads(spec.applies_when))
    }


def _unfit(text: str, *, is_needed: bool) -> dict[str, str]:
    if is_needed and not text.strip():
        return {"answer": "Please write an answer."}
    if len(text) > LONGEST_ANSWER:
        return {"answer": f"At most {LONGEST_ANSWER:,} characters."}
    return {}


def add_inputs(*, actor: Actor, item_id: int, given: Mapping[str, object], version: int | None = None) -> WorkItem:
    """Record inputs that staff or a program knows; a waiting item is decided again.

    Raises Invalid, Conflict when ``version`` is not the item's, NotAllowed when the role may not in this state.
    """
    with one_transaction("answering.add_inputs"):
        item = transitions.lock_one(item_id, version=version)
        work = _work(item)
        provider = f"token:{actor.token_id}" if actor.role is Role.INTAKE else f"person:{actor.user_id}"
        learn_inputs(work, given, provider)
        waiting = item.state == State.WAITING
        target = State.INCOMING if waiting else State(item.state)
        if waiting:
            open_questions = Question.objects.filter(item=item, status=Question.OPEN)
            open_questions.update(status=Question.ANSWERED, closed_at=work.now)
        work.change = Change(
            item,
            Action.ADD_INPUT,
            target,
            owner=None if waiting else transitions.present_owner(item),
            wait_kind="",
            decide_at=work.now if target is State.INCOMING else None,
            data={"inputs": sorted(given)},
        )
        deciding.flush([work], actor)
        return item


def _work(item: WorkItem) -> Pass:
    return deciding.begin([item], *desk_queries.load_at())[0]
