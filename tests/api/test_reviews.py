"""Queues, claims and verdicts over the API."""

from datetime import timedelta

import pytest
from django.utils import timezone

from reviews.models import Review, Verdict
from routing.domain.roles import Role
from routing.models import WorkItem
from tests.api.conftest import MakeProgram
from tests.desks import TestDesk, decide


@pytest.fixture
def review(desk: TestDesk) -> Review:
    """An item whose way nobody knows, waiting in Triage."""
    desk.work_type("support")
    item = desk.send("Where does this go?")
    decide()
    return Review.objects.get(item=item)


def verdict(epoch: int, digest: str, **more: object) -> dict[str, object]:
    return {"verdict": "correct", "epoch": epoch, "digest": digest, "correction": {"destination": "support"}} | more


def test_queues_tell_depth_and_age(desk: TestDesk, program: MakeProgram, review: Review) -> None:
    Review.objects.update(arrived_at=timezone.now() - timedelta(seconds=90))
    support, triage = program("rita", Role.REVIEWER).get("/queues").body
    assert support == {"slug": "support", "name": "Support", "depth": 0, "oldest_age_seconds": None}
    assert (triage["slug"], triage["depth"]) == ("triage", 1)
    assert 90 <= triage["oldest_age_seconds"] < 120


def test_the_next_review_is_claimed_and_kept_until_none_is_left(
    desk: TestDesk, program: MakeProgram, review: Review
) -> None:
    olga, omar = program("olga", Role.OPERATOR), program("omar", Role.OPERATOR)
    claimed = olga.post("/queues/triage/claim")
    assert claimed.status == 200
    assert claimed.body == {
        "id": review.pk,
        "epoch": 1,
        "digest": review.digest,
        "kind": "escalation",
        "item": review.item.code,
        "queue": "triage",
        "question": review.question,
        "reason": review.reason,
        "proposal": review.proposal,
        "status": "open",
        "claimed_by": "olga",
        "assignee": None,
        "lease_expires_at": claimed.body["lease_expires_at"],
        "due_at": claimed.body["due_at"],
        "approvals_needed": 1,
        "first_approval": None,
        "verdict": None,
    }
    assert olga.post("/queues/triage/claim").body["epoch"] == 1
    nobody = omar.post("/queues/triage/claim")
    assert (nobody.status, nobody.body) == (204, None)


def test_only_those_who_staff_a_queue_claim_from_it(desk: TestDesk, program: MakeProgram, review: Review) -> None:
    rita = program("rita", Role.REVIEWER, "support")
    assert rita.post("/queues/triage/claim").status == 403
    assert rita.post(f"/reviews/{review.pk}/claim").status == 403
    assert rita.post("/queues/support/claim").status == 204
    assert rita.post("/queues/nowhere/claim").status == 404
    assert rita.get(f"/reviews/{review.pk}").status == 200


def test_a_claim_is_renewed_released_and_lost_to_nobody(desk: TestDesk, program: MakeProgram, review: Review) -> None:
    olga, omar = program("olga", Role.OPERATOR), program("omar", Role.OPERATOR)
    path = f"/reviews/{review.pk}"
    assert olga.post(f"{path}/claim").body["epoch"] == 1
    taken = omar.post(f"{path}/claim")
    assert taken.status == 409
    assert "olga" in taken.body["detail"]
    assert omar.post(f"{path}/renew").status == 409
    assert olga.post(f"{path}/renew", {"epoch": 1}).status == 200
    assert olga.post(f"{path}/renew", {"epoch": 0}).status == 409
    released = olga.post(f"{path}/release", {"pass_on": True})
    assert (released.status, released.body["claimed_by"], released.body["epoch"]) == (200, None, 2)
    assert olga.post("/queues/triage/claim").status == 204
    assert omar.post("/queues/triage/claim").body["epoch"] == 3
    assert omar.post(f"{path}/release", {"pass_on": True, "later": True}).status == 422
    assert omar.post(f"{path}/release", {"later": True}).status == 200
    assert omar.post("/queues/triage/claim").status == 204


