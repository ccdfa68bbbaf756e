"""Whatever happens at the same time, and whichever process dies: viewers end with what the database holds."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count

import pytest
from django.db import connections, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from websockets.exceptions import ConnectionClosed

from dispatchdesk.accounts.models import User
from routing import transitions
from routing.actions import moving
from routing.domain.roles import Actor, Role
from routing.domain.states import Action, State
from routing.errors import RoutingError
from routing.models import WorkItem
from routing.transitions import Change
from tests.desks import TestDesk
from tests.feed.conftest import Web, start_web, wait_until_up
from tests.feed.viewers import Viewer, board_of, position_of, replay

ADMIN = Actor(role=Role.ADMIN, name="writer")
TARGETS = ("queue:triage", "state:incoming", "state:waiting", "state:stopped")
QUICK, SLOW, MOST_SENT = 4, 2, 4
_numbers = count(1)

Board = dict[str, tuple[int, str]]


@pytest.fixture
def desk(web: Web) -> TestDesk:
    made = TestDesk()
    made.queue("triage", staff_role="operator")
    made.person("olga", Role.OPERATOR)
    return made


@pytest.fixture
def olga(desk: TestDesk) -> User:
    return desk.people["olga"]


@contextmanager
def writer() -> Iterator[ThreadPoolExecutor]:
    """A thread with a database connection of its own."""
    with ThreadPoolExecutor(1) as thread:
        yield thread
        thread.submit(connections.close_all).result(30)


def requeue(item: WorkItem) -> None:
    """Move an item by one version, in the transaction that is open."""
    with transaction.atomic():
        locked = transitions.lock_one(item.pk)
        transitions.apply([Change(locked, Action.REQUEUE, State.INCOMING)], ADMIN, transitions.database_now())


def move(item: WorkItem, to: str) -> None:
    """Move an item; where it cannot go from where another writer has put it, it stays."""
    with suppress(RoutingError):
        moving.move(actor=ADMIN, item_id=item.pk, to=to)


@dataclass
class History:
    """A board that one viewer keeps up, while two writers and one long transaction work on its requests."""

    web: Web
    desk: TestDesk
    olga: User
    stack: ExitStack
    slow_open: bool = False
    waiting: list[Future[None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.slug = f"kind-{next(_numbers)}"
        self.desk.work_type(self.slug)
        self.items = [self.desk.send(f"request {n}", type=self.slug) for n in range(QUICK + SLOW)]
        self.writers = [self.stack.enter_context(writer()) for _ in range(2)]
        self.slow = self.stack.enter_context(writer())
        self.slow_transaction = ExitStack()
        page = self.fresh_page()
        self.board: Board = board_of(page)
        self.viewer = self.web.watch(self.olga, position_of(page))
        self.stack.callback(self.leave)

    def leave(self) -> None:
        self.viewer.__exit__()

    def fresh_page(self) -> str:
        return self.web.get(f"/?show=all&type={self.slug}", self.olga)

    def in_slow(self, work: Callable[[], object]) -> None:
        self.slow.submit(work).result(30)

    def play(self, kind: str, number: int) -> None:
        """Do one step."""
        match kind:
            case "move":
                item, to = self.items[number % QUICK], TARGETS[number // 4 % len(TARGETS)]
                self.waiting.append(self.writers[number // 16 % 2].submit(move, item, to))
            case "send" if len(self.items) < QUICK + SLOW + MOST_SENT:
                self.items.append(self.desk.send(f"newcomer {number}", type=self.slug))
            case "slow":
                if not self.slow_open:
                    self.in_slow(lambda: self.slow_transaction.enter_context(transaction.atomic()))
                    self.slow_open = True
                self.in_slow(lambda: requeue(self.items[QUICK + number % SLOW]))
            case "end slow":
                self.end_slow(commits=number % 4 > 0)
            case "come back":
                self.leave()
                self.viewer = self.web.watch(self.olga, self.viewer.position)
            case "look":
                self.look()

    def end_slow(self, *, commits: bool) -> None:
        if not self.slow_open:
            return
        self.slow_open = False
        if not commits:
            self.in_slow(lambda: transaction.set_rollback(True))
        self.in_slow(self.slow_transaction.close)

    def look(self) -> None:
        """Read the feed up to here: the kept board is what a fresh look shows, and what the database holds."""
        for future in self.waiting:
            future.result(30)
        self.waiting.clear()
        last = self.desk.send("the last one")
        while last.code not in self.board:
            frame = self.viewer.frame()
            assert frame["type"] != "reload"
            replay(self.board, frame)
        rows = {row.code: (row.version, row.state) for row in WorkItem.objects.filter(work_type__slug=self.slug)}
        assert {code: held for code, held in self.board.items() if code in rows} == rows
        assert board_of(self.fresh_page()) == rows


STEP = st.tuples(
    st.sampled_from(["move", "move", "move", "send", "slow", "slow", "end slow", "come back", "look"]),
    st.integers(0, 31),
)


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEP, min_size=6, max_size=24))
def test_replaying_any_history_over_a_stale_board_equals_a_fresh_look(
    web: Web, desk: TestDesk, olga: User, steps: list[tuple[str, int]]
) -> None:
    with ExitStack() as stack:
        history = History(web, desk, olga, stack)
        for kind, number in steps:
            history.play(kind, number)
        history.end_slow(commits=True)
        history.look()


def keep_up(viewer: Viewer, board: Board, other: Web, olga: User, until: str) -> None:
    """Keep a board up until an item is on it, at the other process once the own one is gone."""
    with ExitStack() as stack:
        while until not in board:
            try:
                frame = viewer.frame()
            except ConnectionClosed:
                viewer = stack.enter_context(other.watch(olga, viewer.position))
                continue
            assert frame["type"] != "reload"
            replay(board, frame)


def test_when_one_of_two_processes_is_killed_nobody_misses_anything(web: Web, desk: TestDesk, olga: User) -> None:
    items = [desk.send(f"request {number}") for number in range(9)]
    doomed = start_web()
    wait_until_up(doomed)
    page = web.get("/?show=all", olga)
    boards: list[Board] = [board_of(page) for _ in range(4)]
    with ExitStack() as stack:
        viewers = [stack.enter_context((doomed, web)[n % 2].watch(olga, position_of(page))) for n in range(4)]
        for round_ in range(4):
            for item in items:
                moving.move(actor=ADMIN, item_id=item.pk, to=TARGETS[round_ % 2])
                if round_ == 2 and item is items[4]:
                    doomed.process.kill()
        last = desk.send("the last one")
        for viewer, board in zip(viewers, boards, strict=True):
            keep_up(viewer, board, web, olga, last.code)
    doomed.process.wait(10)
    rows = {row.code: (row.version, row.state) for row in WorkItem.objects.all()}
    assert boards == [rows] * 4
    assert board_of(web.get("/?show=all", olga)) == rows
