"""A practice desk whose servers answer at once, moved on step by step."""

import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
import uvicorn
from pytest_django import Settings

from dispatchdesk.accounts.actors import actor_of
from dispatchdesk.practice import accounts, history, loading
from dispatchdesk.practice.servers.asgi import PracticeServers
from dispatchdesk.practice.servers.place import HOST
from reviews.actions import claiming, judging
from reviews.actions.judging import Judgement
from reviews.models import Queue, Review
from routing.actions import answering, deciding, running
from routing.domain.roles import Actor, Role
from routing.models import WorkItem
from tests.desks import fresh


@pytest.fixture(scope="session")
def practice_servers() -> Iterator[int]:
    """The practice servers on a free port, without delays; yields the port."""
    listener = socket.create_server((HOST, 0))
    server = uvicorn.Server(uvicorn.Config(PracticeServers(), lifespan="off", ws="none", log_level="warning"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    yield listener.getsockname()[1]
    server.should_exit = True
    thread.join(10)
    listener.close()


@dataclass
class Story:
    """One of the practice requests, and what people do with it."""

    item: WorkItem
    seen: list[str] = field(default_factory=list)

    def on(self) -> "Story":
        """Move everything on that is due, and look at the item again."""
        move_on()
        self.item = fresh(self.item)
        return self

    @property
    def review(self) -> Review:
        """The open review."""
        return Review.objects.select_related("queue__destination").get(item=self.item, status=Review.OPEN)

    def judge(self, role: Role, judgement: Judgement) -> "Story":
        """Decide the open review as the practice person of this role, and move on."""
        actor = practice_actor(role)
        claimed = claiming.claim(actor=actor, review_id=self.review.pk)
        judging.judge(
            actor=actor, review_id=claimed.pk, epoch=claimed.epoch, digest=claimed.digest, judgement=judgement
        )
        return self.on()

    def answer(self, **given: str) -> "Story":
        """Answer the open question as the requester, and move on."""
        answering.answer(actor=Actor(Role.REQUESTER, self.item.requester_name), item_id=self.item.pk, given=given)
        return self.on()


def move_on() -> None:
    """Decide what is due and run the steps that are, until nothing is."""
    while deciding.decide_due() or sum(running.run_step(step_id) for step_id in running.due_steps()):
        pass


def practice_actor(role: Role) -> Actor:
    """Return the practice person of this role."""
    user = accounts.practice_user(role)
    assert user is not None
    return actor_of(user)


@pytest.fixture
def servers(practice_servers: int, settings: Settings) -> int:
    """The port of the practice servers, opened to the desk."""
    settings.DESK_ALLOW_HOSTS = [f"{HOST}:{practice_servers}"]
    settings.AI_BASE_URL, settings.AI_MODEL = f"http://{HOST}:{practice_servers}/v1", "practice"
    return practice_servers


@pytest.fixture
def whole_desk(db: None, servers: int) -> Iterator[None]:
    """The practice desk as it is loaded."""
    loading.load(port=servers)
    yield
    accounts.forget_accounts()


@pytest.fixture
def live_desk(db: None, servers: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The practice desk without its history; what people approve is sent without waiting for an undo."""
    monkeypatch.setattr(history, "ITEMS", 0)
    loading.load(port=servers)
    Queue.objects.update(hold_seconds=0)
    yield
    accounts.forget_accounts()


@pytest.fixture
def story(live_desk: None) -> Callable[[str], Story]:
    """Find the live request that shows a path."""

    def find(name: str) -> Story:
        return Story(WorkItem.objects.get(practice__story=name, practice__past=False))

    return find
