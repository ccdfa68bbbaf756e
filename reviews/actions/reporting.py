"""People say that something is wrong with a finished item; somebody else looks at it then."""

from django.db import transaction

from reviews.actions.opening import QueuePeople
from reviews.models import Review
from routing import transitions
from routing.actions.noting import add_note
from routing.actions.sampling import check_of, last_steps
from routing.domain.roles import Actor
from routing.domain.states import FINAL_STATES, Action
from routing.errors import Conflict, Invalid
from routing.models import Step, WorkItem
from routing.queries import desk as desk_queries
from routing.queries.desk import FALLBACK_QUEUE

LONGEST_REPORT = 2000


def report_problem(*, actor: Actor, item_id: int, text: str, place: str = "") -> Review:
    """Ask people to look at a finished item; returns the review that asks, a new one or the one that does already.

    What is reported while another report is open is kept as a note on the item. ``place`` is the slug of the agent or
    tool that did wrong, empty when that is not known. Raises Conflict while the item is under way, NotAllowed for
    anybody but staff, Invalid for an empty or too long text and for a place that had no hand in the item.
    """
    if not text.strip() or len(text) > LONGEST_REPORT:
        raise Invalid(f"Say what is wrong, in at most {LONGEST_REPORT:,} characters.", {"text": "empty or too long"})
    with transaction.atomic():
        item = transitions.lock_one(item_id)
        if item.state not in FINAL_STATES:
            raise Conflict(f"{item.code} is {item.state_label.lower()}: write a note, or move it.")
        note = add_note(actor=actor, item_id=item.pk, text=f"Reported a problem: {text.strip()}")
        standing = Review.objects.filter(item=item, status=Review.OPEN, cause=Review.REPORTED).first()
        if standing is not None:
            return standing
        done = {step.name: step for step in suspects(item)}
        if place and place not in done:
            raise Invalid(f"{item.code} was not with “{place}”.", {"place": "unknown"})
        queue = desk_queries.load().book(item.work_type_id).rules.fallback_queue or FALLBACK_QUEUE
        opening = check_of(
            item, queue, Review.REPORTED, f"{actor.name} says: this was not right.", done.get(place), text.strip()
        )
        [opened] = QueuePeople().open([opening], note.at)
        change = transitions.staying(item, Action.ASK_CHECK, {"review": opened.review_id, "cause": Review.REPORTED})
        transitions.apply([change], actor, note.at)
        return Review.objects.get(pk=opened.review_id)


def suspects(item: WorkItem) -> list[Step]:
    """Return the last step of each agent and tool that worked on the item in its present run."""
    return last_steps(list(item.steps.filter(run=item.run).select_related("destination").order_by("pk")))
