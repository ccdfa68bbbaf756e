"""``manage.py create_token``."""

import io

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from dispatchdesk.accounts.models import ApiToken, User
from dispatchdesk.accounts.tokens import token_digest
from reviews.models import Membership
from routing.models import Destination
from tests.desks import TestDesk

pytestmark = pytest.mark.django_db(transaction=True)


def make(*arguments: str) -> str:
    out = io.StringIO()
    call_command("create_token", *arguments, stdout=out)
    return out.getvalue().split()[-1]


@pytest.mark.parametrize("role", ["operator", "reviewer", "admin", "intake"])
def test_the_last_word_is_a_token_that_works_with_its_role(role: str) -> None:
    token = make("robot", "--role", role)
    user = User.objects.get()
    assert (user.username, user.role, user.has_usable_password()) == ("robot", role, False)
    assert bytes(ApiToken.objects.get().digest) == token_digest(token)
    headers = {"Authorization": f"Bearer {token}"}
    assert Client().get("/api/v1/items", headers=headers).status_code == 200
    assert Client().get("/api/v1/queues", headers=headers).status_code == (403 if role == "intake" else 200)


def test_a_second_token_acts_as_the_same_user() -> None:
    assert make("robot", "--role", "operator") != make("robot", "--role", "operator")
    assert (User.objects.count(), ApiToken.objects.count()) == (1, 2)


def test_a_reviewer_joins_every_practice_queue_unless_queues_are_named() -> None:
    desk = TestDesk()
    for slug in ("support", "finance", "own"):
        desk.queue(slug)
    Destination.objects.exclude(slug="own").update(practice=True)

    def queues(username: str) -> set[str]:
        return {row.queue.slug for row in Membership.objects.filter(user__username=username)}

    make("rita", "--role", "reviewer")
    make("ravi", "--role", "reviewer", "--queue", "own", "--queue", "support")
    make("olga", "--role", "operator")
    assert queues("rita") == {"support", "finance"}
    assert queues("ravi") == {"own", "support"}
    assert queues("olga") == set()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["robot", "--role", "reviewer", "--queue", "nowhere"], "There is no queue “nowhere”"),
        (["no good", "--role", "admin"], "cannot be a username"),
        (["robot", "--role", "king"], "invalid choice"),
        (["gone", "--role", "admin"], "account gone is closed"),
    ],
)
def test_what_cannot_be_is_said_in_one_line_and_nothing_is_made(arguments: list[str], words: str) -> None:
    User.objects.create_user("gone", is_active=False)
    with pytest.raises(CommandError, match=words) as refusal:
        make(*arguments)
    assert "\n" not in str(refusal.value)
    assert (User.objects.count(), ApiToken.objects.count()) == (1, 0)
