"""Who has mail is sent it in one task: sockets that wait, are gone or raise hold up nobody else."""

import asyncio
import json
from collections.abc import Callable
from itertools import pairwise

import pytest

from dispatchdesk.feed import postman
from dispatchdesk.feed.changes import Change
from dispatchdesk.feed.position import Position
from dispatchdesk.feed.postman import Postman
from dispatchdesk.feed.seats import Seat
from routing.domain.roles import Actor, Role

OPERATOR = Actor(role=Role.OPERATOR, name="olga")
ENOUGH = 5.0  # seconds that nothing here takes


class Socket:
    """A stand-in for a browser's socket: keeps what it is sent, and waits or raises when told to."""

    def __init__(self) -> None:
        self.frames: list[dict[str, object]] = []
        self.takes = asyncio.Event()
        self.takes.set()
        self.error: Exception | None = None

    async def send(self, text: str) -> None:
        if not self.takes.is_set():
            await self.takes.wait()
        if self.error is not None:
            raise self.error
        self.frames.append(json.loads(text))


class Room:
    """Some viewers who have caught up, and their postman."""

    def __init__(self, viewers: int) -> None:
        self.gone: list[Seat] = []
        self.postman = Postman(on_gone=self.leave)
        self.sockets = [Socket() for _ in range(viewers)]
        self.seats = [Seat(OPERATOR, socket.send, is_busy=False) for socket in self.sockets]
        self.number = 0

    def leave(self, seat: Seat) -> None:
        seat.is_left = True
        self.gone.append(seat)

    def publish(self, version: int, *, item_id: int = 1) -> None:
        self.number += 1
        change = Change(item_id, version, None, frozenset(), json.dumps({"version": version}), "{}")
        for seat in self.seats:
            seat.offer(change)
            self.postman.enqueue(seat)
        self.postman.advance(position(self.number))


def position(number: int) -> Position:
    return Position("c", f"{number}:{number}:")


async def until(so: Callable[[], bool]) -> None:
    async with asyncio.timeout(ENOUGH):
        while not so():  # noqa: ASYNC110 - nothing tells us
            await asyncio.sleep(0)


def versions(socket: Socket) -> list[object]:
    return [card["version"] for frame in socket.frames for card in frame.get("cards", [])]  # type: ignore[attr-defined]


async def test_all_are_sent_a_change_with_its_position() -> None:
    room = Room(3)
    room.publish(2)
    await until(lambda: all(socket.frames for socket in room.sockets))
    assert [socket.frames for socket in room.sockets] == [
        [{"type": "changes", "position": "c/1:1:/all", "cards": [{"version": 2}]}]
    ] * 3


async def test_a_socket_that_waits_holds_up_nobody_and_then_gets_the_newest() -> None:
    room = Room(4)
    stuck = room.sockets[1]
    stuck.takes.clear()
    others = [socket for socket in room.sockets if socket is not stuck]
    for version in (2, 3, 4):
        room.publish(version)
        await until(lambda: all(version in versions(socket) for socket in others))  # noqa: B023 - waited for here
    assert versions(stuck) == []
    stuck.takes.set()
    await until(lambda: 4 in versions(stuck))
    assert versions(stuck) == [2, 4]
    assert [frame["position"] for frame in stuck.frames] == ["c/1:1:/all", "c/3:3:/all"]
    assert [versions(socket) for socket in others] == [[2, 3, 4]] * 3
    assert room.gone == []


async def test_several_sockets_that_wait_hold_up_nobody() -> None:
    room = Room(6)
    for socket in room.sockets[:5]:
        socket.takes.clear()
    room.publish(2)
    await until(lambda: versions(room.sockets[5]) == [2])
    for socket in room.sockets:
        socket.takes.set()
    await until(lambda: all(versions(socket) == [2] for socket in room.sockets))


@pytest.mark.parametrize("error", [ConnectionResetError("gone"), RuntimeError("closed already")])
async def test_whoever_cannot_be_sent_to_loses_the_seat_and_the_others_none(error: Exception) -> None:
    room = Room(3)
    room.sockets[0].error = error
    room.publish(2)
    await until(lambda: versions(room.sockets[2]) == [2])
    assert room.gone == [room.seats[0]]
    room.publish(3)
    await until(lambda: versions(room.sockets[2]) == [2, 3])
    assert room.gone == [room.seats[0]]


async def test_whoever_takes_nothing_for_long_loses_the_seat(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postman, "SEND_SECONDS", 0.01)
    room = Room(2)
    room.sockets[0].takes.clear()
    room.publish(2)
    await until(lambda: bool(room.gone))
    assert room.gone == [room.seats[0]]
    room.sockets[0].takes.set()
    room.publish(3)
    await until(lambda: versions(room.sockets[1]) == [2, 3])
    assert room.sockets[0].frames == []


async def test_nothing_is_sent_while_nobody_knows_what_is_true() -> None:
    room = Room(1)
    room.publish(2)
    await until(lambda: versions(room.sockets[0]) == [2])
    room.postman.pause()
    room.seats[0].has_notice = True
    room.postman.enqueue(room.seats[0])
    for _ in range(20):
        await asyncio.sleep(0)
    assert len(room.sockets[0].frames) == 1
    room.postman.advance(position(9))
    await until(lambda: len(room.sockets[0].frames) == 2)
    assert room.sockets[0].frames[1] == {"type": "heartbeat", "position": "c/9:9:/all", "notice": True}


async def test_reloads_are_told_at_most_every_few_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postman, "RELOAD_SECONDS", 0.1)
    room, loop = Room(1), asyncio.get_running_loop()
    told: list[float] = []
    for number in range(3):
        room.seats[0].reload()
        room.postman.enqueue(room.seats[0])
        room.postman.advance(position(number))
        await until(lambda: len(room.sockets[0].frames) > number)  # noqa: B023 - waited for here
        told.append(loop.time())
    assert [frame["type"] for frame in room.sockets[0].frames] == ["reload"] * 3
    assert all(later - earlier >= 0.09 for earlier, later in pairwise(told))


async def test_who_has_not_caught_up_or_has_left_is_sent_nothing() -> None:
    room = Room(3)
    room.seats[0].is_busy = True
    room.seats[1].is_left = True
    room.publish(2)
    await until(lambda: versions(room.sockets[2]) == [2])
    assert [socket.frames for socket in room.sockets[:2]] == [[], []]
