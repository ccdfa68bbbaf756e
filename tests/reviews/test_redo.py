"""What an agent wrote goes back to it with a note, twice at most; what it writes anew is asked about again."""

import json
from collections.abc import Iterator

import pytest

from reviews.models import Queue
from routing.errors import Invalid
from routing.models import Destination
from tests.desks import fresh
from tests.outgoing.scripted_server import Answer, ScriptedServer, completion, http, scripted_server
from tests.reviews.conftest import DRAFT, Bench
from tests.reviews.test_judging import FIX_OUTPUT, stopped_at

BETTER = "Hello Kim, the money reaches you on Friday."


@pytest.fixture
def answers() -> list[Answer]:
    """What the agent answers in turn; the last again and again."""
    return [wrote(DRAFT)]


@pytest.fixture
def model(answers: list[Answer]) -> Iterator[ScriptedServer]:
    with scripted_server(answers) as server:
        yield server


def wrote(text: str) -> Answer:
    return completion(json.dumps({"text": text}))


@pytest.mark.parametrize(
    ("kind", "texts"), [("output", ("fields", "text")), ("calls", ("drafts", "steps.reply.output.text"))]
)
def test_the_agent_is_shown_its_draft_and_the_note_and_its_new_draft_is_asked_about(
    bench: Bench, answers: list[Answer], kind: str, texts: tuple[str, str]
) -> None:
    part, name = texts
    item = stopped_at(bench, kind)
    first = bench.review(item)
    answers.append(wrote(BETTER))
    assert bench.decide_as(item, "redo", comment="Say when the money comes.").state == "working"
    bench.go_on(item)
    said = json.loads(bench.model.received[-1].body)["messages"]
    assert [one["role"] for one in said] == ["system", "user", "assistant", "user"]
    assert said[2]["content"] == DRAFT
    assert "Say when the money comes." in said[3]["content"]
    again = bench.review(item)
    assert again.pk != first.pk
    assert again.proposal[part][name] == BETTER
    assert (again.question, again.rule_id) == (first.question, first.rule_id)
    assert again.order_at <= first.order_at + (again.arrived_at - first.arrived_at)
    assert not bench.tools.received


def test_a_draft_that_stays_the_same_is_asked_about_again_too(bench: Bench) -> None:
    item = stopped_at(bench, "output")
    bench.decide_as(item, "redo", comment="Shorter.")
    bench.go_on(item)
    assert bench.review(item).proposal["fields"] == {"text": DRAFT}


def test_it_is_redone_twice_at_most(bench: Bench) -> None:
    item = stopped_at(bench, "output")
    for _ in range(2):
        bench.decide_as(item, "redo", comment="Shorter.")
        bench.go_on(item)
    asked = len(bench.model.received)
    with pytest.raises(Invalid, match="twice already"):
        bench.decide_as(item, "redo", comment="Shorter.")
    bench.decide_as(item, "approve")
    assert bench.go_on(item).state == "done"
    assert len(bench.model.received) == asked


def test_an_agent_that_fails_then_leaves_the_item_with_people(bench: Bench, answers: list[Answer]) -> None:
    item = stopped_at(bench, "output")
    answers.append(http(status=400))
    bench.decide_as(item, "redo", comment="Shorter.")
    bench.go_on(item)
    assert bench.review(item).proposal["kind"] == "retry"


@pytest.mark.parametrize("kind", ["task", "route", "continue", "facts"])
def test_what_no_agent_wrote_is_not_sent_back(bench: Bench, kind: str) -> None:
    item = stopped_at(bench, kind)
    with pytest.raises(Invalid, match="No AI agent"):
        bench.decide_as(item, "redo", "ada", comment="Shorter.")
    assert fresh(item).state == "in_review"


def test_it_needs_a_note_and_an_agent_that_is_still_there(bench: Bench) -> None:
    item = stopped_at(bench, "output")
    with pytest.raises(Invalid, match="what should be different"):
        bench.decide_as(item, "redo", comment="  ")
    Destination.objects.filter(slug="reply").update(archived=True)
    with pytest.raises(Invalid, match="no longer there"):
        bench.decide_as(item, "redo", comment="Shorter.")


def test_what_a_first_approval_fixed_is_gone_when_the_second_person_has_it_redone(
    bench: Bench, answers: list[Answer]
) -> None:
    item = stopped_at(bench, "output")
    Queue.objects.filter(destination__slug="support").update(eyes=2)
    bench.decide_as(item, "correct", "ana", **FIX_OUTPUT)
    answers.append(wrote(BETTER))
    bench.decide_as(item, "redo", "ben", comment="Say when the money comes.")
    bench.go_on(item)
    assert bench.review(item).proposal["fields"] == {"text": BETTER}
    assert bench.review(item).barred == []
