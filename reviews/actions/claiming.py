"""Claims: one person holds a review for some minutes, renews it, releases it or passes it on."""

from datetime import datetime, timedelta

from django.db import connection
from django.db.models.functions import Now

from reviews.errors import LostClaim
from reviews.models import PassedOn, Review
from reviews.queries.narrowing import Narrowing
from reviews.queries.people import QUEUES_OF, is_lead, queues_of_values, staff_of
from reviews.queries.waiting import Locked, check_sight, lock_review, not_visible, offered_reviews, sees
from routing import transitions
from routing.actions.noting import add_note
from routing.crash_points import one_transaction
from routing.domain.roles import Actor
from routing.domain.states import Action, State
from routing.errors import Invalid, NotAllowed
from routing.models import OwnerKind, WorkItem
from routing.rows import columns, prepared
from routing.transitions import Change, Owner, ReviewPoint

FIRST_LOOK_AT = 8
LATER = timedelta(minutes=30)
LEFT = timedelta(seconds=30)  # long enough to load a page anew
EVERYTHING = Narrowing()

# In one statement that is planned once. Each queue is walked by its index from its front, so that the cost does not
# grow with what waits. The front's rows are tried one by one by their ids. What is asked of the chosen row itself is
# asked once more when it is locked, of the row as it is then.
_FREE = "r.status = 'open' AND (r.claimed_by_id IS NULL OR r.lease_expires_at <= statement_timestamp())"
_MINE = "(r.assignee_id = %(me)s OR (r.assignee_id IS NULL AND r.queue_id IN (SELECT id FROM staffed)))"
_COLUMNS = columns(Review, "r")
_CLAIM_NEXT = f"""
    WITH staffed AS MATERIALIZED ({QUEUES_OF}), held AS MATERIALIZED (
        SELECT {_COLUMNS} FROM reviews_review r
        WHERE r.claimed_by_id = %(me)s AND r.status = 'open' AND r.lease_expires_at > statement_timestamp()
        AND {_MINE} AND {{offered}}
    ), front AS MATERIALIZED (
        SELECT found.* FROM staffed CROSS JOIN LATERAL (
            SELECT r.id, r.order_at FROM reviews_review r
            WHERE r.queue_id = staffed.id AND r.assignee_id IS NULL AND {_FREE} AND {{offered}}) found
        UNION ALL (
            SELECT r.id, r.order_at FROM reviews_review r WHERE r.assignee_id = %(me)s AND {_FREE} AND {{offered}})
    ), chosen AS (
        SELECT free.id FROM (SELECT * FROM front ORDER BY order_at, id) AS next CROSS JOIN LATERAL (
            SELECT r.id FROM reviews_review r WHERE r.id = next.id AND {_FREE} AND {_MINE}
            FOR UPDATE SKIP LOCKED) free
        WHERE NOT EXISTS (SELECT FROM held)
        ORDER BY next.order_at, next.id LIMIT 1
    ), taken AS (
        UPDATE reviews_review r
        SET claimed_by_id = %(me)s, epoch = r.epoch + 1, claimed_at = statement_timestamp(),
            lease_expires_at = statement_timestamp() + make_interval(mins => q.lease_minutes)
        FROM chosen, reviews_queue q WHERE r.id = chosen.id AND q.destination_id = r.queue_id
        RETURNING {_COLUMNS}
    )
    SELECT * FROM held UNION ALL SELECT * FROM taken ORDER BY order_at, id LIMIT 1
"""  # noqa: S608 - put together from the constants above
_OFFERED = """
    NOT %(me)s = ANY(r.barred)
    AND NOT EXISTS (SELECT FROM reviews_passedon p WHERE p.review_id = r.id AND p.user_id = %(me)s
        AND (p.until IS NULL OR p.until > statement_timestamp()))
    {narrowed} ORDER BY r.order_at, r.id LIMIT %(limit)s
"""
_NARROWED = {
    "queue": "AND r.queue_id = (SELECT id FROM routing_destination WHERE slug = %(queue)s)",
    "rule": "AND r.rule_id = %(rule)s",
    "cause": "AND r.cause = %(cause)s",
    "slugs": """AND EXISTS (
        SELECT FROM routing_workitem i LEFT JOIN routing_worktype t ON t.id = i.work_type_id
        WHERE i.id = r.item_id AND ARRAY[coalesce(t.slug, '-')]::text[] @> %(slugs)s)""",
    "types": """AND EXISTS (
        SELECT FROM routing_workitem i WHERE i.id = r.item_id
        AND (i.work_type_id IS NULL OR i.work_type_id = ANY(%(types)s)))""",
}
# The plan must do for a table of any size: it goes by the indexes, whatever PostgreSQL has counted by then.
_ALONE = """
    SELECT pg_advisory_xact_lock(hashtextextended(%s, 0)), set_config('plan_cache_mode', 'force_generic_plan', true),
        set_config('enable_seqscan', 'off', true), set_config('enable_bitmapscan', 'off', true)
"""


