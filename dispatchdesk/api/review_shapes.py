"""What programs send about reviews and get back; the shapes of the OpenAPI document."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self

from ninja import Schema
from pydantic import BaseModel, Field, StrictBool, StrictInt, StrictStr, StringConstraints, model_validator

_Word = Annotated[StrictStr, StringConstraints(max_length=200)]
_Epoch = Annotated[StrictInt, Field(ge=0, le=2**31 - 1)]


class ClaimIn(BaseModel):
    """A lead may take over what somebody else holds, and says why in ``note``."""

    takeover: StrictBool = False
    note: Annotated[StrictStr, StringConstraints(max_length=2_000)] = ""


class HoldIn(BaseModel):
    """The claim that is meant; without an epoch the present one."""

    epoch: _Epoch | None = None


class ReleaseIn(HoldIn):
    """With ``pass_on`` the review is not offered to this person again; with ``later`` not for 30 minutes."""

    pass_on: StrictBool = False
    later: StrictBool = False

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if self.pass_on and self.later:
            raise ValueError("Choose pass_on or later, not both.")
        return self


class VerdictIn(BaseModel):
    """A decision on a review, naming the claim and the proposal it was made on.

    ``correction`` changes the proposal: ``fields`` of an output, ``drafts`` of calls, ``type`` or ``destination`` of a
    route, ``inputs``. ``result`` is what a task yields. ``to`` is ``queue:SLUG`` or ``person:USERNAME``. ``inputs`` are
    asked of the requester.
    """

    verdict: Literal["approve", "correct", "reassign", "reject", "ask", "redo", "complete"]
    epoch: _Epoch
    digest: _Word
    correction: dict[str, Any] | None = None
    result: dict[str, Any] | None = None
    to: _Word | None = None
    inputs: Annotated[list[_Word], Field(max_length=200)] | None = None
    comment: Annotated[StrictStr, StringConstraints(max_length=20_000)] | None = None
    reopen: StrictBool = False
    blames: _Word | None = None


class QueueOut(Schema):
    """One queue: how many reviews are open and for how long the oldest has been."""

    slug: str
    name: str
    depth: int
    oldest_age_seconds: int | None


class VerdictOut(Schema):
    """What was decided, by whom, and until when they may undo it."""

    verdict: str
    by: str
    at: datetime
    undo_until: datetime | None


class ReviewOut(Schema):
    """One review; ``claimed_by`` is the username of whoever holds it now."""

    id: int
    epoch: int
    digest: str
    kind: Literal["escalation", "assigned", "check"]
    item: str
    queue: str
    question: str
    reason: str
    proposal: dict[str, Any]
    status: Literal["open", "decided", "withdrawn"]
    claimed_by: str | None
    assignee: str | None
    lease_expires_at: datetime | None
    due_at: datetime
    approvals_needed: int
    first_approval: VerdictOut | None
    verdict: VerdictOut | None


class ReviewsOut(Schema):
    """One page of reviews, newest first."""

    reviews: list[ReviewOut]
    next_cursor: str | None
