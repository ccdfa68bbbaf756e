"""The account of an item: what it tells, to whom, and in how many queries."""

import time
import uuid
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from reviews.actions import judging
from reviews.models import Review, Verdict
from reviews.queries import account as accounts
from reviews.queries.account import account
from routing.actions import moving
from routing.models import Decision, FactRevision, Letter, Step, WorkItem, WorkType
from routing.queries import desk as desk_queries
from tests.reviews.conftest import DRAFT, Bench
from tests.reviews.test_figures import client_of
from tests.reviews.test_judging import FIX_CALLS, TRACK, stopped_at


def page_of(client: Client, item: WorkItem, query: str = "", page: str = "account") -> str:
    response = client.get(f"/items/{item.code}/{page}/{query}")
    assert response.status_code == 200
    return response.content.decode()


def corrected(bench: Bench, seconds: int = 200, **given: str) -> WorkItem:
    """An item whose draft Ana looked at so long, fixed and sent."""
    item = stopped_at(bench, "calls", **given)
    review = bench.claim(item)
    Review.objects.filter(pk=review.pk).update(claimed_at=timezone.now() - timedelta(seconds=seconds))
    verdict = bench.judge(review, "correct", comment="Too short\u202e.", **FIX_CALLS)
    Verdict.objects.filter(pk=verdict.pk).update(at=verdict.taken_at + timedelta(seconds=seconds))  # type: ignore[operator]
    return bench.let_it_leave(item)


def test_the_timeline_names_to_whom_a_review_was_given(bench: Bench) -> None:
    item = stopped_at(bench, "calls")
    bench.judge(bench.claim(item, "ana"), "reassign", "ana", to="person:ben")
    bench.judge(bench.claim(item, "ben"), "reassign", "ben", to="queue:finance")
    page = client_of(bench, "olu").get(f"/items/{item.code}/").content.decode()
    assert "Given to ben" in page
    assert "Given to Finance" in page


def test_it_tells_what_came_in_what_ai_wrote_who_changed_it_and_what_left(bench: Bench) -> None:
    bench.desk.rules(None, {"name": "Use it", "when": {"fact": "router.type", "op": "known"}, "then": {"do": "finish"}})
    item = corrected(bench)
    assert item.state == "done"
    page = page_of(client_of(bench, "olu"), item)
    for part in (
        "Please refund my order K-10234",
        "Read from the request",
        '<strong>Reply</strong>, <a href="/settings/destinations/reply/versions/1/">version 1</a>: done',
        "Model scripted-1; 1 attempt",
        "You write replies.",
        DRAFT,
        "Send to Refund, once Support approves",
        'Rule 2 of <a href="/rulebooks/support/versions/1/#rule-r2">Support, version 1</a>',
        "Support was asked: <strong>Approve Refund?</strong>",
        "<strong>Fixed and approved</strong> by ana",
        "looked at for 3 min 20 s",
        'Too short<span class="hidden-char" title="U+202E right-to-left override">U+202E</span>.',
        "ana approved exactly this",
        f"POST {bench.tools.url}/refunds",
        "{&quot;note&quot;:&quot;Better.&quot;,&quot;order&quot;:&quot;K-10234&quot;}",
        "R-1",
    ):
        assert part in page, part
    assert '<ins><span class="sr">[added: </span>Better' in page
    assert "\u202e" not in page


def test_what_was_stored_otherwise_than_approved_is_not_called_exact(bench: Bench) -> None:
    item = corrected(bench)
    desk = desk_queries.load()
    assert [one.exact for one in account(item, desk).sent.rows] == [True]
    step = Step.objects.get(item=item, writes=True)
    Step.objects.filter(pk=step.pk).update(request={**(step.request or {}), "body": "{}"})
    assert [one.exact for one in account(item, desk).sent.rows] == [False]
    assert "This is not what ana approved" in page_of(client_of(bench, "olu"), item)


