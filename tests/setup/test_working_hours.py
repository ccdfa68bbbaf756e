"""Working hours and handing on, as admins set them up."""

from typing import Any

import pytest
from django.test import Client

from reviews.models import Calendar, Queue
from routing.domain.roles import Role
from tests.desks import TestDesk
from tests.setup.conftest import SignIn
from tests.setup.test_people import QUEUE

pytestmark = pytest.mark.django_db

HOURS, QUEUES = "/settings/queues/hours/", "/settings/queues/"
OFFICE: dict[str, Any] = {
    "name": "Office",
    "zone": "Europe/Berlin",
    **{f"day{number}": "9:00-12:00, 13:00 \u2013 17.30" for number in range(5)},
    "country": "DE",
    "region": "by",
    "days_off": "2026-12-24 Christmas Eve\n\n2026-12-31",
}


def made(admin: Client) -> Calendar:
    assert admin.post(f"{HOURS}new/", OFFICE).status_code == 302
    return Calendar.objects.get()


def test_hours_are_read_as_written_and_come_back_alike(admin: Client) -> None:
    row = made(admin)
    assert row.hours == {str(day): [[540, 720], [780, 1050]] for day in range(5)}
    assert (row.country, row.region, [day.day for day in row.days_off]) == ("DE", "BY", [24, 31])
    form = admin.get(f"{HOURS}{row.pk}/").context["form"]
    assert form["day0"].value() == "9:00-12:00, 13:00-17:30"
    assert form["day6"].value() == ""
    page = admin.get(HOURS).content.decode()
    assert "Monday 9:00-12:00, 13:00-17:30" in page
    assert "public holidays of DE-BY · 2 days off" in page


@pytest.mark.parametrize(
    ("field", "text", "words"),
    [
        ("day1", "nine to five", "cannot be read. Write hours such as 9:00-12:00, 13:00-17:00."),
        ("day1", "17:00-9:00", "is no time of a day"),
        ("day1", "9:00-25:00", "is no time of a day"),
        ("day1", "9:00-9:75", "is no time of a day"),
        ("day1", "9:00-12:00, 11:00-17:00", "Two of these hours overlap."),
        ("zone", "Mars/Base", "Mars/Base is not one of the available choices."),
        ("region", "XX", "There is no part “XX”. Choose one of BB, BE,"),
        ("days_off", "24.12.2026", "is no day. Write it as 2026-12-24, one a line."),
        ("days_off", "2026-02-30", "is no day."),
    ],
)
def test_what_cannot_be_read_is_marked_and_kept(admin: Client, field: str, text: str, words: str) -> None:
    answer = admin.post(f"{HOURS}new/", OFFICE | {field: text})
    assert answer.status_code == 422
    assert words in answer.context["form"].errors[field][0]
    assert answer.context["form"][field].value() == text
    assert not Calendar.objects.exists()


def test_somebody_must_work_at_some_time(admin: Client) -> None:
    answer = admin.post(f"{HOURS}new/", OFFICE | {f"day{number}": "" for number in range(5)})
    assert answer.status_code == 422
    assert "Give hours for at least one day" in answer.content.decode()


def test_two_calendars_of_one_name_are_refused_and_a_used_one_stays(desk: TestDesk, admin: Client) -> None:
    row = made(admin)
    assert admin.post(f"{HOURS}new/", OFFICE).status_code == 422
    assert admin.post(f"{HOURS}{row.pk}/", OFFICE | {"day6": "10-12"}).status_code == 302
    Queue.objects.filter(destination__slug="finance").update(calendar=row)
    page = admin.post(f"{HOURS}{row.pk}/remove/", follow=True).content.decode()
    assert "Finance goes by Office." in page
    Queue.objects.update(calendar=None)
    admin.post(f"{HOURS}{row.pk}/remove/")
    assert not Calendar.objects.exists()
    assert admin.get(f"{HOURS}{row.pk}/").status_code == 404


def test_others_read_hours_and_do_not_change_them(admin: Client, sign_in: SignIn) -> None:
    row = made(admin)
    operator = sign_in(Role.OPERATOR)
    assert f"{HOURS}{row.pk}/" not in operator.get(HOURS).content.decode()
    assert operator.post(f"{HOURS}{row.pk}/", OFFICE).status_code == 403


def test_a_queue_goes_by_hours_and_hands_on(desk: TestDesk, admin: Client) -> None:
    row, triage = made(admin), Queue.objects.get(destination__slug="triage")
    post = QUEUE | {"name": "Finance", "calendar": row.pk, "overflow": triage.pk, "overflow_minutes": "2 hours"}
    assert admin.post(f"{QUEUES}finance/edit/", post).status_code == 302
    finance = Queue.objects.get(destination__slug="finance")
    assert (finance.calendar, finance.overflow, finance.overflow_minutes) == (row, triage, 120)
    page = admin.get(f"{QUEUES}finance/").content.decode()
    assert "to Triage after 2 hours" in page
    for part, field in (({"overflow_minutes": ""}, "overflow_minutes"), ({"overflow": ""}, "overflow")):
        answer = admin.post(f"{QUEUES}finance/edit/", post | part)
        assert answer.status_code == 422
        assert answer.context["form"].errors[field]
    itself = admin.post(f"{QUEUES}finance/edit/", post | {"overflow": finance.pk})
    assert itself.status_code == 422
