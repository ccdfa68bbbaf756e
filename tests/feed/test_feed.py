"""The feed over real sockets: who is let in, what they are told, and that nothing is missed."""

import json
import socket
import threading
from collections.abc import Callable

import pytest
from django.conf import settings
from django.contrib.auth.models import Group
from django.db import connection, connections, transaction
from websockets.exceptions import ConnectionClosed, InvalidStatus

from dispatchdesk.accounts.models import User
from dispatchdesk.feed.consumer import CHECK_SECONDS
from reviews.models import Notice
from routing import transitions
from routing.actions import moving
from routing.domain.roles import DESK, Role
from routing.domain.states import Action, State
from routing.models import Event, WorkItem
from routing.models.ledger import CurrentXid
from routing.transitions import Change
from tests.desks import TestDesk, fresh
from tests.feed.conftest import Web
from tests.feed.viewers import Viewer, board_of, position_of
from tests.ledger.tampering import execute

HTMX = {"HX-Request": "true"}


@pytest.fixture
def desk(web: Web) -> TestDesk:
    made = TestDesk()
    made.queue("triage", staff_role="operator")
    made.work_type("support")
    made.person("olga", Role.OPERATOR)
    made.person("rita", Role.REVIEWER)
    return made


@pytest.fixture
def olga(desk: TestDesk) -> User:
    return desk.people["olga"]


def requeue(item: WorkItem) -> None:
    """Move an item by one version."""
    with transaction.atomic():
        locked = transitions.lock_one(item.pk)
        change = Change(locked, Action.REQUEUE, State.INCOMING)
        transitions.apply([change], ADMIN, transitions.database_now())


ADMIN = type(DESK)(role=Role.ADMIN, name="test")


def in_thread(work: Callable[[], None]) -> threading.Thread:
    """Run in a thread with a database connection of its own."""

    def run() -> None:
        try:
            work()
        finally:
            connections.close_all()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def test_a_change_is_told_to_who_looks(web: Web, desk: TestDesk, olga: User) -> None:
    position = position_of(web.get("/?show=all", olga))
    with web.watch(olga, position) as viewer:
        assert viewer.frame()["type"] == "heartbeat"
        item = desk.send("Hello", type="support")
        told = viewer.card(item.code)
        assert board_of(told["html"]) == {item.code: (1, "incoming")}
        moving.move(actor=ADMIN, item_id=item.pk, to="queue:triage")
        told = viewer.card(item.code)
        assert board_of(told["html"]) == {item.code: (fresh(item).version, "in_review")}
        assert 'data-needs="queue:triage"' in told["html"]


def test_what_all_are_sent_is_not_compressed_for_each(web: Web, desk: TestDesk, olga: User) -> None:
    with web.watch(olga) as viewer:
        assert viewer.socket.request is not None
        assert "permessage-deflate" in viewer.socket.request.headers["Sec-WebSocket-Extensions"]
        assert viewer.socket.protocol.extensions == []


def test_a_page_without_a_position_is_told_to_reload_first(web: Web, desk: TestDesk, olga: User) -> None:
    with web.watch(olga) as viewer:
        assert viewer.frame()["type"] == "reload"


@pytest.mark.parametrize(
    "position",
    [
        "garbage",
        "x/1:2:/all",
        "{cluster}/9:1:5,2/all",
        "{cluster}/1:1:/all",
        "{cluster}/99999999999999999999:99999999999999999999:/all",
        "{cluster}/{snapshot}/other-sight",
        "1-2-3/{snapshot}/all",
        "{cluster}/{snapshot}/all" + "9" * 5000,
        "{cluster}/'; DROP TABLE routing_event; --/all",
    ],
)
def test_an_unusable_position_means_reload(web: Web, desk: TestDesk, olga: User, position: str) -> None:
    cluster, snapshot, _ = position_of(web.get("/?show=all", olga)).split("/")
    for number in range(3):
        desk.send(f"request {number}")
    with web.watch(olga, position.format(cluster=cluster, snapshot=snapshot)) as viewer:
        frame = viewer.frame()
        # 1:1: is a snapshot from before the first request: true, if it is not too long ago.
        assert frame["type"] == ("changes" if "1:1:" in position else "reload")
        item = desk.send("afterwards")
        assert viewer.card(item.code)["version"] == 1


def test_who_comes_back_is_told_what_they_missed(web: Web, desk: TestDesk, olga: User) -> None:
    first, second = desk.send("first"), desk.send("second")
    with web.watch(olga, position_of(web.get("/?show=all", olga))) as viewer:
        viewer.frame()
        requeue(first)
        viewer.card(first.code)
    requeue(first)
    requeue(second)
    requeue(second)
    with web.watch(olga, viewer.position) as back:
        frame = back.frame()
        assert frame["type"] == "changes"
        assert {card["code"]: card["version"] for card in frame["cards"]} == {first.code: 3, second.code: 3}


