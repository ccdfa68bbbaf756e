"""Items the practice company finished before today, written through the real tables at past times.

The real rules decide each of them, the practice servers' own replies answer the steps, and practice people judge the
reviews: only the clock is another one. So decisions, facts, reviews and the ledger read like those of live items.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta

from dispatchdesk.accounts.actors import actor_of
from dispatchdesk.practice import accounts, past_steps, requests
from dispatchdesk.practice.models import PracticeItem
from dispatchdesk.practice.requests import CHANNEL, Sent
from reviews.actions import effects
from reviews.actions.judging import Judgement
from reviews.models import Review, Verdict
from routing import transitions
from routing.actions import answering, deciding, outcomes
from routing.actions.passes import Pass
from routing.actions.sampling import last_steps, spot_check
from routing.domain.facts import known
from routing.domain.roles import DESK, Actor, Role
from routing.domain.states import FINAL_STATES, Action, State
from routing.models import FactRevision, Letter, OwnerKind, Priority, Question, Step, WorkItem
from routing.queries import desk as desk_queries
from routing.queries.facts import Knowledge, item_values
from routing.transitions import Change, ReviewPoint

ITEMS = 60
_DAYS = 24
_MOST_MOVES = 40
_DECLINED = 3  # every so many unsure requests is closed without being done

_PLOT: tuple[Callable[[str], Sent], ...] = (
    requests.delivery,
    requests.refund,
    lambda number: requests.copy(requests.product_of(number).name),
    requests.delivery,
    requests.no_number,
    lambda number: requests.report(("revenue", "orders", "units")[int(number[-1]) % 3], "last month"),
    requests.delivery,
    requests.broken,
    requests.delivery,
    requests.refund,
    requests.unsure,
    lambda number: requests.page(f"/offers-{number[-3:]}", f"Offer {number[-3:]} of the week"),
    requests.delivery,
    requests.refund,
    requests.lawyer,
)


@dataclass(slots=True)
class _Clock:
    """The time of one item's story; it only goes on."""

    now: datetime

    def on(self, **span: float) -> datetime:
        """Let time pass and return the moment."""
        self.now += timedelta(**span)
        return self.now


@dataclass(slots=True)
class _Story:
    """One item on its way, with the people of its reviews by role."""

    sent: Sent
    item: WorkItem
    clock: _Clock
    people: dict[Role, Actor]
    turn: int
    work: Pass = field(init=False)
    answers: list[tuple[Step, past_steps.Answer]] = field(default_factory=list)
    revisions: list[FactRevision] = field(default_factory=list)
    letters: list[Letter] = field(default_factory=list)

    def begin(self) -> None:
        """Start the first pass."""
        facts = {name: known(value) for name, value in item_values(self.item, self.clock.now).items() if value != ""}
        self.work = Pass(item=self.item, desk=desk_queries.load(), now=self.clock.now, known=Knowledge(facts=facts))

    def next_pass(self) -> Pass:
        """Return a pass at the present moment that knows what the one before knew."""
        before = self.work
        past = replace(before.past, steps=[*before.past.steps, *before.steps])
        if before.questions:
            past.question = before.questions[-1]
        self.work = Pass(before.item, before.desk, self.clock.now, before.known, read_past=lambda: past)
        return self.work

    def flush(self, actor: Actor = DESK) -> None:
        """Store the present pass, but for facts and letters: nothing reads these again before the end."""
        self.revisions += self.work.revisions
        self.letters += self.work.letters
        self.work.revisions, self.work.letters = [], []
        deciding.flush([self.work], actor)


def write() -> None:
    """Write the finished items, spread over the past weeks; inside the caller's transaction."""
    users = [user for role in (Role.OPERATOR, Role.REVIEWER) if (user := accounts.practice_user(role)) is not None]
    people = {Role(user.role): actor_of(user) for user in users}
    today = transitions.database_now()
    moments = sorted(_moments(today))
    stories = [
        _receive(_PLOT[turn % len(_PLOT)](f"K-1{2000 + turn * 37:04d}"), moment, people, turn)
        for turn, moment in enumerate(moments)
    ]
    for story in stories:
        _play(story)
    FactRevision.objects.bulk_create([row for story in stories for row in story.revisions])
    Letter.objects.bulk_create([row for story in stories for row in story.letters])
    PracticeItem.objects.bulk_create(
        [PracticeItem(item=story.item, story=story.sent.story, past=True) for story in stories]
    )


