"""Notices by mail: when, what they hold, that each is sent once, and that they stop when told to."""

import logging
from datetime import datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

import pytest
from django.core import mail, signing
from django.core.mail import EmailMessage
from django.db.models import F
from django.test import Client
from pytest_django import Settings

from dispatchdesk.logs import HideLinks
from dispatchdesk.runtime.environment import EmailServer
from reviews.actions.notice_mail import MAX_ATTEMPTS, send_notices
from reviews.actions.wishes import read_token, stop_mail, stop_token
from reviews.domain.notices import Kind, Way, next_digest
from reviews.models import Notice, NoticeWishes
from routing.models import WorkItem
from routing.transitions import database_now
from tests.reviews.conftest import DRAFT, Bench
from tests.reviews.test_claiming import at_once
from tests.reviews.test_judging import TO_QUEUE, stopped_at
from tests.reviews.test_notices import choose

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _mail_server(settings: Settings) -> None:
    settings.EMAIL_SERVER = EmailServer("localhost", 25, "", "", use_tls=False, use_ssl=False)


@pytest.fixture
def bench(bench: Bench) -> Bench:
    for name, user in bench.desk.people.items():
        user.email = f"{name}@example.org"
        user.save()
    bench.desk.rules("support", TO_QUEUE)
    return bench


def give_to_ben(bench: Bench) -> WorkItem:
    item = bench.item()
    bench.judge(bench.claim(item, "ana"), "reassign", "ana", to="person:ben")
    return item


def only_mail() -> EmailMessage:
    [sent] = mail.outbox
    return sent


def test_a_review_given_to_somebody_is_mailed_at_once_and_holds_nothing_of_the_request(bench: Bench) -> None:
    item = stopped_at(bench, "calls")
    bench.judge(bench.claim(item, "ana"), "reassign", "ana", to="person:ben")
    assert send_notices() == 1
    assert send_notices() == 0
    sent, review = only_mail(), bench.review(item)
    assert (sent.to, sent.subject) == (["ben@example.org"], f"{item.code} was given to you")
    assert f"/reviews/{review.pk}/" in sent.body
    assert f"{review.due_at:%H:%M} (UTC)" in sent.body
    assert "Approve Refund?" in sent.body
    bench.desk.rules("support", TO_QUEUE)
    give_to_ben(bench)
    assert send_notices() == 1
    for words in ("my order", "K-10234", DRAFT):
        assert words not in "".join(f"{one.subject} {one.body}" for one in mail.outbox)
    link = str(sent.extra_headers["List-Unsubscribe"]).strip("<>")
    assert link in sent.body
    assert sent.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert set(Notice.objects.values_list("mail_status", flat=True)) == {Notice.SENT}


def test_the_daily_mail_holds_what_was_not_read_or_settled_by_then(bench: Bench) -> None:
    choose(bench, "ben", reassigned=Way.DIGEST)
    kept, read, settled, other = (give_to_ben(bench) for _ in range(4))
    assert send_notices() == 0
    Notice.objects.filter(item=read).update(read_at=database_now())
    bench.decide_as(settled, "complete", "ben")
    Notice.objects.update(mail_due_at=database_now())
    assert send_notices() == 1
    sent = only_mail()
    assert sent.subject == "2 notices about reviews"
    assert [code for code in (kept.code, read.code, settled.code, other.code) if code in sent.body] == [
        kept.code,
        other.code,
    ]
    assert not Notice.objects.filter(mail_due_at__isnull=False).exists()


def test_the_hour_of_the_daily_mail_is_that_of_the_persons_clock() -> None:
    berlin = ZoneInfo("Europe/Berlin")

    def next_at(hour: int, after: str) -> str:
        return next_digest(hour, berlin, datetime.fromisoformat(after)).astimezone(ZoneInfo("UTC")).isoformat()

    assert next_at(8, "2026-11-25T06:59:00+00:00") == "2026-11-25T07:00:00+00:00"
    assert next_at(8, "2026-11-25T07:00:00+00:00") == "2026-11-26T07:00:00+00:00"
    assert next_at(8, "2026-03-28T08:00:00+00:00") == "2026-03-29T06:00:00+00:00"  # the clocks go forward
    assert next_at(2, "2026-03-28T08:00:00+00:00") == "2026-03-29T01:00:00+00:00"  # there is no two o'clock that day
    assert next_at(2, "2026-10-25T00:30:00+00:00") == "2026-10-26T01:00:00+00:00"  # there are two


def test_two_workers_at_once_send_each_mail_once(bench: Bench) -> None:
    for _ in range(3):
        give_to_ben(bench)
    at_once([send_notices, send_notices])
    told = " ".join(str(sent.body) for sent in mail.outbox)
    assert [told.count(f"{notice.item.code} was given") for notice in Notice.objects.all()] == [1, 1, 1]
    assert set(Notice.objects.values_list("mail_status", "mail_attempts")) == {(Notice.SENT, 1)}


def test_a_mail_that_cannot_leave_is_tried_a_few_times_and_then_given_up(bench: Bench, settings: Settings) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    give_to_ben(bench)
    for attempt in range(MAX_ATTEMPTS):
        assert Notice.objects.get().mail_attempts == attempt
        Notice.objects.update(mail_due_at=database_now())
        assert send_notices() == 0
    assert Notice.objects.get().mail_status == Notice.FAILED
    assert Notice.objects.get().mail_due_at is None


