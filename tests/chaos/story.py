"""Everything that actions do, told in a few acts, so that a process can be made to die at any point of it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.db.models import F

from dispatchdesk.accounts import people as accounts
from dispatchdesk.accounts.models import User
from dispatchdesk.accounts.people import PersonDetails
from reviews.actions import calendars, claiming, judging, notice_mail, staffing, wishes
from reviews.actions.calendars import CalendarDetails
from reviews.actions.judging import Judgement
from reviews.actions.staffing import QueueDetails
from reviews.actions.wishes import Stopping
from reviews.domain.notices import Kind, Way
from reviews.models import Queue, Review
from routing import transitions
from routing.actions import (
    answering,
    attaching,
    backtesting,
    configuring,
    deciding,
    deciding_again,
    destinations,
    drafting,
    erasing,
    examples,
    importing,
    intake,
    letters,
    moving,
    noting,
    public_intake,
    publishing,
    relinking,
    reporting,
    running,
    sealing,
    sweeping,
    trying,
    undoing,
    verifying,
    work_types,
)  # fmt: skip
from routing.actions.intake import Request
from routing.actions.work_types import TypeDetails
from routing.domain import bookfile
from routing.domain.facts import known
from routing.domain.roles import DESK, Actor, Role
from routing.models import Destination, FactRevision, Question, Rulebook, Step, WorkItem, WorkType
from routing.queries import desk as desk_queries

ADMIN_NAME = "ada"
NONSENSE = "nonsense"


def person(name: str) -> Actor:
    """Return somebody of the desk as an actor."""
    user = User.objects.get(username=name)
    return Actor(role=Role(user.role), name=name, user_id=user.pk)


def go_on() -> None:
    """Let time pass and the desk work until nothing is due: holds and leases are over at once."""
    FactRevision.objects.filter(status=NONSENSE).delete()
    for _ in range(12):
        earlier = transitions.database_now() - timedelta(seconds=5)
        Step.objects.filter(status=Step.DUE, due_at__isnull=False).update(due_at=earlier)
        Step.objects.filter(status=Step.RUNNING).update(lease_until=earlier)
        WorkItem.objects.filter(decide_due_at__isnull=False).update(decide_due_at=earlier, decide_lease_until=None)
        Destination.objects.update(probe_at=F("probe_at") - timedelta(minutes=1))
        sweeping.sweep()
        if not deciding.decide_due() + running.run_due_steps():
            return


def end_of_waiting() -> None:
    """Let pauses end and questions run out."""
    now = transitions.database_now()
    WorkItem.objects.filter(wake_at__isnull=False).update(wake_at=now)
    Question.objects.filter(status=Question.OPEN).update(due_at=now)


def send(kind: str, text: str, **given: Any) -> WorkItem:
    """Receive a request of some kind."""
    request = Request(title=f"{kind} of the story", text=text, type=kind, **given)
    received = intake.receive(actor=person("shop"), request=request, trigger_kind="story").item
    assert received is not None
    return received


def decide_all(was_applied: Callable[[str], bool] = lambda _: False) -> None:
    """Let somebody decide whatever is asked, until nothing is; ``was_applied`` tells what became of a step's key."""
    ana = person("person0")
    for _ in range(12):
        go_on()
        opened = Review.objects.filter(status=Review.OPEN)
        opened.update(assignee=None, claimed_by=None)
        if not opened:
            return
        for asked in opened:
            review = claiming.claim(actor=ana, review_id=asked.pk)
            given = judgement_on(review, was_applied)
            judging.judge(actor=ana, review_id=review.pk, epoch=review.epoch, digest=review.digest, judgement=given)


def judgement_on(review: Review, was_applied: Callable[[str], bool]) -> Judgement:
    """Return the verdict that lets the item go on."""
    match review.proposal["kind"]:
        case "task":
            return Judgement("complete")
        case "route":
            return Judgement("correct", correction={"type": "plain"})
        case "facts":
            return Judgement("correct", correction={"inputs": {"order_number": "K-0"}})
        case "outcome":
            key = str(Step.objects.get(pk=review.proposal["step"]).idempotency_key)
            return Judgement("approve" if was_applied(key) else "reject")
    return Judgement("approve")


