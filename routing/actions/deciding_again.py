"""Lets the live rules decide again about open requests that they would send elsewhere than the rules before them."""

from collections.abc import Sequence

from routing import transitions
from routing.actions.configuring import check_admin
from routing.crash_points import one_transaction
from routing.domain.roles import Actor
from routing.domain.states import Action, State
from routing.kinds import people
from routing.models import Decision, Question, RulebookVersion, WorkItem
from routing.queries import desk as desk_queries
from routing.queries.desk import published_rules
from routing.queries.open_items import open_elsewhere
from routing.transitions import Change, ReviewPoint

BATCH = 50


def decide_again(*, actor: Actor, version_id: int, item_ids: Sequence[int]) -> int:
    """Take back the newest decision of each of these open items and have the live rules decide; returns how many.

    Only those count that the live version would send elsewhere at this moment; the others stay untouched. What was
    asked of people or the requester is withdrawn. What rules before did stays done: nothing is drafted twice.
    Nothing is done when the version is not live any more.
    """
    check_admin(actor)
    ids = sorted(set(item_ids))
    return sum(_batch(actor, version_id, ids[start : start + BATCH]) for start in range(0, len(ids), BATCH))


def _batch(actor: Actor, version_id: int, ids: Sequence[int]) -> int:
    with one_transaction("deciding_again.batch"):
        locked = transitions.lock(ids)
        version = RulebookVersion.objects.select_related("rulebook").get(pk=version_id)
        if version.status != RulebookVersion.PUBLISHED:
            return 0
        now, book = transitions.database_now(), version.rulebook
        found = open_elsewhere(
            book.pk, book.work_type_id, published_rules(version_id), desk_queries.load(), now, [i.pk for i in locked]
        )
        elsewhere = {one.item.pk for one in found.elsewhere}
        unsettled = people().unsettled(locked)
        items = [item for item in locked if item.pk in elsewhere and item.pk not in unsettled]
        if not items:
            return 0
        _take_back(items)
        people().close(items, "the rules changed", now)
        Question.objects.filter(item__in=items, status=Question.OPEN).update(
            status=Question.WITHDRAWN, closed_at=now, remind_at=None
        )
        changes = [
            Change(item, Action.REQUEUE, State.INCOMING, review=ReviewPoint(), decide_at=now, renew_moves=True)
            for item in items
        ]
        for change in changes:
            change.data["version"] = version.number
        transitions.apply(changes, actor, now)
        return len(items)


def _take_back(items: Sequence[WorkItem]) -> None:
    """Let the rule that made each item's newest decision fire once more: it counts as not having done its part."""
    newest = Decision.objects.filter(item__in=items).order_by("item_id", "-pk").distinct("item_id").values("pk")
    Decision.objects.filter(pk__in=list(newest.values_list("pk", flat=True))).update(fires=False)