def test_a_lead_takes_over_and_others_do_not(desk: TestDesk, program: MakeProgram, review: Review) -> None:
    olga, omar, ada = program("olga", Role.OPERATOR), program("omar", Role.OPERATOR), program("ada", Role.ADMIN)
    path = f"/reviews/{review.pk}/claim"
    olga.post(path)
    assert omar.post(path, {"takeover": True}).status == 409
    assert ada.post(path, {"takeover": True}).status == 422
    assert ada.post(path, {"takeover": True, "note": "She is ill"}).body["claimed_by"] == "ada"


def test_a_verdict_sends_the_item_on_once(desk: TestDesk, program: MakeProgram, review: Review) -> None:
    olga, omar = program("olga", Role.OPERATOR), program("omar", Role.OPERATOR)
    path = f"/reviews/{review.pk}"
    olga.post(f"{path}/claim")
    first = olga.post(f"{path}/verdict", verdict(1, review.digest))
    assert (first.status, first.body["status"], first.body["claimed_by"]) == (200, "decided", None)
    assert (first.body["verdict"]["verdict"], first.body["verdict"]["by"]) == ("correct", "olga")
    item = WorkItem.objects.get()
    assert (item.state, item.review_queue) == ("in_review", "support")
    again = olga.post(f"{path}/verdict", verdict(1, review.digest))
    assert (again.status, again.body) == (200, first.body)
    assert Verdict.objects.count() == 1
    for late in (
        olga.post(f"{path}/verdict", verdict(1, review.digest, correction={"type": "support"})),
        omar.post(f"{path}/verdict", verdict(1, review.digest)),
        omar.post(f"{path}/claim"),
    ):
        assert late.status == 409
        assert "olga was first" in late.body["detail"]


def test_a_verdict_on_an_old_claim_or_another_proposal_is_a_conflict(
    desk: TestDesk, program: MakeProgram, review: Review
) -> None:
    olga, omar = program("olga", Role.OPERATOR), program("omar", Role.OPERATOR)
    path = f"/reviews/{review.pk}"
    olga.post(f"{path}/claim")
    assert omar.post(f"{path}/verdict", verdict(1, review.digest)).status == 409
    assert olga.post(f"{path}/verdict", verdict(0, review.digest)).status == 409
    assert olga.post(f"{path}/verdict", verdict(1, "0" * 64)).status == 409
    Review.objects.update(lease_expires_at=timezone.now() - timedelta(seconds=1))
    assert olga.get(path).body["claimed_by"] is None
    assert olga.post(f"{path}/verdict", verdict(1, review.digest)).status == 409
    assert not Verdict.objects.exists()


@pytest.mark.parametrize(
    "change",
    [
        {"verdict": "nonsense"},
        {"verdict": "complete"},
        {"correction": {"destination": "nowhere"}},
        {"correction": {}},
        {"correction": []},
        {"verdict": "ask", "inputs": ["nothing"]},
        {"verdict": "reassign", "to": "queue:nowhere"},
        {"verdict": "reassign", "to": "person:nobody"},
        {"verdict": "reassign"},
        {"epoch": "1"},
        {"epoch": None},
        {"digest": 5},
    ],
)
def test_a_verdict_that_does_not_fit_is_refused_and_the_review_stays_open(
    desk: TestDesk, program: MakeProgram, review: Review, change: dict[str, object]
) -> None:
    olga = program("olga", Role.OPERATOR)
    olga.post(f"/reviews/{review.pk}/claim")
    assert olga.post(f"/reviews/{review.pk}/verdict", verdict(1, review.digest) | change).status == 422
    review.refresh_from_db()
    assert (review.status, Verdict.objects.count()) == ("open", 0)