def effects() -> None:
    """An agent drafts, a person approves, takes it back and approves again, and tools do it; a rule approves more."""
    item = send("refund", "please see to order K-1")
    go_on()
    ana = person("person0")
    found = claiming.claim_next(actor=ana)
    assert found is not None
    claiming.release(actor=ana, review_id=found.pk, epoch=found.epoch)
    held = claiming.claim(actor=ana, review_id=Review.objects.get(item=item, status=Review.OPEN).pk)
    claiming.renew(actor=ana, review_id=held.pk, epoch=held.epoch)
    claiming.leave(actor=ana, review_id=held.pk, epoch=held.epoch)
    claiming.put_off(actor=ana, review_id=held.pk, epoch=held.epoch)
    held = claiming.claim(actor=ana, review_id=held.pk)
    approve = Judgement("approve")
    judging.judge(actor=ana, review_id=held.pk, epoch=held.epoch, digest=held.digest, judgement=approve)
    held = judging.undo(actor=ana, review_id=held.pk)
    judging.judge(actor=ana, review_id=held.pk, epoch=held.epoch, digest=held.digest, judgement=approve)
    go_on()
    send("auto", "please see to order K-2")
    send("lookup", "please see to order K-3")
    send("", "where does this belong?")
    decide_all()
    reporting.report_problem(actor=person("boss"), item_id=item.pk, text="It was the wrong amount.")


def people_and_time() -> None:
    """Questions are asked, reminded of, answered and run out; reviews become due, are told of and handed on."""
    boss, kim = person("boss"), {"requester_name": "Kim", "requester_email": "kim@example.org"}
    asked = [send("question", "please have a look", **kim) for _ in range(3)]
    task, paused = send("task", "somebody must do it"), send("pause", "not now")
    go_on()
    now = transitions.database_now()
    WorkItem.objects.filter(pk=paused.pk).update(wake_at=now)
    Question.objects.filter(item=asked[0]).update(remind_at=now)
    Question.objects.filter(item=asked[1]).update(due_at=now)
    sweeping.sweep()
    answering.answer(actor=Actor(Role.REQUESTER, "Kim"), item_id=asked[0].pk, given={"order_number": "K-1"})
    answering.add_inputs(actor=boss, item_id=asked[2].pk, given={"order_number": "K-2"})
    relinking.send_link(asked[2].pk)
    letters.send_letters()
    noting.add_note(actor=boss, item_id=task.pk, text="Look at this.")
    attaching.attach(item_id=task.pk, files=[a_file()], by="boss")
    review = Review.objects.get(item=task, status=Review.OPEN)
    Queue.objects.filter(destination__slug="people").update(
        overflow_id=Queue.objects.get(destination__slug="support").pk
    )
    Review.objects.filter(pk=review.pk).update(overflow_at=now, tell_at=now, due_at=now, assignee=None)
    sweeping.sweep()
    for name in ("person0", "person1"):
        ways = dict.fromkeys(Kind, Way.AT_ONCE)
        wishes.save_wishes(actor=person(name), ways=ways, digest_hour=8, zone="UTC")
    held = claiming.claim(actor=person("person0"), review_id=review.pk)
    to_other = Judgement("reassign", to="person:person1")
    judging.judge(actor=person("person0"), review_id=held.pk, epoch=held.epoch, digest=held.digest, judgement=to_other)
    notice_mail.send_notices()
    wishes.stop_mail(Stopping(person("person1").person_id, None), None)
    staffing.free_reviews_of(actor=person(ADMIN_NAME), user_id=person("person1").person_id)
    moved = moving.move(actor=boss, item_id=task.pk, to="state:done")
    undoing.undo(actor=boss, item_id=task.pk, version=moved.version)
    moving.move(actor=boss, item_id=task.pk, to="state:done")
    spoilt = send("plain", "its history cannot be read")
    FactRevision.objects.create(
        item=spoilt, seq=1, name="item.text", status=NONSENSE, provider="story", at=spoilt.created_at
    )
    deciding.decide_due()
    request = Request(
        title="By the form", text="hello", type="plain", channel="form", requester_email="lee@example.org"
    )
    WorkItem.objects.filter(channel="form").update(channel="web")  # its limit is not what this is about
    public_intake.receive_public(request=request, files=[a_file()])


def a_file() -> SimpleUploadedFile:
    """Return a file as somebody uploads it."""
    return SimpleUploadedFile("note.txt", b"hello", content_type="text/plain")


