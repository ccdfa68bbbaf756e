"""The practice model and tools speak the real protocols, so the desk's own client is what talks to them here."""

import json
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
import uvicorn

from dispatchdesk.practice.servers.asgi import PracticeServers
from dispatchdesk.practice.servers.conforming import fitted
from dispatchdesk.practice.servers.ledger import Ledger
from routing.outgoing.chat import ChatReply, ChatSettings, complete
from routing.outgoing.client import GuardedClient
from routing.outgoing.errors import Cause, OutgoingError
from routing.outgoing.messages import Request, Response
from routing.outgoing.schemas import schema_problem, strict_schema, violation


class Desk:
    """Calls the running practice servers as the desk does."""

    def __init__(self, port: int) -> None:
        self.name = f"127.0.0.1:{port}"
        self.client = GuardedClient([self.name])

    def call(self, method: str, path: str, data: object = None, key: str = "") -> tuple[int, dict[str, object]]:
        body = b"" if data is None else json.dumps(data).encode()
        headers = {"Idempotency-Key": key} if key else {}
        response: Response = self.client.send(
            Request(method, f"http://{self.name}{path}", headers, body), deadline_seconds=10, max_bytes=100_000
        )
        loaded: dict[str, object] = json.loads(response.body)
        return response.status, loaded

    def ask(
        self, system: str, user: str, properties: Mapping[str, object] | None = None, max_tokens: int = 900
    ) -> ChatReply:
        return complete(
            ChatSettings(f"http://{self.name}/v1", "", "practice"),
            [{"role": "system", "content": system}, {"role": "user", "content": user}],
            schema={"type": "object", "properties": properties} if properties else None,
            schema_name="answer",
            deadline_seconds=10,
            max_tokens=max_tokens,
            allow=frozenset({self.name}),
        )

    def data(self, system: str, user: str, properties: Mapping[str, object]) -> dict[str, object]:
        reply = self.ask(system, user, properties)
        assert isinstance(reply.data, dict)
        return reply.data


@pytest.fixture(scope="module")
def desk() -> Iterator[Desk]:
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(PracticeServers(), lifespan="off", ws="none", log_level="warning"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    desk = Desk(listener.getsockname()[1])
    yield desk
    desk.client.close()
    server.should_exit = True
    thread.join(10)
    listener.close()


TEXT = {"type": "string"}
DRAFT = {"subject": TEXT, "text": TEXT}


def test_a_reply_is_drafted_from_the_facts_and_quotes_the_request(desk: Desk) -> None:
    data = desk.data(
        "You are the reply agent of Kettle & Co.",
        "Customer name: Mia Novak\nOrder number: K-10234\nRefund amount: 49.00 EUR\n"
        "<request>\nThe kettle is not for me, I want my money back.\n</request>",
        DRAFT,
    )
    assert data["subject"] == "Refund: order K-10234"
    assert str(data["text"]).startswith("Hello Mia,")
    assert "We are refunding 49.00 EUR for order K-10234." in str(data["text"])
    assert "You wrote: “The kettle is not for me, I want my money back.”" in str(data["text"])


@pytest.mark.parametrize("agent", ["reply", "copy", "report", "page writer", "gardening"])
def test_a_visitors_own_text_is_quoted_and_the_model_says_it_is_unsure(desk: Desk, agent: str) -> None:
    data = desk.data(
        f"You are the {agent} agent.",
        "<request>My tortoise would like a hat</request>",
        {**DRAFT, "sure": {"type": "boolean"}},
    )
    assert "You wrote: “My tortoise would like a hat”" in str(data["text"])
    assert "not sure" in str(data["text"])
    assert data["sure"] is False


def test_copy_names_its_claims_and_those_that_the_brand_rules_ban(desk: Desk) -> None:
    data = desk.data(
        "You are the copy agent. Brand rules: never say that we are the best.",
        "Product: Volta electric kettle\nRequest: a post for Friday",
        {"headline": TEXT, "body": TEXT, "claims": {"type": "array", "items": TEXT}, "banned_claims": TEXT},
    )
    assert "Volta electric kettle" in str(data["headline"])
    assert data["claims"] == [
        "The Volta electric kettle heats to the degree, from 40 to 100",
        "The best kettle in the world",
    ]
    assert data["banned_claims"] == "The best kettle in the world"


def test_a_report_sums_the_rows_it_was_given(desk: Desk) -> None:
    status, sales = desk.call("GET", "/sources/sales?metric=revenue&period=2025-03")
    assert status == 200
    data = desk.data(
        "You are the report agent.",
        f"Metric: revenue\nPeriod: March 2025\nRows: {json.dumps(sales['rows'])}",
        {"title": TEXT, "summary": TEXT},
    )
    assert data["title"] == "Revenue, March 2025"
    assert f"Revenue for March 2025: {sales['total']:,}." in str(data["summary"])
    assert str(sales["best"]) in str(data["summary"])


def test_a_page_is_written_with_its_title_and_slug(desk: Desk) -> None:
    data = desk.data(
        "You are the page writer agent.",
        "Page: /care-guide\nSEO title: How to look after a kettle\nImage: kettle.jpg",
        {"slug": TEXT, "seo_title": TEXT, "body": TEXT, "image": TEXT},
    )
    assert (data["slug"], data["seo_title"], data["image"]) == (
        "care-guide",
        "How to look after a kettle",
        "kettle.jpg",
    )


ROUTE = {
    "type": {"type": "string", "enum": ["support", "marketing", "reporting", "website"]},
    "confidence": {"type": "number", "minimum": 0, "maximum": 1},
    "reason": {"type": "string", "maxLength": 300},
}


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("Where is my parcel? The order is K-10234.", "support"),
        ("Please write a newsletter post for the spring campaign", "marketing"),
        ("I need the sales figures and revenue numbers of last quarter", "reporting"),
        ("Change the homepage banner of the website", "website"),
    ],
)
def test_a_request_is_routed_by_what_it_says(desk: Desk, text: str, label: str) -> None:
    data = desk.data("You route requests.", f"<request>\n{text}\n</request>", ROUTE)
    assert data["type"] == label
    assert float(str(data["confidence"])) >= 0.8


