"""What programs send about items and get back; the shapes of the OpenAPI document."""

from datetime import datetime
from typing import Annotated, Any, Literal

from ninja import Schema
from pydantic import AfterValidator, BaseModel, Field, StrictInt, StrictStr, StringConstraints

from routing.actions.intake import MAX_TEXT, MAX_TITLE
from routing.domain.states import State

BATCH_LIMIT = 1000
KEY_LENGTH = 255
_MOST_INPUTS = 200


def _not_blank(text: str) -> str:
    if not text.strip():
        raise ValueError("Write something here.")
    return text


Title = Annotated[StrictStr, StringConstraints(max_length=MAX_TITLE), AfterValidator(_not_blank)]
Text = Annotated[StrictStr, StringConstraints(max_length=MAX_TEXT)]
Short = Annotated[StrictStr, StringConstraints(max_length=100)]
Inputs = Annotated[dict[str, Any], Field(max_length=_MOST_INPUTS)]


class RequesterIn(BaseModel):
    """Who asks; the address is where questions and replies go."""

    name: Annotated[StrictStr, StringConstraints(max_length=150)] = ""
    email: Annotated[StrictStr, StringConstraints(max_length=254)] = ""


class ItemIn(BaseModel):
    """One request. Without a type the First look rules find one."""

    title: Title
    text: Text
    type: Short | None = None
    priority: Literal["low", "normal", "high", "urgent"] | None = None
    channel: Annotated[StrictStr, StringConstraints(max_length=30)] | None = None
    inputs: Inputs | None = None
    requester: RequesterIn | None = None


class BatchRowIn(ItemIn):
    """One request of a batch, with the key that makes it safe to send again."""

    key: Annotated[StrictStr, StringConstraints(min_length=1, max_length=KEY_LENGTH)]


class BatchIn(BaseModel):
    """Up to 1,000 requests; each is taken or refused by itself."""

    items: Annotated[list[dict[str, Any]], Field(min_length=1, max_length=BATCH_LIMIT)]


class InputsIn(BaseModel):
    """Inputs by name; null says that there is none. ``version`` refuses them when the item has changed since."""

    inputs: Annotated[Inputs, Field(min_length=1)]
    version: StrictInt | None = None


class MoveIn(BaseModel):
    """Where to move an item, by hand.

    destination:SLUG, queue:SLUG, state:incoming|waiting|done|stopped, person:USERNAME, me, spam or duplicate:CODE.
    """

    to: Short
    version: StrictInt
    reason: Text = ""


class UndoIn(BaseModel):
    """The version at which one's own move left the item."""

    version: StrictInt


class TriggerOut(Schema):
    """What brought the item in."""

    kind: str
    by: str
    at: datetime


class OwnerOut(Schema):
    """Whoever must act now: the desk, a step, the requester, a queue, a person, the clock or nobody."""

    kind: str
    name: str
    since: datetime


class ReviewPointOut(Schema):
    """Where a person decides: now (``open``, with the review's id), later (``ahead``) or nowhere (``none``)."""

    kind: Literal["open", "ahead", "none"]
    queue: str | None
    review_id: int | None
    label: str


class MissingOut(Schema):
    """An input that is not known yet and who provides it; ``asked_at`` is null until they were asked."""

    name: str
    provider: str
    asked_at: datetime | None


class ItemOut(Schema):
    """One item as it stands. ``inputs`` holds null for an input of which it is known that there is none.

    ``closed_as`` says as what it was closed, where it was not just closed.
    """

    code: str
    type: str | None
    title: str
    state: State
    closed_as: Literal["spam", "duplicate"] | None
    trigger: TriggerOut
    next_owner: OwnerOut
    review_point: ReviewPointOut
    priority: Literal["low", "normal", "high", "urgent"]
    inputs: dict[str, Any]
    missing: list[MissingOut]
    version: int
    created_at: datetime
    updated_at: datetime
    url: str


class ItemsOut(Schema):
    """One page of items, newest first."""

    items: list[ItemOut]
    next_cursor: str | None


class ErrorOut(Schema):
    """One wrong field."""

    pointer: str
    detail: str


class ProblemOut(Schema):
    """Why a request was refused (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    instance: str = ""
    errors: list[ErrorOut] = Field(default_factory=list)


# What any address may answer instead.
PROBLEMS = dict.fromkeys((400, 401, 403, 404, 409, 413, 422, 429, 503), ProblemOut)


class BatchRowOut(Schema):
    """What became of one request of a batch: 201 made, 200 already there, else why it was refused."""

    status: int
    item: ItemOut | None = None
    error: ProblemOut | None = None


class EventActorOut(Schema):
    """Who did it; the name is null for intake tokens and for the desk itself."""

    role: str
    name: str | None


class EventOut(Schema):
    """One line of the item's ledger."""

    seq: int
    kind: str
    actor: EventActorOut
    state_from: str | None
    state_to: str
    data: dict[str, Any]
    at: datetime


class EventsOut(Schema):
    """One page of events, oldest first."""

    events: list[EventOut]
    next_cursor: str | None


class RuleOut(Schema):
    """The rule that decided, with its number in the rulebook."""

    id: str
    number: int | None
    name: str


class FactOut(Schema):
    """A fact as it was known at the decision."""

    status: Literal["known", "missing", "unknown", "unavailable"]
    value: Any = None
    cause: str = ""


class ComparisonOut(Schema):
    """One comparison of a rule: what it expected, what it met and what came out."""

    path: str
    fact: str
    op: str
    expected: Any
    actual: FactOut
    result: str


class TraceOut(Schema):
    """One rule that was looked at."""

    rule: RuleOut
    result: str
    already_fired: bool
    comparisons: list[ComparisonOut]


class DecisionOut(Schema):
    """What the rules answered at one moment; ``facts`` and ``trace`` are worked out again from the ledger."""

    id: int
    rulebook: str | None
    version: int | None
    rule: RuleOut | None
    kind: str
    cause: str | None
    detail: dict[str, Any]
    decided_by: str | None
    decided_at: datetime
    position: int
    facts: dict[str, FactOut]
    trace: list[TraceOut]


class DecisionsOut(Schema):
    """One page of decisions, oldest first."""

    decisions: list[DecisionOut]
    next_cursor: str | None
