"""Opens and withdraws reviews for routing: the destination kind *queue*."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from django.db.models import Exists, OuterRef

from reviews.actions import claiming, erasing, giving
from reviews.actions.overflowing import hand_on_overdue
from reviews.actions.staffing import ensure_triage
from reviews.actions.telling import tell_of_due_times
from reviews.domain.notices import due_soon_at
from reviews.domain.subjects import subjects
from reviews.models import Notice, Queue, Review, Verdict
from reviews.queries.colleagues import who_may_see
from reviews.queries.deadlines import asked_before, check_deadlines, deadlines
from reviews.queries.people import staff_of, unstaffed_queues
from reviews.queries.waiting import waiting_reviews
from routing import nudges
from routing.domain.digests import digest
from routing.domain.roles import Actor
from routing.kinds import Asked, Judged, Opened, Opening, Person
from routing.models import Destination, Step, WorkItem
from routing.queries.desk import FALLBACK_QUEUE
from routing.rows import add_all, read


def review_digest(proposal: dict[str, object], review_kind: str) -> str:
    """Return what binds a verdict to this proposal."""
    return digest([review_kind, proposal])


def _queues_in_use() -> dict[str, Queue]:
    rows = Queue.objects.filter(destination__archived=False).select_related("destination", "calendar").order_by("pk")
    return {queue.destination.slug: queue for queue in rows}


def _approved(verdict_ids: Sequence[int]) -> dict[int, Review]:
    """Return the reviews in which what these verdicts let happen was approved, by the id of the verdict.

    That an effect went through is no approval of what follows it: that was approved with the effect.
    """
    found = {}
    for verdict_id in verdict_ids:
        verdict = _verdict(verdict_id)
        while verdict.proposal.get("kind") == "outcome":
            earlier = Step.objects.values_list("approval_id", flat=True).get(pk=verdict.proposal["step"])
            if earlier is None:
                break
            verdict = _verdict(earlier)
        found[verdict_id] = verdict.review
    return found


def _verdict(verdict_id: int) -> Verdict:
    return Verdict.objects.select_related("review__queue__destination").get(pk=verdict_id)


def _decider(review: Review) -> str:
    return review.assignee.display_name() if review.assignee is not None else review.queue.destination.name


def _open_because(cause: str, items: Sequence[WorkItem]) -> dict[int, Opened]:
    """Return the oldest open review with this cause, by the id of its item."""
    found = read(_BECAUSE[cause], {"ids": [item.pk for item in items]})
    return {item_id: Opened(pk, slug, name) for item_id, pk, slug, name in found}


# Each cause in a statement of its own: with the cause as a value the plan could not be kept, for want of its index.
_BECAUSE = {
    cause: f"""
    SELECT r.item_id, r.id, d.slug, d.name FROM reviews_review r JOIN routing_destination d ON d.id = r.queue_id
    WHERE r.item_id = ANY(%(ids)s::bigint[]) AND r.status = '{Review.OPEN}' AND r.cause = '{cause}' ORDER BY r.id DESC
