"""Reviews of a type that its group alone may see: who else is given, told and shown nothing of them."""

import pytest
from django.contrib.auth.models import Group
from django.core import mail
from django.utils import timezone
from pytest_django import Settings

from dispatchdesk.accounts.actors import actor_of
from dispatchdesk.runtime.environment import EmailServer
from reviews.actions import claiming, judging
from reviews.actions.judging import Judgement
from reviews.actions.notice_mail import send_notices
from reviews.models import Notice
from reviews.queries.figures import figures, queue_to_measure
from routing.domain.roles import Actor
from routing.errors import Invalid
from routing.models import WorkType
from tests.reviews.conftest import Bench
from tests.reviews.test_figures import TABLE, client_of
from tests.reviews.test_judging import TO_QUEUE


@pytest.fixture
def insiders(bench: Bench) -> Group:
    """The group that alone may see support requests; Ana is of it, Ben is not."""
    bench.desk.rules("support", TO_QUEUE)
    group = Group.objects.create(name="insiders")
    WorkType.objects.get(slug="support").visible_to.add(group)
    bench.desk.people["ana"].groups.add(group)
    return group


def now(bench: Bench, who: str) -> Actor:
    """Somebody as they are at this moment."""
    return actor_of(bench.desk.people[who])


def test_what_was_decided_is_counted_and_exported_for_the_group_alone(bench: Bench, insiders: Group) -> None:
    item = bench.decide_as(bench.item(), "complete", "ana")
    for who, is_counted in (("ana", True), ("ben", False)):
        actor = now(bench, who)
        found = figures(actor, queue_to_measure(actor, "support"), 7, timezone.now())
        assert (bool(found.decided), bool(found.mix)) == (is_counted, is_counted)
        assert (item.code in client_of(bench, who).get(TABLE).content.decode()) is is_counted


def test_a_review_is_given_to_nobody_outside_the_group(bench: Bench, insiders: Group) -> None:
    review = claiming.claim(actor=now(bench, "ana"), review_id=bench.review(bench.item()).pk)

    def give_to(who: str) -> None:
        judging.judge(
            actor=now(bench, "ana"), review_id=review.pk, epoch=review.epoch, digest=review.digest,
            judgement=Judgement("reassign", to=f"person:{who}"),
        )  # fmt: skip

    with pytest.raises(Invalid, match="a person who may see this request"):
        give_to("ben")
    assert "person:ben" not in client_of(bench, "ana").get(f"/reviews/{review.pk}/").content.decode()
    bench.desk.people["ben"].groups.add(insiders)
    give_to("ben")


def test_who_left_the_group_is_mailed_no_more_of_it(bench: Bench, insiders: Group, settings: Settings) -> None:
    settings.EMAIL_SERVER = EmailServer("localhost", 25, "", "", use_tls=False, use_ssl=False)
    ben = bench.desk.people["ben"]
    ben.email = "ben@example.org"
    ben.save()
    ben.groups.add(insiders)
    told, left = bench.item(), bench.item()
    for item in (told, left):
        review = claiming.claim(actor=now(bench, "ana"), review_id=bench.review(item).pk)
        bench.judge(review, "reassign", "ana", to="person:ben")
        if item == left:
            ben.groups.clear()
        send_notices()
    assert Notice.objects.filter(user=ben).count() == 2
    assert [sent.subject for sent in mail.outbox] == [f"{told.code} was given to you"]
