"""Receives requests: each is committed once per key, and due for a decision at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from routing import transitions
from routing.actions import answering
from routing.actions.passes import Pass
from routing.crash_points import one_transaction
from routing.domain.digests import digest
from routing.domain.roles import Actor
from routing.domain.states import State
from routing.errors import Conflict, Invalid, NotAllowed, RoutingError
from routing.models import OwnerKind, Priority, WorkItem, WorkType
from routing.queries import desk as desk_queries
from routing.queries.facts import Knowledge
from routing.rows import insert, new, read

MAX_TEXT = 100_000
MAX_TITLE = 200
KEY_KEPT = timedelta(days=30)
FILES = 0  # stands for a token: keys of files are a scope of their own


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it came in. ``key`` makes it safe to send again; ``body`` is what two of one key must share."""

    title: str
    text: str = ""
    type: str = ""
    priority: str = "normal"
    channel: str = "api"
    inputs: Mapping[str, object] = field(default_factory=dict)
    requester_name: str = ""
    requester_email: str = ""
    key: str = ""
    body: object = None


@dataclass(slots=True)
class Received:
    """What became of one request: the item, with what is known of it when it is new, or why it was refused."""

    item: WorkItem | None = None
    work: Pass | None = None
    error: RoutingError | None = None

    @property
    def created(self) -> bool:
        """Whether the item is new."""
        return self.work is not None


def receive(*, actor: Actor, request: Request, trigger_kind: str) -> Received:
    """Receive one request; raises what ``receive_many`` reports."""
    [received] = receive_many(actor=actor, requests=[request], trigger_kind=trigger_kind)
    if received.error is not None:
        raise received.error
    return received


def receive_many(*, actor: Actor, requests: Sequence[Request], trigger_kind: str) -> list[Received]:
    """Receive requests in one transaction and return what became of each, in order.

    The same key with the same body returns the item it made (Conflict with another body). Errors are Invalid with a
    message per field, NotAllowed, or Conflict. An acknowledged item is committed when this returns.
    """
    results = [Received() for _ in requests]
    with one_transaction("intake.receive_many"):
        desk, now = desk_queries.load_at()
        fresh: dict[int, Pass] = {}
        for index, request in enumerate(requests):
            try:
                fresh[index] = _build(actor, request, trigger_kind, desk, now)
            except RoutingError as error:
                results[index].error = error
        _insert(actor, requests, fresh, results, now)
    return results


def _build(actor: Actor, request: Request, trigger_kind: str, desk: desk_queries.Desk, now: datetime) -> Pass:
    work_type = _checked_type(actor, request, desk)
    wrong = _problems(request)
    if wrong:
        raise Invalid("The request could not be taken.", wrong)
    minutes = work_type.service_level_minutes if work_type else 24 * 60
    item = new(
        WorkItem,
        title=_clean(request.title)[:MAX_TITLE],
        text=_clean(request.text),
        channel=_clean(request.channel)[:30],
        priority=Priority[request.priority.upper()],
        requester_name=_clean(request.requester_name)[:150],
        requester_email=request.requester_email.strip(),
        trigger_kind=trigger_kind,
        trigger_by=actor.name[:150],
        created_by_id=actor.user_id,
        created_at=now,
        updated_at=now,
        due_at=now + timedelta(minutes=minutes),
        state=State.INCOMING,
        owner_kind=OwnerKind.DESK,
        owner_since=now,
        moves_left=work_type.move_limit if work_type else 30,
        decide_due_at=now,
        intake_token_id=actor.token_id if request.key else None,
        intake_key=request.key,
        intake_digest=bytes.fromhex(digest(request.body)) if request.key else None,
    )
    item.work_type = work_type  # apart, as a new row takes ids alone
    work = Pass(item=item, desk=desk, now=now, known=Knowledge())
    if request.inputs:
        if work_type is None:
            raise Invalid("Inputs need a type.", {"inputs": "Name the type these inputs belong to."})
        answering.learn_inputs(work, request.inputs, "request")
    return work


