"""The embedded broker with real kombu connections on a real directory."""

from pathlib import Path
from queue import Empty
from typing import Any

import pytest
from kombu.connection import Connection

from dispatchdesk.runtime import broker

broker.register()


def connect(directory: Path) -> Any:
    """Connection to an embedded broker in a directory."""
    options = {name: str(directory / "messages") for name in ("data_folder_in", "data_folder_out")}
    return Connection("deskfiles://localhost", transport_options=options)


def take_all(queue: Any) -> list[Any]:
    """Everything that is in the queue now."""
    taken: list[Any] = []
    while True:
        try:
            message = queue.get(block=False)
        except Empty:
            return taken
        taken.append(message.payload)
        message.ack()


def test_messages_arrive_once_and_in_order(tmp_path: Path) -> None:
    with connect(tmp_path) as sender, connect(tmp_path) as first, connect(tmp_path) as second:
        outgoing = sender.SimpleQueue("desk")
        for number in range(6):
            outgoing.put({"number": number})
        one, two = first.SimpleQueue("desk"), second.SimpleQueue("desk")

        taken = [one.get(block=False).payload["number"], two.get(block=False).payload["number"]]
        taken += [message["number"] for message in take_all(one) + take_all(two)]

    assert taken == [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize("content", [b"", b'{"body": "abc', b"\xff\xfe\x00"])
def test_unreadable_message_is_set_aside_and_the_next_one_read(tmp_path: Path, content: bytes) -> None:
    with connect(tmp_path) as connection:
        queue = connection.SimpleQueue("desk")
        (tmp_path / "messages" / "0_broken.desk.msg").write_bytes(content)
        queue.put({"number": 1})

        assert take_all(queue) == [{"number": 1}]
    assert [path.name for path in (tmp_path / "unreadable").iterdir()] == ["0_broken.desk.msg"]


def test_taken_messages_leave_no_file(tmp_path: Path) -> None:
    with connect(tmp_path) as connection:
        queue = connection.SimpleQueue("desk")
        queue.put({"number": 1})
        take_all(queue)

    assert list(tmp_path.rglob("*.msg")) == []
