"""The public form of a type: off by default, bounded, answered by mail."""

import pytest
from django.test import Client

from routing.actions import public_intake
from routing.models import Letter, WorkItem, WorkType
from tests.desks import TestDesk

URL = "/r/new/support/"


@pytest.fixture
def public(desk: TestDesk) -> WorkType:
    """The support type with its public form turned on."""
    row = WorkType.objects.get(slug="support")
    row.public_form = True
    row.save()
    return row


def form(**given: object) -> dict[str, object]:
    """Return what the form sends, with these fields."""
    fields = {"key": "k1", "title": "", "text": "Where is it?", "requester_name": "Kim", "website": ""}
    return {**fields, "requester_email": "kim@example.org", **given}


def test_the_form_is_off_by_default(desk: TestDesk) -> None:
    for method in ("get", "post"):
        assert getattr(Client(), method)(URL).status_code == 404
    assert Client().get("/r/new/nothing/").status_code == 404


def test_a_request_is_taken_and_answered_with_a_link_by_mail(public: WorkType) -> None:
    assert Client().get(URL).status_code == 200
    response = Client().post(URL, form(input_topic="delivery"))
    item, letter = WorkItem.objects.get(), Letter.objects.get()
    assert item.code in response.content.decode()
    assert (item.work_type, item.channel, item.trigger_kind, item.trigger_by) == (public, "public form", "form", "Kim")
    assert (letter.to, letter.kind) == ("kim@example.org", "received")
    path = next(word for word in letter.body.split() if "/r/" in word).partition("/r/")[2]
    assert Client().get(f"/r/{path}").status_code == 200
    assert "/r/" not in response.content.decode().partition("<main")[2]


def test_sending_it_twice_makes_one_item_and_one_mail(public: WorkType) -> None:
    pages = [Client().post(URL, form()).content.decode() for _ in range(2)]
    assert all(WorkItem.objects.get().code in page for page in pages)
    assert Letter.objects.count() == 1
    assert Client().post(URL, form(text="Other words")).status_code == 409


def test_programs_that_fill_in_the_trap_are_thanked_for_nothing(public: WorkType) -> None:
    response = Client().post(URL, form(website="https://spam.example"))
    assert (response.status_code, WorkItem.objects.count(), Letter.objects.count()) == (200, 0, 0)


@pytest.mark.parametrize(
    "wrong", [{"requester_email": ""}, {"requester_email": "kim"}, {"text": ""}, {"input_amount": "x"}]
)
def test_what_cannot_be_used_is_explained_and_kept(public: WorkType, wrong: dict[str, object]) -> None:
    response = Client().post(URL, form(title="My title") | wrong)
    assert (response.status_code, WorkItem.objects.count()) == (422, 0)
    assert 'value="My title"' in response.content.decode()


def test_fields_that_the_form_does_not_have_are_ignored(public: WorkType) -> None:
    Client().post(URL, form(type="other", priority="urgent", state="done"))
    item = WorkItem.objects.get()
    assert (item.work_type, item.priority, item.state) == (public, 1, "incoming")


def test_one_address_is_not_flooded_with_mail(public: WorkType) -> None:
    answers = [Client().post(URL, form(key=f"k{number}")).status_code for number in range(7)]
    assert answers == [200] * public_intake.MOST_PER_ADDRESS + [429] * 2
    assert Letter.objects.count() == public_intake.MOST_PER_ADDRESS


def test_the_desk_takes_a_bounded_number_at_a_time(public: WorkType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(public_intake, "MOST_IN_WINDOW", 2)
    sent = [form(key=f"k{number}", requester_email=f"kim{number}@example.org") for number in range(3)]
    assert [Client().post(URL, one).status_code for one in sent] == [200, 200, 429]


def test_a_form_of_another_site_is_refused(public: WorkType) -> None:
    assert Client(enforce_csrf_checks=True).post(URL, form()).status_code == 403
    assert WorkItem.objects.count() == 0
