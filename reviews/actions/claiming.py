"""Claims: one person holds a review for some minutes, renews it, releases it or passes it on."""

from datetime import timedelta

from django.contrib.auth import get_user_model
from django.db import transaction

from reviews.errors import LostClaim
from reviews.models import PassedOn, Review
from reviews.queries.people import is_lead, may_decide, staff_of
from reviews.queries.waiting import find_review, offered_reviews
from routing import transitions
from routing.domain.roles import Actor
from routing.errors import Invalid, NotAllowed, NotVisible


def claim_next(*, actor: Actor, queue: str = "") -> Review | None:
    """Claim the next review this person may decide, in the queue's true order; None when there is none.

    One that the person already holds comes first. Contenders skip each other's rows and never wait; only the same
    person's own requests follow one another, so that a double click takes one review.
    """
    with transaction.atomic():
        get_user_model().objects.select_for_update(no_key=True).filter(pk=actor.person_id).first()
        now = transitions.database_now()
        rows = offered_reviews(actor, now).select_related(None)
        if queue:
            rows = rows.filter(queue__destination__slug=queue)
        held = rows.filter(claimed_by_id=actor.user_id, lease_expires_at__gt=now).first()
        if held is not None:
            return held
        row = rows.select_for_update(skip_locked=True, of=("self",)).first()
        return _take(row, actor) if row is not None else None


def claim(*, actor: Actor, review_id: int, takeover: bool = False) -> Review:
    """Claim this review.

    Raises LostClaim when it is decided or held by somebody else (a lead may take over), NotAllowed when the person
    does not staff its queue.
    """
    with transaction.atomic():
        review = _locked(actor, review_id)
        now = transitions.database_now()
        if review.status != Review.OPEN:
            raise LostClaim(closed_words(review))
        check_staffs(review, actor)
        if review.assignee_id not in {None, actor.user_id} and not is_lead(actor, review.queue_id):
            raise NotAllowed(f"{review.item.code}: this was given to {review.assignee}.")
        held = review.claimed_by_id is not None and review.lease_expires_at and review.lease_expires_at > now
        if held and review.claimed_by_id == actor.user_id:
            return review
        if held and not (takeover and is_lead(actor, review.queue_id)):
            raise LostClaim(f"{review.item.code}: {review.claimed_by} is looking at this.")
        return _take(review, actor)


def renew(*, actor: Actor, review_id: int, epoch: int) -> Review:
    """Extend a claim that still holds; raises LostClaim when it does not, NotAllowed off the queue's staff."""
    with transaction.atomic():
        review = _locked(actor, review_id)
        check_claim(review, actor, epoch)
        check_staffs(review, actor)
        review.lease_expires_at = transitions.database_now() + timedelta(minutes=review.queue.lease_minutes)
        review.save(update_fields=["lease_expires_at"])
        return review


def release(*, actor: Actor, review_id: int, epoch: int, pass_on: bool = False) -> Review:
    """Give a claim back; with ``pass_on`` the review is not offered to this person again. Its age is kept.

    Raises LostClaim when the claim does not hold, and Invalid when nobody would be left to take what is passed on.
    """
    with transaction.atomic():
        review = _locked(actor, review_id)
        check_claim(review, actor, epoch)
        if pass_on:
            _pass_on(review, actor)
        review.claimed_by, review.claimed_at, review.lease_expires_at = None, None, None
        review.epoch += 1
        review.save(update_fields=["assignee", "claimed_by", "claimed_at", "lease_expires_at", "epoch"])
        return review


def _pass_on(review: Review, actor: Actor) -> None:
    others = staff_of(review.queue).exclude(pk=actor.person_id).exclude(pk__in=review.passed_on.values("user"))
    if not others.exists():
        raise Invalid(
            f"{review.item.code}: nobody else is left in {review.queue} to take this. Give it to another queue."
        )
    now = transitions.database_now()
    PassedOn.objects.get_or_create(review=review, user_id=actor.person_id, defaults={"at": now})
    review.assignee = None


def _locked(actor: Actor, review_id: int) -> Review:
    if find_review(actor, review_id) is None:
        raise NotVisible("There is no such review.")
    # Without joins: after a wait for the lock they would still show whom and what it pointed to before.
    return Review.objects.select_for_update().get(pk=review_id)


def _take(review: Review, actor: Actor) -> Review:
    now = transitions.database_now()
    review.claimed_by_id = actor.user_id
    review.epoch += 1
    review.claimed_at = now
    review.lease_expires_at = now + timedelta(minutes=review.queue.lease_minutes)
    review.save(update_fields=["claimed_by", "epoch", "claimed_at", "lease_expires_at"])
    return review


def closed_words(review: Review) -> str:
    """Say who closed a review, for whoever comes second."""
    verdict = review.verdicts.filter(undone_at__isnull=True).select_related("by").last()
    if verdict is not None:
        return f"{review.item.code}: {verdict.by.display_name()} was first: {verdict.get_kind_display().lower()}."
    return f"{review.item.code}: this is no longer asked ({review.closed_because or 'the item moved on'})."


def check_staffs(review: Review, actor: Actor) -> None:
    """Raise NotAllowed unless the actor staffs the review's queue or was given the review; asked anew each time.

    A claim is no right of its own: who left the queue meanwhile may give it back and nothing else.
    """
    if not (review.assignee_id == actor.user_id or may_decide(actor, review.queue_id)):
        raise NotAllowed(f"{review.item.code}: you do not staff {review.queue}.")


def check_claim(review: Review, actor: Actor, epoch: int) -> None:
    """Raise LostClaim unless the actor holds this very claim now, by the database's clock; the row is locked."""
    now = transitions.database_now()
    if review.status != Review.OPEN:
        raise LostClaim(closed_words(review))
    if review.claimed_by_id != actor.user_id:
        holder = f"{review.claimed_by} is looking at this" if review.claimed_by else "you no longer hold this"
        raise LostClaim(f"{review.item.code}: {holder}. What you wrote is kept.")
    if review.epoch != epoch or review.lease_expires_at is None or review.lease_expires_at <= now:
        raise LostClaim(f"{review.item.code}: your time to decide ran out. What you wrote is kept; take it again.")