def _checked_type(actor: Actor, request: Request, desk: desk_queries.Desk) -> WorkType | None:
    if not request.type:
        return None
    work_type = desk.types.get(request.type)
    if work_type is None or not work_type.active:
        raise Invalid("The request could not be taken.", {"type": f"There is no work type “{request.type[:60]}”."})
    if not actor.may_see_type(work_type.pk):
        raise NotAllowed(f"You may not send requests of the type {work_type.name}.")
    return work_type


def _problems(request: Request) -> dict[str, str]:
    wrong = {}
    if not request.title.strip() and not request.text.strip():
        wrong["text"] = "Write what is needed."
    if len(request.text) > MAX_TEXT:
        wrong["text"] = f"At most {MAX_TEXT:,} characters."
    if request.priority.upper() not in Priority.__members__:
        wrong["priority"] = "Use low, normal, high or urgent."
    if len(request.key) > 255:
        wrong["key"] = "At most 255 characters."
    if request.requester_email.strip():
        try:
            validate_email(request.requester_email.strip())
        except ValidationError:
            wrong["requester.email"] = "This is no e-mail address."
    return wrong


def _clean(text: str) -> str:
    """Return the text without what PostgreSQL cannot hold: NUL and lone surrogates."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode("utf-8").strip()


def _insert(
    actor: Actor, requests: Sequence[Request], fresh: dict[int, Pass], results: list[Received], now: datetime
) -> None:
    """Insert in the order of the keys, so that two batches never wait for each other in a circle."""
    order = sorted(fresh, key=lambda index: (requests[index].key, index))
    existing = _existing(actor, [requests[index].key for index in order if requests[index].key], now)
    taken: list[Pass] = []
    for index in order:
        key, work = requests[index].key, fresh[index]
        if key in existing:
            _answer_again(results[index], existing[key], work.item)
            continue
        if key:
            existing[key] = work.item
        work.item.title = work.item.title or work.item.text[:80]
        results[index].item, results[index].work = work.item, work
        taken.append(work)
    if not taken:
        return
    transitions.create([work.item for work in taken], actor, now)
    for work in taken:
        for row in work.revisions:
            row.item_id = work.item.pk  # which had none when the fact was written down
    insert([row for work in taken for row in work.revisions])


_LOCK_KEYS = "SELECT count(pg_advisory_xact_lock(hashtextextended(k, 0))) FROM unnest(%(keys)s::text[]) AS t(k)"
_ANY_OF_KEYS = """
    SELECT 1 FROM routing_workitem
    WHERE intake_token_id {by} AND intake_key = ANY(%(keys)s::text[]) AND intake_key <> '' LIMIT 1
"""
_OF_TOKEN = _ANY_OF_KEYS.format(by="= %(token)s::bigint")
_OF_PEOPLE = _ANY_OF_KEYS.format(by="IS NULL")


def _existing(actor: Actor, keys: Sequence[str], now: datetime) -> dict[str, WorkItem]:
    """Return what these keys have made before.

    Each is locked until the end of the transaction, in order, so that two requests of one key cannot both insert.
    """
    if not keys:
        return {}
    read(_LOCK_KEYS, {"keys": [f"{actor.token_id}:{key}" for key in sorted(set(keys))]})
    any_of_keys = _OF_PEOPLE if actor.token_id is None else _OF_TOKEN
    if not read(any_of_keys, {"token": actor.token_id, "keys": list(keys)}):  # as nearly always
        return {}
    rows = WorkItem.objects.filter(intake_token_id=actor.token_id, intake_key__in=keys)
    found = {row.intake_key: row for row in rows.select_related("work_type")}
    expired = {key: row for key, row in found.items() if row.created_at < now - KEY_KEPT}
    if expired:
        WorkItem.objects.filter(pk__in=[row.pk for row in expired.values()]).update(intake_key="")
    return {key: row for key, row in found.items() if key not in expired}


def _answer_again(result: Received, item: WorkItem, sent: WorkItem) -> None:
    if bytes(item.intake_digest or b"") != bytes(sent.intake_digest or b""):
        result.error = Conflict(f"This key was used before with another body; it made {item.code}.")
    else:
        result.item = item