def set_up() -> None:
    """An admin sets up types, inputs, destinations, rules, queues, calendars and people, and removes them again."""
    ada = person(ADMIN_NAME)
    details = TypeDetails("Story", "", 60, 60, 30, public_form=False, active=True)
    slug = f"story-{WorkType.objects.count()}"
    kind = work_types.save_type(actor=ada, slug=slug, details=details, new=True)
    values = {"label": "Colour", "kind": "text", "required": False, "ask_requester": True}
    for name in ("colour", "size"):
        work_types.save_input(actor=ada, work_type=kind, name=name, values=values, new=True)
    work_types.move_input(actor=ada, work_type=kind, name="size", by=-1)
    work_types.remove_input(actor=ada, work_type=kind, name="size")
    book, _ = Rulebook.objects.get_or_create(work_type=kind)
    draft = drafting.start_draft(actor=ada, work_type_id=kind.pk)
    rules = {"rules": [{"id": "r1", "when": {"all": []}, "then": {"do": "finish"}}], "fallback_queue": "triage"}
    draft = publishing.save_draft(actor=ada, rulebook_id=book.pk, content=rules)
    examples.save_example(actor=ada, rulebook_id=book.pk, name="One", facts={}, expected={"kind": "finish"})
    backtest = backtesting.start_backtest(actor=ada, version_id=draft.pk, most=10)
    backtesting.cancel_backtest(actor=ada, backtest_id=backtest.pk)
    live = publishing.publish(actor=ada, version_id=draft.pk, note="story", reason="story")
    waiting = send("task", "decided once more")
    go_on()
    deciding_again.decide_again(actor=ada, version_id=live.pk, item_ids=[waiting.pk])
    publishing.discard_draft(actor=ada, version_id=drafting.start_draft(actor=ada, work_type_id=kind.pk).pk)
    other = {"id": "r2", "when": {"all": []}, "then": {"do": "finish"}}
    file = bookfile.read({"format": 1, "rulebook": slug, "rules": [other], "fallback_queue": "triage"})
    imported = importing.import_book(actor=ada, work_type_id=kind.pk, book=file).draft
    publishing.publish(actor=ada, version_id=imported.pk, note="again", reason="story")
    publishing.roll_back(actor=ada, version_id=live.pk)
    tools_and_queues(ada, slug)


def tools_and_queues(ada: Actor, slug: str) -> None:
    """Destinations, queues, calendars and people come and go."""
    source = Destination.objects.get(slug="orders").versions.first()
    assert source is not None
    place = f"{slug}-place"
    configuring.save_destination(actor=DESK, slug=place, name="Place", kind="source", config=source.config)
    destinations.save(actor=ada, slug=place, name="Place", kind="source", description="", config=source.config)
    configuring.set_destination_status(actor=ada, slug=place, paused=True)
    configuring.set_destination_status(actor=ada, slug=place, paused=False)
    facts = {"input.order_number": known("K-1"), "item.text": known("hello")}
    for tried in ("orders", "reply"):
        trying.try_destination(actor=ada, place=desk_queries.load().places[tried], facts=facts)
    destinations.remove(actor=ada, slug=place)
    queue = QueueDetails("Story", "", "", (), 240, 10, 10)
    staffing.save_queue(actor=ada, slug=f"{slug}-queue", details=queue, new=True)
    staffing.remove_queue(actor=ada, slug=f"{slug}-queue")
    calendar = calendars.save_calendar(actor=ada, details=CalendarDetails(slug, "UTC", {0: ((540, 1020),)}))
    calendars.remove_calendar(actor=ada, calendar_id=calendar.pk)
    given = PersonDetails("Story", f"{slug}@example.org", "operator")
    user, _ = accounts.add_person(actor=ada, username=slug, details=given)
    accounts.change_person(actor=ada, user_id=user.pk, details=replace(given, full_name="Changed"))
    accounts.reset_password(actor=ada, user_id=user.pk)
    accounts.set_active(actor=ada, user_id=user.pk, active=False)


def the_past() -> None:
    """The ledger is sealed and read, and what the desk holds of a requester is erased."""
    sealing.seal()
    send("plain", "who was that?", requester_email="past@example.org")
    erased = erasing.erase_items(actor=person(ADMIN_NAME), email="past@example.org")
    assert not erased.blocked, erased.blocked
    assert not (faults := verifying.verify().faults.lines), faults


ACTS: tuple[Callable[[], None], ...] = (effects, people_and_time, set_up, the_past)