def test_who_left_or_may_not_see_it_any_more_gets_no_mail(bench: Bench) -> None:
    give_to_ben(bench)
    bench.desk.people["ben"].is_active = False
    bench.desk.people["ben"].save()
    assert send_notices() == 0
    assert mail.outbox == []
    assert Notice.objects.get().mail_status == Notice.NONE


def test_without_a_mail_server_or_an_address_nothing_is_owed(bench: Bench, settings: Settings) -> None:
    settings.EMAIL_SERVER = None
    give_to_ben(bench)
    settings.EMAIL_SERVER = EmailServer("localhost", 25, "", "", use_tls=False, use_ssl=False)
    bench.desk.people["ben"].email = ""
    bench.desk.people["ben"].save()
    give_to_ben(bench)
    assert set(Notice.objects.values_list("mail_status", "mail_due_at")) == {(Notice.NONE, None)}


def stop_path(kind: Kind | None, bench: Bench) -> str:
    return f"/notices/stop/{stop_token(bench.desk.people['ben'].pk, kind)}/"


def test_opening_the_link_changes_nothing_and_sending_its_form_stops_the_mails(bench: Bench) -> None:
    give_to_ben(bench)
    anybody, path = Client(enforce_csrf_checks=True), stop_path(Kind.REASSIGNED, bench)
    assert "Nothing has changed yet" in anybody.get(path).content.decode()
    assert not NoticeWishes.objects.exists()
    assert Notice.objects.get().mail_status == Notice.DUE
    assert anybody.post(path, {"what": "kind"}).status_code == 200
    wishes = NoticeWishes.objects.get()
    assert (wishes.user.get_username(), wishes.reassigned, wishes.overdue) == ("ben", "app", "digest")
    assert send_notices() == 0  # what had not left yet does not leave
    assert give_to_ben(bench)
    assert send_notices() == 0
    assert Notice.objects.count() == 2  # told on the desk as before
    anybody.post(path, {"what": "all"})
    wishes.refresh_from_db()
    assert {wishes.way(kind) for kind in Kind} == {Way.APP}


def test_one_click_of_a_mail_program_stops_what_the_mail_was_about(bench: Bench) -> None:
    choose(bench, "ben", reassigned=Way.AT_ONCE, overdue=Way.AT_ONCE, due_soon=Way.NOT)
    anybody = Client(enforce_csrf_checks=True)
    one_click = {"List-Unsubscribe": "One-Click"}
    assert anybody.post(stop_path(Kind.OVERDUE, bench), one_click).status_code == 200
    wishes = NoticeWishes.objects.get()
    assert (wishes.reassigned, wishes.overdue) == ("at_once", "app")
    anybody.post(stop_path(None, bench), one_click)
    wishes.refresh_from_db()
    assert (wishes.reassigned, wishes.due_soon) == ("app", "not")  # what is not told at all stays so


def test_a_link_that_is_not_ours_stops_nothing_and_is_answered_as_any_other(bench: Bench) -> None:
    anybody, user_id = Client(), bench.desk.people["ben"].pk
    token = stop_token(user_id, None)
    strange = [
        token[:-1],
        f"{token}A",
        ("A" if token[0] != "A" else "B") + token[1:],
        signing.dumps([user_id, ""], salt="requester page"),
        stop_token(10**9, None),
        "x",
    ]
    nothing = anybody.get("/r/nothing/")
    for one in strange:
        for answer in (anybody.get(f"/notices/stop/{one}/"), anybody.post(f"/notices/stop/{one}/")):
            assert (answer.status_code, answer.templates[0].name) == (404, nothing.templates[0].name)
    assert not NoticeWishes.objects.exists()


def test_links_that_are_sent_at_the_same_moment_all_count(bench: Bench) -> None:
    user_id = bench.people["ana"].person_id
    stops = [partial(stop_mail, link, kind) for kind in Kind if (link := read_token(stop_token(user_id, kind)))]
    assert len(stops) == len(Kind)
    for _ in range(5):
        NoticeWishes.objects.all().delete()
        at_once(stops)
        wishes = NoticeWishes.objects.get(user_id=user_id)
        assert not any(wishes.way(kind).mails for kind in Kind)


def test_the_link_does_not_get_into_the_log(bench: Bench) -> None:
    path = stop_path(None, bench)
    line = logging.makeLogRecord({"msg": "Not Found: %s", "args": (path,)})
    assert HideLinks().filter(line)
    assert line.getMessage() == "Not Found: /notices/stop/…/"


def test_ones_own_choice_is_kept_and_counts_for_mails_that_have_not_left(bench: Bench, client: Client) -> None:
    give_to_ben(bench)
    client.force_login(bench.desk.people["ben"])
    assert "ben@example.org" in client.get("/notices/settings/").content.decode()
    chosen = {"due_soon": "not", "overdue": "app", "reassigned": "digest", "overruled": "at_once"}
    given = {**chosen, "digest_hour": "17", "zone": "Europe/Berlin"}
    assert client.post("/notices/settings/", {**given, "digest_hour": "24"}).status_code == 422
    assert client.post("/notices/settings/", {**given, "reassigned": "x"}).status_code == 422
    assert not NoticeWishes.objects.exists()
    assert client.post("/notices/settings/", given).status_code == 302
    wishes = NoticeWishes.objects.get()
    assert {kind: getattr(wishes, kind) for kind in chosen} == chosen
    due = Notice.objects.get().mail_due_at
    assert due is not None
    assert due.astimezone(ZoneInfo("Europe/Berlin")).hour == 17
    Notice.objects.update(mail_due_at=F("mail_due_at") - timedelta(days=2))
    assert send_notices() == 1
