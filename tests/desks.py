"""Desks for tests: people, queues, types, destinations and rulebooks, made by the real actions."""

from dataclasses import dataclass, field
from typing import Any

from dispatchdesk.accounts.models import User
from reviews.actions import claiming, judging
from reviews.actions.judging import Judgement
from reviews.models import Membership, Queue, Review
from routing.actions import configuring, deciding, intake, publishing
from routing.actions.intake import Request
from routing.domain.roles import DESK, Actor, Role
from routing.models import Destination, InputField, Rulebook, WorkItem, WorkType


@dataclass
class TestDesk:
    """A desk with what a test named; slugs are the keys."""

    __test__ = False

    people: dict[str, User] = field(default_factory=dict)
    queues: dict[str, Queue] = field(default_factory=dict)

    def person(self, username: str, role: Role, *, queues: tuple[str, ...] = ()) -> Actor:
        """Make somebody who staffs these queues, and return them as an actor."""
        user = User.objects.create_user(username=username, role=role.value, password=None)
        self.people[username] = user
        for slug in queues:
            Membership.objects.create(queue=self.queues[slug], user=user)
        return Actor(role=role, name=username, user_id=user.pk)

    def queue(self, slug: str, **options: Any) -> Queue:
        """Make a queue."""
        version = configuring.save_destination(actor=DESK, slug=slug, name=slug.capitalize(), kind="queue", config={})
        self.queues[slug] = Queue.objects.create(destination=version.destination, **options)
        return self.queues[slug]

    def destination(self, slug: str, kind: str, **config: Any) -> Destination:
        """Make an agent, tool or source."""
        version = configuring.save_destination(actor=DESK, slug=slug, name=slug.capitalize(), kind=kind, config=config)
        return version.destination

    def work_type(self, slug: str, *inputs: dict[str, Any], **options: Any) -> WorkType:
        """Make a work type with these inputs."""
        row = WorkType.objects.create(slug=slug, name=slug.capitalize(), **options)
        for position, given in enumerate(inputs):
            InputField.objects.create(work_type=row, position=position, **{"label": given["name"], **given})
        return row

    def rules(self, type_slug: str | None, *rules: dict[str, Any], fallback: str = "triage") -> Rulebook:
        """Publish a rulebook for a type, or First look (None)."""
        work_type = WorkType.objects.get(slug=type_slug) if type_slug else None
        book, _ = Rulebook.objects.get_or_create(work_type=work_type)
        numbered = [{"id": f"r{number}", **rule} for number, rule in enumerate(rules, start=1)]
        draft = publishing.save_draft(
            actor=DESK, rulebook_id=book.pk, content={"rules": numbered, "fallback_queue": fallback}
        )
        # Rules are not published while nobody can decide in a queue; tests add the people they are about later.
        stand_in = User.objects.create_user(username="stand-in", role=Role.REVIEWER.value, password=None)
        Membership.objects.bulk_create(Membership(queue=queue, user=stand_in) for queue in Queue.objects.all())
        publishing.publish(actor=DESK, version_id=draft.pk, note="for a test", reason="a test")
        stand_in.delete()
        return book

    def send(self, text: str = "Hello", *, actor: Actor = DESK, **given: Any) -> WorkItem:
        """Receive a request."""
        received = intake.receive(
            actor=actor, request=Request(title=given.pop("title", text[:60]), text=text, **given), trigger_kind="test"
        )
        assert received.item is not None
        return received.item


def decide() -> None:
    """Decide all that is due, here and now."""
    deciding.decide_due()


def fresh(item: WorkItem) -> WorkItem:
    """Return the item as the database has it."""
    return WorkItem.objects.select_related("work_type").get(pk=item.pk)


def settle(item: WorkItem, kind: str) -> None:
    """Let an admin take and decide the item's open review, then decide what is due."""
    user, _ = User.objects.get_or_create(username="rita", defaults={"role": Role.ADMIN.value})
    rita = Actor(role=Role.ADMIN, name="rita", user_id=user.pk)
    review = claiming.claim(actor=rita, review_id=Review.objects.get(item=item, status=Review.OPEN).pk)
    judging.judge(actor=rita, review_id=review.pk, epoch=review.epoch, digest=review.digest, judgement=Judgement(kind))
    decide()
