"""Back-tests: a draft followed over what was decided, with nothing called and nothing of an item written."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from routing import transitions
from routing.actions import backtesting, sweeping
from routing.actions.drafting import start_draft
from routing.actions.publishing import publish, save_draft
from routing.domain.roles import DESK, Actor, Role
from routing.errors import Conflict, Invalid, NotAllowed
from routing.models import Backtest, Decision, RulebookVersion, WorkItem, WorkType
from routing.queries import backtests
from routing.queries import desk as desk_queries
from routing.queries.backtests import Freshness, Report, standing_of
from tests.desks import TestDesk, decide, settle
from tests.doors.world import rows_now
from tests.setup.conftest import SignIn

pytestmark = pytest.mark.django_db

Rule = dict[str, Any]
AMOUNT = {"name": "amount", "label": "Refund amount", "kind": "money", "currency": "EUR"}
NOTE = {"name": "note", "label": "Note"}
SHOP = {"name": "shop", "label": "Shop"}
OVER: Rule = {"fact": "input.amount", "op": "over", "value": {"amount": "200", "currency": "EUR"}}
BIG: Rule = {"id": "big", "when": OVER, "then": {"do": "escalate", "queue": "finance", "reason": "It is a lot"}}
LOOK: Rule = {"id": "look", "when": {"all": []}, "then": {"do": "escalate", "queue": "triage", "reason": "Look"}}
FINISH: Rule = {"id": "end", "when": {"all": []}, "then": {"do": "finish"}}
ASKING: Rule = {"id": "ask", "when": {"fact": "input.note", "op": "is", "value": "x"}, "then": {"do": "finish"}}
ADA = Actor(role=Role.ADMIN, name="ada")


@pytest.fixture
def refunds(desk: TestDesk) -> WorkType:
    desk.person("staff", Role.REVIEWER, queues=("triage", "finance"))
    row = desk.work_type("refunds", AMOUNT, NOTE, SHOP)
    desk.rules("refunds", LOOK, FINISH)
    return row


def sent(desk: TestDesk, *amounts: int) -> list[WorkItem]:
    items = [desk.send(f"Refund {amount} EUR please", type="refunds") for amount in amounts]
    decide()
    return items


def draft(row: WorkType, *rules: Rule) -> RulebookVersion:
    started = start_draft(actor=DESK, work_type_id=row.pk)
    content = {"rules": list(rules), "fallback_queue": "triage"}
    return save_draft(actor=DESK, rulebook_id=started.rulebook_id, content=content)


def followed(version: RulebookVersion, **window: Any) -> Backtest:
    row = backtesting.start_backtest(actor=ADA, version_id=version.pk, **(window or {"most": 1_000}))
    backtesting.run_backtest(row.pk)
    return Backtest.objects.select_related("rulebook").get(pk=row.pk)


def report(row: Backtest) -> Report:
    return backtests.report_of(row, desk_queries.load().catalogue(row.rulebook.work_type_id))


def test_what_would_have_gone_elsewhere_is_counted_with_from_and_to(desk: TestDesk, refunds: WorkType) -> None:
    _, big, bigger = sent(desk, 20, 300, 400)
    row = followed(draft(refunds, BIG, LOOK))
    found = report(row)
    assert (row.status, row.total, row.seen) == (Backtest.DONE, 3, 3)
    assert (found.same, found.elsewhere, found.compared) == (1, 2, 3)
    assert found.matrix.columns == ["Triage decides", "Finance decides"]
    [(name, cells)] = found.matrix.rows
    assert (name, [(cell.count, cell.same) for cell in cells]) == ("Triage decides", [(1, True), (2, False)])
    changed, more = backtests.changed_items(row, desk_queries.load(), ADA, 0)
    assert ([one.item for one in changed], more) == ([big, bigger], False)
    assert changed[0].live.startswith("Rule 1: Always let Triage decide")
    assert changed[0].draft.startswith("Rule 1: When Refund amount is over 200 EUR")


def test_requests_of_a_type_that_somebody_may_not_see_are_not_listed(desk: TestDesk, refunds: WorkType) -> None:
    secret = desk.work_type("secret")
    desk.rules(None, {"id": "all", "when": {"all": []}, "then": {"do": "escalate", "queue": "triage", "reason": "?"}})
    shown, hidden = desk.send("One"), desk.send("Two")
    decide()
    first_look = start_draft(actor=DESK, work_type_id=None)
    content = {"rules": [FINISH], "fallback_queue": "triage"}
    row = followed(save_draft(actor=DESK, rulebook_id=first_look.rulebook_id, content=content))
    WorkItem.objects.filter(pk=hidden.pk).update(work_type=secret)
    rita = Actor(role=Role.REVIEWER, name="rita", visible_types=frozenset({refunds.pk}))
    for actor, found in ((ADA, [shown, hidden]), (rita, [shown])):
        assert [one.item for one in backtests.changed_items(row, desk_queries.load(), actor, 0)[0]] == found


def test_what_comes_after_a_changed_decision_is_not_followed(desk: TestDesk, refunds: WorkType) -> None:
    [small, big] = sent(desk, 20, 300)
    for item in (small, big):
        settle(item, "approve")
    found = report(followed(draft(refunds, BIG, LOOK, FINISH)))
    assert (found.same, found.elsewhere, found.not_followed) == (3 - 1, 1, 1)


def test_a_draft_that_asks_says_whom_and_how_often(desk: TestDesk, refunds: WorkType) -> None:
    sent(desk, 20, 300)
    found = report(followed(draft(refunds, ASKING, LOOK)))
    assert found.asked == [("Note: from the request's own text, then the requester", 2)]
    assert found.elsewhere == 2


def test_what_the_text_says_is_read_and_not_asked(desk: TestDesk, refunds: WorkType) -> None:
    sent(desk, 20)
    assert report(followed(draft(refunds, BIG, LOOK))).asked == []


def test_nothing_is_called_and_nothing_of_an_item_is_written(desk: TestDesk, refunds: WorkType) -> None:
    sent(desk, 20, 300)
    version = draft(refunds, BIG, LOOK)
    row = backtesting.start_backtest(actor=ADA, version_id=version.pk, most=10)
    before = {table: rows for table, rows in rows_now().items() if table != "routing_backtest"}
    backtesting.run_backtest(row.pk)
    assert {table: rows for table, rows in rows_now().items() if table != "routing_backtest"} == before


def test_only_decisions_in_the_window_are_counted(desk: TestDesk, refunds: WorkType) -> None:
    sent(desk, 300)
    later = sent(desk, 20, 400)
    since = Decision.objects.filter(item__in=later).earliest("decided_at").decided_at
    version = draft(refunds, BIG, LOOK)
    assert report(followed(version, most=1)).compared == 1
    assert report(followed(version, since=since)).compared == 2
    assert report(followed(version, most=3)).compared == 3


def test_people_s_judgement_is_held_against_draft_and_live(desk: TestDesk, refunds: WorkType) -> None:
    mail = {"via": "mail", "effect": "write", "to": "a@example.com", "subject": "S", "text": "T"}
    desk.destination("letter", "tool", **mail)
    write: Rule = {"id": "w", "when": {"all": []}, "then": {"do": "go", "to": ["letter"], "approved_by": "triage"}}
    desk.rules("refunds", write)
    good, bad = sent(desk, 20, 300)
    settle(good, "approve")
    settle(bad, "reject")
    found = report(followed(draft(refunds, BIG, {**write, "id": "r1"}), most=1_000))
    assert (found.judged, found.live_agrees, found.draft_agrees) == (2, 1, 2)


def test_a_lost_worker_s_back_test_goes_on_where_it_was(
    desk: TestDesk, refunds: WorkType, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent(desk, 20, 300, 400)
    monkeypatch.setattr("routing.queries.history.ITEMS_AT_ONCE", 1)
    row = backtesting.start_backtest(actor=ADA, version_id=draft(refunds, BIG, LOOK).pk, most=10)
    monkeypatch.setattr(backtesting, "TURN_SECONDS", 0.0)
    backtesting.run_backtest(row.pk)
    monkeypatch.setattr(backtesting, "TURN_SECONDS", 15.0)
    now = transitions.database_now()
    Backtest.objects.filter(pk=row.pk).update(lease_until=now + timedelta(seconds=9))
    backtesting.run_backtest(row.pk)
    assert Backtest.objects.get(pk=row.pk).status == Backtest.RUNNING  # somebody else holds it
    Backtest.objects.filter(pk=row.pk).update(lease_until=now - timedelta(seconds=9), attempts=1)
    sweeping.sweep()
    backtesting.run_backtest(row.pk)
    done = Backtest.objects.select_related("rulebook").get(pk=row.pk)
    assert (done.status, done.seen, report(done).compared) == (Backtest.DONE, 3, 3)


def test_one_that_never_gets_on_fails_in_words(desk: TestDesk, refunds: WorkType) -> None:
    sent(desk, 20)
    row = backtesting.start_backtest(actor=ADA, version_id=draft(refunds, BIG, LOOK).pk, most=10)
    Backtest.objects.filter(pk=row.pk).update(attempts=backtesting.MAX_ATTEMPTS)
    backtesting.run_backtest(row.pk)
    row.refresh_from_db()
    assert (row.status, row.due_at) == (Backtest.FAILED, None)
    assert row.error.startswith("It stopped again and again")


def test_a_cancelled_one_stays_cancelled(desk: TestDesk, refunds: WorkType) -> None:
    sent(desk, 20)
    row = backtesting.start_backtest(actor=ADA, version_id=draft(refunds, BIG, LOOK).pk, most=10)
    backtesting.cancel_backtest(actor=ADA, backtest_id=row.pk)
    backtesting.run_backtest(row.pk)
    row.refresh_from_db()
    assert (row.status, row.seen) == (Backtest.CANCELLED, 0)


def test_one_runs_at_a_time_and_admins_start_it(desk: TestDesk, refunds: WorkType) -> None:
    sent(desk, 20)
    version = draft(refunds, BIG, LOOK)
    with pytest.raises(NotAllowed):
        backtesting.start_backtest(actor=Actor(role=Role.OPERATOR, name="omar"), version_id=version.pk, most=10)
    with pytest.raises(Invalid):
        backtesting.start_backtest(actor=ADA, version_id=version.pk, most=0)
    backtesting.start_backtest(actor=ADA, version_id=version.pk, most=10)
    with pytest.raises(Conflict):
        backtesting.start_backtest(actor=ADA, version_id=version.pk, most=10)


def standing(version: RulebookVersion) -> Freshness:
    return standing_of(version, desk_queries.load()).freshness


def test_a_back_test_is_stale_when_draft_rules_or_destinations_change(desk: TestDesk, refunds: WorkType) -> None:
    version = draft(refunds, BIG, LOOK)
    assert standing(version) is Freshness.NO_HISTORY
    sent(desk, 20)
    assert standing(version) is Freshness.NONE
    followed(version)
    assert standing(version) is Freshness.FRESH
    desk.destination("new", "agent", system="x", prompt="y")
    assert standing(version) is Freshness.STALE
    followed(version)
    assert standing(version) is Freshness.FRESH
    assert standing(draft(refunds, BIG, FINISH)) is Freshness.STALE


def test_a_back_test_over_nothing_says_nothing_about_the_draft(
    desk: TestDesk, refunds: WorkType, admin: Client
) -> None:
    sent(desk, 20)
    version = draft(refunds, BIG, LOOK)
    tomorrow = transitions.database_now() + timedelta(days=1)
    row = backtesting.start_backtest(actor=ADA, version_id=version.pk, since=tomorrow)
    backtesting.run_backtest(row.pk)
    assert standing(version) is Freshness.NONE
    page = admin.get(f"/rulebooks/refunds/backtests/{row.pk}/").content.decode()
    assert "it says nothing about the draft" in page
    followed(version)
    assert standing(version) is Freshness.FRESH
    future = {"by": "since", "since": f"{tomorrow + timedelta(days=1):%Y-%m-%d}"}
    refused = admin.post("/rulebooks/refunds/backtests/start/", future)
    assert refused.status_code == 422
    assert "That day is yet to come." in refused.content.decode()


def test_publishing_asks_for_a_fresh_one_or_a_reason(desk: TestDesk, refunds: WorkType, admin: Client) -> None:
    sent(desk, 20)
    version = draft(refunds, BIG, LOOK)
    post = {"note": "Finance", "revision": version.stamp}
    answer = admin.post("/rulebooks/refunds/draft/publish/", post)
    assert answer.status_code == 422
    assert "Run a back-test of this draft, or say why" in answer.content.decode()
    with pytest.raises(Invalid, match="no fresh back-test"):
        publish(actor=ADA, version_id=version.pk, note="Finance")
    admin.post("/rulebooks/refunds/draft/publish/", {**post, "reason": "It burns"})
    version.refresh_from_db()
    assert (version.status, version.note) == ("published", "Finance\n\nWithout a fresh back-test: It burns")
    followed(draft(refunds, LOOK))
    assert publish(actor=ADA, version_id=draft_of(refunds).pk, note="Back").note == "Back"


def draft_of(row: WorkType) -> RulebookVersion:
    return RulebookVersion.objects.get(rulebook__work_type=row, status="draft")


def test_it_is_started_watched_and_read_in_pages(desk: TestDesk, refunds: WorkType, admin: Client) -> None:
    sent(desk, 20, 300)
    draft(refunds, BIG, LOOK)
    assert admin.post("/rulebooks/refunds/backtests/start/", {"by": "most", "most": "many"}).status_code == 422
    assert admin.post("/rulebooks/refunds/backtests/start/", {"by": "most", "most": "100001"}).status_code == 422
    assert admin.post("/rulebooks/refunds/backtests/start/", {"by": "since", "since": "soon"}).status_code == 422
    address = admin.post("/rulebooks/refunds/backtests/start/", {"by": "most", "most": "100"})["Location"]
    page = admin.get(address).content.decode()
    assert "Cancel the back-test" in page
    assert 'hx-trigger="every 1s"' in page
    backtesting.run_backtest(Backtest.objects.get().pk)
    page = admin.get(address, headers={"HX-Request": "true"}).content.decode()
    assert "1 of 2 would have gone elsewhere" in page
    assert "every 1s" not in page
    assert "1 of 2 elsewhere" in admin.get("/rulebooks/refunds/backtests/").content.decode()
    again = admin.get("/rulebooks/refunds/backtests/start/")
    assert (again.status_code, again["Location"]) == (302, "/rulebooks/refunds/backtests/")


def test_everybody_on_staff_reads_one(desk: TestDesk, refunds: WorkType, sign_in: SignIn) -> None:
    sent(desk, 300)
    row = followed(draft(refunds, BIG, LOOK))
    operator = sign_in(Role.OPERATOR)
    assert (
        "1 of 1 would have gone elsewhere" in operator.get(f"/rulebooks/refunds/backtests/{row.pk}/").content.decode()
    )
    assert operator.post("/rulebooks/refunds/backtests/start/", {"most": "1"}).status_code == 403