def claim_next(*, actor: Actor, narrowing: Narrowing = EVERYTHING) -> Review | None:
    """Claim the next review this person may decide, of those the list is narrowed to, in the true order; None if none.

    One that the person already holds comes first. Contenders skip each other's rows and never wait; only the same
    person's own requests follow one another, so that a double click takes one review.
    """
    chosen = {"queue": narrowing.queue, "rule": narrowing.rule_id, "cause": narrowing.cause, "slugs": narrowing.types()}
    narrowed: dict[str, object] = {name: value for name, value in chosen.items() if value}
    if actor.visible_types is not None:
        narrowed["types"] = sorted(actor.visible_types)
    offered = _OFFERED.format(narrowed=" ".join(_NARROWED[name] for name in narrowed))
    limit = FIRST_LOOK_AT
    with one_transaction("claiming.claim_next"):
        with connection.cursor() as cursor:
            cursor.execute(_ALONE, [f"claim_next:{actor.person_id}"])
        while True:
            given = queues_of_values(actor) | narrowed | {"limit": limit}
            for review in prepared(Review, _CLAIM_NEXT.format(offered=offered), given):
                return review
            # None, or others are taking all of the first ones at this moment.
            if narrowing.on(offered_reviews(actor, Now())).count() <= limit:
                return None
            limit *= 8


def claim(*, actor: Actor, review_id: int, takeover: bool = False, note: str = "") -> Review:
    """Claim this review.

    Raises LostClaim when it is decided or held by somebody else (a lead may take over, and says why in a note on the
    item), Invalid when that note is missing, NotAllowed when the person does not staff its queue.
    """
    with one_transaction("claiming.claim"):
        if takeover:  # its note points to the item, which is locked before its review, as everywhere
            lock_item_of(actor, review_id)
        locked = _locked(actor, review_id)
        review, now = locked.review, locked.now
        if review.status != Review.OPEN:
            raise LostClaim(closed_words(review))
        check_staffs(locked, actor)
        if review.assignee_id not in {None, actor.user_id} and not is_lead(actor, review.queue_id):
            raise NotAllowed(f"{review.item.code}: this was given to {review.assignee}.")
        held = review.claimed_by_id is not None and review.lease_expires_at and review.lease_expires_at > now
        if held and review.claimed_by_id == actor.user_id:
            return review
        if held and not (takeover and is_lead(actor, review.queue_id)):
            raise LostClaim(f"{review.item.code}: {review.claimed_by} is looking at this.")
        if held and review.claimed_by is not None:
            _say_why(review, actor, review.claimed_by.display_name(), note)
        return _take(review, actor, now)


def _say_why(review: Review, actor: Actor, holder: str, note: str) -> None:
    if not note.strip():
        raise Invalid(f"Say why you take it over; {holder} reads it.", {"note": "empty"})
    add_note(actor=actor, item_id=review.item_id, text=f"Took the review over from {holder}: {note.strip()}")


def renew(*, actor: Actor, review_id: int, epoch: int) -> Review:
    """Extend a claim that still holds; raises LostClaim when it does not, NotAllowed off the queue's staff."""
    with one_transaction("claiming.renew"):
        locked = _locked(actor, review_id)
        review = check_claim(locked, actor, epoch)
        check_staffs(locked, actor)
        review.lease_expires_at = locked.now + timedelta(minutes=review.queue.lease_minutes)
        review.save(update_fields=["lease_expires_at"])
        return review


def leave(*, actor: Actor, review_id: int, epoch: int) -> Review:
    """Let a claim whose page was left run out in ``LEFT``, unless it is renewed; raises LostClaim when it is gone."""
    with one_transaction("claiming.leave"):
        locked = _locked(actor, review_id)
        review = check_claim(locked, actor, epoch)
        soon = locked.now + LEFT
        if review.lease_expires_at is None or review.lease_expires_at > soon:
            review.lease_expires_at = soon
            review.save(update_fields=["lease_expires_at"])
        return review


def release(*, actor: Actor, review_id: int, epoch: int, pass_on: bool = False) -> Review:
    """Give a claim back; with ``pass_on`` the review is not offered to this person again. Its age is kept.

    Raises LostClaim when the claim does not hold, and Invalid when nobody would be left to take what is passed on.
    """
    with one_transaction("claiming.release"):
        item = lock_item_of(actor, review_id) if pass_on else None  # before its review, as everywhere
        locked = _locked(actor, review_id)
        review = check_claim(locked, actor, epoch)
        if item is not None:
            _pass_on(review, item, actor, locked.now)
        return _let_go(review)


def put_off(*, actor: Actor, review_id: int, epoch: int) -> Review:
    """Give a claim back and have it offered to this person again after ``LATER``; others may take it before.

    Its age is kept, so that it comes first then. Raises LostClaim when the claim does not hold.
    """
    with one_transaction("claiming.put_off"):
        locked = _locked(actor, review_id)
        review = check_claim(locked, actor, epoch)
        pass_to_others(review, actor, locked.now, LATER)
        return _let_go(review)


