"""Rules that report back: how often each fired, when last, and how often people fixed or declined it."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from routing.models import Decision, Rulebook
from routing.queries.rule_reports import RuleReport, rule_reports
from tests.desks import TestDesk, decide, settle

pytestmark = pytest.mark.django_db

WRITE = {"do": "go", "to": ["letter"], "approved_by": "triage"}
RULES = (
    {"id": "send", "when": {"all": []}, "then": WRITE},
    {"id": "never", "when": {"fact": "item.channel", "op": "is", "value": "fax"}, "then": {"do": "finish"}},
)


@pytest.fixture
def book(desk: TestDesk) -> Rulebook:
    desk.work_type("support")
    desk.destination("letter", "tool", via="mail", effect="write", to="a@example.com", subject="S", text="T")
    return desk.rules("support", *RULES)


def report(book: Rulebook, rule_id: str) -> RuleReport:
    return rule_reports(book.pk, [rule_id])[rule_id]


def test_a_rule_tells_how_often_it_fired_and_was_changed_by_people(desk: TestDesk, book: Rulebook) -> None:
    items = [desk.send("Hello", type="support") for _ in range(3)]
    decide()
    settle(items[0], "approve")
    settle(items[1], "reject")
    found = report(book, "send")
    assert (found.week, found.month, found.judged, found.changed, found.share) == (3, 3, 2, 1, 50)
    assert found.last_at is not None
    assert report(book, "never") == RuleReport()


def test_older_firings_leave_the_week_and_then_the_month(desk: TestDesk, book: Rulebook) -> None:
    for days in (0, 8, 40):
        item = desk.send("Hello", type="support")
        decide()
        rows = Decision.objects.filter(item=item)
        rows.update(decided_at=rows.get().decided_at - timedelta(days=days))
    found = report(book, "send")
    assert (found.week, found.month) == (1, 2)


def test_a_rule_keeps_its_report_when_the_rulebook_is_published_anew(desk: TestDesk, book: Rulebook) -> None:
    desk.send("Hello", type="support")
    decide()
    desk.rules("support", *RULES)
    assert report(book, "send").week == 1


def test_the_rules_page_tells_it_in_no_more_queries_for_more_firings(
    desk: TestDesk, book: Rulebook, admin: Client
) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            page = admin.get("/rulebooks/support/").content.decode()
        assert "Never fired" in page
        return len(seen)

    desk.send("Hello", type="support")
    decide()
    queries()
    few = queries()
    for _ in range(5):
        desk.send("Hello", type="support")
    decide()
    assert queries() == few