def test_a_notice_is_told_to_its_person_alone_now_or_when_they_come_back(web: Web, desk: TestDesk, olga: User) -> None:
    item, now, position = desk.send("first"), transitions.database_now(), position_of(web.get("/?show=all", olga))
    with web.watch(desk.people["rita"]) as ritas, web.watch(olga, position) as olgas:
        ritas.frame(), olgas.frame()
        Notice.objects.create(user=olga, kind="reassigned", item=item, at=now)
        told = olgas.frame()
        assert (told["type"], told["notice"]) == ("heartbeat", True)
        requeue(item)
        assert "notice" not in ritas.frame()
        assert "notice" not in olgas.frame()
    Notice.objects.create(user=olga, kind="overdue", item=item, at=now)
    with web.watch(olga, olgas.position) as back:
        assert back.frame()["notice"] is True


def test_who_missed_too_much_reloads(web: Web, desk: TestDesk, olga: User) -> None:
    position = position_of(web.get("/?show=all", olga))
    with transaction.atomic():
        for number in range(201):
            desk.send(f"request {number}")
    with web.watch(olga, position) as viewer:
        assert viewer.frame()["type"] == "reload"


def test_a_transaction_that_began_first_and_commits_last_is_told(web: Web, desk: TestDesk, olga: User) -> None:
    early, late = desk.send("early"), desk.send("late")
    begun, may_commit = threading.Event(), threading.Event()

    def slow() -> None:
        with transaction.atomic():
            requeue(early)
            begun.set()
            assert may_commit.wait(30)

    with web.watch(olga, position_of(web.get("/?show=all", olga))) as viewer:
        viewer.frame()
        thread = in_thread(slow)
        assert begun.wait(30)
        requeue(late)
        # The later transaction is not held back by the one that still runs ...
        assert viewer.card(late.code)["version"] == 2
        position_meanwhile = viewer.position
        may_commit.set()
        thread.join(30)
        # ... and that one, with the lower id, is not overlooked.
        assert viewer.card(early.code)["version"] == 2
    with web.watch(olga, position_meanwhile) as back:
        assert [card["code"] for card in back.frame()["cards"]] == [early.code]


def test_rows_of_a_restored_database_with_ids_of_the_future_are_not_told_again_and_again(
    web: Web, desk: TestDesk, olga: User
) -> None:
    item = desk.send("from another cluster")
    execute("UPDATE routing_event SET xid = '999999999999' WHERE item_id = %(item)s", item=item.pk)
    with web.watch(olga, position_of(web.get("/?show=all", olga))) as viewer:
        assert viewer.frame()["type"] == "heartbeat"
        other = desk.send("new")
        assert [card["code"] for card in viewer.frame()["cards"]] == [other.code]


def test_a_viewer_who_never_reads_slows_nobody(web: Web, desk: TestDesk, olga: User) -> None:
    item = desk.send("busy")
    deaf = socket.socket()
    deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
    deaf.connect(("127.0.0.1", web.port))
    cookie = f"{settings.SESSION_COOKIE_NAME}={web.session_of(olga)}"
    deaf.sendall(
        (
            f"GET /ws/feed HTTP/1.1\r\nHost: 127.0.0.1:{web.port}\r\nOrigin: {web.url}\r\nCookie: {cookie}\r\n"
            "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n\r\n"
        ).encode()
    )
    assert deaf.recv(12) == b"HTTP/1.1 101"
    with web.watch(olga, position_of(web.get("/?show=all", olga))) as viewer:
        viewer.frame()
        # Far more than the buffers between the server and the deaf viewer hold: 2,400 cards of 1.7 kB.
        others = [desk.send(f"request {number}") for number in range(120)]
        for _ in range(20):
            with transaction.atomic():
                for other in others:
                    requeue(other)
        for version in range(2, 7):
            requeue(item)
            while viewer.card(item.code, seconds=5)["version"] != version:
                pass
    deaf.close()


def test_a_change_is_told_although_its_notification_was_lost(web: Web, desk: TestDesk, olga: User) -> None:
    item = desk.send("quiet")
    with web.watch(olga, position_of(web.get("/?show=all", olga))) as viewer:
        viewer.frame()
        # Written past the actions, an event notifies nobody.
        event = Event.objects.get(item=item)
        event.pk, event.seq, event.xid = None, 2, CurrentXid()
        event.save(force_insert=True)
        viewer.card(item.code, seconds=5)


def test_when_the_database_was_lost_all_reload_and_the_feed_goes_on(web: Web, desk: TestDesk, olga: User) -> None:
    with web.watch(olga, position_of(web.get("/?show=all", olga))) as viewer:
        viewer.frame()
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
                "WHERE application_name = 'dispatch desk feed' AND datname = current_database()"
            )
            assert cursor.fetchone()[0] > 0
        assert viewer.frame()["type"] == "reload"
        item = desk.send("afterwards")
        assert viewer.card(item.code)["version"] == 1


