"""Queues and reviews over the API: what waits, claims, and verdicts."""

from django.http import HttpRequest, HttpResponse
from ninja import Router

from dispatchdesk.api.access import caller, check_staff
from dispatchdesk.api.item_shapes import PROBLEMS
from dispatchdesk.api.items import find_item, reply
from dispatchdesk.api.paging import Limit, page_of
from dispatchdesk.api.review_answers import queue_answers, review_answer, review_answers
from dispatchdesk.api.review_shapes import ClaimIn, HoldIn, QueueOut, ReleaseIn, ReviewOut, ReviewsOut, VerdictIn
from reviews.actions import claiming, judging
from reviews.actions.judging import Judgement
from reviews.models import Queue, Review
from reviews.queries.narrowing import Narrowing
from reviews.queries.people import may_decide
from reviews.queries.waiting import find_review
from routing.domain.roles import Actor
from routing.errors import Invalid, NotAllowed, NotVisible
from routing.queries.items import in_sight

router = Router(tags=["reviews"])

_LARGEST_ID = 2**63 - 1


@router.get("/queues", response={200: list[QueueOut], **PROBLEMS}, summary="List queues")
def list_queues(request: HttpRequest) -> HttpResponse:
    """Return every queue with how much is open in it."""
    actor = caller(request)
    check_staff(actor)
    return reply(queue_answers(actor))


@router.post(
    "/queues/{slug}/claim",
    response={200: ReviewOut, 204: None, **PROBLEMS},
    summary="Claim the next review of a queue",
)
def claim_next(request: HttpRequest, slug: str) -> HttpResponse:
    """Claim the next review in the queue's order, or the one that is held already; 204 when none waits."""
    actor = caller(request)
    check_staff(actor)
    queue = Queue.objects.select_related("destination").filter(destination__slug=slug, destination__archived=False)
    found = queue.first() if slug.isprintable() else None
    if found is None:
        raise NotVisible("There is no such queue.")
    if not may_decide(actor, found.pk):
        raise NotAllowed(f"You do not staff {found}.")
    review = claiming.claim_next(actor=actor, narrowing=Narrowing(queue=found.slug))
    return reply(review_answer(review.pk)) if review is not None else HttpResponse(status=204)


@router.get("/reviews", response={200: ReviewsOut, **PROBLEMS}, summary="List reviews, newest first")
def list_reviews(
    request: HttpRequest, item: str = "", queue: str = "", status: str = "", cursor: str = "", limit: Limit = 50
) -> HttpResponse:
    """Return a page of reviews, by item, queue or status (open, decided, withdrawn)."""
    actor = caller(request)
    check_staff(actor)
    rows = Review.objects.filter(in_sight(actor, "item"))
    rows = rows.select_related("item", "queue__destination", "claimed_by", "assignee")
    if item:
        rows = rows.filter(item=find_item(actor, item))
    if queue:
        found = Queue.objects.filter(destination__slug=queue).first() if queue.isprintable() else None
        if found is None:
            raise Invalid("There is no such queue.", {"queue": "unknown"})
        rows = rows.filter(queue=found)
    if status:
        if status not in dict(Review.STATUSES):
            raise Invalid("There is no such status.", {"status": f"use one of {', '.join(dict(Review.STATUSES))}"})
        rows = rows.filter(status=status)
    page, next_cursor = page_of(rows, by="id", limit=limit, cursor=cursor)
    return reply({"reviews": review_answers(page), "next_cursor": next_cursor})


@router.get("/reviews/{review_id}", response={200: ReviewOut, **PROBLEMS}, summary="Read a review")
def read_review(request: HttpRequest, review_id: str) -> HttpResponse:
    """Return the review as it stands."""
    return reply(review_answer(_visible(caller(request), review_id).pk))


def _visible(actor: Actor, review_id: str) -> Review:
    is_id = review_id.isascii() and review_id.isdigit() and len(review_id) < 20 and int(review_id) <= _LARGEST_ID
    review = find_review(actor, int(review_id)) if is_id else None
    if review is None:
        raise NotVisible("There is no such review.")
    return review


@router.post("/reviews/{review_id}/claim", response={200: ReviewOut, **PROBLEMS}, summary="Claim a review")
def claim(request: HttpRequest, review_id: str, sent: ClaimIn | None = None) -> HttpResponse:
    """Claim this review; 409 says who holds or decided it."""
    actor = caller(request)
    review = _visible(actor, review_id)
    given = sent or ClaimIn()
    claimed = claiming.claim(actor=actor, review_id=review.pk, takeover=given.takeover, note=given.note)
    return reply(review_answer(claimed.pk))


@router.post("/reviews/{review_id}/renew", response={200: ReviewOut, **PROBLEMS}, summary="Renew a claim")
def renew(request: HttpRequest, review_id: str, sent: HoldIn | None = None) -> HttpResponse:
    """Hold the review for longer."""
    actor = caller(request)
    review = _visible(actor, review_id)
    renewed = claiming.renew(actor=actor, review_id=review.pk, epoch=_epoch(sent, review))
    return reply(review_answer(renewed.pk))


@router.post("/reviews/{review_id}/release", response={200: ReviewOut, **PROBLEMS}, summary="Release a claim")
def release(request: HttpRequest, review_id: str, sent: ReleaseIn | None = None) -> HttpResponse:
    """Give the claim back; the review keeps its age."""
    actor = caller(request)
    review = _visible(actor, review_id)
    epoch = _epoch(sent, review)
    if sent is not None and sent.later:
        claiming.put_off(actor=actor, review_id=review.pk, epoch=epoch)
    else:
        pass_on = sent is not None and sent.pass_on
        claiming.release(actor=actor, review_id=review.pk, epoch=epoch, pass_on=pass_on)
    return reply(review_answer(review.pk))


def _epoch(sent: HoldIn | None, review: Review) -> int:
    return review.epoch if sent is None or sent.epoch is None else sent.epoch


@router.post("/reviews/{review_id}/undo", response={200: ReviewOut, **PROBLEMS}, summary="Undo one's own verdict")
def undo(request: HttpRequest, review_id: str) -> HttpResponse:
    """Take back one's own verdict while its effect is still held."""
    actor = caller(request)
    review = _visible(actor, review_id)
    return reply(review_answer(judging.undo(actor=actor, review_id=review.pk).pk))


@router.post("/reviews/{review_id}/verdict", response={200: ReviewOut, **PROBLEMS}, summary="Decide a review")
def verdict(request: HttpRequest, review_id: str, sent: VerdictIn) -> HttpResponse:
    """Decide a review that one has claimed.

    The same again by the same person is 200. A lost race, an old epoch, another digest or a second verdict is 409 and
    says who was first.
    """
    actor = caller(request)
    review = _visible(actor, review_id)
    judgement = Judgement(
        kind=sent.verdict,
        correction=sent.correction or {},
        result=sent.result or {},
        to=sent.to or "",
        inputs=tuple(sent.inputs or ()),
        comment=sent.comment or "",
        reopen=sent.reopen,
        blames=sent.blames or "",
    )
    judging.judge(actor=actor, review_id=review.pk, epoch=sent.epoch, digest=sent.digest, judgement=judgement)
    return reply(review_answer(review.pk))
