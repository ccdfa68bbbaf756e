"""The registry of destination kinds that people staff; ``reviews`` registers *queue* here.

Routing never imports reviews: it opens and closes reviews through this interface, inside the caller's transaction.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from routing.domain.roles import Actor
from routing.models import Decision, Destination, WorkItem


@dataclass(slots=True)
class Opening:
    """A review to open for a locked item.

    ``kind`` is ``escalation``, ``assigned`` or ``check``, which asks afterwards and moves nothing. ``cause`` says why a
    person is asked: ``escalated``, ``approval``, ``changed``, ``unavailable``, ``missing``, ``no_rule``, ``circles``,
    ``limit``, ``failed``, ``unknown_outcome``, ``declined``, ``assigned``, ``error``, ``spot_check`` or ``reported``.
    ``proposal`` has a ``kind`` key: ``route``, ``output``, ``calls``, ``continue``, ``facts``, ``retry``, ``outcome``,
    ``task`` or ``check``. ``assignee_id`` offers it to one person. ``run`` is the item's run that it asks about, when
    that is not the present one. ``approval_id`` is the verdict that approved what is asked about again: that goes to
    the queue it was given in, and needs as many approvals.
    """

    item: WorkItem
    queue: str
    kind: str
    cause: str
    question: str
    reason: str = ""
    proposal: dict[str, object] = field(default_factory=dict)
    rule_id: str = ""
    names: list[str] = field(default_factory=list)
    decision: Decision | None = None
    assignee_id: int | None = None
    run: int | None = None
    approval_id: int | None = None


@dataclass(frozen=True, slots=True)
class Opened:
    """A review that was opened: its id and the queue it ended up in."""

    review_id: int
    queue: str
    queue_name: str


@dataclass(frozen=True, slots=True)
class Asked:
    """What people are asked about an item now; ``may_decide`` tells whether the actor who looks is one of them.

    ``decider`` names the queue, or the person it was given to. ``afterwards``: the answer moves nothing, and nothing
    waits for it.
    """

    review_id: int
    question: str
    reason: str
    decider: str
    may_decide: bool
    afterwards: bool


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody of the desk whom an item can be given to."""

    id: int
    username: str
    name: str


@dataclass(frozen=True, slots=True)
class Judged:
    """What people made of a decision of the rules.

    ``kept``: they approved it as it was; else they fixed or declined it. ``place_right`` says whether they approved
    where the work was sent; None when that tells nothing. ``place`` is the slug of the type or destination they chose.
    """

    kept: bool
    place_right: bool | None = None
    place: str = ""


class PeopleKind(Protocol):
    """What routing needs of a kind of destination that people staff."""

    def open(self, openings: Sequence[Opening], now: datetime) -> list[Opened]:
        """Open one review for each opening, in order; a queue that is gone is replaced by the first that is left."""

    def close(self, items: Sequence[WorkItem], why: str, now: datetime) -> None:
        """Withdraw the open reviews of these locked items that are not on something which has happened already."""

    def standing(self, item: WorkItem) -> list[dict[str, object]]:
        """Return the open reviews of a locked item that ``close`` would withdraw, as JSON data for ``put_back``."""

    def put_back(self, item: WorkItem, before: Sequence[Mapping[str, object]], actor: Actor, now: datetime) -> None:
        """Open again what stood before a move that is undone, and withdraw what it opened.

        Raises Conflict when somebody else looks at that already, or was told of it by mail.
        """

    def takers(self, item: WorkItem | None) -> list[Person]:
        """Return whom a move can give the item to, by name; without an item everybody who decides somewhere."""

    def person(self, item: WorkItem, *, username: str = "", user_id: int = 0) -> Person:
        """Return the person of this name or id; raises Invalid unless they work here and may see the item."""

    def give(self, item: WorkItem, person: Person, actor: Actor, now: datetime) -> Opened | None:
        """Give the review that a locked item waits for to a person; None when it waits for none.

        Raises Invalid when they may not decide it, Conflict while somebody else looks at it.
        """

    def queue_for(self, person: Person) -> str:
        """Return the queue in which a task for this person is opened; raises Invalid when they staff none."""

    def tell_given(self, item: WorkItem, actor: Actor, now: datetime) -> None:
        """Tell the person to whom the review of a moved item was given, unless they gave it themselves."""

    def take(self, actor: Actor, review_id: int) -> None:
        """Claim a review for the actor, inside the caller's transaction."""

    def unsettled(self, items: Sequence[WorkItem]) -> dict[int, Opened]:
        """Return the oldest open review on what became of an effect, by the id of its item."""

    def reported(self, items: Sequence[WorkItem]) -> dict[int, Opened]:
        """Return the open review of a problem that somebody reported, by the id of its item."""

    def strictest(self, queues: Sequence[str]) -> str:
        """Return of these queues, by their slugs, the one in which most people must approve; the first of equals."""

    def eligible(self, destination: Destination, item: WorkItem | None = None) -> bool:
        """Return whether somebody could decide (this item) here."""

    def unstaffed(self) -> dict[str, str]:
        """Return the queues in use where nobody could decide: names by slug, in a bounded number of queries."""

    def problems(self, destination: Destination) -> list[str]:
        """Return what is wrong with the destination's set-up, in the admin's words."""

    def describe(self, destination: Destination) -> str:
        """Return one sentence about who staffs it."""

    def asked(self, actor: Actor, item: WorkItem) -> list[Asked]:
        """Return the open questions about an item that the actor may see, the one of its review point first."""

    def judged(self, decision_ids: Sequence[int]) -> dict[int, Judged]:
        """Return what people made of these decisions, by the ids of those that they approved, fixed or declined."""

    def erase(self, item: WorkItem, words: str, now: datetime) -> None:
        """Empty what reviews of a locked item hold of its requester, and withdraw the open ones; ``words`` say why."""

    def sweep(self, now: datetime) -> None:
        """Do what time has made due: hand on what waited too long, tell people, send their mails."""

    def said(self, item: WorkItem) -> dict[int, str]:
        """Return what people wrote with what they decided about the item, by the id that its events name."""


_kinds: dict[str, PeopleKind] = {}


def register(kind: str, people: PeopleKind) -> None:
    """Make ``people`` answer for destinations of this kind."""
    _kinds[kind] = people


def people() -> PeopleKind:
    """Return what answers for queues; raises LookupError when nothing is registered."""
    return _kinds["queue"]