def test_other_peoples_types_are_not_told_and_lost_ones_are_removed(web: Web, desk: TestDesk, olga: User) -> None:
    group = Group.objects.create(name="board")
    secret = desk.work_type("secret")
    secret.visible_to.add(group)
    rita = desk.people["rita"]
    olga.groups.add(group)
    moved = desk.send("open at first", type="support")
    with web.watch(olga, position_of(web.get("/?show=all", olga))) as insider, web.watch(rita) as outsider:
        insider.frame(), outsider.frame()
        hidden = desk.send("hidden", type="secret")
        with transaction.atomic():
            locked = transitions.lock_one(moved.pk)
            change = Change(locked, Action.REQUEUE, State.INCOMING)
            locked.work_type = secret
            transitions.apply([change], ADMIN, transitions.database_now())
        assert "html" in insider.card(hidden.code)
        assert "html" in insider.card(moved.code)
        # What came before she looked may be told once more.
        frames = [outsider.frame()]
        while '"version": 2' not in json.dumps(frames[-1]):
            frames.append(outsider.frame())
        assert frames[-1]["cards"] == [{"code": moved.code, "version": 2, "remove": True}]
        # The new item of a type she may not see is not so much as named.
        assert hidden.code not in json.dumps(frames)


def test_who_may_see_less_now_reloads_and_who_is_disabled_is_sent_away(web: Web, desk: TestDesk, olga: User) -> None:
    desk.person("dora", Role.OPERATOR)
    rita, dora = desk.people["rita"], desk.people["dora"]
    position = position_of(web.get("/?show=all", olga))
    with (
        web.watch(olga, position) as limited,
        web.watch(rita, position) as disabled,
        web.watch(dora, position) as demoted,
    ):
        for viewer in (limited, disabled, demoted):
            assert viewer.frame()["type"] == "heartbeat"
        desk.work_type("secret").visible_to.add(Group.objects.create(name="board"))
        User.objects.filter(pk=rita.pk).update(is_active=False)
        User.objects.filter(pk=dora.pk).update(role=Role.INTAKE)
        assert disabled.closed_with(seconds=20) == 4401
        assert demoted.closed_with(seconds=20) == 4401
        assert limited.frame()["type"] == "reload"


def test_viewers_hear_of_us_again_after_an_outage_of_two_checks(web: Web, desk: TestDesk, olga: User) -> None:
    allow = f'ALTER DATABASE "{connection.settings_dict["NAME"]}" ALLOW_CONNECTIONS {{}}'
    with web.watch(olga, position_of(web.get("/?show=all", olga))) as viewer:
        viewer.frame()
        with connection._nodb_cursor() as outside:  # of another database: one does not lock oneself out
            outside.execute(allow.format("false"))
            try:
                outside.execute(
                    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
                    "WHERE application_name = 'dispatch desk feed' AND datname = %s",
                    [connection.settings_dict["NAME"]],
                )
                with pytest.raises(TimeoutError):
                    viewer.frame(2 * CHECK_SECONDS + 2)
            finally:
                outside.execute(allow.format("true"))
        assert viewer.frame(CHECK_SECONDS + 10)["type"] == "reload"
        assert viewer.frame(CHECK_SECONDS + 10)["type"] == "heartbeat"


def test_strangers_are_sent_away(web: Web, desk: TestDesk) -> None:
    for session in ("", "no-such-session"):
        with Viewer(web.port, session=session) as viewer:
            with pytest.raises(ConnectionClosed):  # at once: not a single frame
                viewer.socket.recv(timeout=10)
            assert viewer.closed_with() == 4401


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "http://127.0.0.1:1", "https://127.0.0.1:{port}", "null", None]
)
def test_a_page_of_another_origin_is_refused(web: Web, desk: TestDesk, olga: User, origin: str | None) -> None:
    with pytest.raises(InvalidStatus) as refused:
        Viewer(web.port, session=web.session_of(olga), origin=origin and origin.format(port=web.port))
    assert refused.value.response.status_code == 403


def test_who_speaks_or_sends_too_much_is_cut_off(web: Web, desk: TestDesk, olga: User) -> None:
    for size, code in ((5, 1003), (70_000, 1009)):
        with web.watch(olga) as viewer:
            viewer.socket.send("x" * size)
            assert viewer.closed_with() == code


def test_an_address_without_a_socket_is_refused(web: Web, desk: TestDesk) -> None:
    with pytest.raises(InvalidStatus) as refused:
        Viewer(web.port, path="/ws/other")
    assert refused.value.response.status_code == 403
