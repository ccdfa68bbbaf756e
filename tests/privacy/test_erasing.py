"""A canary in all that one requester sends, answers and causes to be written is found nowhere after erasing."""

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from pytest_django import Settings

from dispatchdesk.accounts.tokens import make_token
from dispatchdesk.board.saved_views import save_view
from dispatchdesk.privacy.erasing import erase_requester
from reviews.models import Review, Verdict
from routing import requesters
from routing.actions import answering, examples, letters, moving, reporting, sealing
from routing.actions.attaching import attach, receive_with_files
from routing.actions.intake import Request
from routing.actions.noting import add_note
from routing.domain.roles import Actor, Role
from routing.domain.states import State
from routing.errors import Conflict, Invalid, NotAllowed
from routing.models import Attachment, Event, HandMove, Letter, Question, Rulebook, Step, WorkItem
from tests.desks import fresh
from tests.ledger.tampering import faults
from tests.outgoing.scripted_server import ScriptedServer, completion, json_reply, scripted_server
from tests.privacy.fields import PERSONAL
from tests.reviews.conftest import ALWAYS, DRAFT_FIRST, Bench, approve_write, make_bench

CANARY = "Quexnalby"
EMAIL = f"{CANARY.lower()}@example.org"
MANAGE = Actor(role=Role.ADMIN, name="manage.py erase_requester")


@pytest.fixture
def model() -> Iterator[ScriptedServer]:
    with scripted_server([completion(json.dumps({"text": f"Dear {CANARY}"}))]) as server:
        yield server


@pytest.fixture
def tools() -> Iterator[ScriptedServer]:
    with scripted_server([json_reply({"ok": True, "for": CANARY})]) as server:
        yield server


@pytest.fixture
def bench(model: ScriptedServer, tools: ScriptedServer, settings: Settings, transactional_db: None) -> Bench:
    bench = make_bench(model, tools, settings)
    bench.desk.rules("support", DRAFT_FIRST, {"when": ALWAYS, "then": approve_write("refund")})
    return bench


def places(model_label: str = "") -> set[tuple[str, str]]:
    """Return every (table, column) of the database in which the canary stands, as words or as bytes."""
    found = set()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public' ORDER BY 1, 2"
        )
        for table, column in cursor.fetchall():
            cursor.execute(
                f'SELECT 1 FROM "{table}" WHERE "{column}"::text ILIKE %s OR "{column}"::text ILIKE %s LIMIT 1',  # noqa: S608
                [f"%{CANARY}%", f"%{CANARY.encode().hex()}%"],
            )
            if cursor.fetchone():
                found.add((table, column))
    return found


def files() -> list[Path]:
    """Return the desk's files with the canary in them or in their names; PostgreSQL's own are searched by SQL."""
    wanted = CANARY.lower().encode()
    return [
        path
        for path in Path(settings.DESK_DATA).rglob("*")
        if "postgres" not in path.parts and path.is_file()
        if wanted in path.read_bytes().lower() or CANARY.lower() in path.name.lower()
    ]


def sent_through_the_api(bench: Bench) -> WorkItem:
    """Send a request whose refund is drafted, corrected, approved and sent, and which is talked about."""
    token = make_token(user=bench.desk.people["ada"], role=Role.INTAKE, name="shop")
    body: dict[str, Any] = {
        "title": f"Refund for {CANARY}",
        "text": f"I am {CANARY}. Please refund my order K-10234",
        "type": "support",
        "requester": {"name": CANARY, "email": EMAIL},
        "inputs": {"order_number": f"K-10234 {CANARY}"},
    }
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": f"file: mail from {EMAIL}"}
    got = Client().post("/api/v1/items", body, content_type="application/json", headers=headers)
    assert got.status_code == 201, got.content
    item = bench.go_on(WorkItem.objects.get(pk=int(got.json()["code"].removeprefix("D-"))))
    add_note(actor=bench.people["ana"], item_id=item.pk, text=f"{CANARY} called", public=False, key="")
    add_note(actor=bench.people["ana"], item_id=item.pk, text=f"Dear {CANARY}", public=True, key=f"form {CANARY}")
    item = bench.decide_as(
        item,
        "correct",
        correction={"drafts": {"steps.reply.output.text": f"Dear {CANARY}, done"}},
        comment=f"{CANARY} is right",
    )
    bench.let_it_leave(item)
    item = moving.move(actor=bench.people["olu"], item_id=item.pk, to="state:done", reason=f"{CANARY} is happy")
    reporting.report_problem(actor=Actor(Role.REQUESTER, CANARY), item_id=item.pk, text=f"Not so, says {CANARY}")
    return item