@pytest.mark.parametrize("text", ["Good morning!", "The newsletter says that my order has a report"])
def test_a_request_that_fits_nothing_or_several_is_routed_unsurely(desk: Desk, text: str) -> None:
    labels = {"label": {"type": "string", "enum": ["support", "marketing", "reporting", "none"]}}
    data = desk.data("You route requests.", f"<request>{text}</request>", {**labels, "confidence": {"type": "number"}})
    assert float(str(data["confidence"])) < 0.5


def test_without_a_schema_the_answer_is_text(desk: Desk) -> None:
    reply = desk.ask("You are the reply agent.", "Where is my parcel? K-10001")
    assert "order K-10001" in str(reply.data)
    assert reply.prompt_tokens > 0
    assert reply.completion_tokens > 0


def test_an_answer_over_the_token_limit_is_cut_off_and_says_so(desk: Desk) -> None:
    with pytest.raises(OutgoingError) as caught:
        desk.ask("You are the reply agent.", "Where is my parcel?", DRAFT, max_tokens=5)
    assert caught.value.cause == Cause.OVER_BUDGET


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object", "properties": {"a": {"type": "array", "items": DRAFT["text"], "minItems": 2}}},
        {
            "type": "object",
            "properties": {"a": {"$ref": "#/$defs/row"}},
            "$defs": {"row": {"type": "object", "properties": {"n": {"type": "integer", "minimum": 3}}}},
        },
        {"type": "object", "properties": {"a": {"anyOf": [{"type": "null"}, {"type": "string"}]}}},
        {"type": "object", "properties": {"a": {"type": ["string", "null"], "minLength": 40, "maxLength": 50}}},
        {"type": "object", "properties": {"a": {"const": 7}, "b": {"type": "boolean"}, "c": {"enum": ["x", "y"]}}},
        {
            "type": "object",
            "properties": {"claims": {"type": "array", "items": {"type": "object", "properties": DRAFT}}},
        },
    ],
)
def test_what_the_practice_model_says_keeps_to_the_schema(schema: dict[str, object]) -> None:
    strict = strict_schema(schema)
    assert schema_problem(schema) == ""
    values = {"text": "Hello.", "subject": "Hi", "summary": "A reply.", "claims": ["one", "two"]}
    assert violation(fitted(strict, values), strict) is None


