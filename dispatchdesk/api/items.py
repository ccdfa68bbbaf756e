"""Items over the API: send them in, read them, add inputs, move them."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from django.contrib.auth import get_user_model
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from ninja import Header, Router
from pydantic import ValidationError

from dispatchdesk.api.access import caller, check_staff
from dispatchdesk.api.decisions import decision_answers
from dispatchdesk.api.item_answers import item_answer, item_answers, new_item_answer
from dispatchdesk.api.item_shapes import (
    KEY_LENGTH,
    PROBLEMS,
    BatchIn,
    BatchRowIn,
    BatchRowOut,
    DecisionsOut,
    EventsOut,
    InputsIn,
    ItemIn,
    ItemOut,
    ItemsOut,
    MoveIn,
    UndoIn,
)
from dispatchdesk.api.paging import Limit, cursor_of, key_of, page_of
from dispatchdesk.api.parsing import UnreadableBody, check_text, parsed_body
from dispatchdesk.api.plain_values import moment
from dispatchdesk.api.problems import Unreadable, problem, pydantic_errors, refusal_problem
from dispatchdesk.board.filters import Filters
from dispatchdesk.board.queries import holding
from routing.actions import answering, intake, moving, undoing
from routing.actions.intake import Received, Request
from routing.domain.roles import Actor, Role
from routing.domain.states import State
from routing.errors import Invalid, NotVisible
from routing.models import Event, WorkItem
from routing.queries.decisions import decisions_of
from routing.queries.items import in_sight

router = Router(tags=["items"])

_CODE = re.compile(r"[Dd]-([1-9][0-9]{0,17})")
_LONGEST_SEARCH = 200


def reply(body: object, status: int = 200) -> HttpResponse:
    """Return JSON as it is; the shapes are only documented by ninja, not run over every answer."""
    return HttpResponse(json.dumps(body, ensure_ascii=False), status=status, content_type="application/json")


def visible_items(actor: Actor) -> QuerySet[WorkItem]:
    """Return the items an actor may read: an intake token those it sent in, staff those of the types they see."""
    mine = Q(intake_token_id=actor.token_id) if actor.role is Role.INTAKE else in_sight(actor)
    return WorkItem.objects.filter(mine).select_related("work_type")


def find_item(actor: Actor, code: str) -> WorkItem:
    """Return the item of this code; raises NotVisible when there is none for this actor."""
    match = _CODE.fullmatch(code)
    item = visible_items(actor).filter(pk=int(match[1])).first() if match else None
    if item is None:
        raise NotVisible("There is no such item.")
    return item


@router.post("/items", response={200: ItemOut, 201: ItemOut, **PROBLEMS}, summary="Send in an item")
def create_item(
    request: HttpRequest, sent: ItemIn, idempotency_key: Annotated[str | None, Header(alias="Idempotency-Key")] = None
) -> HttpResponse:
    """Take in one request; once this answers 201 it is stored.

    The same Idempotency-Key with the same body answers 200 with the item as it now is, with another body 409. Keys are
    kept for 30 days, for each token by itself.
    """
    key = _key(idempotency_key)
    received = intake.receive(
        actor=caller(request), request=_request(sent, key, parsed_body(request)), trigger_kind="api"
    )
    if received.work is not None:
        return reply(new_item_answer(received.work), 201)
    if received.item is None:
        raise NotVisible("There is no such item.")
    return reply(item_answer(received.item))


def _key(header: str | None) -> str:
    if not header or not header.strip():
        raise Unreadable("Send an Idempotency-Key header, so that this is safe to send again.")
    if len(header) > KEY_LENGTH:
        raise Unreadable(f"The Idempotency-Key may have at most {KEY_LENGTH} characters.")
    try:
        check_text(header)
    except UnreadableBody as error:
        raise Unreadable(f"The Idempotency-Key cannot be kept. {error}") from error
    return header.strip()


def _request(sent: ItemIn, key: str, body: object) -> Request:
    return Request(
        title=sent.title,
        text=sent.text,
        type=sent.type or "",
        priority=sent.priority or "normal",
        channel=sent.channel or "api",
        inputs=sent.inputs or {},
        requester_name=sent.requester.name if sent.requester else "",
        requester_email=sent.requester.email if sent.requester else "",
        key=key,
        body=body,
    )


@router.post("/items/batch", response={200: list[BatchRowOut], **PROBLEMS}, summary="Send in up to 1,000 items")
def create_items(request: HttpRequest, sent: BatchIn) -> HttpResponse:
    """Take in each request of the batch by itself; the answers come in the same order."""
    answers: list[dict[str, Any] | None] = [None] * len(sent.items)
    requests: dict[int, Request] = {}
    for index, row in enumerate(sent.items):
        try:
            read = BatchRowIn.model_validate(row)
        except ValidationError as error:
            answers[index] = _refused_row(error)
        else:
            body = {name: value for name, value in row.items() if name != "key"}
            requests[index] = _request(read, read.key, body)
    received = intake.receive_many(actor=caller(request), requests=list(requests.values()), trigger_kind="api")
    for index, answer in zip(requests, _received_rows(received), strict=True):
        answers[index] = answer
    return reply(answers)


def _refused_row(error: ValidationError) -> dict[str, Any]:
    errors = pydantic_errors([dict(one) for one in error.errors(include_url=False, include_context=False)])
    return {"status": 422, "error": problem(422, "The request could not be taken.", errors=errors)}


def _received_rows(received: Sequence[Received]) -> list[dict[str, Any]]:
    kept = {one.item.pk: one.item for one in received if one.item is not None and not one.created}
    shown = dict(zip(kept, item_answers(list(kept.values())), strict=True))
    rows: list[dict[str, Any]] = []
    for one in received:
        if one.error is not None:
            body = refusal_problem(one.error)
            rows.append({"status": body["status"], "error": body})
        elif one.item is not None:
            item = shown[one.item.pk] if one.work is None else new_item_answer(one.work)
            rows.append({"status": 201 if one.created else 200, "item": item})
    return rows


@router.get("/items", response={200: ItemsOut, **PROBLEMS}, summary="List items, newest first")
def list_items(
    request: HttpRequest,
    state: str = "",
    type: str = "",  # noqa: A002
    q: str = "",
    cursor: str = "",
    limit: Limit = 50,
) -> HttpResponse:
    """Return a page of items, by state, type or words in title and text; ``next_cursor`` leads to the next page."""
    rows = visible_items(caller(request))
    if state:
        if state not in {one.value for one in State}:
            raise Invalid("There is no such state.", {"state": f"use one of {', '.join(State)}"})
        rows = rows.filter(state=state)
    if type:
        rows = rows.filter(work_type__slug=_searchable("type", type))
    if q:
        filters = Filters(q=_searchable("q", q).strip())
        rows = holding(rows, filters.words, filters.item_id) if filters.words else rows
    page, next_cursor = page_of(rows, by="id", limit=limit, cursor=cursor)
    return reply({"items": item_answers(page), "next_cursor": next_cursor})


def _searchable(name: str, text: str) -> str:
    try:
        check_text(text)
    except UnreadableBody as error:
        raise Invalid("This cannot be searched for.", {name: str(error)}) from error
    if len(text) > _LONGEST_SEARCH:
        raise Invalid("This cannot be searched for.", {name: f"At most {_LONGEST_SEARCH} characters."})
    return text


@router.get("/items/{code}", response={200: ItemOut, **PROBLEMS}, summary="Read an item")
def read_item(request: HttpRequest, code: str) -> HttpResponse:
    """Return the item as it stands."""
    return reply(item_answer(find_item(caller(request), code)))


@router.get("/items/{code}/events", response={200: EventsOut, **PROBLEMS}, summary="List what happened to an item")
def list_events(request: HttpRequest, code: str, cursor: str = "", limit: Limit = 100) -> HttpResponse:
    """Return the item's ledger, oldest first."""
    actor = caller(request)
    item = find_item(actor, code)
    rows = Event.objects.filter(item=item).defer("hash")
    page, next_cursor = page_of(rows, by="seq", limit=limit, cursor=cursor, newest_first=False)
    names = _names(page) if actor.is_staff_member else {}
    events = [_event(row, names) for row in page]
    originals = {row.data["duplicate_of"] for row in page if "duplicate_of" in row.data}
    if originals:  # which other request it is the same as, for those who may see that one
        seen = set(visible_items(actor).filter(pk__in=originals).values_list("pk", flat=True))
        for event in events:
            if actor.role is Role.INTAKE or event["data"].get("duplicate_of") not in seen:
                event["data"].pop("duplicate_of", None)
    return reply({"events": events, "next_cursor": next_cursor})


