"""Several admins at one rulebook at the same moment, on connections of their own."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.db import connections

from routing.actions import backtesting, publishing
from routing.actions.deciding_again import decide_again
from routing.actions.drafting import start_draft
from routing.domain.roles import DESK, Actor, Role
from routing.errors import Conflict
from routing.models import Backtest, Event, Rulebook, RulebookVersion
from tests.desks import TestDesk, decide

pytestmark = pytest.mark.django_db(transaction=True)

AT_ONCE = 8
ALL: dict[str, Any] = {"all": []}
LOOK = {"name": "Look", "when": ALL, "then": {"do": "escalate", "queue": "triage", "reason": "Look."}}
FINANCE = {"name": "Money", "when": ALL, "then": {"do": "escalate", "queue": "finance", "reason": "Money."}}


@pytest.fixture
def book(desk: TestDesk) -> Rulebook:
    """A rulebook that is live, with three open requests and a draft that sends them elsewhere."""
    desk.person("ada", Role.ADMIN, queues=("triage", "finance"))
    work_type = desk.work_type("support")
    desk.rules("support", LOOK)
    for number in range(3):
        desk.send(f"Request {number}", type="support")
    decide()
    found = Rulebook.objects.get(work_type=work_type)
    draft(found)
    return found


def draft(book: Rulebook) -> RulebookVersion:
    start_draft(actor=DESK, work_type_id=book.work_type_id)
    content = {"rules": [FINANCE | {"id": "money"}], "fallback_queue": "triage"}
    return publishing.save_draft(actor=DESK, rulebook_id=book.pk, content=content)


def publish(version: RulebookVersion) -> RulebookVersion:
    return publishing.publish(actor=DESK, version_id=version.pk, note="Money first", reason="A test")


def at_once(*calls: Callable[[], object]) -> Counter[str]:
    """Make these calls at the same moment; returns how many were done and how many met a conflict."""
    barrier = Barrier(len(calls))

    def one(call: Callable[[], object]) -> str:
        try:
            barrier.wait()
            call()
        except Conflict:
            return "conflict"
        else:
            return "done"
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(calls)) as pool:
        return Counter(pool.map(one, calls))


def test_of_many_who_publish_one_does(book: Rulebook) -> None:
    version = book.versions.get(status=RulebookVersion.DRAFT)
    assert at_once(*[lambda: publish(version)] * AT_ONCE) == {"done": 1, "conflict": AT_ONCE - 1}
    assert book.versions.filter(status=RulebookVersion.PUBLISHED).count() == 1
    assert sorted(book.versions.values_list("number", flat=True)) == [1, 2]


def test_of_many_who_go_back_one_does(book: Rulebook) -> None:
    publish(book.versions.get(status=RulebookVersion.DRAFT))
    old = book.versions.get(number=1)
    back = [lambda: publishing.roll_back(actor=DESK, version_id=old.pk)] * AT_ONCE
    assert at_once(*back) == {"done": 1, "conflict": AT_ONCE - 1}
    assert sorted(book.versions.values_list("number", flat=True)) == [1, 2, 3]


def test_publishing_saving_and_throwing_away_at_once_leave_one_live_version_and_nothing_half_done(
    book: Rulebook,
) -> None:
    for _ in range(8):
        version = book.versions.get(status=RulebookVersion.DRAFT)
        content = version.content
        at_once(
            lambda: publish(version),  # noqa: B023 - called within the round
            lambda: publishing.discard_draft(actor=DESK, version_id=version.pk),  # noqa: B023
            lambda: publishing.save_draft(actor=DESK, rulebook_id=book.pk, content=content, revision=1),  # noqa: B023
            lambda: backtesting.start_backtest(actor=DESK, version_id=version.pk, most=10),  # noqa: B023
        )
        assert book.versions.filter(status=RulebookVersion.PUBLISHED).count() == 1
        assert book.versions.filter(status=RulebookVersion.DRAFT).count() <= 1
        Backtest.objects.filter(rulebook=book).delete()
        draft(book)


def test_of_many_who_start_a_back_test_one_does(book: Rulebook) -> None:
    version = book.versions.get(status=RulebookVersion.DRAFT)
    start = [lambda: backtesting.start_backtest(actor=DESK, version_id=version.pk, most=10)] * AT_ONCE
    assert at_once(*start) == {"done": 1, "conflict": AT_ONCE - 1}
    assert Backtest.objects.count() == 1


def test_open_requests_are_decided_again_once_however_many_ask_for_it(book: Rulebook, desk: TestDesk) -> None:
    ada = desk.people["ada"]
    admin = Actor(Role.ADMIN, "ada", ada.pk)
    live = publish(book.versions.get(status=RulebookVersion.DRAFT))
    ids = list(Event.objects.filter(kind="received").values_list("item_id", flat=True))
    again = [lambda: decide_again(actor=admin, version_id=live.pk, item_ids=ids)] * AT_ONCE
    assert at_once(*again) == {"done": AT_ONCE}
    assert Event.objects.filter(kind="requeue").count() == len(ids) == 3
