"""A model's provider at its worst: every fault ends as an error with its cause, never as an answer."""

import json
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from routing.outgoing.chat import ChatReply, ChatSettings, complete
from routing.outgoing.errors import Cause, OutgoingError, Sent
from tests.outgoing.scripted_server import (
    Answer,
    ScriptedServer,
    completion,
    hang,
    http,
    json_reply,
    reset,
    scripted_server,
    trickle,
)

KEY = "sk-canary-123456"
MESSAGES = [{"role": "system", "content": "You route requests."}, {"role": "user", "content": "Where is my kettle?"}]
SCHEMA: dict[str, object] = {
    "type": "object",
    "properties": {
        "destination": {"type": "string", "enum": ["support", "finance"]},
        "confidence": {"type": "number", "minimum": 0, "maximum": 1},
    },
}
GOOD = json.dumps({"destination": "support", "confidence": 0.9})


def ask(
    server: ScriptedServer, *, schema: Mapping[str, object] | None = SCHEMA, deadline_seconds: float = 10
) -> ChatReply:
    return complete(
        ChatSettings(f"{server.url}/v1/", KEY, "scripted"),
        MESSAGES,
        schema=schema,
        schema_name="route",
        deadline_seconds=deadline_seconds,
        max_tokens=200,
        allow=frozenset({server.name}),
    )


def failure(*script: Answer, deadline_seconds: float = 10) -> tuple[OutgoingError, ScriptedServer, float]:
    with scripted_server(script) as server:
        started = time.monotonic()
        with pytest.raises(OutgoingError) as caught:
            ask(server, deadline_seconds=deadline_seconds)
        return caught.value, server, time.monotonic() - started


def test_an_answer_in_the_schema_comes_back_with_its_tokens() -> None:
    with scripted_server([completion(GOOD)]) as server:
        reply = ask(server)
    assert reply.data == {"destination": "support", "confidence": 0.9}
    assert (reply.text, reply.prompt_tokens, reply.completion_tokens, reply.model) == (GOOD, 11, 7, "scripted-1")
    [received] = server.received
    assert (received.method, received.target) == ("POST", "/v1/chat/completions")
    assert received.headers["authorization"] == f"Bearer {KEY}"
    assert received.json == reply.request_json
    assert received.json["messages"] == MESSAGES
    assert received.json["response_format"] == {
        "type": "json_schema",
        "json_schema": {
            "name": "route",
            "strict": True,
            "schema": {**SCHEMA, "additionalProperties": False, "required": ["destination", "confidence"]},
        },
    }
    assert KEY not in json.dumps([reply.request_json, reply.response_json])
    assert KEY not in repr(ChatSettings(server.url, KEY, "scripted"))


def test_without_a_schema_the_text_is_the_answer() -> None:
    with scripted_server([completion("Dear customer, ...")]) as server:
        reply = ask(server, schema=None)
    assert (reply.data, reply.text) == ("Dear customer, ...", "Dear customer, ...")
    assert "response_format" not in server.received[0].json


@pytest.mark.parametrize(
    ("answer", "cause"),
    [
        (completion(None, refusal="I can't help with that."), Cause.REFUSED),
        (completion("", finish_reason="content_filter"), Cause.REFUSED),
        (completion(GOOD[:20], finish_reason="length"), Cause.OVER_BUDGET),
        (completion(GOOD, finish_reason="length"), Cause.OVER_BUDGET),
        (completion(GOOD[:20]), Cause.UNPARSED),
        (completion(None), Cause.UNPARSED),
        (completion("   "), Cause.UNPARSED),
        (completion("Sure! I would send it to support."), Cause.UNPARSED),
        (completion(f"Here it is: {GOOD}"), Cause.UNPARSED),
        (completion("[]"), Cause.UNPARSED),
        (completion("null"), Cause.UNPARSED),
        (completion('{"destination": "support"}'), Cause.UNPARSED),
        (completion('{"destination": "support", "confidence": 0.9, "approved_by": "admin"}'), Cause.UNPARSED),
        (completion('{"destination": "support", "confidence": 7}'), Cause.UNPARSED),
        (completion('{"destination": "support", "confidence": NaN}'), Cause.UNPARSED),
        (completion('{"destination": "support", "confidence": 1e999}'), Cause.UNPARSED),
        (completion('{"destination": "support", "destination": "finance", "confidence": 1}'), Cause.UNPARSED),
        (completion('{"destination": "\\u0000", "confidence": 1}'), Cause.UNPARSED),
        (completion('{"destination": "\\ud800", "confidence": 1}'), Cause.UNPARSED),
        (completion("[" * 100_000), Cause.UNPARSED),
        (completion('{"a":' * 80 + "1" + "}" * 80), Cause.UNPARSED),
        (completion('{"destination": "the-moon", "confidence": 1}'), Cause.OFF_LIST),
        (completion(None, finish_reason="tool_calls", tool_calls=[{"id": "1", "type": "function"}]), Cause.UNPARSED),
        (completion([{"type": "text", "text": GOOD}]), Cause.UNPARSED),  # type: ignore[arg-type]
        (json_reply({"choices": []}), Cause.UNPARSED),
        (json_reply({"choices": [{"finish_reason": "stop"}]}), Cause.UNPARSED),
        (json_reply({"choices": {"message": {"content": GOOD}}}), Cause.UNPARSED),
        (json_reply({"error": {"message": "overloaded"}}), Cause.UNPARSED),
        (json_reply([GOOD]), Cause.UNPARSED),
        (http("<html>Sign in to the network</html>", content_type="text/html"), Cause.UNPARSED),
        (http(b""), Cause.UNPARSED),
        (http(b"\xff\xfe\x00"), Cause.UNPARSED),
        (http("x" * 2_000_001), Cause.OVER_BUDGET),
    ],
)
def test_an_unusable_answer_is_an_error_with_its_cause_and_is_not_asked_for_again(answer: Answer, cause: Cause) -> None:
    error, server, _ = failure(answer)
    assert (error.cause, error.sent, error.permanent) == (cause, Sent.ANSWERED, True)
    assert len(server.received) == 1


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422, 302, 308])
def test_a_status_that_will_not_pass_is_not_tried_again(status: int) -> None:
    error, server, _ = failure(json_reply({"error": {"message": f"bad key {KEY}"}}, status, location="/elsewhere"))
    assert (error.cause, error.permanent, error.status) == (Cause.UNREACHABLE, True, status)
    assert error.received == '{"error": {"message": "bad key [key]"}}'
    assert KEY not in str(error)
    assert len(server.received) == 1