"""  # noqa: S608 - our own names
    for cause in (Review.UNKNOWN_OUTCOME, Review.REPORTED)
}


_JUDGING = ("approve", "correct", "reject")


def _judged(verdict: Verdict) -> Judged:
    """Return what a verdict says about the decision it was asked on."""
    kept, chosen = verdict.kind == "approve", {**verdict.proposal, **(verdict.correction or {})}
    match verdict.proposal.get("kind"), verdict.kind:
        case "calls", kind:
            return Judged(kept, place_right=kind != "reject" and not verdict.retypes)
        case "route", "approve" | "correct":
            return Judged(kept, place=str(chosen.get("type") or chosen.get("destination") or ""))
    return Judged(kept)


class QueuePeople:
    """What routing needs of queues; registered when the app starts."""

    def open(self, openings: Sequence[Opening], now: datetime) -> list[Opened]:
        """Open one review for each opening, in order; a desk without any queue gets Triage."""
        queues = _queues_in_use()
        if not queues:
            ensure_triage()
            queues = _queues_in_use()
        before = asked_before([one.item.pk for one in openings])
        approved = _approved([one.approval_id for one in openings if one.approval_id is not None])
        rows = [
            self._review(one, queues, now, before.get(one.item.pk), approved.get(one.approval_id or 0))
            for one in openings
        ]
        add_all(rows)
        return [Opened(row.pk, row.queue.slug, row.queue.destination.name) for row in rows]

    def _review(
        self,
        opening: Opening,
        queues: dict[str, Queue],
        now: datetime,
        before: Review | None,
        approved: Review | None,
    ) -> Review:
        wanted = approved.queue.slug if approved is not None else opening.queue
        queue = queues.get(wanted) or queues.get(FALLBACK_QUEUE) or next(iter(queues.values()))
        item = opening.item
        same = before is not None and before.queue_id == queue.pk
        is_check = opening.kind == Review.CHECK
        times = check_deadlines(now) if is_check else deadlines(queue, item.priority, now, before if same else None)
        return Review(
            item=item,
            run=item.run if opening.run is None else opening.run,
            kind=opening.kind,
            queue=queue,
            assignee_id=opening.assignee_id,
            decision=opening.decision,
            rule_id=opening.rule_id,
            cause=opening.cause,
            names=opening.names,
            question=opening.question[:300],
            reason=opening.reason,
            proposal=opening.proposal,
            digest=review_digest(opening.proposal, opening.kind),
            about=subjects(opening.proposal),
            arrived_at=now,
            due_at=times.due_at,
            order_at=times.order_at,
            overflow_at=times.overflow_at,
            tell_at=None if is_check else due_soon_at(now, times.due_at),
            eyes=approved.approvals_needed if approved is not None else 1,
        )

    def close(self, items: Sequence[WorkItem], why: str, now: datetime) -> None:
        """Withdraw the open reviews of these locked items, but for checks and effects; a claim is lost."""
        giving.withdrawable(items).update(
            status=Review.WITHDRAWN, closed_at=now, closed_because=why[:100], claimed_by=None, lease_expires_at=None
        )

    def standing(self, item: WorkItem) -> list[dict[str, object]]:
        """Return the open reviews of a locked item that a move may change, as JSON data."""
        return giving.standing(item)

    def put_back(self, item: WorkItem, before: Sequence[Mapping[str, object]], actor: Actor, now: datetime) -> None:
        """Open again what stood before a move, and withdraw what it opened."""
        giving.put_back(item, before, actor, now)

    def takers(self, item: WorkItem | None) -> list[Person]:
        """Return whom a move can give the item to, by name."""
        return giving.takers(item)

    def person(self, item: WorkItem, *, username: str = "", user_id: int = 0) -> Person:
        """Return the person of this name or id; raises Invalid unless they work here and may see the item."""
        return giving.person(item, username, user_id)

    def give(self, item: WorkItem, person: Person, actor: Actor, now: datetime) -> Opened | None:
        """Give the review that a locked item waits for to a person."""
        return giving.give(item, person, actor, now)

    def queue_for(self, person: Person) -> str:
        """Return the queue in which a task for this person is opened."""
        return giving.queue_for(person)

    def tell_given(self, item: WorkItem, actor: Actor, now: datetime) -> None:
        """Tell the person to whom the review of a moved item was given."""
        giving.tell_given(item, actor, now)

    def take(self, actor: Actor, review_id: int) -> None:
        """Claim a review for the actor."""
        claiming.claim(actor=actor, review_id=review_id)

    def unsettled(self, items: Sequence[WorkItem]) -> dict[int, Opened]:
        """Return the oldest open review on what became of an effect, by the id of its item."""
        return _open_because(Review.UNKNOWN_OUTCOME, items)

    def reported(self, items: Sequence[WorkItem]) -> dict[int, Opened]:
        """Return the open review of a problem that somebody reported, by the id of its item."""
        return _open_because(Review.REPORTED, items)

    def eligible(self, destination: Destination, item: WorkItem | None = None) -> bool:
        """Return whether somebody staffs the queue who may see the item."""
        queue = Queue.objects.filter(destination=destination).first()
        if queue is None:
            return False
        return who_may_see(staff_of(queue), item.work_type if item else None).exists()

    def strictest(self, queues: Sequence[str]) -> str:
        """Return of these queues, by their slugs, the one in which most people must approve; the first of equals."""
        eyes = dict(Queue.objects.filter(destination__slug__in=queues).values_list("destination__slug", "eyes"))
        return max(queues, key=lambda slug: eyes.get(slug, 0))

    def unstaffed(self) -> dict[str, str]:
        """Return the queues in use that nobody staffs: names by slug."""
        return unstaffed_queues()

    def problems(self, destination: Destination) -> list[str]:
        """Return what is wrong with the queue, in the admin's words."""
        if not self.eligible(destination):
            return [f"Nobody staffs {destination.name}. Add people to it, or a role."]
        queue = Queue.objects.filter(destination=destination, eyes__gt=1).first()
        if queue is not None and staff_of(queue).count() < queue.eyes:
            return [f"Two people must approve in {destination.name}, and only one staffs it. Add people to it."]
        return []

    def describe(self, destination: Destination) -> str:
        """Return one sentence about who staffs the queue."""
        queue = Queue.objects.filter(destination=destination).first()
        count = staff_of(queue).count() if queue else 0
        return "1 person decides here." if count == 1 else f"{count} people decide here."

    def asked(self, actor: Actor, item: WorkItem) -> list[Asked]:
        """Return the open questions about an item that the actor may see, the one of its review point first."""
        rows = Review.objects.filter(item=item, status=Review.OPEN).select_related("queue__destination", "assignee")
        rows = rows.annotate(mine=Exists(waiting_reviews(actor).filter(pk=OuterRef("pk"))))
        return [
            Asked(row.pk, row.question, row.reason, _decider(row), row.mine, row.kind == Review.CHECK)
            for row in sorted(rows, key=lambda row: row.pk != item.review_id)
        ]

    def judged(self, decision_ids: Sequence[int]) -> dict[int, Judged]:
        """Return what people made of these decisions, in one query.

        Approving the requests of tools, with or without other words in them, says that the place was right; declining
        them says that it was not. Approving or fixing a route chooses its type, else its destination. What else people
        decide says nothing about the place.
        """
        rows = Verdict.objects.filter(review__decision_id__in=decision_ids, undone_at=None, kind__in=_JUDGING)
        found = {}
        fixed = set()
        for row in rows.select_related("review").defer("review__proposal").order_by("pk"):
            if row.first and row.kind == "correct":
                fixed.add(row.review_id)
            if row.review.decision_id is not None and not row.first:
                judged = _judged(row)
                found[row.review.decision_id] = replace(judged, kept=judged.kept and row.review_id not in fixed)
        return found

    def erase(self, item: WorkItem, words: str, now: datetime) -> None:
        """Empty what the item's reviews and verdicts hold of its requester; who decided what stays."""
        erasing.erase(item, words, now)

    def sweep(self, now: datetime) -> None:
        """Hand on what nobody took in time, tell people of due times, and send the mails that are due."""
        hand_on_overdue(now)
        tell_of_due_times(now)
        if Notice.objects.filter(mail_due_at__lte=now).exists():
            nudges.run("reviews.send_notices")

    def said(self, item: WorkItem) -> dict[int, str]:
        """Return what people wrote with what they decided about the item, by the id of their verdict."""
        rows = Verdict.objects.filter(review__item=item).exclude(comment="")
        return dict(rows.values_list("pk", "comment"))
