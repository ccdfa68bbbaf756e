"""Views of the board that people keep: one's own, those that are shared, and the one the board opens with."""

import pytest
from django.test import Client

from dispatchdesk.board.saved_views import MOST_VIEWS, delete_view, open_with, save_view, views_of
from routing.domain.roles import Actor, Role
from routing.errors import Invalid, NotAllowed, NotVisible
from tests.desks import TestDesk

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk() -> TestDesk:
    made = TestDesk()
    made.queue("triage", staff_role="operator")
    return made


@pytest.fixture
def olga(desk: TestDesk) -> Actor:
    return desk.person("olga", Role.OPERATOR)


@pytest.fixture
def rita(desk: TestDesk) -> Actor:
    return desk.person("rita", Role.REVIEWER)


def client_of(desk: TestDesk, who: str) -> Client:
    client = Client()
    client.force_login(desk.people[who])
    return client


def keep(actor: Actor, name: str, *, shared: bool = False, opens: bool = False, query: str = "priority=3") -> int:
    return save_view(actor=actor, name=name, query=query, shared=shared, opens=opens).pk


def test_others_see_what_is_shared_and_nothing_else(desk: TestDesk, olga: Actor, rita: Actor) -> None:
    keep(olga, "Mine alone")
    keep(olga, "Urgent", shared=True)

    assert [view.name for view in views_of(rita)] == ["Urgent"]
    page = client_of(desk, "rita").get("/").content.decode()
    assert "Urgent" in page
    assert "Mine alone" not in page


def test_the_same_name_replaces_ones_own_view_alone(olga: Actor, rita: Actor) -> None:
    keep(rita, "Urgent", shared=True, query="q=theirs")
    keep(olga, "Urgent", query="q=one")
    keep(olga, " Urgent  ", query="q=two")

    assert sorted(view.query for view in views_of(olga)) == ["show=all&q=theirs", "show=all&q=two"]


def test_a_view_keeps_only_what_makes_sense_to_the_board(olga: Actor) -> None:
    pk = keep(
        olga, "Odd", query="priority=9&order=backwards&type=support&evil=%00&show=all&due=soon&tag=vip&q=" + "x" * 2000
    )

    view = views_of(olga).get(pk=pk)
    assert view.query.startswith("show=all&type=support&tag=vip&q=xxx")
    assert len(view.query) < 300


def test_the_board_opens_with_the_chosen_view_and_every_address_stays_what_it_says(desk: TestDesk, olga: Actor) -> None:
    pk = keep(olga, "Urgent")
    client = client_of(desk, "olga")

    assert client.get("/").status_code == 200
    open_with(actor=olga, view_id=pk)
    assert client.get("/")["Location"] == "/?show=all&priority=3"
    assert client.get("/?show=all").status_code == 200
    open_with(actor=olga, view_id=None)
    assert client.get("/").status_code == 200


def test_nobody_opens_with_or_deletes_what_is_somebody_elses(olga: Actor, rita: Actor, desk: TestDesk) -> None:
    own, shared = keep(olga, "Mine alone"), keep(olga, "Urgent", shared=True)

    with pytest.raises(NotVisible):
        open_with(actor=rita, view_id=own)
    with pytest.raises(NotVisible):
        delete_view(actor=rita, view_id=own)
    with pytest.raises(NotAllowed):
        delete_view(actor=rita, view_id=shared)
    delete_view(actor=desk.person("ada", Role.ADMIN), view_id=shared)
    assert [view.name for view in views_of(olga)] == ["Mine alone"]


def test_names_and_numbers_have_limits(olga: Actor) -> None:
    with pytest.raises(Invalid, match="name of at most"):
        keep(olga, "  ")
    for number in range(MOST_VIEWS):
        keep(olga, f"View {number}")
    with pytest.raises(Invalid, match="Delete one first"):
        keep(olga, "One more")
    keep(olga, "View 1", query="q=changed")


def test_a_view_is_kept_from_the_page(desk: TestDesk, olga: Actor) -> None:
    client = client_of(desk, "olga")
    page = client.get("/views/?query=priority%3D3").content.decode()
    wrong = client.post("/views/", {"name": "", "query": "priority=3"})
    done = client.post("/views/", {"name": "Urgent", "query": "priority=3", "opens": "on"})

    assert 'value="show=all&amp;priority=3"' in page
    assert 'Everything; <span class="muted">Priority</span> Urgent' in page
    assert wrong.status_code == 422
    assert done["Location"] == "/?show=all&priority=3"
    assert client.get("/")["Location"] == "/?show=all&priority=3"