def _let_go(review: Review) -> Review:
    review.claimed_by, review.claimed_at, review.lease_expires_at = None, None, None
    review.epoch += 1
    review.save(update_fields=["assignee", "claimed_by", "claimed_at", "lease_expires_at", "epoch"])
    return review


def pass_to_others(review: Review, actor: Actor, now: datetime, time: timedelta | None = None) -> None:
    """Offer a review to others only: for some time, or for good when ``time`` is None."""
    given = {"at": now, "until": now + time if time else None}
    PassedOn.objects.update_or_create(review=review, user_id=actor.person_id, defaults=given)


def _pass_on(review: Review, item: WorkItem, actor: Actor, now: datetime) -> None:
    passed = review.passed_on.filter(until=None).values("user")
    others = staff_of(review.queue).exclude(pk=actor.person_id).exclude(pk__in=passed)
    if not others.exists():
        raise Invalid(
            f"{review.item.code}: nobody else is left in {review.queue} to take this. Give it to another queue."
        )
    pass_to_others(review, actor, now)
    return_to_queue(review, item, actor, now)


def return_to_queue(review: Review, item: WorkItem, actor: Actor, now: datetime) -> None:
    """Offer a review that was given to one person to its queue again; item and review are locked, the caller saves."""
    review.assignee = None
    in_review = item.state == State.IN_REVIEW  # a question about an earlier effect owns no item
    if in_review and item.review_id == review.pk and item.owner_kind == OwnerKind.PERSON:
        queue = review.queue
        change = Change(
            item,
            Action.DECIDE_REVIEW,
            State(item.state),
            owner=Owner(OwnerKind.QUEUE, queue.slug, str(queue)),
            review=ReviewPoint(f"{queue} decides", queue.slug, review.pk),
            data={"review": review.pk, "kind": "reassign"},
        )
        transitions.apply([change], actor, now)


def lock_item_of(actor: Actor, review_id: int) -> WorkItem:
    """Lock the item that a review is about; raises NotVisible when there is none for this person."""
    its_item = "ARRAY(SELECT item_id FROM reviews_review WHERE id = %(id)s::bigint)"
    found = transitions.lock_found(its_item, {"id": review_id})
    if not found or not sees(actor, found[0].work_type_id):
        raise not_visible()
    return found[0]


def _locked(actor: Actor, review_id: int) -> Locked:
    check_sight(actor, review_id)
    return lock_review(actor, review_id)


def _take(review: Review, actor: Actor, now: datetime) -> Review:
    review.claimed_by_id = actor.user_id
    review.epoch += 1
    review.claimed_at = now
    review.lease_expires_at = now + timedelta(minutes=review.queue.lease_minutes)
    review.save(update_fields=["claimed_by", "epoch", "claimed_at", "lease_expires_at"])
    review.passed_on.filter(user=actor.person_id).delete()  # taken after all
    return review


def closed_words(review: Review) -> str:
    """Say who closed a review, for whoever comes second."""
    verdict = review.verdicts.filter(undone_at__isnull=True).select_related("by").last()
    if verdict is not None:
        return f"{review.item.code}: {verdict.by.display_name()} was first: {verdict.words.lower()}."
    return f"{review.item.code}: this is no longer asked ({review.closed_because or 'the item moved on'})."


def check_staffs(locked: Locked, actor: Actor) -> None:
    """Raise NotAllowed unless the actor staffs the review's queue, or somebody who did gave it to them; asked anew.

    A claim is no right of its own, nor is what one took or was given as one of its people: who left the queue meanwhile
    may give it back and nothing else. The actor is the one for whom the review was locked.
    """
    review = locked.review
    if not (locked.may_decide or _was_reassigned_to(review, actor)):
        raise NotAllowed(f"{review.item.code}: you do not staff {review.queue}.")


def _was_reassigned_to(review: Review, actor: Actor) -> bool:
    if review.assignee_id != actor.user_id or review.assignee is None:
        return False
    verdict = review.verdicts.filter(undone_at__isnull=True).order_by("pk").last()
    return (
        verdict is not None
        and verdict.kind == "reassign"
        and verdict.body.get("to") == f"person:{review.assignee.username}"
    )


def check_claim(locked: Locked, actor: Actor, epoch: int) -> Review:
    """Return the review; raises LostClaim unless the actor holds this very claim now, by the database's clock."""
    review = locked.review
    if review.status != Review.OPEN:
        raise LostClaim(closed_words(review))
    if review.claimed_by_id != actor.user_id:
        holder = f"{review.claimed_by} is looking at this" if review.claimed_by else "you no longer hold this"
        raise LostClaim(f"{review.item.code}: {holder}. What you wrote is kept.")
    if review.epoch != epoch or review.lease_expires_at is None or review.lease_expires_at <= locked.now:
        raise LostClaim(f"{review.item.code}: your time to decide ran out. What you wrote is kept; take it again.")
    return review
