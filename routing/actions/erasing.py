"""Erases the personal data of a requester. That an item was there, how it moved and who decided stays."""

from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import QuerySet

from routing import transitions
from routing.actions import moving
from routing.actions.configuring import check_admin
from routing.actions.intake import FILES
from routing.crash_points import one_transaction
from routing.domain.roles import Actor
from routing.domain.states import OPEN_STATES, Action, State
from routing.errors import Conflict
from routing.kinds import people
from routing.models import (
    Attachment,
    Example,
    FactRevision,
    HandMove,
    Letter,
    Note,
    Question,
    RouterLabel,
    Step,
    WorkItem,
)

ERASED = "Personal data erased"


@dataclass(slots=True)
class Erasure:
    """The codes of the items that were erased, and why others could not be, by their code."""

    erased: list[str] = field(default_factory=list)
    blocked: dict[str, str] = field(default_factory=dict)


def items_of(actor: Actor, email: str) -> QuerySet[WorkItem]:
    """Return the items that came from this address, oldest first, whatever its case; for admins alone."""
    check_admin(actor)
    given = email.strip()
    return WorkItem.objects.filter(requester_email__iexact=given).order_by("pk") if given else WorkItem.objects.none()


def erase_items(*, actor: Actor, email: str) -> Erasure:
    """Erase what this requester's items hold of them, item by item; those still open are closed, not done, first.

    An item waits while something is sent for it, or while nobody knows what became of what was: ask again then.
    """
    done = Erasure()
    for item_id in list(items_of(actor, email).values_list("pk", flat=True)):
        try:
            code = _erase_item(actor, item_id, email.strip())
        except Conflict as refused:
            done.blocked[f"D-{item_id}"] = str(refused)
        else:
            done.erased += [code] if code else []
    _delete_files()
    return done


def _erase_item(actor: Actor, item_id: int, email: str) -> str:
    """Erase one item in one transaction; returns its code, or nothing when it is somebody else's by now."""
    with one_transaction("erasing.erase"):
        item = transitions.lock_one(item_id)
        if item.requester_email.casefold() != email.casefold():
            return ""
        if State(item.state) in OPEN_STATES:
            item = moving.move(actor=actor, item_id=item_id, to="state:stopped")
        now = transitions.database_now()
        _refuse_while_something_runs(item)
        people().erase(item, ERASED, now)
        _empty(item, now)
        transitions.apply([transitions.staying(item, Action.ERASE, {})], actor, now)
    return item.code


def _refuse_while_something_runs(item: WorkItem) -> None:
    """Raise Conflict while a step or a mail is under way, or its outcome is not known; what is only due is dropped."""
    Step.objects.filter(item=item, status=Step.DUE).update(
        status=Step.CANCELLED, due_at=None, ended_at=transitions.database_now()
    )
    unsettled = people().unsettled([item])
    if unsettled:
        queue = unsettled[item.pk].queue_name
        raise Conflict(f"{item.code}: first {queue} must say what became of what was sent. Then erase it.")
    if Step.objects.filter(item=item, status=Step.RUNNING).exists():
        raise Conflict(f"{item.code}: something is being sent for it at this moment. Try again in some minutes.")
    # Locked, so that none is begun meanwhile.
    letters = list(Letter.objects.select_for_update().filter(item=item).values_list("status", flat=True))
    if Letter.SENDING in letters:
        raise Conflict(f"{item.code}: a mail is being sent at this moment. Try again in some minutes.")


def _empty(item: WorkItem, now: datetime) -> None:
    """Take out what the requester wrote, what is known of them, and what was written to or about them."""
    FactRevision.objects.filter(item=item).update(value=None, quote="")
    Question.objects.filter(item=item).update(note="")
    Step.objects.filter(item=item).update(request=None, output=None, response="", error="")
    Attachment.objects.filter(item=item).update(name="", content_type="", added_by="")
    for model in (Letter, Note, Example, RouterLabel, HandMove):
        model.objects.filter(item=item).delete()
    item.title, item.text = ERASED, ""
    item.requester_name = item.requester_email = ""
    if item.created_by_id is None:
        item.trigger_by = "The requester"
    if item.intake_token_id != FILES:  # loading its file again must not bring the request back
        item.intake_key = ""
    item.intake_digest = None
    item.erased_at = now
    item.save(
        update_fields=[
            *("title", "text", "requester_name", "requester_email", "trigger_by"),
            *("intake_key", "intake_digest", "erased_at"),
        ]
    )


def _delete_files() -> None:
    """Delete the files of erased items, those that an earlier attempt left behind too; then they are forgotten."""
    for row in Attachment.objects.filter(item__erased_at__isnull=False):
        row.content.delete(save=False)
        row.delete()
