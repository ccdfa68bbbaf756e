"""Each story of the practice desk ends where its path leads, by the real actions and the practice servers."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from reviews.actions.judging import Judgement
from routing.actions import publishing, sweeping
from routing.domain.roles import DESK, Role
from routing.domain.states import State
from routing.models import Decision, FactRevision, Letter, Question, RulebookVersion, Step, WorkItem
from tests.practice.conftest import Story, move_on

pytestmark = pytest.mark.usefixtures("live_desk")
Find = Callable[[str], Story]


def fact(item: WorkItem, name: str) -> FactRevision:
    return FactRevision.objects.filter(item=item, name=name).latest("seq")


def sent_mail(item: WorkItem) -> dict[str, str]:
    step = Step.objects.get(item=item, name="reply-to-requester", status=Step.SUCCEEDED)
    assert step.request is not None
    return dict(step.request)


def test_a_delivery_question_is_answered_without_a_person(story: Find) -> None:
    item = story("delivery").on().item
    assert (item.state, item.type_name) == (State.DONE, "Support")
    assert fact(item, "input.order_number").quote == "K-10234"
    assert fact(item, "input.order_number").provider == "text"
    mail = sent_mail(item)
    assert mail["to"] == item.requester_email
    assert mail["subject"] == f"[{item.code}] Your order K-10234"
    assert "Your parcel is on its way" in mail["text"]
    assert not item.reviews.exists()
    rules = list(Decision.objects.filter(item=item).order_by("pk").values_list("rule_id", flat=True))
    assert rules == ["sure", "track", "tell-where", "answered"]


def test_a_missing_order_number_is_asked_of_the_requester_alone_and_then_it_goes_on(story: Find) -> None:
    asked = story("no-number").on()
    assert (asked.item.state, asked.item.owner_kind) == (State.WAITING, "requester")
    assert Question.objects.get(item=asked.item).names == ["order_number"]
    assert Letter.objects.get(item=asked.item).kind == "question"
    item = asked.answer(order_number="k-10237").item
    assert item.state == State.DONE
    assert "Swift Parcels calls it" in sent_mail(item)["text"]


def test_a_refund_is_paid_and_answered_after_support_approves(story: Find) -> None:
    asked = story("refund").on()
    review = asked.review
    assert (asked.item.state, review.queue.slug, review.cause) == (State.IN_REVIEW, "support", "approval")
    refund, reply = review.proposal["calls"]
    assert refund["body"] == '{"amount":{"amount":64.5,"currency":"EUR"},"order":"K-10238"}'
    assert "We are refunding 64.50 EUR for order K-10238" in reply["text"]
    better = reply["text"].replace("Kind regards", "Thank you for telling us.\n\nKind regards")
    draft = {"steps.reply.output.text": better}
    item = asked.judge(Role.REVIEWER, Judgement("correct", correction={"drafts": draft})).item
    assert item.state == State.DONE
    assert str(fact(item, "steps.refund.output.refund_id").value).startswith("R-")
    assert sent_mail(item)["text"] == better


def test_a_large_refund_goes_to_finance_once_the_ready_draft_is_published(story: Find) -> None:
    draft = RulebookVersion.objects.get(rulebook__work_type__slug="support", status=RulebookVersion.DRAFT)
    assert draft.number == 2
    publishing.publish(actor=DESK, version_id=draft.pk, note="Try it", reason="a test")
    small = story("refund")
    WorkItem.objects.filter(pk=small.item.pk).update(text="I want a refund of 238 EUR for my order K-10235")
    large = small.on()
    assert large.review.queue.slug == "finance"
    assert large.judge(Role.REVIEWER, Judgement("approve")).item.state == State.DONE
    assert Step.objects.filter(item=large.item, name="refund", status=Step.SUCCEEDED).count() == 1


def test_small_refunds_stay_with_support_under_the_ready_draft(story: Find) -> None:
    draft = RulebookVersion.objects.get(rulebook__work_type__slug="support", status=RulebookVersion.DRAFT)
    publishing.publish(actor=DESK, version_id=draft.pk, note="Try it", reason="a test")
    assert story("refund").on().review.queue.slug == "support"


def test_a_text_with_a_banned_claim_is_fixed_by_content_and_only_then_sent(story: Find) -> None:
    drafted = story("copy").on()
    review = drafted.review
    assert review.queue.slug == "content"
    assert "claims that the brand rules ban" in review.reason
    text = review.proposal["drafts"]["steps.copy.output.text"]
    assert "the best kettle in the world" in text
    better = text.replace("It is the best kettle in the world, and yours", "It is yours")
    item = drafted.judge(
        Role.REVIEWER, Judgement("correct", correction={"drafts": {"steps.copy.output.text": better}})
    ).item
    assert item.state == State.DONE
    assert better in sent_mail(item)["text"]
    assert "best kettle" not in sent_mail(item)["text"]


def test_a_report_is_written_from_the_rows_and_sent_after_finance_approves(story: Find) -> None:
    written = story("report").on()
    total = FactRevision.objects.get(item=written.item, name="source.sales.total").value
    assert written.review.queue.slug == "finance"
    assert f"{total:,}" in str(written.review.proposal["calls"][0]["text"])
    assert written.judge(Role.REVIEWER, Judgement("approve")).item.state == State.DONE


def test_a_report_without_rows_goes_to_triage(story: Find) -> None:
    asked = story("report")
    WorkItem.objects.filter(pk=asked.item.pk).update(text="Please send a report with the revenue for 2019-05")
    WorkItem.objects.filter(pk=asked.item.pk).update(title="Old report")
    review = asked.on().review
    assert (review.queue.slug, review.question) == ("triage", "There are no sales rows for this metric and period.")


def test_a_page_is_published_after_content_approves_and_checked_a_day_later(story: Find) -> None:
    drafted = story("page").on()
    assert drafted.review.queue.slug == "content"
    assert len(drafted.review.queue.checklist) == 3
    waiting = drafted.judge(Role.REVIEWER, Judgement("approve")).item
    published = Step.objects.get(item=waiting, name="publish-page").ended_at
    assert published is not None
    assert waiting.wake_at is not None
    assert waiting.state == State.WAITING
    assert timedelta(days=1) <= waiting.wake_at - published < timedelta(days=1, minutes=1)
    WorkItem.objects.filter(pk=waiting.pk).update(wake_at=published)
    sweeping.sweep()
    move_on()
    assert drafted.on().item.state == State.DONE
    assert fact(waiting, "steps.check-page.output.status").value == "live"


def test_an_unsure_one_waits_in_triage_and_goes_where_the_operator_says(story: Find) -> None:
    unsure = story("unsure").on()
    assert unsure.review.queue.slug == "triage"
    assert unsure.review.question.startswith("The desk is only ")
    assert unsure.item.work_type is None
    handed = unsure.judge(Role.OPERATOR, Judgement("correct", correction={"destination": "support"}))
    assert handed.review.kind == "assigned"
    assert handed.judge(Role.REVIEWER, Judgement("complete", result={})).item.state == State.DONE


def test_the_suggestion_of_a_type_lets_its_rules_decide(story: Find) -> None:
    unsure = story("unsure").on()
    assert unsure.review.proposal["type"] == "support"
    assert unsure.review.proposal["destination"] == ""
