"""The model as router and reader, over real sockets: it suggests, and is never believed blindly."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from reviews.models import Review
from routing.actions import running
from routing.models import FactRevision, Letter
from tests.desks import TestDesk, decide, fresh
from tests.outgoing.scripted_server import Answer, ScriptedServer, completion, http, scripted_server

pytestmark = pytest.mark.django_db(transaction=True)


@contextmanager
def model(settings: Any, *answers: Answer) -> Iterator[ScriptedServer]:
    with scripted_server(answers) as server:
        settings.DESK_ALLOW_HOSTS = [server.name]
        settings.AI_BASE_URL, settings.AI_API_KEY, settings.AI_MODEL = f"{server.url}/v1", "k", "scripted-1"
        settings.ROUTER = "model"
        yield server


def run_due() -> None:
    decide()
    while ids := running.due_steps():
        for step_id in ids:
            running.run_step(step_id)
        decide()


@pytest.fixture
def desk() -> TestDesk:
    made = TestDesk()
    made.queue("triage", staff_role="operator")
    made.work_type(
        "support", {"name": "order_number", "required": True}, {"name": "amount", "kind": "money", "currency": "EUR"}
    )
    made.rules(
        None, {"when": {"fact": "router.confidence", "op": "at_least", "value": 0.8}, "set": {"type": "router.type"}}
    )
    made.rules("support", {"when": {"fact": "input.order_number", "op": "known"}, "then": {"do": "finish"}})
    return made


def route(label: str, confidence: float) -> Answer:
    return completion(json.dumps({"label": label, "confidence": confidence, "reason": "it says so"}))


def read(*values: tuple[str, str, str]) -> Answer:
    rows = [{"name": name, "value": value, "quote": quote} for name, value, quote in values]
    return completion(json.dumps({"values": rows}))


def test_a_confident_suggestion_gives_the_type(desk: TestDesk, settings: Any) -> None:
    with model(settings, route("support", 0.93), read(("order_number", "77-A", "order 77-A"))):
        item = desk.send("Where is order 77-A?")
        run_due()
    row = FactRevision.objects.get(item=item, name="input.order_number")
    assert (fresh(item).state, row.value, row.quote, row.provider) == ("done", "77-A", "order 77-A", "text")


def test_an_unsure_suggestion_goes_to_triage_with_how_sure_it_is(desk: TestDesk, settings: Any) -> None:
    with model(settings, route("support", 0.4)):
        item = desk.send("hm")
        run_due()
    review = Review.objects.get(item=item)
    assert (review.queue.slug, review.proposal) == (
        "triage",
        {"kind": "route", "type": "support", "destination": "", "confidence": "0.4"},
    )


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (route("nowhere", 1.0), "does not exist"),
        (completion("not json"), "could not be read"),
        (completion(None, refusal="I will not"), "refused"),
        (http("", 401), "could not be reached"),
    ],
)
def test_what_the_model_cannot_say_is_told_by_its_cause(
    desk: TestDesk, settings: Any, answer: Answer, words: str
) -> None:
    with model(settings, answer):
        item = desk.send("hello")
        run_due()
    assert words in Review.objects.get(item=item).question


def test_a_value_the_text_does_not_bear_out_is_offered_and_not_used(desk: TestDesk, settings: Any) -> None:
    with model(settings, read(("order_number", "99-Z", "my order 99-Z"), ("amount", "1000 EUR", "refund"))):
        item = desk.send("Where is it?", type="support", requester_email="kim@example.org")
        run_due()
    assert (fresh(item).state, Letter.objects.filter(item=item).count()) == ("waiting", 1)
    doubtful = dict(FactRevision.objects.filter(item=item, doubtful=True).values_list("name", "value"))
    assert doubtful == {"input.order_number": "99-Z", "input.amount": {"amount": "1000", "currency": "EUR"}}


def doubtful_amount(desk: TestDesk, settings: Any, value: str, quote: str, text: str = "") -> bool:
    """Return whether an amount that the model reads from these words of a request is doubted."""
    with model(settings, read(("amount", value, quote))):
        item = desk.send(text or f"Yesterday: {quote}.", type="support", requester_email="kim@example.org")
        run_due()
    return FactRevision.objects.get(item=item, name="input.amount").doubtful


@pytest.mark.parametrize(
    ("value", "quote"), [("10.50 EUR", "10.50 EUR"), ("25", "it cost 25, I think"), ("1,250 EUR", "1,250 EUR")]
)
def test_words_bear_out_a_value_that_stands_in_them_as_a_whole(
    desk: TestDesk, settings: Any, value: str, quote: str
) -> None:
    assert not doubtful_amount(desk, settings, value, quote)


@pytest.mark.parametrize(("value", "quote"), [("1023 EUR", "order K-10234"), ("10", "10.50 EUR"), ("234", "K-234")])
def test_a_part_of_other_words_bears_out_nothing(desk: TestDesk, settings: Any, value: str, quote: str) -> None:
    assert doubtful_amount(desk, settings, value, quote)
    assert doubtful_amount(desk, settings, value, value, f"Yesterday: {quote}.")


def test_without_a_reader_the_requester_is_asked(desk: TestDesk, settings: Any) -> None:
    with model(settings, http("", 401)):
        item = desk.send("Where is it?", type="support", requester_email="kim@example.org")
        run_due()
    assert fresh(item).state == "waiting"
