"""Queues and the people who staff them, accounts, and the settings' first page."""

from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from dispatchdesk.accounts.models import User
from dispatchdesk.accounts.people import first_admin
from dispatchdesk.accounts.sessions import sessions_of
from dispatchdesk.accounts.tokens import make_token
from reviews.actions.staffing import details_of
from reviews.forms.queues import QueueForm, initial_of
from reviews.models import Queue
from reviews.queries.people import staff_of
from routing.domain.roles import Role
from routing.models import DeskSwitches, Destination, DestinationVersion, RouterLabel, RouterModel
from routing.transitions import database_now
from tests.desks import TestDesk, decide
from tests.setup.conftest import SignIn

pytestmark = pytest.mark.django_db

QUEUE = {
    "name": "Content",
    "slug": "content",
    "checklist": "Title is right\nImage is ours\n",
    "service_minutes": "4 hours",
    "lease_minutes": "15",
    "hold_seconds": "30",
    "eyes": "1",
}
PERSON = {"username": "kim", "full_name": "Kim Ruiz", "email": "kim@example.org", "role": "reviewer"}
QUEUES, PEOPLE = "/settings/queues/", "/settings/people/"


def queue(slug: str) -> Queue:
    return Queue.objects.get(destination__slug=slug)


def test_only_admins_change_queues_and_see_people(desk: TestDesk, sign_in: SignIn) -> None:
    operator = sign_in(Role.OPERATOR)
    assert operator.get(f"{QUEUES}finance/").status_code == 200
    assert operator.post(f"{QUEUES}new/", QUEUE).status_code == 403
    assert operator.post(f"{QUEUES}finance/remove/").status_code == 403
    assert operator.get(PEOPLE).status_code == 403
    assert operator.post(f"{PEOPLE}new/", PERSON).status_code == 403
    assert operator.post(f"{PEOPLE}{desk.people['operator'].pk}/", PERSON | {"role": "admin"}).status_code == 403


def test_a_queue_with_members_and_leads_is_a_destination(desk: TestDesk, admin: Client) -> None:
    desk.person("rita", Role.REVIEWER)
    desk.person("lea", Role.REVIEWER)
    rita, lea = desk.people["rita"], desk.people["lea"]
    answer = admin.post(f"{QUEUES}new/", QUEUE | {"members": [rita.pk], "leads": [lea.pk]})
    assert answer.status_code == 302
    made = queue("content")
    assert (made.service_minutes, made.lease_minutes, made.hold_seconds) == (240, 15, 30)
    assert made.checklist == ["Title is right", "Image is ours"]
    assert set(staff_of(made)) == {rita, lea}
    assert list(made.memberships.filter(lead=True).values_list("user", flat=True)) == [lea.pk]
    admin.post(f"{QUEUES}content/edit/", QUEUE | {"name": "Words", "members": [rita.pk]})
    assert set(staff_of(queue("content"))) == {rita}
    assert Destination.objects.get(slug="content").name == "Words"


def test_saving_a_queue_unchanged_makes_no_version(desk: TestDesk, admin: Client) -> None:
    admin.post(f"{QUEUES}new/", QUEUE)
    admin.post(f"{QUEUES}content/edit/", QUEUE | {"instructions": "Be kind"})
    assert DestinationVersion.objects.filter(destination__slug="content").count() == 1
    assert queue("content").instructions == "Be kind"


def test_a_queue_is_staffed_by_a_role_or_a_group(desk: TestDesk, admin: Client, sign_in: SignIn) -> None:
    group = Group.objects.create(name="Shop")
    desk.person("gus", Role.REVIEWER)
    desk.people["gus"].groups.add(group)
    sign_in(Role.OPERATOR)
    page = admin.get(f"{QUEUES}finance/").content.decode()
    assert "Nobody staffs Finance. Add people to it, or a role." in page
    post = QUEUE | {"name": "Finance", "staff_role": "operator", "groups": [group.pk]}
    admin.post(f"{QUEUES}finance/edit/", post)
    assert {user.username for user in staff_of(queue("finance"))} == {"gus", "operator"}
    assert "Nobody staffs" not in admin.get(f"{QUEUES}finance/").content.decode()


