"""Loading makes a whole desk: rules without faults, a history that holds together, and nothing left due by it."""

import pytest

from dispatchdesk.practice import accounts, loading, requests
from dispatchdesk.practice.models import PracticeItem
from reviews.models import Queue, Review, Verdict
from reviews.queries.people import staff_of
from routing.actions import publishing
from routing.domain.states import FINAL_STATES, State
from routing.events import chain_hash, event_body
from routing.models import Decision, Destination, Event, Letter, RouterModel, RulebookVersion, Step, WorkItem
from tests.desks import TestDesk


def test_every_rulebook_is_published_and_the_draft_could_be(live_desk: None) -> None:
    published = RulebookVersion.objects.filter(status=RulebookVersion.PUBLISHED)
    names = sorted(str(version.rulebook) for version in published)
    assert names == ["First look", "Marketing", "Reporting", "Support", "Website"]
    draft = RulebookVersion.objects.get(status=RulebookVersion.DRAFT)
    assert str(draft) == "Support v2"
    assert publishing.draft_faults(draft) == ()


def test_every_queue_has_people(live_desk: None) -> None:
    assert {queue.slug: staff_of(queue).count() for queue in Queue.objects.all()} == {
        "triage": 1,
        "support": 2,
        "finance": 2,
        "content": 2,
    }
    assert Destination.objects.filter(practice=False).count() == 0
    assert RouterModel.objects.get().practice


def test_sixty_finished_items_lie_in_the_past_and_hold_together(whole_desk: None) -> None:
    past = WorkItem.objects.filter(practice__past=True)
    assert past.count() == 60
    assert {State(item.state) for item in past} == set(FINAL_STATES)
    newest = max(item.updated_at for item in past)
    live = WorkItem.objects.filter(practice__past=False)
    assert newest < min(item.created_at for item in live)
    assert (newest - min(item.created_at for item in past)).days >= 14
    assert not past.filter(decide_due_at__isnull=False).exists()
    assert not Step.objects.filter(item__in=past).exclude(status=Step.SUCCEEDED).exists()
    assert not Letter.objects.filter(item__in=past, due_at__isnull=False).exists()
    assert not Review.objects.filter(status=Review.OPEN).exists()
    assert {verdict.kind for verdict in Verdict.objects.all()} == {"approve", "correct", "complete", "reject"}
    checks = Verdict.objects.filter(review__kind=Review.CHECK)
    assert checks.filter(kind="approve").count() > checks.filter(kind="reject").count() > 0
    assert Decision.objects.filter(item__in=past, rule_id="tell-where").count() >= 20

    for item in past:
        check_times(item)
        check_chain(item)


def check_times(item: WorkItem) -> None:
    moments = list(item.events.order_by("seq").values_list("at", flat=True))
    assert moments == sorted(moments)
    assert moments[0] == item.created_at
    assert moments[-1] == item.updated_at
    for step in item.steps.all():
        assert step.started_at is not None
        assert step.ended_at is not None
        assert step.created_at <= step.started_at < step.ended_at <= item.updated_at


def check_chain(item: WorkItem) -> None:
    head = b""
    events = list(Event.objects.filter(item=item).order_by("seq"))
    assert [event.seq for event in events] == list(range(1, item.version + 1))
    for event in events:
        assert bytes(event.hash) == chain_hash(head, event_body(vars(event)))
        head = bytes(event.hash)
    assert head == bytes(item.chain_head)


def test_what_a_refused_load_began_is_undone(db: None) -> None:
    TestDesk().queue("finance")
    with pytest.raises(loading.NotEmpty, match="Finance"):
        loading.load(port=1)
    assert not accounts.is_practice_desk()
    assert WorkItem.objects.count() == 0


def test_it_is_loaded_once(live_desk: None) -> None:
    with pytest.raises(loading.AlreadyLoaded):
        loading.load(port=1)
    assert PracticeItem.objects.count() == len(requests.STORIES)
