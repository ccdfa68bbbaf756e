"""A person decides a review: locks, checks the claim and the proposal, stores the verdict, moves the item."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from reviews.actions import effects, second, sending, telling
from reviews.actions.claiming import check_claim, check_staffs, lock_item_of, pass_to_others
from reviews.actions.opening import review_digest
from reviews.errors import ChangedProposal, LostClaim
from reviews.models import Review, Verdict
from reviews.queries.hands import first_approval
from reviews.queries.people import staff_of
from reviews.queries.waiting import lock_review
from routing import rows, transitions
from routing.actions import deciding, moving
from routing.actions.passes import Pass
from routing.crash_points import one_transaction
from routing.domain.roles import Actor
from routing.domain.states import Action, State
from routing.errors import Conflict, Invalid
from routing.models import OwnerKind, Step
from routing.queries import desk as desk_queries
from routing.transitions import Change, Owner, ReviewPoint

KINDS = ("approve", "correct", "reassign", "reject", "ask", "redo", "complete")


@dataclass(frozen=True, slots=True)
class Judgement:
    """What somebody decided, as it came in.

    ``correction`` changes the proposal: ``fields`` of an output, ``drafts`` of calls, ``type`` or ``destination`` of a
    route, ``inputs``; or ``type`` alone, when the item is of another type and the proposal is not used. ``result`` is
    what a task yields. ``to`` is ``queue:SLUG`` or ``person:USERNAME``. ``inputs`` names what the requester is asked.
    ``checks`` are the points of the queue's checklist that were ticked. ``reopen`` has the rules decide an item anew
    that was not handled right; ``blames`` is the slug of the agent or tool that did wrong, where a check does not say.
    """

    kind: str
    correction: Mapping[str, object] = field(default_factory=dict)
    result: Mapping[str, object] = field(default_factory=dict)
    to: str = ""
    inputs: tuple[str, ...] = ()
    comment: str = ""
    checks: tuple[str, ...] = ()
    reopen: bool = False
    blames: str = ""


def judge(*, actor: Actor, review_id: int, epoch: int, digest: str, judgement: Judgement) -> Verdict:
    """Decide a review once.

    The same again by the same person returns the verdict that stands. Raises LostClaim when the claim no longer
    holds or somebody else was first, ChangedProposal when ``digest`` is not the proposal's, Invalid when the
    judgement does not fit the proposal, NotAllowed when the person staffs the queue no more, NotVisible when there is
    no such review for them.
    """
    if judgement.kind not in KINDS:
        raise Invalid(f"“{judgement.kind}” is no verdict; use one of {', '.join(KINDS)}.", {"verdict": "unknown"})
    with one_transaction("judging.judge"):
        item = lock_item_of(actor, review_id)
        locked = lock_review(actor, review_id)
        review = locked.review
        review.item = item
        # Each verdict that leaves a review open ends the claim: whoever still holds this one has given none.
        is_held = review.status == Review.OPEN and (review.claimed_by_id, review.epoch) == (actor.user_id, epoch)
        standing = None if is_held else _standing(review, actor, epoch, digest, judgement)
        if standing is not None:
            return standing
        check_claim(locked, actor, epoch)
        check_staffs(locked, actor)
        if review.digest != digest:
            raise ChangedProposal(f"{item.code}: the proposal has changed since you saw it. Look at it once more.")
        work = deciding.begin([item], desk_queries.load(), locked.now)[0]
        effects.check_type(work, judgement, actor)
        changed = sending.changed_proposal(work, review) if judgement.kind in {"approve", "correct"} else None
        if changed is None:
            return _decide(work, review, epoch, judgement, actor)
        review.proposal, review.digest, review.barred = changed, review_digest(changed, review.kind), []
        review.save(update_fields=["proposal", "digest", "barred"])
    raise ChangedProposal(f"{item.code}: {_CHANGED}")


_CHANGED = "what would be sent is no longer what you saw. Nothing was sent; look at it as it is now."


def _decide(work: Pass, review: Review, epoch: int, judgement: Judgement, actor: Actor) -> Verdict:
    """Store the verdict on a locked review whose claim and proposal hold, and move the item."""
    verdict = rows.new(
        Verdict,
        review_id=review.pk,
        kind=judgement.kind,
        by_id=actor.person_id,
        taken_at=review.claimed_at,
        at=work.now,
        epoch=epoch,
        digest=review.digest,
        correction=dict(judgement.correction) or None,
        proposal=review.proposal,
        body=_body(judgement),
        comment=judgement.comment,
    )
    verdict.review = review  # apart, as a new row takes ids alone
    retypes = effects.retypes(review, judgement)
    if second.is_first(review, judgement.kind) and not retypes:
        second.note_first(work, review, verdict, judgement)
        verdict.hold_until = work.now + timedelta(seconds=review.queue.hold_seconds)
        verdict.save(update_fields=["hold_until"])
        telling.tell_of_verdict(review, verdict, actor)
        deciding.flush([work], actor)
        return verdict
    if not retypes:
        second.check_second(review, judgement.kind, actor.person_id)
    rows.add_all([verdict])
    if judgement.kind == "reassign":
        _reassign(review, judgement, actor, work.now)
        _owner_follows(review, actor, verdict)
        telling.tell_of_verdict(review, verdict, actor)
        return verdict
    first = first_approval(review) if judgement.kind in {"reject", "redo", "ask"} or retypes else None
    if first is not None:  # what is not approved leaves nothing of the first approval behind
        effects.take_back(work, first)
    _close(review, verdict)
    effects.apply(work, review, verdict, judgement, actor)
    if verdict.approved_digest or verdict.hold_until:
        verdict.save(update_fields=["approved_digest", "hold_until"])
    change = work.change
    if change is None:
        raise Invalid("This verdict does not fit what is asked here.")
    if change.action not in {Action.DECIDE_OUTCOME, Action.DECIDE_CHECK}:
        change.action = Action.DECIDE_REVIEW
        change.renew_moves = True
        if change.review is None:
            change.review = ReviewPoint()
    change.data |= {"review": review.pk, "verdict": verdict.pk, "kind": "retype" if retypes else verdict.kind}
    if judgement.checks:
        change.data["checks"] = len(judgement.checks)
    telling.tell_of_verdict(review, verdict, actor)
    deciding.flush([work], actor)
    if judgement.reopen:
        moving.move(actor=actor, item_id=work.item.pk, to=f"state:{State.INCOMING.value}")
    return verdict


def _body(judgement: Judgement) -> dict[str, object]:
    return {
        "result": dict(judgement.result),
        "to": judgement.to,
        "inputs": list(judgement.inputs),
        "checks": list(judgement.checks),
        "reopen": judgement.reopen,
        "blames": judgement.blames,
    }


def _standing(review: Review, actor: Actor, epoch: int, digest: str, judgement: Judgement) -> Verdict | None:
    """Return the verdict that this is a repetition of; None when there is none."""
    verdict = review.verdicts.filter(undone_at__isnull=True).order_by("pk").last()
    if verdict is None:
        return None
    leaves_open = verdict.kind == "reassign" or verdict.first
    if review.status == Review.OPEN and not (leaves_open and verdict.epoch == epoch):
        return None
    same = (
        verdict.by_id == actor.user_id
        and verdict.kind == judgement.kind
        and verdict.digest == digest
        and (verdict.correction or {}) == dict(judgement.correction)
        and verdict.body == _body(judgement)
    )
    return verdict if same else None


def _close(review: Review, verdict: Verdict) -> None:
    review.status, review.closed_at = Review.DECIDED, verdict.at
    review.claimed_by, review.lease_expires_at = None, None
    rows.change(review, ("status", "closed_at", "claimed_by_id", "lease_expires_at"))


def _reassign(review: Review, judgement: Judgement, actor: Actor, now: datetime) -> None:
    """Give an open review away; whoever gave it away is not offered it again, if others staff its new queue."""
    effects.point_elsewhere(review, judgement.to)
    if review.assignee_id is None and staff_of(review.queue).exclude(pk=actor.person_id).exists():
        pass_to_others(review, actor, now)
    review.claimed_by, review.claimed_at, review.lease_expires_at = None, None, None
    review.epoch += 1
    moved = ["queue", "eyes", "assignee", "overflow_at"]
    review.save(update_fields=[*moved, "claimed_by", "claimed_at", "lease_expires_at", "epoch"])


def _owner_follows(review: Review, actor: Actor, verdict: Verdict) -> None:
    owner = (
        Owner(OwnerKind.PERSON, str(review.assignee_id), review.assignee.display_name())
        if review.assignee is not None
        else Owner(OwnerKind.QUEUE, review.queue.slug, review.queue.destination.name)
    )
    to = f"{owner.kind.value}:{owner.ref}"
    data: dict[str, object] = {"review": review.pk, "verdict": verdict.pk, "kind": "reassign", "to": to}
    if review.is_late:
        change = transitions.staying(review.item, Action.DECIDE_OUTCOME, data)
    elif review.kind == Review.CHECK:
        change = transitions.staying(review.item, Action.DECIDE_CHECK, data)
    else:
        change = Change(review.item, Action.DECIDE_REVIEW, State.IN_REVIEW, owner=owner, data=data)
    if review.item.review_id == review.pk:
        change.review = ReviewPoint(f"{owner.name} decides", review.queue.slug, review.pk)
    transitions.apply([change], actor, verdict.at)


def undo(*, actor: Actor, review_id: int) -> Review:
    """Take back one's own verdict while its effect is still held; the review is open again, claimed by the person.

    Raises Conflict when the undo time is over or the effect has been attempted.
    """
    with one_transaction("judging.undo"):
        item = lock_item_of(actor, review_id)
        locked = lock_review(actor, review_id)
        review, now = locked.review, locked.now
        verdict = review.verdicts.filter(undone_at__isnull=True).order_by("pk").last()
        if verdict is None or verdict.by_id != actor.user_id:
            raise LostClaim(f"{item.code}: there is no decision of yours to undo.")
        if verdict.first and review.status == Review.OPEN:
            return _undo_first(review, verdict, actor, now)
        steps = list(Step.objects.select_for_update().filter(approval_id=verdict.pk))
        held = steps and verdict.hold_until is not None and verdict.hold_until > now
        if not held or any(step.attempts or step.status != Step.DUE for step in steps):
            raise Conflict(f"{item.code}: it is too late to undo this; it has already been sent on.")
        for step in steps:
            step.status, step.due_at, step.ended_at, step.error = Step.CANCELLED, None, now, "undone"
            step.save(update_fields=["status", "due_at", "ended_at", "error"])
        verdict.undone_at = now
        verdict.save(update_fields=["undone_at"])
        telling.take_back(verdict)
        review.status, review.closed_at = Review.OPEN, None
        review.epoch += 1
        review.claimed_by_id, review.claimed_at = actor.user_id, now
        review.lease_expires_at = now + timedelta(minutes=review.queue.lease_minutes)
        review.save()
        work = deciding.begin([item], desk_queries.load(), now)[0]
        effects.take_back(work, verdict)
        work.change = Change(
            item,
            Action.UNDO,
            State.IN_REVIEW,
            owner=Owner(OwnerKind.QUEUE, review.queue.slug, review.queue.destination.name),
            review=ReviewPoint(f"{review.queue} decides", review.queue.slug, review.pk),
            data={"review": review.pk, "verdict": verdict.pk},
        )
        deciding.flush([work], actor)
        return review


def _undo_first(review: Review, verdict: Verdict, actor: Actor, now: datetime) -> Review:
    """Take the first of two approvals back; the review is the person's again, unless somebody else looks at it."""
    if verdict.hold_until is None or verdict.hold_until <= now:
        raise Conflict(f"{review.item.code}: it is too late to undo this; somebody else decides on it now.")
    work = deciding.begin([review.item], desk_queries.load(), now)[0]
    second.take_back_first(work, review, verdict)
    verdict.undone_at = now
    verdict.save(update_fields=["undone_at"])
    telling.take_back(verdict)
    if review.claimed_by_id is None or review.lease_expires_at is None or review.lease_expires_at <= now:
        review.epoch += 1
        review.claimed_by_id, review.claimed_at = actor.user_id, now
        review.lease_expires_at = now + timedelta(minutes=review.queue.lease_minutes)
    review.save()
    deciding.flush([work], actor)
    return review