def test_what_was_undone_is_told_as_undone_and_each_look_has_its_own_time(bench: Bench) -> None:
    item = stopped_at(bench, "calls")
    review = bench.claim(item)
    bench.judge(review, "approve")
    judging.undo(actor=bench.people["ana"], review_id=review.pk)
    bench.judge(bench.review(item), "reject", comment="No.")
    looks = account(item, desk_queries.load()).asked.rows[0].looks
    assert [(one.words, one.undone_at is not None) for one in looks] == [("Approved", True), ("Declined", False)]
    assert looks[0].taken_at is not None
    assert looks[1].taken_at is not None
    assert looks[0].taken_at < looks[1].taken_at
    assert page_of(client_of(bench, "olu"), item).count('<span class="tag">Undone</span>') == 1


def test_a_move_by_hand_is_told_with_its_reason_and_an_erased_value_as_erased(bench: Bench) -> None:
    item = stopped_at(bench, "calls")
    moving.move(actor=bench.people["olu"], item_id=item.pk, to="state:done", reason="Settled on the phone")
    FactRevision.objects.filter(item=item, name="input.order_number").update(value=None, quote="")
    found = account(item, desk_queries.load())
    assert [(move.title, move.who, move.said) for move in found.moved.rows] == [
        ("Closed as done", "olu", "Settled on the phone")
    ]
    assert [fact.value for fact in found.facts.rows if fact.label == "Order_number"] == ["erased"]
    assert "No longer asked since" in page_of(client_of(bench, "olu"), item)


def test_a_value_that_no_decision_saw_is_not_told(bench: Bench) -> None:
    item = corrected(bench)
    row = FactRevision.objects.get(item=item, name="input.order_number")
    last = FactRevision.objects.filter(item=item).latest("seq").seq
    for number, value in enumerate(("K-1", "K-2"), start=1):
        FactRevision.objects.create(
            item=item, seq=last + number, name=row.name, status="known", value=value, provider="person:0", at=row.at
        )
    found = account(item, desk_queries.load())
    assert [fact.value for fact in found.facts.rows if fact.label == "Order_number"] == ["K-10234", "K-2"]


def test_the_requester_s_own_link_is_on_no_paper(bench: Bench) -> None:
    bench.desk.rules("support", TRACK)
    item = bench.item("a refund please")
    letter = Letter.objects.filter(item=item).latest("pk")
    assert "/r/" in letter.body
    letter.body += "x" * 100_000
    letter.save()
    begun = time.process_time()
    page = page_of(client_of(bench, "olu"), item)
    assert time.process_time() - begun < 5
    assert "(the requester&#x27;s own link)" in page
    assert "/r/" not in page


def test_more_than_can_be_read_is_left_out_and_counted(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    item = corrected(bench)
    monkeypatch.setattr(accounts, "MOST", 1)
    assert f"{Decision.objects.filter(item=item).count() - 1} earlier ones are left out here." in page_of(
        client_of(bench, "olu"), item
    )


def test_it_takes_as_many_queries_for_much_as_for_little(bench: Bench) -> None:
    item, client = corrected(bench), client_of(bench, "olu")
    page_of(client, item)

    def queries() -> int:
        with CaptureQueriesContext(connection) as asked:
            page_of(client, item)
        return len(asked)

    before = queries()
    for model in (Decision, Step, Verdict, Letter):
        for row in list(model.objects.filter(**{"review__item" if model is Verdict else "item": item})):
            row.pk, row._state.adding = None, True
            if isinstance(row, Step):
                row.idempotency_key, row.approval_id = uuid.uuid4(), None
            if isinstance(row, Verdict):
                row.undone_at = timezone.now()
            row.save()
    assert queries() == before


def hide(slug: str) -> None:
    WorkType.objects.get(slug=slug).visible_to.add(Group.objects.create(name="insiders"))


def test_who_may_not_see_the_item_finds_nothing(bench: Bench) -> None:
    item = corrected(bench)
    hide("support")
    assert client_of(bench, "ben").get(f"/items/{item.code}/account/").status_code == 404
    assert client_of(bench, "ada").get(f"/items/{item.code}/account/").status_code == 200
