"""Texts by a model are found wherever they would be sent, so that a person approves them."""

from tests.reviews.conftest import DRAFT_FIRST, Bench, after

BY_RULE = {"do": "go", "to": ["notify"], "approved_by": "rule"}


def test_a_rule_may_not_approve_a_model_text_that_the_template_marks_optional(bench: Bench) -> None:
    bench.desk.destination(
        "notify", "tool", via="http", method="POST", effect="write", rule_may_approve=True,
        url=f"{bench.tools.url}/notes", body={"text": "{{ steps.reply.output.text? }}"},
    )  # fmt: skip
    bench.desk.rules("support", DRAFT_FIRST, after("reply", BY_RULE))
    item = bench.item()
    assert item.state == "in_review"
    assert list(bench.review(item).proposal["drafts"]) == ["steps.reply.output.text"]
    assert bench.tools.received == []
