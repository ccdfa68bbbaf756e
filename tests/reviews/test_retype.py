"""A reviewer says that a request is of another type: its inputs carry over, and nothing that was proposed is used."""

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from dispatchdesk.accounts.actors import actor_of
from reviews.actions import claiming, judging
from reviews.actions.judging import Judgement
from reviews.models import Queue, Review
from reviews.queries.figures import figures, queue_to_measure
from reviews.queries.quality import Right, quality_by_place
from routing.domain.states import State
from routing.errors import Invalid
from routing.kinds import people
from routing.models import FactRevision, RouterLabel, Step, WorkItem, WorkType
from routing.queries.facts import knowledge
from routing.transitions import database_now
from tests.desks import fresh
from tests.reviews.conftest import DRAFT_FIRST, Bench, after, approve_write
from tests.reviews.test_figures import client_of


@pytest.fixture
def drafted(bench: Bench) -> WorkItem:
    """A request whose refund, with an agent's words in it, waits for approval; its true type asks Finance."""
    bench.desk.work_type("returns", {"name": "order_number", "required": True, "pattern": r"\b(K-\d+)\b"})
    look = {"do": "escalate", "queue": "finance", "reason": "May it come back?"}
    bench.desk.rules("returns", {"when": {"fact": "input.order_number", "op": "known"}, "then": look}, DRAFT_FIRST)
    bench.desk.rules("support", DRAFT_FIRST, after("reply", approve_write("refund")))
    return bench.item()


def test_the_new_types_rules_decide_with_the_inputs_and_without_what_was_done(bench: Bench, drafted: WorkItem) -> None:
    bench.decide_as(drafted, "correct", correction={"type": "returns"})
    item = bench.go_on(drafted)

    assert item.work_type is not None
    assert (item.work_type.slug, item.state, item.run) == ("returns", State.IN_REVIEW, 2)
    assert bench.review(item).queue.slug == "finance"
    known = knowledge([item], database_now())[item.pk].facts
    assert known["input.order_number"].value == "K-10234"
    assert not {name for name in known if name.startswith(("steps.", "reviews."))}
    assert not Step.objects.filter(item=item, writes=True).exists()
    assert RouterLabel.objects.get(item=item).label == "returns"


def test_nothing_is_held_approved_by_it(bench: Bench, drafted: WorkItem) -> None:
    bench.decide_as(drafted, "correct", correction={"type": "returns"})

    assert not FactRevision.objects.filter(item=drafted, name__startswith="reviews.").exists()


@pytest.mark.parametrize(
    ("correction", "words"),
    [
        ({"type": "nowhere"}, "There is no work type"),
        ({"type": "support"}, "is of this type already"),
        ({"type": "returns", "drafts": {"steps.reply.output.text": "x"}}, "Change the type alone"),
    ],
)
def test_what_is_no_other_type_is_refused(
    bench: Bench, drafted: WorkItem, correction: dict[str, object], words: str
) -> None:
    with pytest.raises(Invalid, match=words):
        bench.decide_as(drafted, "correct", correction=correction)
    assert fresh(drafted).state == State.IN_REVIEW


def test_it_needs_no_second_approval_and_voids_the_first(bench: Bench, drafted: WorkItem) -> None:
    Queue.objects.filter(destination__slug="support").update(eyes=2)
    bench.decide_as(drafted, "approve", who="ana")

    bench.decide_as(drafted, "correct", who="ben", correction={"type": "returns"})
    item = bench.go_on(drafted)

    assert bench.review(item).queue.slug == "finance"


def test_it_is_chosen_in_the_workbench(bench: Bench, drafted: WorkItem) -> None:
    review = claiming.claim(actor=bench.people["ana"], review_id=bench.review(drafted).pk)
    client = client_of(bench, "ana")
    form = {"epoch": review.epoch, "digest": review.digest, "verdict": "retype"}
    address = f"/reviews/{review.pk}/decide"

    nothing = client.post(address, form)
    done = client.post(address, form | {"new_type": "returns"})
    pages = [client.get(f"/items/{drafted.code}/{part}").content.decode() for part in ("", "account/")]

    assert nothing.status_code == 422
    assert "Choose the type." in nothing.content.decode()
    assert done.status_code == 303
    assert Review.objects.get(pk=review.pk).status == Review.DECIDED
    # Nothing was approved, and no page says so.
    assert all("ound it of another type" in page and "pproved" not in page for page in pages)


def test_it_says_that_the_tool_and_the_place_were_wrong(bench: Bench, drafted: WorkItem) -> None:
    decision = bench.review(drafted).decision_id
    bench.decide_as(drafted, "correct", correction={"type": "returns"})

    assert decision is not None
    assert people().judged([decision])[decision].place_right is False
    assert quality_by_place(bench.people["ada"], database_now())["refund"].asked == Right(0, 1)
    figures_of = figures(bench.people["ada"], queue_to_measure(bench.people["ada"], "support"), 7, database_now())
    assert [share.words for share in figures_of.mix] == ["Found it of another type"]


@pytest.mark.parametrize("hidden", ["seen by a group only", "out of use"])
def test_a_type_one_may_not_see_or_use_is_neither_offered_nor_taken(
    bench: Bench, drafted: WorkItem, hidden: str
) -> None:
    returns = WorkType.objects.get(slug="returns")
    if hidden == "out of use":
        WorkType.objects.filter(pk=returns.pk).update(active=False)
    else:
        returns.visible_to.add(Group.objects.create(name="insiders"))
    ana = actor_of(bench.desk.people["ana"])
    review = claiming.claim(actor=ana, review_id=bench.review(drafted).pk)
    client = Client()
    client.force_login(bench.desk.people["ana"])

    page = client.get(f"/reviews/{review.pk}/").content.decode()

    assert "Returns" not in page
    with pytest.raises(Invalid, match="There is no work type"):
        judging.judge(
            actor=ana,
            review_id=review.pk,
            epoch=review.epoch,
            digest=review.digest,
            judgement=Judgement("correct", {"type": "returns"}),
        )
