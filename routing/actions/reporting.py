"""Somebody says that something is wrong with a finished item; people look at it then."""

from routing import transitions
from routing.actions.sampling import check_of, last_steps
from routing.crash_points import one_transaction
from routing.domain.roles import Actor, Role
from routing.domain.states import FINAL_STATES, Action
from routing.errors import Conflict, Invalid, NotAllowed
from routing.kinds import Opened, people
from routing.models import Step, WorkItem
from routing.queries import desk as desk_queries
from routing.queries.desk import FALLBACK_QUEUE
from routing.transitions import staying

LONGEST_REPORT = 2000
MOST_REPORTS = 20  # on one item; a requester's link is anybody's who has it
_STARTS = "Reported a problem: "


def report_problem(*, actor: Actor, item_id: int, text: str, place: str = "") -> Opened:
    """Ask people to look at a finished item; returns the review that asks, a new one or the one that does already.

    Every report is kept as a note that stays inside the desk. ``place`` is the slug of the agent or tool that did
    wrong, empty when that is not known. Raises Conflict while the item is under way, NotAllowed for programs, Invalid
    for an empty or too long text, for a place that had no hand in the item, and for one report too many.
    """
    if not (actor.is_staff_member or actor.role is Role.REQUESTER):
        raise NotAllowed("Only people of this desk and the requester report problems.")
    text = text.replace("\r\n", "\n").strip()
    if not text or len(text) > LONGEST_REPORT:
        raise Invalid(f"Say what is wrong, in at most {LONGEST_REPORT:,} characters.", {"text": "empty or too long"})
    with one_transaction("reporting.report_problem"):
        item = transitions.lock_one(item_id)
        if item.state not in FINAL_STATES:
            raise Conflict(f"{item.code} is {item.state_label.lower()}: write a note, or move it.")
        if item.notes.filter(text__startswith=_STARTS).count() >= MOST_REPORTS:
            raise Invalid("So much was reported about this already that nothing more can be added. It is looked at.")
        now = transitions.database_now()
        item.notes.create(by_id=actor.user_id, by_name=actor.name[:150], text=f"{_STARTS}{text}", at=now)
        standing = people().reported([item])
        if standing:
            return standing[item.pk]
        done = {step.name: step for step in suspects(item, item.run)}
        if place and place not in done:
            raise Invalid(f"{item.code} was not with “{place}”.", {"place": "unknown"})
        queue = desk_queries.load().book(item.work_type_id).rules.fallback_queue or FALLBACK_QUEUE
        # A requester's name is what they typed, and a question goes into mails and lists.
        who = "The requester" if actor.role is Role.REQUESTER else actor.name
        question = f"{who} says: this was not right."
        shown = done.get(place) or max(done.values(), key=lambda step: step.pk, default=None)
        check = check_of(item, queue, "reported", question, shown, place=place, reason=text)
        [opened] = people().open([check], now)
        change = staying(item, Action.ASK_CHECK, {"review": opened.review_id, "cause": "reported"})
        transitions.apply([change], actor, now)
        return opened


def requester_waits(item: WorkItem) -> bool:
    """Return whether people look at what the requester reported; what the desk reports is told to nobody else."""
    theirs = item.notes.filter(text__startswith=_STARTS, by__isnull=True)
    return bool(people().reported([item])) and theirs.exists()


def suspects(item: WorkItem, run: int) -> list[Step]:
    """Return the last step of each agent and writing tool that worked on the item in a run."""
    return last_steps(list(item.steps.filter(run=run).select_related("destination").order_by("pk")))