def _moments(today: datetime) -> Iterator[datetime]:
    """Yield when the items came in: in working hours, on weekdays, two days ago at the latest."""
    first = today - timedelta(days=_DAYS + 2)
    for turn in range(ITEMS):
        day = (first + timedelta(days=turn * _DAYS / ITEMS)).date()
        if day.weekday() >= 5:
            day -= timedelta(days=day.weekday() - 4)
        moment = datetime.combine(day, time(8), tzinfo=today.tzinfo)
        yield moment + timedelta(minutes=turn * 97 % 540, seconds=turn * 13 % 60)


def _receive(sent: Sent, moment: datetime, people: dict[Role, Actor], turn: int) -> _Story:
    item = WorkItem(
        title=sent.title,
        text=sent.text,
        channel=CHANNEL,
        priority=Priority.NORMAL,
        requester_name=sent.name,
        requester_email=sent.email,
        trigger_kind=CHANNEL,
        trigger_by=sent.name,
        created_at=moment,
        updated_at=moment,
        due_at=moment + timedelta(days=1),
        state=State.INCOMING,
        owner_kind=OwnerKind.DESK,
        owner_since=moment,
    )
    transitions.create([item], Actor(role=Role.SYSTEM, name=sent.name), moment)
    return _Story(sent, item, _Clock(moment), people, turn)


def _play(story: _Story) -> None:
    """Move one item on until it has ended."""
    story.begin()
    for _ in range(_MOST_MOVES):
        item = story.item
        if item.state in FINAL_STATES:
            _look_afterwards(story)
            return
        match item.state:
            case State.INCOMING:
                _decide(story)
            case State.WORKING:
                _end_steps(story)
            case State.IN_REVIEW:
                _judge(story)
            case State.WAITING:
                _stop_waiting(story)
    raise RuntimeError(f"{story.item.code}: the history of a {story.sent.story} comes to no end")


def _decide(story: _Story) -> None:
    story.clock.on(seconds=0.4)
    work = story.next_pass()
    outcomes.settle(work)
    work.checks.clear()  # the history is the same every time: it draws by turn, below
    _finish(story, work)
    story.flush()


def _finish(story: _Story, work: Pass) -> None:
    """Leave nothing due of what this pass starts: its steps end, one after another, and its letters are sent."""
    story.answers = []
    for step in work.steps:
        step.started_at = story.clock.on(seconds=1)
        answer = past_steps.answer(step, work)
        step.ended_at = story.clock.on(seconds=1.2 + story.turn % 3 * 0.7)
        past_steps.close(step, answer)
        story.answers.append((step, answer))
    for letter in work.letters:
        letter.status, letter.due_at, letter.sent_at, letter.attempts = Letter.SENT, None, work.now, 1
    for question in work.questions:
        question.remind_at = None


def _end_steps(story: _Story) -> None:
    """Learn what the steps of the last pass gave."""
    story.letters += [letter for step, _ in story.answers if (letter := past_steps.letter(step)) is not None]
    work = story.next_pass()
    for step, answer in story.answers:
        past_steps.learn(work, step, answer)
    work.change = Change(work.item, Action.STEP_ENDED, State.INCOMING, data={"step": story.answers[-1][0].pk})
    story.flush()


def _judge(story: _Story) -> None:
    """Let a practice person decide the open review, as its kind of proposal asks for."""
    review = Review.objects.select_related("queue__destination", "decision").get(item=story.item, status=Review.OPEN)
    actor = story.people[Role.OPERATOR if review.queue.staff_role else Role.REVIEWER]
    story.clock.on(minutes=4 + story.turn * 17 % 90)
    story.next_pass()
    kind = review.proposal["kind"]
    if kind == "route" and story.turn // len(_PLOT) % _DECLINED == 2:
        _close_undone(story, review, actor)
        return
    _conclude(story, review, actor, _judgement(review))


