"""Reviews that ask the same are decided together: each by itself, only what was ticked, never what is high-risk."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import pytest
from django.contrib.auth.models import Group

from reviews.actions import claiming
from reviews.actions.batching import Decided, decide_together
from reviews.actions.judging import Judgement
from reviews.models import Queue, Review, Verdict
from reviews.queries.alike import alike, cards
from routing.domain.states import State
from routing.errors import Invalid, NotAllowed
from routing.models import Step, WorkItem
from routing.queries import desk as desk_queries
from tests.desks import fresh
from tests.reviews.conftest import ALWAYS, Bench, approve_write
from tests.reviews.test_claiming import at_once
from tests.reviews.test_figures import client_of

REFUND = {"when": ALWAYS, "then": approve_write("refund")}


@pytest.fixture
def three(bench: Bench) -> list[WorkItem]:
    """Three requests for whose refund the same rule asks."""
    bench.desk.rules("support", REFUND)
    return [bench.item(f"Please refund my order K-1000{number}") for number in range(3)]


def reviews_of(items: Sequence[WorkItem]) -> list[Review]:
    return list(Review.objects.filter(item__in=items, status=Review.OPEN).order_by("order_at", "pk"))


def decide(bench: Bench, picks: Sequence[Review], kind: str = "approve", who: str = "ana") -> Sequence[Decided]:
    return decide_together(
        actor=bench.people[who],
        review_id=picks[0].pk,
        digests={row.pk: row.digest for row in picks},
        judgement=Judgement(kind, comment="" if kind == "approve" else "Not now."),
    )


def test_the_ticked_are_approved_each_bound_to_its_own_request(bench: Bench, three: list[WorkItem]) -> None:
    rows = reviews_of(three)

    done = decide(bench, rows[:2])

    assert [one.verdict is not None for one in done] == [True, True]
    assert [fresh(item).state for item in three] == [State.WORKING, State.WORKING, State.IN_REVIEW]
    for row, verdict in zip(rows[:2], Verdict.objects.order_by("review_id"), strict=True):
        assert verdict.digest == row.digest
        [step] = Step.objects.filter(approval_id=verdict.pk)
        assert (step.item_id, step.digest) == (row.item_id, row.proposal["calls"][0]["digest"])
    assert Review.objects.get(pk=rows[2].pk).claimed_by is None


def test_one_that_was_not_seen_as_it_is_keeps_none_of_the_others(bench: Bench, three: list[WorkItem]) -> None:
    rows = reviews_of(three)
    claiming.claim(actor=bench.people["ben"], review_id=rows[1].pk)

    rows[2].digest = "0" * 64
    done = decide(bench, rows)

    assert [one.verdict is not None for one in done] == [True, False, False]
    assert "not offered to you any more" in done[1].refused
    assert "changed since you saw it" in done[2].refused
    assert Review.objects.get(pk=rows[2].pk).claimed_by is None


def test_only_what_is_alike_is_decided(bench: Bench, three: list[WorkItem]) -> None:
    bench.desk.rules("support", {"when": ALWAYS, "then": approve_write("send")})
    other = bench.review(bench.item("Please refund my order K-10009"))
    rows = reviews_of(three[:1])

    done = decide(bench, [*rows, other])

    assert [one.verdict is not None for one in done] == [True, False]
    assert Review.objects.get(pk=other.pk).status == Review.OPEN


@pytest.mark.parametrize("given", [{"high_risk": True}, {"eyes": 2}, {"checklist": ["Is it theirs?"]}])
def test_some_queues_decide_each_alone(bench: Bench, three: list[WorkItem], given: dict[str, Any]) -> None:
    Queue.objects.filter(destination__slug="support").update(**given)

    with pytest.raises(NotAllowed, match="each review is decided alone"):
        decide(bench, reviews_of(three))
    client, page = client_of(bench, "ana"), f"/reviews/{reviews_of(three)[0].pk}/"
    assert client.get(f"{page}together").status_code == 403
    assert f"{page}together" not in client.get(page).content.decode()


def test_a_high_risk_tool_is_approved_alone(bench: Bench, three: list[WorkItem]) -> None:
    place = desk_queries.load().places["refund"]
    bench.desk.destination("refund", "tool", **{**place.config, "high_risk": True})

    with pytest.raises(NotAllowed, match="Refund is marked high-risk"):
        decide(bench, reviews_of(three))


@pytest.mark.parametrize("kind", ["correct", "reassign", "ask", "complete", "nonsense"])
def test_several_are_only_approved_or_declined(bench: Bench, three: list[WorkItem], kind: str) -> None:
    with pytest.raises(Invalid, match="only approved or declined"):
        decide(bench, reviews_of(three), kind)


def test_who_does_not_staff_the_queue_decides_none(bench: Bench, three: list[WorkItem]) -> None:
    done = decide(bench, reviews_of(three), who="olu")

    assert [one.verdict for one in done] == [None] * 3


def test_two_people_at_once_decide_each_once(bench: Bench, three: list[WorkItem]) -> None:
    rows = reviews_of(three)

    results = at_once([partial(decide, bench, rows, who=who) for who in ("ana", "ben")])

    assert Verdict.objects.count() == 3
    assert sum(one.verdict is not None for done in results for one in done) == 3  # type: ignore[attr-defined]


def test_what_differs_is_marked(bench: Bench, three: list[WorkItem]) -> None:
    rows = list(alike(bench.people["ana"], reviews_of(three)[0]))

    shown = cards(rows, desk_queries.load())

    marked = [[part.text for line in card.lines for part in line.parts if part.op == "added"] for card in shown]
    assert [set(texts) for texts in marked] == [{"10000"}, {"10001"}, {"10002"}]


def test_ticked_on_the_page_and_taken_back_at_once(bench: Bench, three: list[WorkItem]) -> None:
    rows, client = reviews_of(three), client_of(bench, "ana")
    address = f"/reviews/{rows[0].pk}/together"
    digests = {f"digest-{row.pk}": row.digest for row in rows}

    review = client.get(f"/reviews/{rows[0].pk}/").content.decode()
    page = client.get(address).content.decode()
    none = client.post(address, {**digests, "verdict": "approve"})
    no_reason = client.post(address, {**digests, "verdict": "reject", "tick": [rows[0].pk]})
    done = client.post(address, {**digests, "verdict": "approve", "tick": [rows[0].pk, rows[1].pk]})
    back = client.post(f"{address}/undo", {"tick": [rows[0].pk, rows[1].pk]}, follow=True)

    assert f'href="{address}"' in review
    assert page.count("Open alone") == 3
    assert (none.status_code, no_reason.status_code, done.status_code) == (422, 422, 200)
    assert "Undo them all" in done.content.decode()
    assert "Undone. Nothing was sent" in back.content.decode()
    assert [fresh(item).state for item in three] == [State.IN_REVIEW] * 3
    assert not Step.objects.filter(item__in=three, status=Step.DUE).exists()


def post(bench: Bench, rows: Sequence[Review], part: str = "", **given: str) -> Any:
    digests = {f"digest-{row.pk}": row.digest for row in rows}
    form = {"tick": [row.pk for row in rows], **digests, **given}
    return client_of(bench, "ana").post(f"/reviews/{rows[0].pk}/together{part}", form)


def hide(bench: Bench, row: Review) -> None:
    secret = bench.desk.work_type("secret")
    secret.visible_to.add(Group.objects.create(name="few"))
    WorkItem.objects.filter(pk=row.item_id).update(work_type=secret)


def test_one_that_may_not_be_seen_any_more_keeps_none_of_the_others(bench: Bench, three: list[WorkItem]) -> None:
    rows = reviews_of(three)
    hide(bench, rows[1])

    done = post(bench, rows, verdict="approve")

    assert done.status_code == 200
    assert three[1].code not in done.content.decode()
    assert set(Verdict.objects.values_list("review_id", flat=True)) == {rows[0].pk, rows[2].pk}


def test_all_that_may_be_seen_are_taken_back(bench: Bench, three: list[WorkItem]) -> None:
    rows = reviews_of(three)
    post(bench, rows, verdict="approve")
    hide(bench, rows[1])

    post(bench, rows, "/undo")

    undone = Verdict.objects.filter(undone_at__isnull=False).values_list("review_id", flat=True)
    assert set(undone) == {rows[0].pk, rows[2].pk}


def test_why_not_is_no_comment_on_an_approval(bench: Bench, three: list[WorkItem]) -> None:
    post(bench, reviews_of(three)[:1], verdict="approve", reason="x" * 100_000)

    assert Verdict.objects.get().comment == ""


def test_what_was_held_before_is_held_still_when_it_is_left(bench: Bench, three: list[WorkItem]) -> None:
    rows = reviews_of(three)
    held = claiming.claim(actor=bench.people["ana"], review_id=rows[0].pk)

    rows[0].digest = "0" * 64
    decide(bench, rows)

    now = Review.objects.get(pk=held.pk)
    assert (now.claimed_by_id, now.epoch) == (held.claimed_by_id, held.epoch)