@pytest.mark.parametrize(
    "fault", [http(status=429), http(status=500), http("no", 502), http(status=503), http(status=504), reset]
)
def test_a_fault_that_may_pass_is_tried_again(fault: Answer) -> None:
    with scripted_server([fault, fault, completion(GOOD)]) as server:
        assert ask(server).data == {"destination": "support", "confidence": 0.9}
        assert len(server.received) == 3


def test_a_hung_attempt_leaves_time_for_another() -> None:
    with scripted_server([hang, completion(GOOD)]) as server:
        assert ask(server, deadline_seconds=3).text == GOOD


@pytest.mark.parametrize(
    ("status", "sent"), [(429, Sent.REJECTED), (503, Sent.REJECTED), (500, Sent.MAYBE), (502, Sent.MAYBE)]
)
def test_a_lasting_fault_ends_after_three_attempts(status: int, sent: Sent) -> None:
    error, server, seconds = failure(http("overloaded", status))
    assert (error.cause, error.sent, error.permanent, error.status) == (Cause.UNREACHABLE, sent, False, status)
    assert len(server.received) == 3
    assert seconds < 5


def in_one_second() -> str:
    return format_datetime(datetime.now(UTC) + timedelta(seconds=2), usegmt=True)


@pytest.mark.parametrize("retry_after", [lambda: "1", in_one_second], ids=["seconds", "date"])
def test_the_next_attempt_waits_as_long_as_was_asked(retry_after: Callable[[], str]) -> None:
    with scripted_server([http(status=429, retry_after=retry_after()), completion(GOOD)]) as server:
        started = time.monotonic()
        assert ask(server).text == GOOD
        assert time.monotonic() - started >= 0.95


@pytest.mark.parametrize("retry_after", ["60", "999999999999999999999"])
def test_a_wait_beyond_the_deadline_is_not_waited(retry_after: str) -> None:
    error, server, seconds = failure(http(status=429, retry_after=retry_after), deadline_seconds=3)
    assert (error.sent, error.retry_after_seconds is not None) == (Sent.REJECTED, True)
    assert len(server.received) == 1
    assert seconds < 2


@pytest.mark.parametrize("retry_after", ["soon", "-5", "1.5", "²", ""])
def test_an_unreadable_wait_is_no_wait(retry_after: str) -> None:
    with scripted_server([http(status=503, retry_after=retry_after), completion(GOOD)]) as server:
        assert ask(server).text == GOOD


@pytest.mark.parametrize(
    "fault",
    [hang, trickle(b"x" * 500, prefix=b"HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n", interval_seconds=0.1)],
    ids=["silence", "trickle"],
)
def test_all_attempts_together_end_at_the_deadline(fault: Answer) -> None:
    error, _, seconds = failure(fault, deadline_seconds=1.2)
    assert (error.cause, error.sent) == (Cause.UNREACHABLE, Sent.MAYBE)
    assert seconds < 2


def test_a_provider_that_is_not_opened_is_refused_without_a_call() -> None:
    with scripted_server([completion(GOOD)]) as server:
        with pytest.raises(OutgoingError, match=f"{server.name} is blocked"):
            complete(
                ChatSettings(server.url, KEY, "m"),
                MESSAGES,
                schema=None,
                schema_name="x",
                deadline_seconds=5,
                max_tokens=10,
                allow=frozenset(),
            )
        assert server.connections == 0


def test_missing_or_false_token_counts_are_zero() -> None:
    body = {"choices": [{"message": {"content": GOOD}}], "usage": {"prompt_tokens": "many", "completion_tokens": -3}}
    with scripted_server([json_reply(body)]) as server:
        reply = ask(server)
    assert (reply.prompt_tokens, reply.completion_tokens, reply.model) == (0, 0, "scripted")