def _names(events: Sequence[Event]) -> Mapping[int, str]:
    people = get_user_model().objects.in_bulk({row.actor_id for row in events if row.actor_id is not None})
    return {pk: person.display_name() for pk, person in people.items()}


def _event(row: Event, names: Mapping[int, str]) -> dict[str, Any]:
    return {
        "seq": row.seq,
        "kind": row.kind,
        "actor": {"role": row.actor_role, "name": names.get(row.actor_id) if row.actor_id is not None else None},
        "state_from": row.state_from or None,
        "state_to": row.state_to,
        "data": row.data,
        "at": moment(row.at),
    }


@router.get("/items/{code}/decisions", response={200: DecisionsOut, **PROBLEMS}, summary="List why it moved")
def list_decisions(request: HttpRequest, code: str, cursor: str = "", limit: Limit = 50) -> HttpResponse:
    """Return what the rules answered, oldest first, each with the facts they saw and every comparison."""
    actor = caller(request)
    item = find_item(actor, code)
    check_staff(actor)
    rows = decision_answers(item, decisions_of(item))
    after = key_of(cursor) if cursor else 0
    rest = [row for row in rows if row["id"] > after]
    next_cursor = cursor_of(rest[limit - 1]["id"]) if len(rest) > limit else None
    return reply({"decisions": rest[:limit], "next_cursor": next_cursor})


