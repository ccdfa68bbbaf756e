"""Nothing leaves but what a person or a permitted rule approved, whatever stands in the texts that go into it."""

import json
from typing import Any

import pytest
from pytest_django import Settings

from reviews.actions import judging
from reviews.models import Review
from routing.actions import configuring
from routing.domain.roles import DESK
from routing.models import Step, WorkItem
from tests.outgoing.scripted_server import completion, json_reply, scripted_server
from tests.reviews.conftest import ALWAYS, DRAFT_FIRST, Bench, after, approve_write, make_bench

ATTACK = "{{ item.requester_email }} {% debug %} ${7*7} {{ input.order_number }}"


@pytest.fixture
def bench(settings: Settings, transactional_db: None) -> Any:
    attack = completion(json.dumps({"text": ATTACK}))
    with scripted_server([attack]) as model, scripted_server([json_reply({"ok": True, "id": "R-1"})]) as tools:
        yield make_bench(model, tools, settings)


def approved(bench: Bench, item: WorkItem) -> WorkItem:
    return bench.let_it_leave(bench.decide_as(item, "approve"))


def test_a_hostile_model_sends_nothing_through_a_rule(bench: Bench) -> None:
    write = {"via": "http", "method": "POST", "effect": "write", "rule_may_approve": True}
    texts = {
        "plain": {"note": "{{ steps.reply.output.text }}"},
        "optional": {"note": "{{ steps.reply.output.text? }}"},
        "by-rule": {"note": "{{ with.text }}"},
        "deep": {"a": [{"b": "{{ steps.reply.output.text }}"}]},
    }
    for slug, body in texts.items():
        config = {**write, "url": f"{bench.tools.url}/{slug}", "body": body}
        go: dict[str, Any] = {"do": "go", "to": [slug], "approved_by": "rule"}
        if slug == "by-rule":
            go["with"] = {"text": "{{ steps.reply.output.text }}"}
        # Published while the tool permitted it, and used when it no longer does.
        bench.desk.destination(slug, "tool", **config, rule_may_approve_model_text=True)
        bench.desk.rules("support", DRAFT_FIRST, after("reply", go))
        bench.desk.destination(slug, "tool", **config)
        item = bench.item()
        assert (item.state, bench.review(item).proposal["kind"]) == ("in_review", "calls"), slug
    assert bench.tools.received == []
    assert not Step.objects.filter(writes=True).exists()


def test_values_are_inserted_as_they_are_and_never_filled_in_again(bench: Bench) -> None:
    bench.desk.rules("support", DRAFT_FIRST, after("reply", approve_write("refund")))
    item = bench.item(text="Refund K-10234 {{ item.title }}", title=ATTACK)
    proposal = bench.review(item).proposal
    approved(bench, item)
    assert bench.tools.received[0].json == {"order": "K-10234", "note": ATTACK}
    assert bench.tools.received[0].body.decode() == proposal["calls"][0]["body"]


def test_a_corrected_draft_is_text_and_only_shown_drafts_can_be_corrected(bench: Bench) -> None:
    bench.desk.rules("support", DRAFT_FIRST, after("reply", approve_write("refund")))
    item = bench.item()
    for drafts in ({"item.requester_email": "m@example.net"}, {"with.text": "x"}, {"input.order_number": "K-1"}):
        with pytest.raises(Exception, match="Only the drafts shown"):
            bench.decide_as(item, "correct", correction={"drafts": drafts})
    mine = {"steps.reply.output.text": "{{ item.text }} }} {{"}
    bench.let_it_leave(bench.decide_as(item, "correct", correction={"drafts": mine}))
    assert bench.tools.received[0].json["note"] == "{{ item.text }} }} {{"


@pytest.mark.parametrize(
    "value", ["..", ".", "../../refunds/1", "a/../b", "?admin=1", "#x", "@evil.example", "%2e%2e", "a b"]
)
def test_a_value_in_an_address_is_one_piece_of_its_path(bench: Bench, value: str) -> None:
    configuring.save_destination(
        actor=DESK, slug="send", name="Send", kind="tool",
        config={
            "via": "http", "method": "POST", "effect": "write", "body": {"a": 1},
            "success": {"path": "ok", "equals": "true"},
            "url": f"{bench.tools.url}/orders/{{{{ item.title }}}}/letters",
        },
    )  # fmt: skip
    bench.desk.rules("support", {"when": ALWAYS, "then": approve_write("send")})
    item = bench.item(title=value)
    review = bench.review(item)
    if review.proposal["kind"] == "calls":
        approved(bench, item)
        [sent] = bench.tools.received
        start, piece, end = sent.target.split("/")[1:]
        assert (start, end) == ("orders", "letters")
        assert piece not in {"", ".", ".."}
        assert not set("?#@/ ") & set(piece)
    else:
        assert value in {".", ".."}
        assert bench.tools.received == []


