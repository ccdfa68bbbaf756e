"""The board's page: what it shows to whom, in which order, and at which cost."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from dispatchdesk.accounts.actors import actor_of
from dispatchdesk.board.filters import Filters
from dispatchdesk.board.limits import column_limits, set_limits
from dispatchdesk.board.paging import Cursor, read_cursor
from dispatchdesk.board.queries import COUNTED_TO, PAGE_CARDS, Page, counts, pages
from routing.actions import moving
from routing.domain.roles import Actor, Role
from routing.domain.states import State
from routing.errors import NotAllowed
from routing.models import WorkItem
from tests.desks import TestDesk

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}


@pytest.fixture
def desk() -> TestDesk:
    made = TestDesk()
    made.queue("triage", staff_role="operator")
    made.queue("support")
    made.work_type("support")
    made.work_type("marketing")
    return made


@pytest.fixture
def olga(desk: TestDesk) -> Actor:
    return desk.person("olga", Role.OPERATOR)


@pytest.fixture
def olgas(desk: TestDesk, olga: Actor, client: Client) -> Client:
    client.force_login(desk.people["olga"])
    return client


def codes(page: Page) -> list[str]:
    return [card.code for card in page.cards]


def column(
    actor: Actor, state: State, filters: Filters | None = None, refs: frozenset[str] = frozenset({"person:0"})
) -> list[str]:
    """All the codes of a column, read page by page."""
    found: list[str] = []
    cursor: Cursor | None = None
    while True:
        page = pages(actor, filters or Filters(), refs, {state: cursor}, 3)[state]
        found += codes(page)
        if not page.next_cursor:
            return found
        cursor = read_cursor(page.next_cursor)


def test_board_costs_the_same_with_one_item_and_with_fifty(desk: TestDesk, olgas: Client) -> None:
    def cost() -> int:
        with CaptureQueriesContext(
            connection,
        ) as captured:
            assert olgas.get("/?show=all").status_code == 200
        return len(captured)

    # What somebody may see costs most to find out when some types are seen by their groups only.
    desk.work_type("secret").visible_to.add(Group.objects.create(name="board"))
    desk.send("first", type="support")
    with_one = cost()
    for number in range(49):
        desk.send(f"request {number}", type="support")
    assert cost() == with_one
    assert with_one <= 12


def test_board_of_full_columns_weighs_less_than_150_kb(desk: TestDesk, olga: Actor, olgas: Client) -> None:
    for state in State:
        for _ in range(PAGE_CARDS + 1):
            item = desk.send("Please refund my order K-1042, it arrived broken and I need it by Friday", type="support")
            WorkItem.objects.filter(pk=item.pk).update(
                state=state.value,
                wait_kind="hold" if state is State.WAITING else "",
                decide_due_at=None,
                owner_kind="queue",
                owner_ref="support",
                owner_name="Customer support",
                review_label="Support approves refunds",
                trigger_by="Somebody Writing Mails",
            )
    answer = olgas.get("/?show=all")
    assert answer.content.count(b'<li class="card"') == len(State) * PAGE_CARDS
    assert len(answer.content) < 150_000


def test_column_shows_what_is_due_first_page_by_page(desk: TestDesk, olga: Actor) -> None:
    now = timezone.now()
    items = [desk.send(f"request {number}", type="support") for number in range(10)]
    hours = [5, 1, None, 3, 1, None, 9, 2, 2, 4]
    for item, due in zip(items, hours, strict=True):
        WorkItem.objects.filter(pk=item.pk).update(due_at=due and now + timedelta(hours=due))
    expected = sorted(zip(hours, items, strict=True), key=lambda pair: (pair[0] or 99, pair[1].pk))
    assert column(olga, State.INCOMING) == [item.code for _, item in expected]


@pytest.mark.parametrize("order", ["age", "priority"])
def test_column_in_another_order_shows_each_item_once(desk: TestDesk, olga: Actor, order: str) -> None:
    items = [desk.send(f"r{n}", type="support", priority=("low", "urgent", "normal")[n % 3]) for n in range(8)]
    WorkItem.objects.filter(pk__in=[items[1].pk, items[2].pk]).update(due_at=None)
    ranks = {"low": 3, "urgent": 0, "normal": 2}
    names = ["low", "urgent", "normal"]
    keys = {
        "age": lambda n: n,
        "priority": lambda n: (ranks[names[n % 3]], n in {1, 2}, n),
    }
    expected = [items[n].code for n in sorted(range(8), key=keys[order])]
    assert column(olga, State.INCOMING, Filters(order=order)) == expected


def test_finished_columns_show_today_newest_first(desk: TestDesk, olga: Actor, olgas: Client) -> None:
    items = [desk.send(f"request {number}", type="support") for number in range(5)]
    for item in items:
        moving.move(actor=olga, item_id=item.pk, to="state:done")
    WorkItem.objects.filter(pk=items[4].pk).update(updated_at=timezone.now() - timedelta(days=2))
    assert column(olga, State.DONE) == [items[n].code for n in (3, 2, 1, 0)]
    assert counts(olga, Filters(), {"person:0"})[0][State.DONE].label == "4"
    # Looked for by its words, finished work of other days is found too.
    assert column(olga, State.DONE, Filters(q="request 4")) == [items[4].code]


def test_what_needs_the_viewer_comes_first(desk: TestDesk, olga: Actor) -> None:
    items = [desk.send(f"request {number}", type="support") for number in range(6)]
    for number, item in enumerate(items):
        moving.move(actor=olga, item_id=item.pk, to="queue:triage" if number in {3, 5} else "queue:support")
    mine = frozenset({"queue:triage", f"person:{olga.user_id}"})
    expected = [items[n].code for n in (3, 5, 0, 1, 2, 4)]
    assert column(olga, State.IN_REVIEW, refs=mine) == expected
    assert column(olga, State.IN_REVIEW, Filters(show="mine"), refs=mine) == expected[:2]


def test_needs_me_counts_triage_and_what_i_hold_for_an_operator(desk: TestDesk, olga: Actor, olgas: Client) -> None:
    held, triaged, other = (desk.send(text, type="support") for text in ("held", "triaged", "other"))
    moving.move(actor=olga, item_id=held.pk, to="state:waiting")
    moving.move(actor=olga, item_id=triaged.pk, to="queue:triage")
    moving.move(actor=olga, item_id=other.pk, to="queue:support")
    answer = olgas.get("/?show=all&part=counts", headers=HTMX).json()
    assert answer["needs"] == "2"
    assert answer["columns"]["in_review"]["count"] == 2
    assert answer["columns"]["in_review"]["oldest_at"] is not None
    shown = olgas.get("/?show=mine").content.decode()
    assert {code for code in (held.code, triaged.code, other.code) if f'id="card-{code}"' in shown} == {
        held.code,
        triaged.code,
    }


def test_filters_narrow_the_board(desk: TestDesk, olga: Actor) -> None:
    refund = desk.send("Refund for Ann O'Neill, order K-77", type="support", priority="urgent")
    poster = desk.send("A poster about tea", type="marketing")
    moving.move(actor=olga, item_id=poster.pk, to="queue:triage")

    def found(**given: str) -> set[str]:
        shown = pages(olga, Filters(**given), {"person:0"}, dict.fromkeys(State), 14)
        return {code for page in shown.values() for code in codes(page)}

    assert found() == {refund.code, poster.code}
    assert found(type="marketing") == {poster.code}
    assert found(priority="3") == {refund.code}
    assert found(owner="queue:triage") == {poster.code}
    assert found(owner="desk:") == {refund.code}
    WorkItem.objects.filter(pk=refund.pk).update(tags=["vip", "late payer"], trigger_kind="api")
    assert found(tag="late payer") == {refund.code}
    assert found(tag="late") == set()
    assert found(trigger="api") == {refund.code}
    assert found(trigger="api", type="marketing") == set()
    assert found(q="POST tea") == {poster.code}
    assert found(q="o'nei k-77") == {refund.code}
    assert found(q=refund.code.lower()) == {refund.code}
    assert found(q="tea refund") == set()
    for strange in ("' & |", "\\", "!!! :*", "(((", "a\\' b"):
        assert found(q=strange) == set()


@pytest.mark.parametrize(
    ("due", "expected"),
    [
        ("overdue", {"an hour ago", "on Monday"}),
        ("today", {"an hour ago", "in an hour"}),
        ("week", {"on Monday", "an hour ago", "in an hour", "on Sunday"}),
        ("none", {"never"}),
    ],
)
def test_due_filters_look_at_open_work_by_the_desks_clock(
    desk: TestDesk, olga: Actor, monkeypatch: pytest.MonkeyPatch, due: str, expected: set[str]
) -> None:
    thursday = datetime(2026, 3, 5, 12, 0, tzinfo=UTC)
    monkeypatch.setattr(timezone, "now", lambda: thursday)
    hours = {
        "an hour ago": -1,
        "in an hour": 1,
        "on Monday": -84,
        "on Sunday": 83,
        "next Monday": 84,
        "never": None,
        "done an hour ago": -1,
    }
    for title, hour in hours.items():
        item = desk.send(title, type="support")
        if title.startswith("done"):
            moving.move(actor=olga, item_id=item.pk, to="state:done")
        due_at = None if hour is None else thursday + timedelta(hours=hour)
        WorkItem.objects.filter(pk=item.pk).update(due_at=due_at)
    shown = pages(olga, Filters(due=due), frozenset(), dict.fromkeys(State), 14)
    assert {card.title for page in shown.values() for card in page.cards} == expected


def test_board_opens_on_what_needs_the_reader_and_says_what_else_there_is(desk: TestDesk, olgas: Client) -> None:
    item = desk.send("Where is my tea?", type="support")
    for address in ("/", f"/?item={item.code}", "/?show=nonsense"):
        page = olgas.get(address).content.decode()
        assert f'id="card-{item.code}"' not in page
        assert "Nothing needs you now" in page
    assert '<a class="button" href="?show=all">Show everything</a>' in page
    for address in ("/?show=all", "/?q=tea", "/?order=age"):
        assert f'id="card-{item.code}"' in olgas.get(address).content.decode()


def test_what_narrows_the_board_is_said_and_dropped_one_by_one(desk: TestDesk, olgas: Client) -> None:
    rule = {"set": {"tags": ["vip"]}, "when": {"all": [{"fact": "item.text", "op": "contains", "value": "vip"}]}}
    desk.rules("support", rule)
    page = olgas.get("/?show=all&type=support&tag=vip&due=week&trigger=api&q=tea").content.decode()
    chips = dict(re.findall(r'href="\?([^"]*)" data-drop="(\w+)"', page.replace("&amp;", "&")))
    assert {name: query for query, name in chips.items()} == {
        "type": "show=all&tag=vip&due=week&trigger=api&q=tea",
        "tag": "show=all&type=support&due=week&trigger=api&q=tea",
        "due": "show=all&type=support&tag=vip&trigger=api&q=tea",
        "trigger": "show=all&type=support&tag=vip&due=week&q=tea",
        "q": "show=all&type=support&tag=vip&due=week&trigger=api",
    }
    assert '<option value="vip" selected>vip</option>' in page
    assert "Drop due: Due this week" in page
    assert 'data-drop="' not in olgas.get("/?show=all").content.decode()


def test_an_empty_column_says_whether_a_filter_empties_it(desk: TestDesk, olgas: Client) -> None:
    desk.send("A poster about tea", type="marketing")
    assert "Nothing here fits the filter." not in olgas.get("/?show=all").content.decode()
    assert olgas.get("/?show=all&type=support").content.decode().count("Nothing here fits the filter.") == len(State)


def test_types_somebody_may_not_see_are_neither_shown_nor_counted(desk: TestDesk, client: Client) -> None:
    secret = desk.work_type("secret")
    secret.visible_to.add(Group.objects.create(name="board"))
    hidden, seen = desk.send("hidden", type="secret"), desk.send("seen", type="support")
    desk.person("rita", Role.REVIEWER)
    client.force_login(desk.people["rita"])
    shown = client.get("/?show=all").content.decode()
    assert f'id="card-{seen.code}"' in shown
    assert f'id="card-{hidden.code}"' not in shown
    assert 'value="secret"' not in shown
    assert client.get("/?show=all&part=counts", headers=HTMX).json()["columns"]["incoming"]["count"] == 1
    assert hidden.code not in client.get("/?show=all&column=incoming", headers=HTMX).content.decode()
    assert actor_of(desk.people["rita"]).visible_types is not None


def test_a_column_says_its_limit_and_marks_more_than_that(desk: TestDesk, olgas: Client) -> None:
    ada = desk.person("ada", Role.ADMIN)
    admins = Client()
    admins.force_login(desk.people["ada"])
    for number in range(3):
        desk.send(f"request {number}", type="support", priority=("high", "low")[number % 2])
    set_limits(actor=ada, limits={State.INCOMING: 3, State.WAITING: 1})
    mark = '<span class="column-over sr">'

    def head() -> str:
        return olgas.get("/?show=all").content.decode().split('id="column-incoming"')[1].split("</header>")[0]

    assert "3 of 3" in head()
    assert mark not in head()
    desk.send("one too many", type="support")
    assert "4 of 3" in head()
    assert mark in head()
    # A part of a column has no limit.
    assert " of 3" not in olgas.get("/?show=all&priority=2").content.decode()
    fields = {"column_incoming": "4", "column_waiting": ""}
    assert admins.post("/settings/board/", fields | {"column_working": "x"}).status_code == 422
    assert admins.post("/settings/board/", fields | {"column_working": "1000"}).status_code == 422
    assert admins.post("/settings/board/", fields)["Location"] == "/settings/board/"
    assert column_limits() == {State.INCOMING: 4}
    assert 'value="4"' in admins.get("/settings/board/").content.decode()
    with pytest.raises(NotAllowed):
        set_limits(actor=Actor(role=Role.OPERATOR, name="olga"), limits={})


def test_counts_stop_at_many(desk: TestDesk, olga: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dispatchdesk.board.queries.COUNTED_TO", 4)
    for number in range(5):
        desk.send(f"request {number}", type="support")
    found = counts(olga, Filters(), {"person:0"})[0]
    assert found[State.INCOMING].count is None
    assert found[State.INCOMING].label == "4+"
    assert found[State.DONE].label == "0"
    assert COUNTED_TO == 1000


def test_of_many_that_hold_the_words_the_newest_are_shown_and_the_board_says_so(
    desk: TestDesk, olgas: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    items = [desk.send(f"request {number}", type="support") for number in range(5)]
    monkeypatch.setattr("dispatchdesk.board.queries.MOST_FOUND", 3)
    page = olgas.get("/?show=all&q=request").content.decode()
    assert [item.code for item in items if f'id="card-{item.code}"' in page] == [item.code for item in items[2:]]
    assert "Only the newest 3 with these words" in page
    assert "Only the newest" not in olgas.get("/?show=all&q=4").content.decode()


def test_show_more_works_as_a_plain_page_and_as_a_part(desk: TestDesk, olgas: Client) -> None:
    items = [desk.send(f"request {number}", type="support") for number in range(PAGE_CARDS + 2)]
    first = olgas.get("/?show=all").content.decode()
    address = "?" + first.split('column-more" href="?')[1].split('"')[0].replace("&amp;", "&")
    for headers in ({}, HTMX):
        shown = olgas.get("/" + address, headers=headers).content.decode()
        assert [item.code for item in items if f'id="card-{item.code}"' in shown] == [
            i.code for i in items[PAGE_CARDS:]
        ]
        assert ("<html" in shown) == (not headers)


@pytest.mark.parametrize(
    "query",
    [
        "column=nowhere",
        "column=incoming&cursor=x",
        "column=incoming&cursor=0~yesterday~3",
        "column=incoming&cursor=0~2026-01-01T00:00:00~3",
        "column=incoming&cursor=0~0001-01-01T00:00:00%2B23:59~3",
        "column=incoming&cursor=0~9999-12-31T23:59:59-23:59~3",
    ],
)
def test_unreadable_address_is_refused(olgas: Client, query: str) -> None:
    assert olgas.get(f"/?{query}", headers=HTMX).status_code == 422


def test_nothing_comes_after_the_last_section_of_a_column(desk: TestDesk, olgas: Client) -> None:
    desk.send("a request")
    more = olgas.get("/?column=incoming&cursor=9~~1", headers=HTMX)
    assert (more.status_code, b"card-D-" in more.content) == (200, False)


def test_anonymous_visitor_is_asked_to_sign_in(desk: TestDesk, client: Client) -> None:
    assert client.get("/")["Location"] == "/sign-in/?next=/"
