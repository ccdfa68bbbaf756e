"""The guide of the practice desk: four steps, each done once somebody has really done it."""

from dataclasses import dataclass, replace

from django.urls import reverse

from dispatchdesk.practice.models import PracticeDesk
from reviews.models import Review, Verdict
from routing.domain.roles import Actor, Role
from routing.domain.states import State
from routing.models import Question, RulebookVersion, WaitKind, WorkItem
from routing.requesters import page_link

_BOOK = "support"
_DRAFT = "copy"  # the story of the request whose draft is to be sent


@dataclass(frozen=True, slots=True)
class GuideStep:
    """One step: what to do and where. ``role`` is the one it needs when the person has another; empty when theirs does.

    ``url`` is empty while there is nothing to do it with. ``next`` marks the first step that is not done.
    """

    title: str
    text: str
    action: str
    url: str
    done: bool
    role: str = ""
    next: bool = False


@dataclass(frozen=True, slots=True)
class Guide:
    """What the board shows of the practice desk; without steps when the guide was put away."""

    stream_paused: bool
    steps: tuple[GuideStep, ...]

    @property
    def finished(self) -> bool:
        """Whether all steps are done."""
        return all(step.done for step in self.steps)


def guide(actor: Actor) -> Guide | None:
    """Return the guide for this person; None on a real desk."""
    desk = PracticeDesk.objects.first()
    if desk is None:
        return None
    if desk.guide_dismissed:
        return Guide(desk.stream_paused, ())
    steps = [
        GuideStep(
            "Send a request",
            "Ask where order K-10250 is and give an e-mail address. No person is needed.",
            "Write one",
            reverse("routing:new_item"),
            WorkItem.objects.filter(practice__isnull=True, created_at__gt=desk.loaded_at).exists(),
        ),
        GuideStep(
            "Answer as a requester",
            "Somebody forgot the order number. Open the link they got by mail.",
            "Open as requester",
            _answer_link(),
            Question.objects.filter(status=Question.ANSWERED, closed_at__gt=desk.loaded_at).exists(),
        ),
        GuideStep(
            "Approve what is sent",
            "Read the draft, fix the claim that is banned, and send it.",
            "Open the draft",
            _draft_review(),
            Verdict.objects.filter(
                at__gt=desk.loaded_at, undone_at__isnull=True, review__item__practice__story=_DRAFT
            ).exists(),
            _needed(actor, Role.REVIEWER),
        ),
        GuideStep(
            "Publish version 2",
            "A draft sends refunds over 200 EUR to Finance. Publish it.",
            "Open version 2",
            reverse("routing:draft", args=[_BOOK]),
            RulebookVersion.objects.filter(rulebook__work_type__slug=_BOOK, published_at__gt=desk.loaded_at).exists(),
            _needed(actor, Role.ADMIN),
        ),
    ]
    return Guide(desk.stream_paused, _with_next(steps))


def _needed(actor: Actor, role: Role) -> str:
    return "" if actor.role in {role, Role.ADMIN} else role.value


def _answer_link() -> str:
    waiting = WorkItem.objects.filter(
        practice__past=False, state=State.WAITING, wait_kind=WaitKind.REQUESTER, questions__status=Question.OPEN
    )
    item = waiting.order_by("pk").first()
    return page_link(item) if item is not None else ""


def _draft_review() -> str:
    waiting = Review.objects.filter(item__practice__past=False, item__practice__story=_DRAFT, status=Review.OPEN)
    review = waiting.order_by("pk").first()
    return reverse("reviews:review", args=[review.pk]) if review is not None else ""


def _with_next(steps: list[GuideStep]) -> tuple[GuideStep, ...]:
    first = next((index for index, step in enumerate(steps) if not step.done), -1)
    return tuple(replace(step, next=index == first) for index, step in enumerate(steps))


def show(*, shown: bool) -> None:
    """Put the guide away for everybody, or bring it back."""
    PracticeDesk.objects.update(guide_dismissed=not shown)