@pytest.mark.parametrize("host", ["127.0.0.1:1", "evil.example", "x@evil.example", "evil.example#", "169.254.169.254"])
def test_a_credential_goes_to_its_own_origin_alone(bench: Bench, host: str) -> None:
    """Even with an address that a form would refuse: its host taken from the request."""
    secret = configuring.save_credential(
        actor=DESK, name="crm", header="Authorization", url=bench.tools.url, secret="Bearer canary-1"
    )
    for url in (
        "http://{{ item.title }}/x",
        f"{bench.tools.url}{{{{ item.title }}}}/x",
        f"{bench.tools.url}@{{{{ item.title }}}}/x",
        "{{ item.title }}",
    ):
        config = {"via": "http", "method": "GET", "url": url, "credential": secret.pk, "timeout_seconds": 1}
        version = configuring.save_destination(actor=DESK, slug="track", name="Track", kind="tool", config=config)
        version.config["credential"] = secret.pk  # as if it had been kept
        version.save()
        bench.desk.rules("support", {"when": ALWAYS, "then": {"do": "go", "to": ["track"]}})
        step = Step.objects.filter(item=bench.item(title=host), name="track").latest("pk")
        assert step.status == Step.FAILED, url
    assert bench.tools.received == []


def test_headers_hold_one_line(bench: Bench) -> None:
    bench.desk.work_type("long", {"name": "order_number", "kind": "long_text"})
    bench.desk.rules("long", {"when": ALWAYS, "then": approve_write("refund")})
    item = bench.item(type="long", inputs={"order_number": "K-1\r\nX-Admin: 1\r\n\r\nGET /"})
    approved(bench, item)
    [sent] = bench.tools.received
    assert sent.headers["x-order"] == "K-1 X-Admin: 1 GET /"
    assert "x-admin" not in sent.headers


def test_an_approval_is_used_once_and_never_after_it_was_taken_back(bench: Bench) -> None:
    bench.desk.rules("support", {"when": ALWAYS, "then": approve_write("refund")})
    item = bench.item()
    review = bench.claim(item)
    seen = (review.epoch, review.digest)
    bench.judge(review, "approve")
    bench.judge(review, "approve")  # a double click
    judging.undo(actor=bench.people["ana"], review_id=review.pk)
    with pytest.raises(Exception, match="ran out"):
        bench.judge(review, "approve")
    assert bench.let_it_leave(item).state == "in_review"
    assert bench.tools.received == []
    review = Review.objects.get(pk=review.pk)
    with pytest.raises(Exception, match="has changed"):
        judging.judge(
            actor=bench.people["ana"], review_id=review.pk, epoch=review.epoch, digest="0" * 64,
            judgement=judging.Judgement("approve"),
        )  # fmt: skip
    assert review.epoch != seen[0]
    bench.judge(review, "approve")
    bench.let_it_leave(item)
    with pytest.raises(Exception, match="too late"):
        judging.undo(actor=bench.people["ana"], review_id=review.pk)
    assert len(bench.tools.received) == 1
    assert len({sent.headers["idempotency-key"] for sent in bench.tools.received}) == 1


def test_what_changed_since_the_approval_is_not_sent(bench: Bench) -> None:
    bench.desk.rules("support", {"when": ALWAYS, "then": approve_write("refund")})
    item = bench.decide_as(bench.item(), "approve")
    config = Step.objects.get(item=item).version.config  # type: ignore[union-attr]
    configuring.save_destination(
        actor=DESK, slug="refund", name="Refund", kind="tool", config={**config, "url": f"{bench.tools.url}/elsewhere"}
    )
    item = bench.let_it_leave(item)
    assert (item.state, bench.tools.received) == ("in_review", [])


def test_typed_values_stay_values_in_a_body(bench: Bench) -> None:
    bench.desk.work_type("typed", {"name": "order_number"}, {"name": "amount", "kind": "number"})
    configuring.save_destination(
        actor=DESK, slug="send", name="Send", kind="tool",
        config={
            "via": "http", "method": "POST", "effect": "write", "url": f"{bench.tools.url}/x",
            "body": {"amount": "{{ input.amount }}", "quoted": "n={{ input.order_number }}", "limit": 5},
        },
    )  # fmt: skip
    bench.desk.rules("typed", {"when": ALWAYS, "then": approve_write("send")})
    item = bench.item(type="typed", inputs={"amount": "12.50", "order_number": '1","limit":999,"x":"'})
    approved(bench, item)
    assert bench.tools.received[0].json == {"amount": 12.5, "quoted": 'n=1","limit":999,"x":"', "limit": 5}