@router.post("/items/{code}/inputs", response={200: ItemOut, **PROBLEMS}, summary="Add inputs to an item")
def add_inputs(request: HttpRequest, code: str, sent: InputsIn) -> HttpResponse:
    """Record what is known about an item; one that waits for it goes on."""
    actor = caller(request)
    item = find_item(actor, code)
    check_staff(actor)
    return reply(
        item_answer(answering.add_inputs(actor=actor, item_id=item.pk, given=sent.inputs, version=sent.version))
    )


@router.post("/items/{code}/move", response={200: ItemOut, **PROBLEMS}, summary="Move an item by hand")
def move_item(request: HttpRequest, code: str, sent: MoveIn) -> HttpResponse:
    """Move an item; ``version`` must be the one that was seen, else 409."""
    actor = caller(request)
    item = find_item(actor, code)
    check_staff(actor)
    return reply(
        item_answer(moving.move(actor=actor, item_id=item.pk, to=sent.to, version=sent.version, reason=sent.reason))
    )


@router.post("/items/{code}/undo", response={200: ItemOut, **PROBLEMS}, summary="Undo one's own move by hand")
def undo_move(request: HttpRequest, code: str, sent: UndoIn) -> HttpResponse:
    """Put an item back where it was before one's own move, for a minute and while nothing else has happened to it."""
    actor = caller(request)
    item = find_item(actor, code)
    check_staff(actor)
    return reply(item_answer(undoing.undo(actor=actor, item_id=item.pk, version=sent.version)))