def test_a_parcel_is_tracked_and_an_unknown_order_is_not_found(desk: Desk) -> None:
    status, parcel = desk.call("GET", "/tools/parcels/K-10234")
    assert (status, parcel["order"]) == (200, "K-10234")
    assert str(parcel["status_text"]).startswith("Your parcel ")
    assert desk.call("GET", "/tools/parcels/K-99999")[0] == 404
    assert desk.call("GET", "/tools/parcels/..%2F..%2Fetc")[0] == 404


def test_an_order_names_its_customer_and_total(desk: Desk) -> None:
    status, order = desk.call("GET", "/sources/orders/K-10234")
    assert (status, order["number"]) == (200, "K-10234")
    assert order["total"] == {"amount": "119.00", "currency": "EUR"}


@pytest.mark.parametrize("query", ["metric=revenue&period=2999-01", "metric=luck&period=2025-01", "metric=revenue", ""])
def test_sales_that_there_are_none_of_are_not_found(desk: Desk, query: str) -> None:
    assert desk.call("GET", f"/sources/sales?{query}")[0] == 404


def test_a_refund_is_made_once_for_each_key(desk: Desk) -> None:
    wanted = {"order": "K-10234", "amount": {"amount": "49.00", "currency": "EUR"}}
    status, refund = desk.call("POST", "/tools/refunds", wanted, key="k-1")
    assert (status, refund["status"], refund["amount"]) == (201, "accepted", {"amount": "49.00", "currency": "EUR"})
    assert desk.call("POST", "/tools/refunds", wanted, key="k-1") == (201, refund)
    assert desk.call("POST", "/tools/refunds", wanted | {"order": "K-10001"}, key="k-1")[0] == 409
    assert desk.call("POST", "/tools/refunds", wanted, key="k-2")[1]["refund_id"] != refund["refund_id"]


@pytest.mark.parametrize(
    ("data", "status"),
    [
        ({"order": "K-10234", "amount": "-5"}, 422),
        ({"order": "K-10234", "amount": "NaN"}, 422),
        ({"order": "K-10234", "amount": "5000"}, 422),
        ({"order": "K-10234", "amount": {"amount": "5", "currency": "USD"}}, 422),
        ({"order": "K-99999", "amount": "5"}, 404),
        ([], 422),
    ],
)
def test_a_refund_that_makes_no_sense_is_refused(desk: Desk, data: object, status: int) -> None:
    assert desk.call("POST", "/tools/refunds", data, key="k-wrong")[0] == status


def test_a_write_without_a_key_is_refused(desk: Desk) -> None:
    assert desk.call("POST", "/tools/refunds", {"order": "K-10234", "amount": "5"})[0] == 400


def test_a_page_is_there_once_it_was_published(desk: Desk) -> None:
    assert desk.call("GET", "/tools/pages/spring-teas")[0] == 404
    status, page = desk.call(
        "POST", "/tools/pages", {"page": "/Spring teas", "seo_title": "Spring", "body": "All about tea"}, key="p-1"
    )
    assert (status, page["slug"], page["status"]) == (201, "spring-teas", "published")
    status, found = desk.call("GET", "/tools/pages/spring-teas")
    assert (status, found["status"], found["title"]) == (200, "live", "Spring")


def test_a_restart_forgets_neither_keys_nor_pages(tmp_path: Path) -> None:
    path = tmp_path / "tools.jsonl"
    body = json.dumps({"slug": "care", "title": "Care", "body": "Dry it."}).encode()
    first = Ledger(path).write("pages", "p-1", body)
    with path.open("a") as file:
        file.write('{"key": "half')
    again = Ledger(path)
    assert again.page("care")[0] == 200
    assert again.write("pages", "p-1", body) == first
    assert again.write("pages", "p-1", b"{}")[0] == 409


def test_answers_take_their_time() -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    servers = PracticeServers(model_delay_seconds=0.0, tool_delay_seconds=0.4)
    server = uvicorn.Server(uvicorn.Config(servers, lifespan="off", ws="none", log_level="warning"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    desk = Desk(listener.getsockname()[1])
    started = time.monotonic()
    assert desk.call("GET", "/tools/parcels/K-10234")[0] == 200
    assert time.monotonic() - started >= 0.4
    desk.client.close()
    server.should_exit = True
    thread.join(10)
    listener.close()