def test_a_review_is_given_to_another_queue(desk: TestDesk, program: MakeProgram, review: Review) -> None:
    olga, rita = program("olga", Role.OPERATOR), program("rita", Role.REVIEWER, "support")
    olga.post(f"/reviews/{review.pk}/claim")
    given = olga.post(
        f"/reviews/{review.pk}/verdict",
        verdict(1, review.digest, verdict="reassign", to="queue:support", correction={}),
    )
    assert (given.status, given.body["queue"], given.body["status"]) == (200, "support", "open")
    assert rita.post("/queues/support/claim").body["id"] == review.pk


def test_a_task_is_done_with_its_result(desk: TestDesk, program: MakeProgram) -> None:
    rita = program("rita", Role.REVIEWER, "support")
    olga = program("olga", Role.OPERATOR)
    code = olga.send("one").body["code"]
    olga.post(f"/items/{code}/move", {"to": "queue:support", "version": 1})
    claimed = rita.post("/queues/support/claim").body
    assert claimed["kind"] == "assigned"
    done = rita.post(
        f"/reviews/{claimed['id']}/verdict",
        {"verdict": "complete", "epoch": claimed["epoch"], "digest": claimed["digest"], "result": {"note": "called"}},
    )
    assert (done.status, done.body["status"]) == (200, "decided")
    decide()
    assert rita.get(f"/items/{code}").body["state"] == "done"


def test_an_approved_write_is_undone_while_it_is_held(desk: TestDesk, program: MakeProgram) -> None:
    desk.work_type("support")
    desk.destination(
        "refund", "tool", via="http", effect="write", method="POST", url="https://example.org/refunds", body={"to": "x"}
    )
    desk.rules("support", {"when": {"all": []}, "then": {"do": "go", "to": ["refund"], "approved_by": "support"}})
    item = desk.send("refund me", type="support")
    decide()
    rita = program("rita", Role.REVIEWER, "support")
    claimed = rita.post("/queues/support/claim").body
    assert claimed["proposal"]["calls"][0]["url"] == "https://example.org/refunds"
    path = f"/reviews/{claimed['id']}"
    sent = rita.post(f"{path}/verdict", {"verdict": "approve", "epoch": claimed["epoch"], "digest": claimed["digest"]})
    assert (sent.status, rita.get(f"/items/{item.code}").body["state"]) == (200, "working")
    assert sent.body["verdict"]["undo_until"] is not None
    assert program("ravi", Role.REVIEWER, "support").post(f"{path}/undo").status == 409
    undone = rita.post(f"{path}/undo")
    assert (undone.status, undone.body["status"], undone.body["claimed_by"]) == (200, "open", "rita")
    assert undone.body["epoch"] > claimed["epoch"]
    assert rita.get(f"/items/{item.code}").body["state"] == "in_review"


def test_reviews_are_listed_by_item_queue_and_status(desk: TestDesk, program: MakeProgram, review: Review) -> None:
    desk.send("another")
    decide()
    olga = program("olga", Role.OPERATOR)

    def listed(**query: str) -> list[int]:
        return [row["id"] for row in olga.get("/reviews", **query).body["reviews"]]

    newest = Review.objects.order_by("-pk")[0].pk
    assert listed() == [newest, review.pk]
    assert listed(item=review.item.code) == [review.pk]
    assert listed(queue="support") == []
    assert listed(queue="triage", status="open") == [newest, review.pk]
    assert listed(status="decided") == []
    assert olga.get("/reviews", status="nonsense").status == 422
    assert olga.get("/reviews", queue="nowhere").status == 422
    assert olga.get("/reviews", item="D-999999").status == 404


def test_a_review_that_is_not_there_is_404_for_everybody(desk: TestDesk, program: MakeProgram, review: Review) -> None:
    ada, shop = program("ada", Role.ADMIN), program("shop", Role.INTAKE)
    for number in ("0", "999999", "99999999999999999999", "x", "٣"):
        for path in (f"/reviews/{number}/claim", f"/reviews/{number}/undo", f"/reviews/{number}/renew"):
            assert ada.post(path).status == 404
        assert ada.get(f"/reviews/{number}").status == 404
    assert shop.get(f"/reviews/{review.pk}").status == 404
    assert shop.post(f"/reviews/{review.pk}/claim").status == 404