def test_a_queue_with_work_in_it_stays(desk: TestDesk, admin: Client) -> None:
    desk.work_type("support")
    desk.rules("support", {"when": {"all": []}, "then": {"do": "escalate", "queue": "finance", "reason": "?"}})
    desk.send("hello", type="support")
    decide()
    answer = admin.post(f"{QUEUES}finance/remove/", follow=True)
    assert "1 review waits in this queue still." in answer.content.decode()
    assert not Destination.objects.get(slug="finance").archived


def test_somebody_new_signs_in_with_a_password_shown_once(admin: Client) -> None:
    answer = admin.post(f"{PEOPLE}new/", PERSON | {"groups": "Shop, Web"})
    password = answer.context["password"]
    assert answer["Cache-Control"] == "no-store"
    assert password in answer.content.decode()
    user = User.objects.get(username="kim")
    assert user.check_password(password)
    assert (user.display_name(), user.role) == ("Kim Ruiz", "reviewer")
    assert set(user.groups.values_list("name", flat=True)) == {"Shop", "Web"}
    assert password not in admin.get(PEOPLE).content.decode()


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"username": "ADMIN"}, "Somebody has this username already."),
        ({"role": "intake"}, "Select a valid choice"),
        ({"email": "kim"}, "Enter a valid email address"),
    ],
)
def test_a_person_that_cannot_be_is_refused_and_kept(admin: Client, given: dict[str, str], words: str) -> None:
    answer = admin.post(f"{PEOPLE}new/", PERSON | given)
    assert answer.status_code == 422
    assert words in str(answer.context["form"].errors)
    assert 'value="Kim Ruiz"' in answer.content.decode()


def test_a_demotion_counts_from_the_next_click(desk: TestDesk, admin: Client) -> None:
    desk.person("boss", Role.ADMIN)
    boss = Client()
    boss.force_login(desk.people["boss"])
    assert boss.get(PEOPLE).status_code == 200
    admin.post(f"{PEOPLE}{desk.people['boss'].pk}/", {"role": "operator"})
    assert boss.get(PEOPLE).status_code == 403
    assert boss.get("/settings/").status_code == 200


def test_a_new_role_ends_the_tokens_of_the_old_one_and_a_new_name_does_not(desk: TestDesk, admin: Client) -> None:
    desk.person("boss", Role.ADMIN)
    boss = desk.people["boss"]
    token = make_token(user=boss, role=Role.ADMIN, name="boss")

    def status() -> int:
        return Client(headers={"Authorization": f"Bearer {token}"}).get("/api/v1/items").status_code

    admin.post(f"{PEOPLE}{boss.pk}/", {"role": "admin", "full_name": "Bo Ss"})
    assert status() == 200
    admin.post(f"{PEOPLE}{boss.pk}/", {"role": "operator"})
    assert status() == 401


def test_a_closed_account_is_signed_out(desk: TestDesk, admin: Client, sign_in: SignIn) -> None:
    operator = sign_in(Role.OPERATOR)
    person = desk.people["operator"]
    assert operator.get("/rulebooks/").status_code == 200
    admin.post(f"{PEOPLE}{person.pk}/active/", {"active": "no"})
    assert operator.get("/rulebooks/").status_code == 302
    admin.post(f"{PEOPLE}{person.pk}/active/", {"active": "yes"})
    assert operator.get("/rulebooks/").status_code == 200


def test_the_last_admin_stays(desk: TestDesk, admin: Client) -> None:
    person = desk.people["admin"]
    answer = admin.post(f"{PEOPLE}{person.pk}/", {"role": "operator"})
    assert answer.status_code == 422
    assert "admin is the only admin." in answer.content.decode()
    answer = admin.post(f"{PEOPLE}{person.pk}/active/", {"active": "no"}, follow=True)
    assert "Make somebody else an admin first." in answer.content.decode()
    person.refresh_from_db()
    assert (person.role, person.is_active) == ("admin", True)


def test_a_new_password_ends_the_old_sessions(desk: TestDesk, admin: Client, sign_in: SignIn) -> None:
    operator = sign_in(Role.OPERATOR)
    person = desk.people["operator"]
    password = admin.post(f"{PEOPLE}{person.pk}/password/").context["password"]
    assert operator.get("/rulebooks/").status_code == 302
    person.refresh_from_db()
    assert person.check_password(password)
    assert not sessions_of(person.pk).exists()