def _look_afterwards(story: _Story) -> None:
    """Let a practice person look at every second request that finished without one; every tenth was not right."""
    done = last_steps(story.work.past.steps)
    if not done or story.turn % 2 or Review.objects.filter(item=story.item).exists():
        return
    work = story.next_pass()
    work.checks.append(spot_check(work, done[-1]))
    story.flush()
    story.clock.on(hours=2 + story.turn % 5)
    story.next_pass()
    review = Review.objects.select_related("queue__destination").get(item=story.item, kind=Review.CHECK)
    wrong = Judgement("reject", comment="They asked for the day of delivery, and it is not in there.")
    _conclude(story, review, story.people[Role.OPERATOR], Judgement("approve") if story.turn % 10 else wrong)


def _conclude(story: _Story, review: Review, actor: Actor, judgement: Judgement) -> None:
    """Store what a person decided at the present moment, and what comes of it."""
    work = story.work
    review.claimed_at = work.now - timedelta(seconds=35 + story.turn * 23 % 170)
    verdict = Verdict.objects.create(
        review=review,
        kind=judgement.kind,
        by_id=actor.person_id,
        taken_at=review.claimed_at,
        at=work.now,
        epoch=1,
        digest=review.digest,
        correction=dict(judgement.correction) or None,
        proposal=review.proposal,
        body={"result": dict(judgement.result), "to": "", "inputs": [], "checks": []},
        comment=judgement.comment,
    )
    review.status, review.closed_at, review.epoch = Review.DECIDED, work.now, 1
    review.save(update_fields=["status", "claimed_at", "closed_at", "epoch"])
    review.item = work.item
    effects.apply(work, review, verdict, judgement, actor)
    verdict.save(update_fields=["approved_digest", "hold_until"])
    change = work.change
    assert change is not None  # noqa: S101 - the judgement fits its proposal
    if review.kind != Review.CHECK:
        change.action, change.renew_moves, change.decide_at = Action.DECIDE_REVIEW, True, None
        change.review = change.review or ReviewPoint()
    change.data |= {"review": review.pk, "verdict": verdict.pk, "kind": verdict.kind}
    if verdict.hold_until is not None:
        story.clock.now = max(story.clock.now, verdict.hold_until)
    _finish(story, work)
    story.flush(actor)


def _judgement(review: Review) -> Judgement:
    match review.proposal["kind"]:
        case "task":
            return Judgement("complete", result={"answer": "A new lid was sent."})
        case "route":
            return Judgement("correct", correction={"type": "support", "destination": "support"})
        case "calls" if "steps.copy.output.text" in review.proposal["drafts"]:
            draft = str(review.proposal["drafts"]["steps.copy.output.text"])
            better = draft.replace("It is the best kettle in the world, and yours", "It is yours")
            return Judgement("correct", correction={"drafts": {"steps.copy.output.text": better}})
        case _:
            return Judgement("approve")


def _close_undone(story: _Story, review: Review, actor: Actor) -> None:
    work = story.work
    review.status, review.closed_at = Review.WITHDRAWN, work.now
    review.closed_because = f"{actor.name} moved it"
    review.save(update_fields=["status", "closed_at", "closed_because"])
    work.change = Change(
        work.item, Action.STOP, State.STOPPED, review=ReviewPoint(), data={"reason_given": False, "to": "state:stopped"}
    )
    story.flush(actor)


def _stop_waiting(story: _Story) -> None:
    """Answer the question as the requester, or let the wake time come."""
    if story.item.wake_at is not None:
        story.clock.now = story.item.wake_at
        work = story.next_pass()
        work.change = Change(work.item, Action.WAKE, State.INCOMING)
        story.flush()
        return
    question = story.work.questions[-1]
    story.clock.on(minutes=35 + story.turn * 29 % 400)
    work = story.next_pass()
    work.past.question = None
    number = f"K-1{2000 + story.turn * 37:04d}"
    answering.learn_inputs(work, dict.fromkeys(question.names, number), "requester")
    Question.objects.filter(pk=question.pk).update(status=Question.ANSWERED, closed_at=work.now)
    work.change = Change(work.item, Action.ANSWER, State.INCOMING, data={"inputs": sorted(question.names)})
    story.flush(Actor(role=Role.REQUESTER, name=story.sent.name))