def sent_by_the_form(bench: Bench) -> WorkItem:
    """Send a request with a file that lacks something; it is asked for, answered, and waits for a person."""
    request = Request(
        title=CANARY, text=f"It is me, {CANARY}", type="support", requester_name=CANARY, requester_email=EMAIL.upper()
    )
    file = SimpleUploadedFile(f"{CANARY}.txt", f"{CANARY}'s file".encode(), content_type=f"text/{CANARY}")
    actor = Actor(role=Role.REQUESTER, name=CANARY)
    received = receive_with_files(actor=actor, request=request, trigger_kind="form", files=[file])
    assert received.item is not None
    item = bench.go_on(received.item)
    assert Question.objects.filter(item=item, status=Question.OPEN).exists()
    answering.answer(actor=actor, item_id=item.pk, given={"order_number": f"K-1 {CANARY}"}, text=f"Yes, {CANARY}")
    item = bench.go_on(item)
    assert item.state == State.IN_REVIEW
    return item


def test_nothing_of_a_requester_is_found_after_erasing(
    bench: Bench, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    done, still_open = sent_through_the_api(bench), sent_by_the_form(bench)
    other = bench.desk.send("Where is my parcel?", requester_name="Kim", requester_email="kim@example.org")
    ada = bench.people["ada"]
    book = Rulebook.objects.get(work_type__slug="support")
    examples.save_example(
        actor=ada,
        rulebook_id=book.pk,
        name=f"As {CANARY} had it",
        facts={"item.text": CANARY},
        expected={"kind": "finish"},
        item_id=done.pk,
    )
    save_view(actor=ada, name="One person", query=f"q={EMAIL.replace('@', '%40')}", shared=True, opens=True)
    letters.send_letters()
    sealing.seal()
    columns = {(model.lower().replace(".", "_"), name) for model, names in PERSONAL.items() for name in names}
    planted = places()
    assert planted - columns == set()
    assert len(planted) >= 28, sorted(columns - planted)
    assert len(files()) == 1

    out = io.StringIO()
    call_command("erase_requester", f" {EMAIL.title()} ", "--yes", stdout=out)

    assert out.getvalue().splitlines()[0] == "Requests of this address: 2. Still open, and closed first: 1."
    assert places() == set()
    assert files() == []
    assert CANARY.lower() not in caplog.text.lower()
    assert faults() == []
    for item in (done, still_open):
        kinds = list(Event.objects.filter(item=item).order_by("seq").values_list("kind", flat=True))
        assert kinds[-1] == "erase"
    assert Event.objects.filter(item=still_open, kind="stop").exists()
    assert not Review.objects.filter(item__in=[done, still_open], status=Review.OPEN).exists()
    # Who decided, when and on which digest stays; so does everything of others.
    verdict = Verdict.objects.filter(review__item=done, kind="correct").get()
    assert (verdict.by.username, len(verdict.digest), len(verdict.approved_digest)) == ("ana", 64, 64)
    assert (fresh(other).text, fresh(other).requester_name) == (other.text, "Kim")
    pages_open(done, bench)
    pages_open(still_open, bench)
    with pytest.raises(NotAllowed, match="personal data was erased"):
        moving.move(actor=bench.people["olu"], item_id=done.pk, to="state:incoming")
    with pytest.raises(Invalid, match="nothing is noted"):
        add_note(actor=bench.people["ana"], item_id=done.pk, text=f"It was {CANARY}")
    with pytest.raises(Conflict, match="no file is kept"):  # as from a form that was sent at that moment
        attach(item_id=done.pk, files=[SimpleUploadedFile(CANARY, b"late")], by=CANARY)
    assert not HandMove.objects.exists()
    assert erase_requester(actor=MANAGE, email=EMAIL).erased == []


def pages_open(item: WorkItem, bench: Bench) -> None:
    """Open every page that shows an erased item."""
    client = Client()
    client.force_login(bench.desk.people["ada"])
    token = make_token(user=bench.desk.people["ada"], role=Role.ADMIN, name="reader")
    reviews = Review.objects.filter(item=item).values_list("pk", flat=True)
    paths = [f"/items/{item.code}/", f"/items/{item.code}/account/", "/", "/insights/", "/notices/"]
    paths += [f"/api/v1/items/{item.code}{part}" for part in ("", "/decisions", "/events")]
    paths += [f"/reviews/{pk}/" for pk in reviews] + [f"/api/v1/reviews/{pk}" for pk in reviews]
    for path in paths:
        headers = {"Authorization": f"Bearer {token}"} if path.startswith("/api/") else {}
        assert client.get(path, headers=headers).status_code == 200, path
    assert client.get(f"/items/{item.code}/account/").content.count(b"is not what was approved") == 0


def test_a_requester_s_link_leads_nowhere_any_more(bench: Bench) -> None:
    item = bench.item()
    link = requesters.page_token(item)
    erase_requester(actor=MANAGE, email="kim@example.org")
    assert Client().get(f"/r/{link}/").status_code == 404


def test_what_is_under_way_waits(bench: Bench) -> None:
    item = bench.item()
    bench.decide_as(item, "approve")
    step = Step.objects.get(item=item, name="refund")
    Step.objects.filter(pk=step.pk).update(status=Step.RUNNING, due_at=None)
    done = erase_requester(actor=MANAGE, email="kim@example.org")
    assert (done.erased, list(done.blocked)) == ([], [item.code])
    assert "something is being sent for it" in done.blocked[item.code]
    # Nothing of it is done by halves: it is as open as it was.
    assert (fresh(item).state, fresh(item).requester_email) == (State.WORKING, "kim@example.org")
    out = io.StringIO()
    with pytest.raises(CommandError, match="Not erased yet: 1"):
        call_command("erase_requester", "kim@example.org", "--yes", stdout=out)
    Step.objects.filter(pk=step.pk).update(status=Step.FAILED)
    Letter.objects.create(item=item, kind="x", to="a@b.c", status=Letter.SENDING, created_at=item.created_at)
    assert "a mail is being sent" in erase_requester(actor=MANAGE, email="kim@example.org").blocked[item.code]
    Letter.objects.all().delete()
    assert erase_requester(actor=MANAGE, email="kim@example.org").erased == [item.code]


def test_a_file_left_behind_by_an_attempt_that_died_goes_with_the_next(bench: Bench) -> None:
    item = sent_by_the_form(bench)
    WorkItem.objects.filter(pk=item.pk).update(erased_at=item.created_at, requester_email="")
    assert Attachment.objects.count() == len(files()) == 1
    erase_requester(actor=MANAGE, email="nobody@example.org")
    assert Attachment.objects.count() == len(files()) == 0


def test_admins_erase_on_a_page_that_asks_for_the_address_twice(bench: Bench) -> None:
    item = bench.item()
    client = Client()
    client.force_login(bench.desk.people["ada"])
    assert f"/settings/erase/?item={item.code}" in client.get(f"/items/{item.code}/").content.decode()
    assert "kim@example.org" in client.get(f"/settings/erase/?item={item.code}").content.decode()
    shown = client.post("/settings/erase/", {"email": "Kim@example.org"})
    assert item.code in shown.content.decode()
    wrong = client.post("/settings/erase/", {"email": "kim@example.org", "again": "kim", "erase": "yes"})
    assert (wrong.status_code, fresh(item).erased_at) == (422, None)
    done = client.post("/settings/erase/", {"email": "kim@example.org", "again": "KIM@example.org", "erase": "yes"})
    assert f"<p>{item.code}</p>" in done.content.decode()
    assert fresh(item).title == "Personal data erased"
    client.force_login(bench.desk.people["olu"])
    assert client.post("/settings/erase/", {"email": "kim@example.org"}).status_code == 403
    with pytest.raises(NotAllowed):
        erase_requester(actor=bench.people["olu"], email="kim@example.org")


def test_the_command_asks_first(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    item, out = bench.item(), io.StringIO()
    monkeypatch.setattr("builtins.input", lambda _question: "y")
    with pytest.raises(CommandError, match="Nothing was erased"):
        call_command("erase_requester", "kim@example.org", stdout=out)
    assert "Requests of this address: 1." in out.getvalue()
    assert fresh(item).requester_email == "kim@example.org"