def test_everybody_changes_their_own_password(desk: TestDesk, sign_in: SignIn) -> None:
    operator = sign_in(Role.OPERATOR)
    person = desk.people["operator"]
    person.set_password("first-password-1")
    person.save()
    operator.force_login(person)
    elsewhere = Client()
    elsewhere.force_login(person)
    new: dict[str, Any] = {"new_password1": "a much better one 7", "new_password2": "a much better one 7"}
    assert operator.post(f"{PEOPLE}password/", new | {"old_password": "wrong"}).status_code == 422
    assert operator.post(f"{PEOPLE}password/", new | {"old_password": "first-password-1"}).status_code == 302
    assert operator.get("/settings/").status_code == 200
    person.refresh_from_db()
    assert person.check_password("a much better one 7")
    [kept] = sessions_of(person.pk)
    assert kept.pk == operator.session.session_key
    assert elsewhere.get("/settings/").status_code == 302


def test_operators_and_admins_pause_all_sending(desk: TestDesk, sign_in: SignIn) -> None:
    assert sign_in(Role.REVIEWER).post("/settings/writes/", {"paused": "yes"}).status_code == 403
    operator = sign_in(Role.OPERATOR)
    page = operator.post("/settings/writes/", {"paused": "yes"}, follow=True).content.decode()
    assert DeskSwitches.objects.get().writes_paused
    assert "by operator" in page
    operator.post("/settings/writes/", {"paused": "no"})
    assert not DeskSwitches.objects.get().writes_paused


def test_the_first_page_says_how_the_router_does(desk: TestDesk, admin: Client) -> None:
    assert "Not trained yet" in admin.get("/settings/").content.decode()
    report = {"accuracy": 0.9712, "coverage": 0.8, "accuracy_when_sure": 0.99, "outside_detected": None}
    RouterModel.objects.create(content=b"", labels=["a", "b"], report=report, rows=120, trained_at=database_now())
    item = desk.send("hello")
    RouterLabel.objects.create(item=item, label="a", by_name="otto", at=database_now())
    state = admin.get("/settings/").context["router"]
    assert state.shares == [
        ("Right on requests held back", "97.1 %"),
        ("Sure enough to go by itself", "80.0 %"),
        ("Right when it was sure", "99.0 %"),
    ]
    assert state.kept_labels == 1


def test_the_model_is_named_and_its_key_is_not(admin: Client, settings: Any) -> None:
    settings.AI_BASE_URL, settings.AI_MODEL, settings.AI_API_KEY = "https://ai.example.com/v1", "small-1", "key-canary"
    page = admin.get("/settings/").content.decode()
    assert "small-1" in page
    assert "ai.example.com" in page
    assert "key-canary" not in page


def test_the_checklist_goes_on_as_the_desk_is_set_up(desk: TestDesk, admin: Client, settings: Any) -> None:
    settings.AI_BASE_URL = ""

    def done() -> list[bool]:
        return [line["step"].done for line in admin.get("/settings/").context["steps"]]

    assert done() == [False] * 6
    desk.work_type("support")
    desk.destination("rules", "source", via="text", text="Be kind")
    desk.rules("support", {"when": {"all": []}, "then": {"do": "finish"}})
    assert done() == [False, True, True, True, False, False]
    settings.AI_BASE_URL, settings.AI_MODEL = "https://ai.example.com/v1", "small-1"
    desk.person("otto", Role.OPERATOR, queues=("triage", "finance"))
    desk.send("hello")
    assert done() == [True] * 6
    assert "To a working desk" not in admin.get("/settings/").content.decode()


def test_a_desk_gets_an_admin_only_while_none_can_sign_in(transactional_db: None) -> None:
    User.objects.create_user("admin", password=None, role=Role.ADMIN.value)  # a program's, with a token alone
    User.objects.create_user("ada", password="closed-account", role=Role.ADMIN.value, is_active=False)
    made = first_admin()
    assert made is not None
    user, password = made
    assert (user.username, user.role, user.check_password(password)) == ("admin-2", "admin", True)
    assert first_admin() is None


def test_the_form_of_a_queue_shows_all_that_is_stored(desk: TestDesk) -> None:
    Group.objects.create(name="insiders")
    queue = desk.queues["finance"]
    assert set(QueueForm(existing=queue).fields) <= set(initial_of(details_of(queue)))
