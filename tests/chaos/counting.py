"""Counts what must be none: L, S, E, C, V and A of the promises; docs/reliability.md says what each is."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from django.db.models import Q

from reviews.models import Review, Verdict
from routing.domain.digests import digest
from routing.domain.states import FINAL_STATES, State
from routing.events import chain_hash, event_body
from routing.models import Decision, Event, Question, Step, WaitKind, WorkItem
from tests.chaos.boards import Board, differences
from tests.chaos.load import Journal
from tests.chaos.others import Call
from tests.chaos.people import Held


@dataclass
class Count:
    """How many broken promises of one kind, and the first of them in words."""

    found: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.found)


def lost(journal: Journal) -> Count:
    """L: acknowledged items that are not there, keys that made two, and keys that nobody can learn anything about."""
    kept = dict(WorkItem.objects.exclude(intake_key="").values_list("intake_key", "pk"))
    wrong = [f"{key}: {code}" for key, code in journal.acknowledged.items() if f"D-{kept.get(key)}" != code]
    wrong += journal.contradictions
    return Count(wrong + [f"{key}: never answered" for key in sorted(journal.open)])


def stranded() -> Count:
    """S: items that are neither final nor owed anything: no due decision, due step, live lease, wake time or person."""
    rows = WorkItem.objects.exclude(state__in=[state.value for state in FINAL_STATES])
    return Count([f"{item.code} is {item.state}" for item in rows if not _is_owed(item)])


def _is_owed(item: WorkItem) -> bool:
    match item.state:
        case State.INCOMING:
            return item.decide_due_at is not None
        case State.WORKING:
            steps = Step.objects.filter(item=item, run=item.run)
            due = Q(status=Step.DUE, due_at__isnull=False)
            return steps.filter(due | Q(status=Step.RUNNING, lease_until__isnull=False)).exists()
        case State.WAITING:
            asked = Question.objects.filter(item=item, status=Question.OPEN, due_at__isnull=False)
            return item.wake_at is not None or item.wait_kind == WaitKind.HOLD or asked.exists()
    return Review.objects.filter(item=item, status=Review.OPEN, pk=item.review_id or 0).exists()


def unapproved(calls: Sequence[Call]) -> Count:
    """E: applied effects without an earlier approval of exactly what was sent, and any applied twice."""
    wrong = []
    applied = [call for call in calls if call.applied]
    keys = Counter(call.key for call in applied)
    wrong += [f"{key} was applied {times} times" for key, times in keys.items() if times > 1]
    steps = {str(step.idempotency_key): step for step in Step.objects.filter(writes=True).select_related("item")}
    once: Counter[tuple[int, str]] = Counter()
    for call in applied:
        step = steps.get(call.key)
        if step is None:
            wrong.append(f"nothing is known of the key {call.key}")
            continue
        once[step.item_id, step.name] += 1
        if hashlib.sha256(str((step.request or {}).get("body", "")).encode()).hexdigest() != call.body_sha:
            wrong.append(f"{step}: other bytes than were stored")
        if not _is_approved(step, call.at):
            wrong.append(f"{step}: no approval of {step.digest[:12]} before it was sent")
    wrong += [f"D-{item} had {name} done {times} times" for (item, name), times in once.items() if times > 1]
    return Count(wrong)


def _is_approved(step: Step, sent_at: float) -> bool:
    if step.approval_id is None:
        rule = Decision.objects.filter(pk=step.decision_id or 0, fires=True).first()
        return bool(rule and step.digest in rule.detail.get("digests", []) and rule.decided_at.timestamp() <= sent_at)
    verdict = Verdict.objects.filter(pk=step.approval_id, undone_at__isnull=True).first()
    if verdict is None or verdict.at.timestamp() > sent_at:
        return False
    group = Step.objects.filter(approval_id=verdict.pk).order_by("ordinal").values_list("digest", flat=True)
    return verdict.approved_digest == digest(list(group))


def overlapping(held: Sequence[Held]) -> Count:
    """C: claims of one review by two people at one time, and claims that were given out twice."""
    wrong, by_review, owner = [], defaultdict[int, list[Held]](list), dict[tuple[int, int], str]()
    for one in held:
        by_review[one.review].append(one)
        if owner.setdefault((one.review, one.epoch), one.who) != one.who:
            wrong.append(f"review {one.review}, claim {one.epoch}: {owner[one.review, one.epoch]} and {one.who}")
    for review, times in by_review.items():
        for first in times:
            wrong += [
                f"review {review}: {first.who} and {second.who}"
                for second in times
                if first.who < second.who and first.since < second.until and second.since < first.until
            ]
    return Count(wrong)


def untrue_boards(boards: Sequence[Board]) -> Count:
    """V: boards that show something else than the database holds."""
    rows = WorkItem.objects.values_list("pk", "version", "state")
    versions = {f"D-{pk}": (version, state) for pk, version, state in rows}
    wrong = [(board.name, differences(board.board, board.fetch()[0], versions)) for board in boards]
    return Count([f"{name}: {found[0]} and {len(found) - 1} more" for name, found in wrong if found])


def broken_chains() -> Count:
    """A: items whose events do not hash to their chain's head, or lack a number."""
    wrong, heads = [], defaultdict[int, bytes](bytes)
    numbers: Counter[int] = Counter()
    for event in Event.objects.order_by("item_id", "seq").iterator():
        numbers[event.item_id] += 1
        heads[event.item_id] = chain_hash(heads[event.item_id], event_body(vars(event)))
        if bytes(event.hash) != heads[event.item_id] or event.seq != numbers[event.item_id]:
            wrong.append(f"D-{event.item_id}, event {event.seq}")
    for pk, head, version in WorkItem.objects.values_list("pk", "chain_head", "version"):
        if bytes(head) != heads[pk] or version != numbers[pk]:
            wrong.append(f"D-{pk}: its head is not its last event's")
    return Count(wrong)
