"""/healthz when a part is down."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.db.models import F
from django.test import Client

from dispatchdesk.celery import app
from dispatchdesk.models import Moment, mark
from routing.tasks import decide_due
from tests.runtime.processes import free_port


@pytest.mark.django_db(transaction=True)
def test_parts_never_seen_are_not_ok_and_the_answer_is_200(client: Client) -> None:
    mark(Moment.SWEEPER)

    response = client.get("/healthz")

    body = response.json()
    assert response.status_code == 200
    assert (body["ok"], body["sweeper"]["ok"], body["worker"]) == (False, True, {"ok": False, "seen_seconds_ago": None})


@pytest.mark.django_db(transaction=True)
def test_worker_silent_for_half_a_minute_is_not_ok(client: Client) -> None:
    for part in (Moment.SWEEPER, Moment.WORKER):
        mark(part)
    Moment.objects.filter(name=Moment.WORKER).update(at=F("at") - timedelta(seconds=31))

    body = client.get("/healthz").json()

    assert (body["sweeper"]["ok"], body["worker"]["ok"]) == (True, False)
    assert body["worker"]["seen_seconds_ago"] == pytest.approx(31, abs=5)


@pytest.mark.django_db(transaction=True)
def test_worker_that_comes_to_other_messages_is_well_though_the_call_for_an_answer_waits_behind_them(
    client: Client,
) -> None:
    mark(Moment.WORKER)
    Moment.objects.filter(name=Moment.WORKER).update(at=F("at") - timedelta(seconds=31))

    app.loader.import_default_modules()  # as a worker does
    decide_due.apply()

    assert client.get("/healthz").json()["worker"]["ok"]


@pytest.mark.django_db(transaction=True)
def test_database_down_is_503(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(settings.DATABASES["default"], "HOST", "127.0.0.1")
    monkeypatch.setitem(settings.DATABASES["default"], "PORT", str(free_port()))

    response = client.get("/healthz")

    assert (response.status_code, response.json()["database"]) == (503, {"ok": False})
